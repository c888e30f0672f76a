"""A `PjsuaPhone` in a process of its own, as a test holds it. Run as a module it is that process.

One JSON line in is a method to call, one out is its answer or a fact; the process leaves when the pipe closes.
"""

from __future__ import annotations

import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Self

from tests.until import until

ROOT = Path(__file__).resolve().parents[2]


class Subject:
    """The process from outside. Unknown attributes are methods of the phone: `subject.answer(0)`."""

    def __init__(self, **options: Any) -> None:
        options = {"sip_host": "127.0.0.1", "rtp_port_min": 31000, "rtp_port_max": 31999, "edge": ""} | options
        command = [sys.executable, "-m", "tests.process.subject", json.dumps(options)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.facts: list[dict[str, Any]] = []
        self._answers: list[dict[str, Any]] = []
        self._arrived = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()
        self.port = int(self._next_answer()["ok"])
        self.address = ("127.0.0.1", self.port)

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            said = json.loads(line)
            with self._arrived:
                (self.facts if "fact" in said else self._answers).append(said)
                self._arrived.notify_all()
        with self._arrived:
            self._answers.append({"error": "the process is gone"})
            self._arrived.notify_all()

    def _next_answer(self) -> dict[str, Any]:
        with self._arrived:
            assert self._arrived.wait_for(lambda: self._answers, 15), "the process does not answer"
            return self._answers.pop(0)

    def ask(self, method: str, *args: Any, **named: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": method, "args": args, "named": named}).encode() + b"\n")
        self.process.stdin.flush()
        answer = self._next_answer()
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ok"]

    def __getattr__(self, method: str) -> Any:
        return lambda *args, **named: self.ask(method, *args, **named)

    def dial_phone(self, phone: Any, **headers: str) -> int:
        """Dial a phone of the harness as if it were device 1."""
        named = {"caller_number": "4930123", "caller_name": "Ann", "headers": headers}
        return int(self.ask("dial", f"sip:device-1@{phone.host}:{phone.port}", **named))

    def dial_devices(self, *devices: int) -> list[int]:
        """All at once, through the edge."""
        return [int(leg) for leg in self.ask("dial_devices", devices)]

    def fact(self, name: str, *, within: float = 5.0, **fields: Any) -> dict[str, Any]:
        """The first fact of that name with these fields, waited for."""
        found = until(lambda: self.first(name, **fields), within=within, what=f"{name} {fields}; there are {self.facts}")
        assert found
        return found

    def first(self, name: str, **fields: Any) -> dict[str, Any] | None:
        return next((fact for fact in list(self.facts) if fact["fact"] == name and fields.items() <= fact.items()), None)

    def leave(self, within: float = 10.0) -> int:
        """Close the pipe; the exit status."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(within)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        """Whatever a test left standing, the way out is clean."""
        try:
            status = self.leave() if self.process.poll() is None else self.process.returncode
            assert kind or status in (0, -signal.SIGKILL), f"the process left with {status}"
        finally:
            self.process.kill()
            self.process.wait()


class Servant:
    """Inside the process: the loop between pipe and phone, as the call process has it."""

    def __init__(self, options: dict[str, Any]) -> None:
        from telephony.pjsua import endpoint, phone

        # A test does not stay for packets that might still come, unless it is about them.
        phone.LINGER_SECONDS = options.pop("linger", 0.05)
        if "codecs" in options:
            endpoint.CODECS = dict.fromkeys(options.pop("codecs"), 200)
        self.phone = phone.PjsuaPhone(**options, inbox=self.tell)
        self.say({"ok": self.phone.start()})
        self.pending = b""

    def say(self, what: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(what) + "\n")
        sys.stdout.flush()

    def tell(self, fact: Any) -> None:
        self.say({"fact": type(fact).__name__, "at": time.monotonic(), **dataclasses.asdict(fact)})

    def run(self) -> None:
        poll = select.poll()
        poll.register(0, select.POLLIN)
        poll.register(self.phone.fileno(), select.POLLIN)
        while True:
            if not self.phone.legs:
                poll.poll()
            self.phone.pump(5 if self.phone.legs else 0)
            if select.select([0], [], [], 0)[0] and not self.obey():
                return

    def obey(self) -> bool:
        data = os.read(0, 65536)
        *lines, self.pending = (self.pending + data).split(b"\n")
        for line in lines:
            self.say(self.reply(json.loads(line)))
        return bool(data)

    def reply(self, request: dict[str, Any]) -> dict[str, Any]:
        method = getattr(self, request["do"], None) or getattr(self.phone, request["do"])
        try:
            result = method(*request["args"], **request["named"])
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}
        return {"ok": dataclasses.asdict(result) if dataclasses.is_dataclass(result) else result}  # type: ignore[arg-type]

    def dial(self, uri: str, **named: Any) -> int:
        """One device, straight at its address."""
        from telephony.ports import Target

        legs = self.phone.dial([Target(1, uri)], **named)
        if not legs:
            raise LookupError("no INVITE is left")
        return legs[0]

    def dial_devices(self, devices: list[int]) -> list[int]:
        from telephony.ports import Target

        targets = [Target(device, "") for device in devices]
        return self.phone.dial(targets, caller_number="4930123", caller_name="Ann", headers={"Expires": "20"})

    def legs_standing(self) -> int:
        return sum(not leg.ended for leg in self.phone.legs.values())

    def marks(self) -> dict[str, int]:
        """DSCP of every UDP socket, by its local port."""
        found = {}
        for name in os.listdir("/proc/self/fd"):
            try:
                with socket.socket(fileno=os.dup(int(name))) as candidate:
                    if candidate.type == socket.SOCK_DGRAM and candidate.family == socket.AF_INET:
                        found[str(candidate.getsockname()[1])] = candidate.getsockopt(socket.IPPROTO_IP, socket.IP_TOS) >> 2
            except OSError:
                continue
        return found

    def woken_after(self, milliseconds: int) -> float:
        """Seconds that one `pump(milliseconds)` took."""
        self.say({"fact": "Pumping"})
        begun = time.monotonic()
        self.phone.pump(milliseconds)
        return time.monotonic() - begun


if __name__ == "__main__":
    servant = Servant(json.loads(sys.argv[1]))
    servant.run()
    servant.phone.close()
    # No os._exit: the interpreter's own way out must be clean too.
