"""The product's web side as real processes on free ports: PostgreSQL, Redis, web server, relay."""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from callcenter.embedded import Redis, running
from callcenter.paths import socket_folder
from tests.kill import kill_outright
from tests.sip.harness.stack import ROOT, Stack
from tests.until import PATIENCE, until

PASSWORD = "demo-demo-demo"
SOON, MENDED = 5_000 * PATIENCE, 15_000 * PATIENCE
"""Milliseconds within which a hint works (it takes a few, but browsers share the machine), and within which a fault is forgotten."""
OLD_NEWS = re.compile("No news|Connection lost")
"""What a screen says when what it shows is old: a socket that cannot read, or one that cannot be opened again."""
_numbers = itertools.count(1)


class Site:
    """Start it, kill parts of it, put people and calls into it."""

    def __init__(self, folder: Path, *, telephony: bool = False) -> None:
        self.telephony = telephony
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        redis = f"unix://{socket_folder(folder, 'redis') / 'redis.sock'}"
        self.stack = Stack(folder, HTTP_PORT=str(self.port), REDIS_URL=redis, AXES_ENABLED="1")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.read: dict[str, int] = {}
        self.redis_ends = contextlib.ExitStack()

    def start(self) -> Self:
        self.start_redis()
        self.stack.make_database()
        if self.telephony:
            self.stack.start_node()
        self.start_part("web")
        self.start_part("relay")
        until(self.answers, within=90, every=0.1, what=f"the web server to answer (log: {self.log('web')})")
        return self

    def start_redis(self) -> None:
        self.redis = self.redis_ends.enter_context(running(Redis(self.stack.folder), self.stack.folder / "redis.log"))

    def start_part(self, name: str) -> None:
        web = ["-m", "daphne", "-b", "127.0.0.1", "-p", str(self.port), "callcenter.asgi:application"]
        arguments = web if name == "web" else ["manage.py", name]
        with self.log(name).open("ab") as output:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments], cwd=ROOT, env=self.stack.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL
            )

    def kill(self, name: str) -> None:
        """As a power cut would: no good-bye."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    @contextlib.contextmanager
    def without_redis(self, *, killed: bool = False) -> Iterator[None]:
        """:param killed: not asked to stop."""
        if killed:
            kill_outright(self.redis.pid)
        self.redis_ends.close()
        try:
            yield
        finally:
            self.start_redis()

    def stop(self) -> None:
        with contextlib.ExitStack() as ends:
            ends.callback(self.redis_ends.close)
            ends.callback(self.stack.stop)
            for process in self.processes.values():
                process.terminate()
            for process in self.processes.values():
                process.wait(20)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def log(self, name: str) -> Path:
        return self.stack.folder / f"{name}.log"

    def answers(self) -> bool:
        assert self.processes["web"].poll() is None, self.log("web").read_text()[-3000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/login/", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    def complaints(self) -> list[str]:
        """Stack traces that web server and relay logged since the test began."""
        fresh = {name: self.log(name).read_text(errors="replace")[self.read.get(name, 0) :] for name in ("web", "relay")}
        return [f"{name}: {text[text.index('Traceback') :][:3000]}" for name, text in fresh.items() if "Traceback" in text]

    def forget_complaints(self) -> None:
        self.read = {name: len(self.log(name).read_text(errors="replace")) for name in ("web", "relay")}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def person(name: str, *roles: str, **fields: Any) -> Any:
    """A user who can log in, with these roles."""
    from django.contrib.auth.models import Group, User

    user = User.objects.create(username=name, password=stored_password(), is_staff=bool(set(roles) - {"agent"}), **fields)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


@functools.cache
def stored_password() -> str:
    """As the site's own hasher stores it; tests of the database use a quick one that the site does not know."""
    return PBKDF2PasswordHasher().encode(PASSWORD, "salt-of-the-tests")


def unique(word: str) -> str:
    return f"{word}{next(_numbers)}"
