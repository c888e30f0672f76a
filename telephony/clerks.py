"""The node's clerks: a few lasting processes that write for its calls, replaced when they die.

A call process whose clerk died is given to another one at once and asks again what was not done.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from django.conf import settings

from . import wire

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 5.0
STEADY_SECONDS = 10.0
"""A clerk that lived so long had no lasting trouble: the next pause is short again."""
GOODBYE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Customer:
    """A call process that needs a clerk."""

    name: str
    pid: int
    sip_port: int


@dataclass(eq=False, slots=True)
class Clerk:
    """One of them, with our end of the link to it."""

    process: asyncio.subprocess.Process
    link: socket.socket
    customers: dict[str, Customer] = field(default_factory=dict)

    def take(self, customer: Customer, hello: dict[str, object]) -> socket.socket | None:
        """The call process's end of a new socket; None if this clerk cannot take it."""
        theirs, ours = socket.socketpair()
        with ours:
            try:
                socket.send_fds(self.link, [wire.line(hello)], [ours.fileno()])
            except OSError:
                theirs.close()
                return None
        self.customers[customer.name] = customer
        return theirs


class Clerks:
    """
    :param count: how many run.
    :param hand: gives a call process, by its name, its end of the socket to its clerk.
    """

    def __init__(self, node: str, *, count: int, hand: Callable[[str, socket.socket], None]) -> None:
        self.node = node
        self.count = count
        self.hand = hand
        self.ready: list[Clerk] = []
        self._orphans: dict[str, Customer] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._first = asyncio.Event()
        self._stopped = False

    # ---- life -----------------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._keep_one()) for _ in range(self.count)]

    async def wait_ready(self, seconds: float) -> bool:
        """Until the first of them is there; False if none came in time."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._first.wait(), seconds)
        return self._first.is_set()

    async def stop(self) -> None:
        """They finish what was asked of them and go."""
        self._stopped = True
        for clerk in self.ready:
            clerk.link.close()
        await asyncio.wait(self._tasks, timeout=GOODBYE_SECONDS)
        for task in self._tasks:
            task.cancel()

    async def _keep_one(self) -> None:
        pause = FIRST_PAUSE
        while not self._stopped:
            began = time.monotonic()
            code = await self._life()
            if self._stopped:
                return
            pause = FIRST_PAUSE if time.monotonic() - began > STEADY_SECONDS else min(LONGEST_PAUSE, pause * 2)
            log.error("a clerk ended; the others take over its calls", exit_code=code, pause=pause)
            await asyncio.sleep(pause)

    async def _life(self) -> int:
        """One clerk from start to end. Returns its exit code."""
        clerk = await self._begin()
        if await self._becomes_ready(clerk):
            self.ready.append(clerk)
            self._first.set()
            self._adopt()
        code = await clerk.process.wait()
        self._bury(clerk)
        return code

    async def _begin(self) -> Clerk:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "telephony.clerk", "--fd", str(theirs.fileno()),
                pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, cwd=settings.BASE_DIR,
            )  # fmt: skip
        ours.setblocking(False)
        return Clerk(process, ours)

    async def _becomes_ready(self, clerk: Clerk) -> bool:
        with contextlib.suppress(OSError):
            return bool(await asyncio.get_running_loop().sock_recv(clerk.link, 1000)) and not self._stopped
        return False

    def _bury(self, clerk: Clerk) -> None:
        clerk.link.close()
        if clerk in self.ready:
            self.ready.remove(clerk)
        self._orphans |= clerk.customers
        self._adopt()

    # ---- call processes ---------------------------------------------------------------------------------------------
    def serve(self, customer: Customer) -> None:
        """Give the call process a clerk: now, or as soon as there is one."""
        self._orphans[customer.name] = customer
        self._adopt()

    def forget(self, name: str) -> None:
        """The call process is gone."""
        self._orphans.pop(name, None)
        for clerk in self.ready:
            clerk.customers.pop(name, None)

    def _adopt(self) -> None:
        for customer in list(self._orphans.values()):
            if not self._assign(customer):
                return
            self._orphans.pop(customer.name, None)

    def _assign(self, customer: Customer) -> bool:
        for clerk in sorted(self.ready, key=lambda one: len(one.customers)):
            if theirs := clerk.take(customer, self._hello(customer)):
                self.hand(customer.name, theirs)
                return True
        return False

    def _hello(self, customer: Customer) -> dict[str, object]:
        return {"node": self.node, "process": customer.name, "pid": customer.pid, "sip_port": customer.sip_port}
