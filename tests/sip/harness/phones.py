"""Real phones (pjsua2) as a test holds them; the library itself runs in subprocesses.

with Bank(edge="127.0.0.1:5060") as bank:
    alice = bank.phone("alice", "demo", tone=1000).answering(after=0.2)
    alice.register()
    line = bank.phone("caller", tone=440).call("sip:support@127.0.0.1:5060")
    until(lambda: line.hears(1000), within=5)
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from tests.until import until

CALLS_PER_PROCESS = 4
"""PJSUA_MAX_CALLS of the wheel."""
HEARD = 0.9
"""Share of energy from which on a tone counts as heard; A-law and a lost packet or two leave more than that."""
ROOT = Path(__file__).resolve().parents[3]
_hosts = (f"127.0.{net}.{host}" for net in itertools.count(100) for host in range(1, 255))
"""Each phone lives at an address of its own, as in the world; limits per source must not count them as one."""


class PhoneError(Exception):
    """pjsua2 refused what the test asked for."""


class Worker:
    """One subprocess with pjsua2; requests are answered one after the other."""

    def __init__(self, log: IO[bytes] | int = subprocess.DEVNULL, codecs: str = "") -> None:
        command = [sys.executable, "-m", "tests.sip.harness.worker"]
        environment = {**os.environ, **({"PHONE_CODECS": codecs} if codecs else {})}
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=environment)
        self.lock = threading.Lock()
        self.phones = 0
        self._read()

    def ask(self, op: str, **request: Any) -> Any:
        with self.lock:
            assert self.process.stdin
            self.process.stdin.write(json.dumps({"op": op, **request}).encode() + b"\n")
            self.process.stdin.flush()
            answer = self._read()
        if "error" in answer:
            raise PhoneError(f"{op} {request}: {answer['error']}")
        return answer["ok"]

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout
        text = self.process.stdout.readline()
        if not text:
            raise PhoneError(f"the phones' process ended with {self.process.wait()}")
        answer: dict[str, Any] = json.loads(text)
        return answer

    def close(self) -> None:
        if self.process.poll() is None:
            with self.lock:
                assert self.process.stdin
                self.process.stdin.write(b'{"op": "quit"}\n')
                self.process.stdin.flush()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


@dataclass(frozen=True)
class Line:
    """One call of a phone."""

    phone: Phone
    index: int

    def _fact(self) -> dict[str, Any]:
        fact: dict[str, Any] = self.phone.facts()["lines"][self.index]
        return fact

    @property
    def state(self) -> str:
        """PJSIP's word: CALLING, INCOMING, EARLY, CONNECTING, CONFIRMED, DISCONNECTED."""
        return str(self._fact()["state"])

    @property
    def status(self) -> int:
        """Last SIP status of the dialog."""
        return int(self._fact()["status"])

    @property
    def digits(self) -> str:
        return str(self._fact()["digits"])

    @property
    def talking(self) -> bool:
        return self.state == "CONFIRMED"

    @property
    def over(self) -> bool:
        return self.state == "DISCONNECTED"

    def share(self, frequency: int, seconds: float = 0.4) -> float:
        """Share of energy at `frequency` in the last `seconds` that this end heard."""
        return float(self._ask("heard", frequency=frequency, seconds=seconds))

    def hears(self, frequency: int, seconds: float = 0.4) -> bool:
        return self.share(frequency, seconds) > HEARD

    def answer(self) -> None:
        self._ask("answer", status=200)

    def reject(self, status: int = 486) -> None:
        self._ask("answer", status=status)

    def hang_up(self) -> None:
        """BYE, CANCEL or 603, whatever is due."""
        self._ask("hang_up")

    def hold(self) -> None:
        self._ask("hold")

    def resume(self) -> None:
        self._ask("resume")

    def send_digits(self, digits: str, method: str = "rfc4733") -> None:
        self._ask("digits", digits=digits, method=method)

    def _ask(self, op: str, **request: Any) -> Any:
        return self.phone.worker.ask(op, phone=self.phone.key, line=self.index, **request)


class Phone:
    """One real phone. Rings for ever unless told how to take calls."""

    def __init__(self, worker: Worker, key: str, user: str, tone: int, host: str, port: int) -> None:
        self.worker, self.key, self.user, self.tone = worker, key, user, tone
        self.host, self.port = host, port

    def facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = self.worker.ask("state", phone=self.key)
        return facts

    @property
    def registered(self) -> bool:
        return bool(self.facts()["registered"])

    @property
    def lines(self) -> list[Line]:
        return [Line(self, index) for index in range(len(self.facts()["lines"]))]

    @property
    def ringing(self) -> Line | None:
        return next((line for line in self.lines if line.state in ("INCOMING", "EARLY")), None)

    @property
    def talking(self) -> Line | None:
        return next((line for line in self.lines if line.talking), None)

    def register(self, within: float = 5.0) -> Self:
        self.worker.ask("register", phone=self.key, on=True)
        until(lambda: self.registered, within=within, what=f"{self.user} to be registered")
        return self

    def unregister(self, within: float = 5.0) -> None:
        self.worker.ask("register", phone=self.key, on=False)
        until(lambda: not self.registered, within=within, what=f"{self.user} to be unregistered")

    def answering(self, after: float = 0.0) -> Self:
        return self._policy(do="answer", after=after)

    def rejecting(self, status: int = 486, after: float = 0.0) -> Self:
        return self._policy(do="reject", status=status, after=after)

    def only_ringing(self) -> Self:
        return self._policy(do="ring")

    def call(self, uri: str) -> Line:
        return Line(self, self.worker.ask("call", phone=self.key, uri=uri))

    def _policy(self, **policy: Any) -> Self:
        self.worker.ask("policy", phone=self.key, **policy)
        return self


class Bank:
    """As many workers as its phones need: one call each, four phones to a process."""

    def __init__(self, edge: str, realm: str = "callcenter", log: IO[bytes] | int = subprocess.DEVNULL, codecs: str = "") -> None:
        """:param codecs: PJSIP's names of the codecs its phones know, best first; G.711 if empty."""
        self.edge, self.realm, self.log, self.codecs = edge, realm, log, codecs
        self.workers: list[Worker] = []
        self._keys = itertools.count()

    def phone(self, user: str, password: str = "", *, tone: int = 440, contact: str = "", expires: int = 300, calls: int = 1) -> Phone:
        """A phone at an address of its own.

        :param contact: Contact URI that it claims instead of its real address, as behind NAT.
        :param expires: seconds that its registration is to last.
        :param calls: how many calls it will have at once, 4 at most.
        """
        worker = self._worker(calls)
        key, host = f"{user}-{next(self._keys)}", next(_hosts)
        port = worker.ask(
            "open", phone=key, user=user, password=password, edge=self.edge, realm=self.realm, tone=tone,
            host=host, contact=contact, expires=expires,
        )  # fmt: skip
        return Phone(worker, key, user, tone, host, port)

    def _worker(self, calls: int) -> Worker:
        for worker in self.workers:
            if worker.phones + calls <= CALLS_PER_PROCESS:
                break
        else:
            worker = Worker(self.log, self.codecs)
            self.workers.append(worker)
        worker.phones += calls
        return worker

    def close(self) -> None:
        for worker in self.workers:
            worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
