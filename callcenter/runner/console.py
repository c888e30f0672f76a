"""What the person at the terminal reads."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from callcenter import settings


class Console:
    def __init__(self, stream: TextIO = sys.stdout) -> None:
        self.stream = stream
        self._stopping = False

    def line(self, text: str) -> None:
        self._write(f"{time.strftime('%H:%M:%S')}  {text}")

    def step(self, text: str) -> None:
        self._write(f"  {text}")

    def ready(self, seconds: float, missing: list[str]) -> None:
        self._write(welcome(seconds) if not missing else _half_ready(missing))

    def stopping(self) -> None:
        if not self._stopping:
            self._stopping = True
            self._write("Stopping ... (Ctrl-C again kills)")

    def stopped(self, seconds: float) -> None:
        self._write(f"Stopped in {seconds:.1f} s. The data stays in {settings.DATA_DIR}")

    def _write(self, text: str) -> None:
        try:
            print(text, file=self.stream, flush=True)
        except OSError:
            # The terminal is gone; the parts are not.
            return


def _half_ready(missing: list[str]) -> str:
    logs = ", ".join(str(settings.DATA_DIR / "log" / f"{name}.log") for name in missing)
    return f"Started, but not up: {', '.join(missing)}. It goes on trying; see {logs}"


def welcome(seconds: float) -> str:
    host = "127.0.0.1" if settings.BIND_ADDRESS in ("0.0.0.0", "::") else settings.BIND_ADDRESS  # noqa: S104 (compared, not bound)
    web, sip = f"http://{host}:{settings.HTTP_PORT}/", f"{settings.SIP_PUBLIC_ADDRESS or host}:{settings.SIP_PORT}"
    lines = [f"Ready in {seconds:.1f} s.", "", f"  Web        {web}      administration: {web}admin/", f"  SIP        {sip}/udp"]
    if settings.DEMO:
        lines += _demo(sip)
    lines += [f"  Logs       {settings.DATA_DIR / 'log'}", "  Stop       Ctrl-C", ""]
    return "\n".join(lines)


def _demo(sip: str) -> list[str]:
    return [
        "  Log in     admin, manager, supervisor, alice, bob, carol, dave; the password of each is: demo",
        f"  A phone    user alice, password demo, domain {settings.SIP_REALM}, registrar and proxy {sip} over UDP;",
        "             bob, carol and dave likewise. A phone that registers makes its agent ready.",
        f"  Call       sip:support@{sip}, also sales, billing, vip, premium, general; 1001 to 1004 reach an agent",
        "  WARNING    these passwords are known to everybody: keep this installation away from any network",
    ]
