"""Call processes to shoot at: real `PjsuaPhone`s, forked warm, one call each. Run as a module it is their parent.

`spawn` on stdin forks one; lines out are `port <port>` and `exit <status>`.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.until import until

ROOT = Path(__file__).resolve().parents[3]


class Range:
    """The parent process from outside."""

    def __init__(self, edge: tuple[str, int], device: int) -> None:
        command = [sys.executable, "-m", "tests.sip.edge.target", f"{edge[0]}:{edge[1]}", str(device)]
        self.parent = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.idle: list[int] = []
        """SIP ports of processes without a call."""
        self.exits: list[int] = []
        self.started = 0
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.parent.stdout
        for line in self.parent.stdout:
            kind, number = line.split()
            (self.idle if kind == "port" else self.exits).append(int(number))

    def spawn(self) -> None:
        assert self.parent.stdin
        self.started += 1
        self.parent.stdin.write("spawn\n")
        self.parent.stdin.flush()

    def crashes(self) -> list[int]:
        """Statuses of processes that left neither by themselves nor because the range was closed."""
        return [status for status in list(self.exits) if status not in (0, -signal.SIGTERM)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.parent.stdin
        self.parent.stdin.close()
        until(lambda: self.parent.poll() is not None, within=20, what="the targets to leave")
        self.listener.join(5)  # the last words of the parent


def say(kind: str, number: int) -> None:
    os.write(1, f"{kind} {number}\n".encode())  # in one piece: several processes speak


# ---- inside ----------------------------------------------------------------------------------------------------
LIFE_SECONDS = 10.0
"""A call whose caller lost it (its Call-ID was mutated, its ACK never read) would keep its streams, and the machine, busy for minutes."""


class Target:
    """Answers its caller, rings the device, bridges both, and goes when the caller is gone or the call is old."""

    def __init__(self, edge: str, device: str) -> None:
        from telephony.pjsua.phone import PjsuaPhone
        from telephony.ports import Target

        self.targets = [Target(int(device), f"sip:device-{device}@{edge}")]
        self.facts: list[Any] = []
        self.phone = PjsuaPhone("127.0.0.1", 0, 0, edge, self.facts.append, rtp_timeout=300)
        self.over = self.dialled = 0.0
        self.end = float("inf")

    def run(self, parent: int) -> None:
        say("port", self.phone.start())
        while not self._done() and os.getppid() == parent:
            if not self.phone.legs:
                select.select([self.phone.fileno()], [], [], 1)
            self.phone.pump(20)
            while self.facts:
                self._take(self.facts.pop(0))

    def _done(self) -> bool:
        now = time.monotonic()
        return now > self.end or bool(self.over and now > self.over + 0.1)

    def _take(self, fact: Any) -> None:
        from telephony import ports

        if isinstance(fact, ports.CallerArrived):
            self.end = time.monotonic() + LIFE_SECONDS
            self.phone.progress(0, early_media=True)
            self.phone.answer(0)
        elif isinstance(fact, ports.LegAnswered) and fact.leg == 0 and not self.dialled:
            self.dialled = time.monotonic()
            self.phone.dial(self.targets, caller_number="1", caller_name="", headers={})
        elif isinstance(fact, ports.LegAnswered) and fact.leg:
            self.phone.bridge(0, fact.leg)
        elif isinstance(fact, ports.LegEnded) and fact.leg == 0:
            for leg in list(self.phone.legs):
                self.phone.hang_up(leg)
            self.over = time.monotonic()


def main() -> None:
    import telephony.pjsua.phone  # noqa: F401 -- loaded once, before forking

    edge, device = sys.argv[1:]
    parent, living = os.getpid(), set()
    while True:
        readable, _, _ = select.select([0], [], [], 0.02)
        words = os.read(0, 4096).split() if readable else []
        if readable and not words:
            break
        for _ in words:
            pid = os.fork()
            if not pid:
                Target(edge, device).run(parent)
                os._exit(0)
            living.add(pid)
        living -= reap(living)
    for pid in living:
        os.kill(pid, signal.SIGTERM)
    for pid in living:
        say("exit", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


def reap(living: set[int]) -> set[int]:
    gone = set()
    for pid in living:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            gone.add(pid)
            say("exit", os.waitstatus_to_exitcode(status))
    return gone


if __name__ == "__main__":
    main()
