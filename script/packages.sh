# Sourced by script/test: the programs that tests drive and that no Python package brings.

missing_packages() {
    command -v sipp >/dev/null || echo sip-tester
    # Only root may capture packets, so nobody else is asked to install it.
    [ "$(id -u)" != 0 ] || command -v tcpdump >/dev/null || echo tcpdump
    command -v chromium >/dev/null || echo chromium
    # A browser without fonts measures and shows empty boxes.
    ls /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf >/dev/null 2>&1 || echo fonts-dejavu-core
}

need_packages() {
    local missing
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        stop "The tests need these Debian packages (or the same programs): $missing; install them and start again: sudo apt-get install $missing"
    fi
    echo "Installing $missing ..."
    local log
    log=$(mktemp)
    # shellcheck disable=SC2086 # several words on purpose
    if ! { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } >"$log" 2>&1 </dev/null; then
        tail -n 5 "$log" >&2
        stop "apt-get could not install $missing; its last lines are above, all of them in $log."
    fi
    rm -f "$log"
}
