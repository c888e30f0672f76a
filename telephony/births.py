"""The node's link to the nursery, which bears call processes; started again when it dies, with its children living on."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from callcenter.child import Account, preparation, unprivileged

from . import wire

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0


class NoNursery(Exception):
    """There is no nursery at this moment."""


class Births:
    """
    :param born: told of each child's name and process id.
    :param ended: told of each child's name and exit code (negative: killed by that signal).
    :param orphaned: told when the nursery died: how its children end nobody will say, only their pipes close.
    """

    def __init__(self, *, born: Callable[[str, int], None], ended: Callable[[str, int], None], orphaned: Callable[[], None]) -> None:
        self.born = born
        self.ended = ended
        self.orphaned = orphaned
        self._loop = asyncio.get_running_loop()
        self._link: socket.socket | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._ready = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._stopped = False

    # ---- life -----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._keeper = self._keeper or self._loop.create_task(self._keep_one())

    async def stop(self) -> None:
        """The nursery goes; children that still live are nobody's then."""
        self._stopped = True
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
        if self._keeper:
            await self._keeper

    async def _keep_one(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped:
            code = await self._life()
            if self._stopped:
                return
            log.error("the nursery ended; another one starts", exit_code=code, pause=pause)
            self.orphaned()
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _life(self) -> int:
        """One nursery from start to end. Returns its exit code."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "telephony.nursery", "--fd", str(theirs.fileno()),
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR, preexec_fn=_unprivileged(),
            )  # fmt: skip
        ours.setblocking(False)
        self._link = ours
        self._loop.add_reader(ours, self._hear)
        self._ready.set()
        code = await self._process.wait()
        self._ready.clear()
        self._let_go()
        return code

    def _let_go(self) -> None:
        if self._link:
            self._hear()  # the last news
            self._loop.remove_reader(self._link)
            self._link.close()
        self._link = None

    # ---- births and deaths --------------------------------------------------------------------------------------------
    async def ready(self) -> None:
        """Until there is a nursery."""
        await self._ready.wait()

    def order(self, name: str, target: str, options: dict[str, Any], pipe: socket.socket) -> None:
        """Ask for a child that runs `target` ("module:function") with these options and this end of its pipe.

        :raises NoNursery: it has just died, or takes no more orders for now.
        """
        if self._link is None:
            raise NoNursery
        order = wire.line({"name": name, "target": target, "options": options})
        try:
            socket.send_fds(self._link, [order], [pipe.fileno()])
        except OSError as error:
            raise NoNursery from error

    def _hear(self) -> None:
        while self._link:
            try:
                data = self._link.recv(65536)
            except OSError:
                return
            if not data:
                return
            self._take(wire.message(data))

    def _take(self, news: dict[str, Any]) -> None:
        if "born" in news:
            self.born(news["born"], news["pid"])
        else:
            self.ended(news["ended"], news["code"])


def _unprivileged() -> Callable[[], None] | None:
    """Call processes read what strangers send: where the node runs as root, they do not."""
    if os.geteuid() != 0:
        return None
    return preparation(account(), death_signal=None)


def account() -> Account | None:
    """Whom call processes run as; None: as ourselves."""
    try:
        return unprivileged(
            [settings.BASE_DIR, settings.DATA_DIR / "prompts", settings.DATA_DIR / "voicemail", Path(sys.prefix), Path(sys.base_prefix)]
        )
    except KeyError:
        log.warning("There is no user nobody: call processes keep the rights of root.")
        return None
