"""SIPp scenarios against the real product, each with its packets captured: `script/sip-scenarios --help`.

Without `--edge` it starts a stack of its own on free ports; with it, a running installation is called.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
AGENT_HOST, CALLER_HOST = "127.0.9.1", "127.0.9.2"
SECONDS = 40
BUILT_IN = {"uac": ("-d", "3000")}
"""SIPp's own caller, with its pause in milliseconds; it heeds neither Contact nor Record-Route."""


@dataclass(frozen=True)
class Case:
    """One story: what the agent's phone does and what the caller does."""

    name: str
    meaning: str
    agent: str = ""
    caller: str = ""
    mode: str = "answer"


CASES = [
    Case("register", "an agent's phone registers with digest"),
    Case("call", "caller and agent talk, the caller hangs up", "agent_answers", "caller_talks"),
    Case("built-in", "SIPp's own caller, `sipp -sn uac`, and an agent who answers", "agent_answers", "uac"),
    Case("agent-hangs-up", "caller and agent talk, the agent hangs up", "agent_hangs_up", "caller_listens"),
    Case("hold", "the agent holds the caller, resumes and hangs up", "agent_holds", "caller_listens"),
    Case("bye-race", "both hang up at the same moment", "agent_races", "caller_races"),
    Case("reject", "the agent is busy; the caller waits on and leaves", "agent_rejects", "caller_talks"),
    Case("cancel", "the caller gives up while the agent's phone rings", "agent_is_cancelled", "caller_cancels", "ringback"),
]


@dataclass(frozen=True)
class Place:
    """Where to call: an edge, a number, an agent who serves it."""

    edge: str
    number: str
    user: str
    password: str


