# Sourced by the other scripts: makes .venv with a Python that fits and installs what is pinned.
# Quick when nothing changed: one checksum and no pip.

stop() {
    echo "$1" >&2
    exit 1
}

fits() {
    "$1" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 12)))' 2>/dev/null
}

# $PYTHON, then what is on the PATH, then pyenv's versions, whether or not pyenv shows them on the PATH.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.12 python3.11 python \
        "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.11*/bin/python3; do
        if fits "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    local found
    found=$(python3 -c 'import platform; print(platform.python_version())' 2>/dev/null || echo none)
    stop "The contact center needs Python 3.11 or 3.12 (found: $found), because the telephony library has no build for others; install one of them, or name it: PYTHON=/path/to/python3.12 $0"
}

# make_venv FILE: .venv has exactly what FILE pins. A .venv that was moved or whose Python is gone is made anew.
make_venv() {
    local wanted=$1 python installed=""
    if ! fits .venv/bin/python; then
        [ -w . ] || stop "This folder ($PWD) cannot be written by $(id -un), and .venv must be made in it; clone the project into a folder of your own."
        [ ! -L .venv ] || stop ".venv points to an environment whose Python does not start or is not 3.11 or 3.12; remove the link and start again."
        python=$(find_python) || exit 1
        echo "Making .venv with $("$python" --version) ..."
        rm -rf .venv
        "$python" -m venv .venv >/tmp/callcenter-venv.$$ 2>&1 || {
            tail -n 5 "/tmp/callcenter-venv.$$" >&2
            stop "Python could not make .venv here; on Debian and Ubuntu install the package python3-venv, and see that this folder is writable."
        }
        rm -f "/tmp/callcenter-venv.$$"
    fi
    [ ! -f .venv/installed ] || installed=$(cat .venv/installed)
    if [[ " $installed " != *" $(checksum "$wanted") "* ]]; then
        install_pinned "$wanted"
    fi
}

checksum() {
    sha256sum "$1" | cut -d' ' -f1
}

install_pinned() {
    echo "Installing the pinned packages of $1 (a minute the first time) ..."
    # An environment made by uv has no pip.
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip >/dev/null
    local log=.venv/install.log
    .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes --prefer-binary -r "$1" >$log 2>&1 </dev/null || {
        grep -E '^ERROR|error:' $log | tail -n 5 >&2
        stop "The packages of $1 could not be installed; all of pip's words are in $log. Is the package index reachable (pip config list), and the disk not full?"
    }
    # What the development file pins contains what the product's file pins.
    { checksum "$1"; [ "$1" = requirements.txt ] || checksum requirements.txt; } | tr '\n' ' ' >.venv/installed
}
