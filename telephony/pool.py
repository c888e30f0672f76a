"""Call processes kept warm: born of a nursery that has everything loaded, one for each call, thrown away after it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings

from . import wire
from .births import Births, NoNursery
from .ports import Drain, NodeFact

log = structlog.get_logger(__name__)

CLAIM_SECONDS = 15.0
"""A caller for whom no process is ready by then is told to try again. So long takes a rush of 100 on a machine that is
busy with other things; the caller's INVITE lives for 32 s (RFC 3261 17.1.1.2)."""
UNUSED_SECONDS = 20.0
"""A process that was claimed and got no INVITE is given up; the caller has repeated the INVITE five times by then (RFC 3261 17.1.1.2)."""
STARTING_AT_ONCE = 3
"""Births in progress: each takes some 7 ms of CPU, and its call as much again. More at once would only stand in the way of
the calls that are being answered or ended; in a rush the machine is busy with births for a second or two."""
UNHURRIED_SECONDS = 0.1
"""A birth that nobody waits for begins so late: the call that took the process is being set up meanwhile."""
UNKNOWN = -1
"""Exit code of a child whose end nobody saw and that did not say good-bye."""
LEAST_PORTS = 8
"""RTP and RTCP of four legs."""


@dataclass(eq=False, slots=True)
class Child:
    """One call process, seen from the node."""

    name: str
    number: int
    """Its slice of the RTP ports."""
    pid: int = 0
    pipe: socket.socket | None = None
    sip_port: int = 0
    claimed_at: float | None = None
    arrived: bool = False
    arrived_at: float = 0.0
    sent: dict[tuple[str, int], float] = field(default_factory=dict)
    """Offers and commands it was told of, and when: the pipe loses nothing, so never again."""
    dialogs: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Its confirmed dialogs, for the BYEs if it dies."""
    lines: wire.Lines = field(default_factory=wire.Lines)
    backlog: bytearray = field(default_factory=bytearray)
    leaving: bool = False
    """It said that its end is in order."""
    orphan: bool = False
    """Its nursery died: nobody will tell how it ends."""


class Pool:
    """Keeps `idle` processes ready and starts more while claims wait, up to `limit`.

    :param birth: makes the options of a child from its name and its number.
    :param target: the child's main ("module:function"), called with those options and the child's end of the pipe.
    :param gone: told of each child that ended, with its exit code (negative: killed by that signal).
    """

    def __init__(
        self,
        *,
        idle: int,
        limit: int,
        target: str,
        birth: Callable[[str, int], dict[str, Any]],
        ready: Callable[[Child], None],
        gone: Callable[[Child, int], None],
    ) -> None:
        self.idle_wanted = idle
        self.limit = limit
        self.target = target
        self.birth = birth
        self.ready = ready
        self.gone = gone
        self.children: dict[str, Child] = {}
        self.draining = False
        self._births = Births(born=self._begun, ended=self._ended, orphaned=self._orphaned)
        self._starting: set[str] = set()
        self._idle: deque[Child] = deque()
        self._claims: deque[asyncio.Future[Child | None]] = deque()
        self._numbers = deque(range(limit))
        self._count = 0
        self._era = f"{os.getpid()}-{int(time.time())}"
        self._failures = 0
        self._unhurried: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._born = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    # ---- claiming -----------------------------------------------------------------------------------------------
    async def claim(self, seconds: float = CLAIM_SECONDS) -> Child | None:
        """A process for a call; None when the limit is reached or none became ready in time."""
        if not self._idle and (self.draining or self._exhausted()):
            return None
        if self._idle and not self._claims:
            self._grow_soon()
            return self._hand_out()
        waiting: asyncio.Future[Child | None] = self._loop.create_future()
        self._claims.append(waiting)
        self._serve()
        self.grow()
        try:
            return await asyncio.wait_for(waiting, seconds)
        except TimeoutError:
            with contextlib.suppress(ValueError):
                self._claims.remove(waiting)
            return None

    def _exhausted(self) -> bool:
        """Every process that may be is, and more callers wait for one than are being born."""
        return len(self.children) >= self.limit and len(self._claims) >= len(self._starting)

    def _hand_out(self) -> Child:
        child = self._idle.popleft()
        child.claimed_at = time.monotonic()
        self._loop.call_later(UNUSED_SECONDS, self._give_up_unused, child, child.claimed_at)
        return child

    def give_back(self, child: Child) -> None:
        """It was claimed and heard nothing of it: it is idle as before."""
        if self.children.get(child.name) is child and not self.draining:
            child.claimed_at = None
            self._idle.append(child)
            self._serve()

    def _give_up_unused(self, child: Child, claimed_at: float) -> None:
        if child.claimed_at == claimed_at and not child.arrived and self.children.get(child.name) is child:
            log.warning("call process got no call", process=child.name)
            self.tell(child, Drain())

    # ---- growing ------------------------------------------------------------------------------------------------
    def start(self) -> None:
        self._births.start()
        self._loop.create_task(self._grow_when_possible())

    async def _grow_when_possible(self) -> None:
        await self._births.ready()
        self.grow()

    def grow(self) -> None:
        """Start what is missing: the idle ones, and one for each claim that waits."""
        if self.draining:
            return
        wanted = self.idle_wanted + len(self._claims) - len(self._idle) - len(self._starting)
        room = min(self.limit - len(self.children), STARTING_AT_ONCE - len(self._starting))
        try:
            for _ in range(max(0, min(wanted, room))):
                self._start()
        except NoNursery:
            self._grow_later()

    def _grow_soon(self) -> None:
        if self._unhurried is None and not self.draining:
            self._unhurried = self._loop.call_later(UNHURRIED_SECONDS, self._grow_unhurried)

    def _grow_unhurried(self) -> None:
        self._unhurried = None
        self.grow()

    def _start(self) -> None:
        """:raises NoNursery: nothing has begun."""
        name, number = f"{self._era}-{self._count + 1}", self._numbers[0]
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._births.order(name, self.target, self.birth(name, number), theirs)
            except NoNursery:
                ours.close()
                raise
        ours.setblocking(False)
        self._count += 1
        self._numbers.popleft()
        self.children[name] = child = Child(name, number, pipe=ours)
        self._empty.clear()
        self._starting.add(name)
        self._loop.add_reader(ours, self._read, child)

    def _begun(self, name: str, pid: int) -> None:
        if child := self.children.get(name):
            child.pid = pid
            self._ready_when_known(child)

    def _grow_later(self) -> None:
        """After a failure wait longer each time, 10 s at most: a broken fork server must not be hammered."""
        self._failures += 1
        self._loop.call_later(min(10.0, 0.1 * 2**self._failures), self.grow)

    # ---- listening to children ------------------------------------------------------------------------------------
    def _read(self, child: Child) -> None:
        assert child.pipe
        try:
            data = child.pipe.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._loop.remove_reader(child.pipe)
            if child.orphan:
                self._loop.call_soon(self._buried, child, 0 if child.leaving else UNKNOWN)
        for text in child.lines.feed(data):
            self._heard(child, wire.message(text))

    def _heard(self, child: Child, message: dict[str, Any]) -> None:
        if port := message.get("ready"):
            child.sip_port = int(port)
            self._ready_when_known(child)
        if message.get("leaving"):
            child.leaving = True
        if line := message.get("log"):
            log.log(line["level"], line["event"], process=child.name, **line["extra"])
        if message.get("arrived"):
            child.arrived, child.arrived_at = True, time.monotonic()
        if dialog := message.get("dialog"):
            child.dialogs[int(message["leg"])] = dialog
        elif "leg" in message:
            child.dialogs.pop(int(message["leg"]), None)

    def _ready_when_known(self, child: Child) -> None:
        """Its nursery tells the pid and it tells the port itself, and either may come first. Without a pid its rows would be those
        of a dead process."""
        if child.pid and child.sip_port and child.name in self._starting:
            self._became_ready(child)

    def _became_ready(self, child: Child) -> None:
        self._failures = 0
        self._starting.discard(child.name)
        self._idle.append(child)
        self._born.set()
        self.ready(child)
        self._serve()
        self.grow()

    def _serve(self) -> None:
        """The longest waiting claim gets the new process; those who gave up are passed over."""
        while self._claims and self._idle:
            claim = self._claims.popleft()
            if not claim.done():
                claim.set_result(self._hand_out())

    def _ended(self, name: str, code: int) -> None:
        child = self.children.get(name)
        if child is None:
            return
        self._read(child)  # its last words
        self._buried(child, code)

    def _orphaned(self) -> None:
        """The nursery died. Those it bore live on, as long as their pipes; those it was bearing may never come."""
        for child in list(self.children.values()):
            child.orphan = True
            if child.name in self._starting:
                self._buried(child, UNKNOWN)
        self._loop.create_task(self._grow_when_possible())

    def _buried(self, child: Child, code: int) -> None:
        if self.children.get(child.name) is not child:
            return
        was_starting = child.name in self._starting
        self._forget(child)
        self.gone(child, code)
        if was_starting:
            self._grow_later()
        else:
            self.grow()

    def _forget(self, child: Child) -> None:
        self.children.pop(child.name, None)
        self._starting.discard(child.name)
        with contextlib.suppress(ValueError):
            self._idle.remove(child)
        self._numbers.append(child.number)
        if not self.children:
            self._empty.set()
        if child.pipe:
            self._loop.remove_reader(child.pipe)
            child.pipe.close()

    # ---- speaking to children -------------------------------------------------------------------------------------
    def tell(self, child: Child, *facts: NodeFact) -> None:
        """Hand over facts in one piece; the process sleeps on the pipe as well as on SIP."""
        for fact in facts:
            child.backlog += wire.encode(fact)
        self._flush(child)

    def hand(self, child: Child, fact: NodeFact, sock: socket.socket) -> None:
        """Hand over a socket with the fact that says what it is for. The child has it then, or is dying."""
        if child.backlog and child.name in self.children:  # what was said before comes first
            self._loop.call_later(0.05, self.hand, child, fact, sock)
            return
        with sock, contextlib.suppress(OSError):
            if child.pipe and child.pipe.fileno() >= 0:
                socket.send_fds(child.pipe, [wire.encode(fact)], [sock.fileno()])

    def _flush(self, child: Child) -> None:
        if child.pipe is None or child.pipe.fileno() < 0 or not child.backlog:
            return
        try:
            sent = child.pipe.send(child.backlog)
        except BlockingIOError:
            self._loop.call_later(0.05, self._flush, child)
            return
        except OSError:
            return  # it is dying; its end is noticed by itself
        del child.backlog[:sent]
        self._loop.call_soon(self._flush, child)

    def drain(self) -> None:
        """Idle processes go at once, the others after their call; no new ones."""
        self.draining = True
        for child in list(self.children.values()):
            self.tell(child, Drain())
        self._idle.clear()

    async def wait_ready(self, seconds: float) -> bool:
        """Until the first process is there; False if none came in time."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._born.wait(), seconds)
        return self._born.is_set()

    async def wait_empty(self, seconds: float) -> bool:
        """Until every process is gone; False if some are left after so long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), seconds)
        return not self.children

    def close(self) -> None:
        """Close every pipe: the processes end their calls with a BYE, write the end, and go."""
        self.draining = True
        for child in self.children.values():
            if child.pipe and child.pipe.fileno() >= 0:
                with contextlib.suppress(OSError):
                    child.pipe.shutdown(socket.SHUT_WR)  # we still listen: of an orphan only the pipe tells the end

    async def dismiss_nursery(self) -> None:
        """It would leave by itself after us; waited for, nothing of ours is left when we are gone."""
        await self._births.stop()


def ports_of(number: int) -> tuple[int, int]:
    """The slice of the RTP ports (first, last) that the process with this number uses; even to odd (RFC 3550 11)."""
    first, last = settings.RTP_PORT_MIN, settings.RTP_PORT_MAX
    size = max(LEAST_PORTS, (last - first + 1) // settings.MAX_CALL_PROCESSES) & ~1
    begin = first + (first & 1) + number * size
    return begin, min(last, begin + size - 1)


def most_processes() -> int:
    """MAX_CALL_PROCESSES, or as many as the RTP ports allow."""
    return int(min(settings.MAX_CALL_PROCESSES, (settings.RTP_PORT_MAX - settings.RTP_PORT_MIN + 1) // LEAST_PORTS))