def run(case: Case, place: Place, folder: Path, port: int) -> str:
    """Play one case. Returns "" or what went wrong; leaves the capture and SIPp's own logs in `folder`.

    :param port: of the agent's phone; the same in all cases, else each leaves a registration behind that rings in the next.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with capture(folder / f"{case.name}.pcap"):
        failed = _finish(_start("register", place, folder, AGENT_HOST, port))
        if failed or not case.caller:
            return failed
        time.sleep(0.3)  # SIPp has no way to tell that the agent is available; the registrar answered before this
        agent = _start(case.agent, place, folder, AGENT_HOST, port)
        caller = _start(case.caller, place, folder, CALLER_HOST, free_port(CALLER_HOST))
        return _finish(caller) or _finish(agent)


def _start(scenario: str, place: Place, folder: Path, host: str, port: int) -> subprocess.Popen[str]:
    names = folder / f"{scenario}.csv"
    names.write_text(f"SEQUENTIAL\n{place.user};[authentication username={place.user} password={place.password}];\n")
    media = free_port(host)
    what = ("-sn", scenario, *BUILT_IN[scenario]) if scenario in BUILT_IN else ("-sf", str(SCENARIOS / f"{scenario}.xml"))
    command = [
        shutil.which("sipp") or "sipp", place.edge, *what, "-inf", str(names),
        "-s", place.user if scenario.startswith("agent") else place.number, "-i", host, "-p", str(port), "-mi", host, "-mp", str(media),
        "-m", "1", "-nostdin", "-timeout", str(SECONDS), "-timeout_error", "-trace_err", "-error_file", str(folder / f"{scenario}.errors"),
        "-trace_msg", "-message_file", str(folder / f"{scenario}.messages"),
    ]  # fmt: skip
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finish(started: subprocess.Popen[str]) -> str:
    try:
        _, said = started.communicate(timeout=SECONDS + 10)
    except subprocess.TimeoutExpired:
        started.kill()
        _, said = started.communicate()
    scenario = Path(str(started.args[3])).stem  # type: ignore[index]
    return "" if started.returncode == 0 else f"{scenario} ended with {started.returncode}: {said.strip()[-300:]}"


@contextlib.contextmanager
def capture(path: Path) -> Iterator[None]:
    """Record the scenario's packets; without tcpdump or the right to use it, SIPp's message logs must do."""
    tcpdump = shutil.which("tcpdump")
    if not tcpdump or os.geteuid() != 0:
        yield
        return
    command = [tcpdump, "-i", "lo", "-U", "-q", "--immediate-mode", "-Z", "root", "-w", str(path), "udp", "and", "net", "127.0.9.0/24"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as recorder:
        assert recorder.stderr
        recorder.stderr.readline()  # "listening on": from now on nothing is missed
        try:
            yield
        finally:
            recorder.send_signal(signal.SIGINT)


def free_port(host: str) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1]) & ~1


@contextlib.contextmanager
def own_stack() -> Iterator[dict[str, Place]]:
    """A stack on free ports with one team for each answer mode that the cases need."""
    folder = Path(tempfile.mkdtemp(prefix="callcenter-sipp-"))
    folder.chmod(0o755)
    os.environ |= {"CALLCENTER_DATA": str(folder / "self"), "DJANGO_SETTINGS_MODULE": "callcenter.settings"}
    import django

    django.setup()
    from tests.sip.harness.stack import PASSWORD, Stack

    try:
        # SIPp 3.6 reads the first challenge only, and knows MD5 only.
        with Stack(folder / "stack", SIP_DIGEST_ALGORITHMS="MD5") as stack, stack.rows():
            edge = f"{stack.edge[0]}:{stack.edge[1]}"
            teams = {mode: stack.team(agents=1, answer_mode=mode, cooldown_busy=30) for mode in ("answer", "ringback")}
            yield {mode: Place(edge, team.number, team.agents[0].sip_username, PASSWORD) for mode, team in teams.items()}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(edge: str, number: str, agent: str) -> Iterator[dict[str, Place]]:
    user, _, password = agent.partition(":")
    yield {"answer": Place(edge, number, user, password)}


def main() -> int:
    options = argparse.ArgumentParser(prog="script/sip-scenarios", description="Plays SIPp scenarios and captures their packets.")
    options.add_argument("case", nargs="*", help="which cases; all if none is named")
    options.add_argument("--list", action="store_true", help="say what each case is, and stop")
    options.add_argument("--out", type=Path, default=Path("var/sip-scenarios"), help="folder for captures and logs (%(default)s)")
    options.add_argument("--edge", help="host:port of a running installation; without it one is started for the purpose")
    options.add_argument("--number", default="support", help="with --edge: the number to call (%(default)s)")
    options.add_argument("--agent", default="alice:demo", help="with --edge: SIP user and password of an agent who serves it (%(default)s)")
    chosen = options.parse_args()
    if unknown := set(chosen.case) - {case.name for case in CASES}:
        options.error(f"no such case: {', '.join(sorted(unknown))}; see --list")
    cases = [case for case in CASES if not chosen.case or case.name in chosen.case]
    if chosen.list:
        print(*(f"{case.name:<16}{case.meaning}" for case in cases), sep="\n")
        return 0
    if not shutil.which("sipp"):
        print("SIPp is missing: install it, on Debian by `apt install sip-tester`.", file=sys.stderr)
        return 1
    with running(chosen.edge, chosen.number, chosen.agent) if chosen.edge else own_stack() as places:
        port = free_port(AGENT_HOST)
        failures = [_play(case, places, chosen.out.resolve(), port) for case in cases]
    print(f"Captures and logs are in {chosen.out.resolve()}")
    return 1 if any(failures) else 0


def _play(case: Case, places: dict[str, Place], folder: Path, port: int) -> bool:
    if case.mode not in places:
        print(f"skipped  {case.name:<16}needs a queue that answers in {case.mode} mode")
        return False
    failed = run(case, places[case.mode], folder, port)
    print(f"{'FAILED' if failed else 'ok':<9}{case.name:<16}{failed or case.meaning}", flush=True)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
