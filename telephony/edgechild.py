"""The node's edge: a child process that owns the SIP port, replaced at once when it dies.

Beside it a spare waits with everything loaded: loading takes a second of CPU, and on a machine that is busy
much longer, while callers hear nothing. A spare has no socket; the node's hello makes it the edge.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from django.conf import settings

from . import wire

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
STEADY_SECONDS = 10.0
"""An edge that lived so long had no lasting trouble: the next pause is short again."""
INSIST_SECONDS = 60.0
"""So long every new edge is told what is insisted on: a node that starts waits for its database and its first process."""

Message = dict[str, Any]


@dataclass(slots=True)
class Child:
    """One edge process with our end of its pipe."""

    process: asyncio.subprocess.Process
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def start(cls) -> Child:
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "telephony.edge", "--fd", str(theirs.fileno()),
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR,
            )  # fmt: skip
        return cls(process, *await asyncio.open_unix_connection(sock=ours))

    async def bury(self) -> int:
        """Take leave of it, by force if it lingers. Returns its exit code."""
        self.writer.close()
        try:
            code = await asyncio.wait_for(self.process.wait(), 2.0)
        except TimeoutError:
            self.process.kill()
            code = await self.process.wait()
        with contextlib.suppress(OSError):  # it left without reading everything
            await self.writer.wait_closed()
        return code

    def terminate(self) -> None:
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGTERM)


class EdgeChild:
    """Keeps one edge running, and a spare.

    :param hello: makes the first message of each new edge: what it needs to go on where the last one stopped.
    :param hear: takes each of its messages.
    """

    def __init__(self, *, hello: Callable[[], Message], hear: Callable[[Message], None]) -> None:
        self.hello = hello
        self.hear = hear
        self.restarts = 0
        self.ready = asyncio.Event()
        self._edge: Child | None = None
        self._spare: asyncio.Task[Child] | None = None
        self._insisted: deque[tuple[float, Message]] = deque()
        """When each was said first, oldest first."""
        self._stopped = False

    async def keep_running(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped:
            began = time.monotonic()
            code = await self._life()
            if self._stopped:
                break
            pause = FIRST_PAUSE if time.monotonic() - began > STEADY_SECONDS else min(LONGEST_PAUSE, pause * 2)
            log.error("edge ended; another takes over", exit_code=code, pause=pause)
            self.restarts += 1
            await asyncio.sleep(pause)
        if self._spare:
            spare = await self._spare
            spare.terminate()
            await spare.bury()

    async def _life(self) -> int:
        """One edge from start to end. Returns its exit code."""
        self._edge = await self._next()
        if self._stopped:
            self._edge.terminate()
        self.send(self.hello())
        self._say_again()
        await self._listen(self._edge.reader)
        self.ready.clear()
        edge, self._edge = self._edge, None
        return await edge.bury()

    async def _next(self) -> Child:
        """The spare if it lives, else a fresh process."""
        spare, self._spare = self._spare, None
        if spare:
            child = await spare
            if child.process.returncode is None:
                return child
            await child.bury()
        return await Child.start()

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(ConnectionError):
            while text := await reader.readline():
                self._take(wire.message(text))

    def _take(self, message: Message) -> None:
        if message["op"] == "ready":
            self.ready.set()
            # Only now: while the edge itself starts, the spare must not compete with it.
            self._spare = self._spare or asyncio.create_task(Child.start())
        self.hear(message)

    def send(self, message: Message) -> None:
        """An edge that is away hears the same from the next hello."""
        if self._edge and not self._edge.writer.is_closing():
            self._edge.writer.write(wire.line(message))

    def insist(self, message: Message) -> None:
        """What no hello repeats. This edge may be away, or be dead without our knowing: the next ones are told as well.

        To a phone that has heard it a BYE said again is one for an unknown call (481), and changes nothing.
        """
        self._insisted.append((time.monotonic(), message))
        self._forget_old()
        self.send(message)

    def _forget_old(self) -> None:
        while self._insisted and self._insisted[0][0] < time.monotonic() - INSIST_SECONDS:
            self._insisted.popleft()

    def _say_again(self) -> None:
        """The edge obeys it when it listens."""
        self._forget_old()
        for _, message in self._insisted:
            self.send(message)

    def stop(self) -> None:
        self._stopped = True
        if self._edge:
            self._edge.terminate()
