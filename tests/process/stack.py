"""The whole contact center as a person starts it, in a folder and on ports of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg

from callcenter.paths import socket_folder
from tests.until import until

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120.0
"""A first start takes 10 s on two idle cores; tests share them with much else."""


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stack:
    """One runner: `start()`, look at `output`, kill parts, `stop()`."""

    def __init__(self, data: Path, *, before: Callable[[], None] | None = None, by_script: bool = False) -> None:
        self.data = data
        self.by_script = by_script
        """As a person starts it; the script sees to what is installed, and becomes the runner."""
        self.before = before
        self.web_port, self.sip_port = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
        self.output_path = data.parent / f"{data.name}.console"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        foreign = ("DATABASE_URL", "DATABASE_POOL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DEBUG")
        inherited = {name: value for name, value in os.environ.items() if name not in foreign}
        own = {"CALLCENTER_DATA": self.data, "HTTP_PORT": self.web_port, "SIP_PORT": self.sip_port, "CALLCENTER_ENV": "/nonexistent"}
        few: dict[str, object] = {} if self.by_script else {"DEBUG": "true"}
        few |= {
            "IDLE_PROCESSES": 1,
            "MAX_CALL_PROCESSES": 10,
            "WORKER_PROCESSES": 1,
            "RTP_PORT_MIN": 24000,
            "RTP_PORT_MAX": 24999,
        }
        return {**inherited, **{name: str(value) for name, value in {**own, **few}.items()}}

    def launch(self) -> subprocess.Popen[bytes]:
        with self.output_path.open("wb") as output:
            self.process = subprocess.Popen(
                [ROOT / "script/run"] if self.by_script else [sys.executable, "-m", "callcenter.runner"],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                preexec_fn=self.before,
            )
        return self.process

    def start(self) -> None:
        self.launch()
        until(self._ready, within=START_SECONDS, what="the runner to be ready")

    def _ready(self) -> bool:
        assert self.process
        if self.process.poll() is not None:
            raise RuntimeError(f"the runner ended: {self.output}")
        return "Ready in" in self.output

    @property
    def output(self) -> str:
        return self.output_path.read_text()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def part(self, word: str) -> psutil.Process | None:
        """The runner's own child whose command has `word`; None while it is away."""
        assert self.process
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children():
                with contextlib.suppress(psutil.Error):
                    if any(word in argument for argument in child.cmdline()) and child.status() != psutil.STATUS_ZOMBIE:
                        return child
        return None

    def zombies(self) -> list[psutil.Process]:
        """The runner's children that nobody takes leave of."""
        assert self.process
        return [child for child in psutil.Process(self.process.pid).children() if _is_dead(child)]

    def leftovers(self) -> list[str]:
        """Processes of this stack, the runner included, whoever is their parent now."""
        return [line for line in map(self._mine, psutil.process_iter()) if line]

    def until_nothing_is_left(self) -> None:
        def nothing() -> bool:
            assert self.leftovers() == []
            return True

        until(nothing, within=60, what="nothing to be left")

    def _mine(self, process: psutil.Process) -> str:
        with contextlib.suppress(psutil.Error):
            command = " ".join(process.cmdline())
            environment = process.environ()
            if process.status() != psutil.STATUS_ZOMBIE and (
                str(self.data) in command or environment.get("CALLCENTER_DATA") == str(self.data)
            ):
                return f"{process.pid} {command}"
        return ""

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        sockets = str(socket_folder(self.data, "postgres"))
        with psycopg.connect(host=sockets, user="postgres", dbname="callcenter", autocommit=True) as wire:
            cursor = wire.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def health(self) -> bytes:
        """The status line and body of /healthz, read by hand; empty while nobody listens."""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.web_port), timeout=5) as wire:
            wire.sendall(b"GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return b"".join(iter(lambda: wire.recv(65536), b""))
        return b""

    def kill_all(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def _is_dead(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.status() == psutil.STATUS_ZOMBIE
    return False


@contextlib.contextmanager
def stack(data: Path, *, before: Callable[[], None] | None = None, by_script: bool = False) -> Iterator[Stack]:
    made = Stack(data, before=before, by_script=by_script)
    try:
        yield made
    finally:
        made.kill_all()
        made.until_nothing_is_left()


@contextlib.contextmanager
def busy(port: int, kind: socket.SocketKind) -> Iterator[None]:
    """Hold a port as another program would."""
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        yield
