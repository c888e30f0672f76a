"""Call processes kept warm: forked from a server that has everything loaded, one for each call, thrown away after it."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import ForkServerProcess
from typing import Any

import structlog
from django.conf import settings

from . import wire
from .ports import Drain, NodeFact

log = structlog.get_logger(__name__)

CLAIM_SECONDS = 15.0
"""A caller for whom no process is ready by then is told to try again. So long takes a rush of 100 on a machine that is
busy with other things; the caller's INVITE lives for 32 s (RFC 3261 17.1.1.2)."""
UNUSED_SECONDS = 20.0
"""A process that was claimed and got no INVITE is given up; the caller has repeated the INVITE five times by then (RFC 3261 17.1.1.2)."""
STARTING_AT_ONCE = 8
"""Births in progress: a fork takes about 10 ms and as much again until it is ready; more would only queue at the fork server."""
LEAST_PORTS = 8
"""RTP and RTCP of four legs."""


class PoolDrains(Exception):
    """No more births."""


@dataclass(eq=False, slots=True)
class Child:
    """One call process, seen from the node."""

    name: str
    number: int
    """Its slice of the RTP ports."""
    process: ForkServerProcess | None = None
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

    @property
    def pid(self) -> int:
        return (self.process.pid if self.process else None) or 0


class Pool:
    """Keeps `idle` processes ready and starts more while claims wait, up to `limit`.

    :param birth: makes the arguments of a child's main from its name and its number.
    :param target: the child's main, called with those arguments and the child's end of the pipe.
    :param gone: told of each child that ended, with its exit code.
    """

    def __init__(
        self,
        *,
        idle: int,
        limit: int,
        target: Callable[..., None],
        birth: Callable[[str, int], tuple[Any, ...]],
        ready: Callable[[Child], None],
        gone: Callable[[Child, int], None],
        wake_host: str = "127.0.0.1",
        preload: str = "telephony.preload",
    ) -> None:
        self.idle_wanted = idle
        self.limit = limit
        self.target = target
        self.birth = birth
        self.ready = ready
        self.gone = gone
        self.wake_host = wake_host
        self.children: dict[str, Child] = {}
        self.draining = False
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        # One thread: two that look after children at the same time steal exit codes from each other (Popen.poll).
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="starter")
        self._starting: set[str] = set()
        self._idle: deque[Child] = deque()
        self._claims: deque[asyncio.Future[Child | None]] = deque()
        self._numbers = deque(range(limit))
        self._count = 0
        self._era = f"{os.getpid()}-{int(time.time())}"
        self._failures = 0
        self._waker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._loop = asyncio.get_running_loop()
        self._born = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    # ---- claiming -----------------------------------------------------------------------------------------------
    async def claim(self, seconds: float = CLAIM_SECONDS) -> Child | None:
        """A process for a call; None when the limit is reached or none became ready in time."""
        if not self._idle and (self.draining or self._exhausted()):
            return None
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
        self._loop.call_later(UNUSED_SECONDS, self._give_up_unused, child)
        return child

    def _give_up_unused(self, child: Child) -> None:
        if not child.arrived and self.children.get(child.name) is child:
            log.warning("call process got no call", process=child.name)
            self.tell(child, Drain())

    # ---- growing ------------------------------------------------------------------------------------------------
    def grow(self) -> None:
        """Start what is missing: the idle ones, and one for each claim that waits."""
        if self.draining:
            return
        wanted = self.idle_wanted + len(self._claims) - len(self._idle) - len(self._starting)
        room = min(self.limit - len(self.children), STARTING_AT_ONCE - len(self._starting))
        for _ in range(max(0, min(wanted, room))):
            self._start()

    def _start(self) -> None:
        self._count += 1
        child = Child(f"{self._era}-{self._count}", self._numbers.popleft())
        self.children[child.name] = child
        self._empty.clear()
        self._starting.add(child.name)
        begun = self._loop.run_in_executor(self._starter, self._fork, child)
        begun.add_done_callback(lambda done: self._begun(child, done))

    def _fork(self, child: Child) -> None:
        """In a thread: talking to the fork server blocks for as long as the fork takes."""
        if self.draining:
            raise PoolDrains
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        try:
            child.process = self._context.Process(
                target=self.target, args=(*self.birth(child.name, child.number), theirs), name=child.name, daemon=False
            )
            child.process.start()
            child.pipe = ours
        finally:
            theirs.close()

    def _begun(self, child: Child, done: asyncio.Future[None]) -> None:
        if error := done.exception():
            self._not_begun(child, error)
            return
        assert child.process
        assert child.pipe
        self._loop.add_reader(child.pipe, self._read, child)
        self._loop.add_reader(child.process.sentinel, self._ended, child)
        if self.draining:
            child.backlog += wire.encode(Drain())
        self._flush(child)

    def _not_begun(self, child: Child, error: BaseException) -> None:
        self._forget(child)
        if not self.draining:
            log.error("call process did not start", error=repr(error))
            self._grow_later()

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
        for text in child.lines.feed(data):
            self._heard(child, wire.message(text))

    def _heard(self, child: Child, message: dict[str, Any]) -> None:
        if port := message.get("ready"):
            self._became_ready(child, int(port), bool(message.get("preloaded")))
        if line := message.get("log"):
            log.log(line["level"], line["event"], process=child.name, **line["extra"])
        if message.get("arrived"):
            child.arrived, child.arrived_at = True, time.monotonic()
        if dialog := message.get("dialog"):
            child.dialogs[int(message["leg"])] = dialog
        elif "leg" in message:
            child.dialogs.pop(int(message["leg"]), None)

    def _became_ready(self, child: Child, port: int, preloaded: bool) -> None:
        if not preloaded:
            log.error("call process was born without its modules: slow and heavy", process=child.name)
        child.sip_port = port
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

    def _ended(self, child: Child) -> None:
        assert child.process
        assert child.pipe
        self._loop.remove_reader(child.process.sentinel)
        self._read(child)
        self._loop.remove_reader(child.pipe)
        child.pipe.close()
        buried = self._loop.run_in_executor(self._starter, _bury, child.process)
        buried.add_done_callback(lambda done: self._buried(child, done.result()))

    def _buried(self, child: Child, code: int) -> None:
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
        if child.pipe and child.process is None:
            child.pipe.close()

    # ---- speaking to children -------------------------------------------------------------------------------------
    def tell(self, child: Child, fact: NodeFact) -> None:
        """Hand over a fact and wake the process, which may be sleeping in its SIP stack."""
        child.backlog += wire.encode(fact)
        self._flush(child)
        self._wake(child)

    def hand(self, child: Child, fact: NodeFact, sock: socket.socket) -> None:
        """Hand over a socket with the fact that says what it is for. The child has it then, or is dying."""
        if child.backlog:  # what was said before comes first
            self._loop.call_later(0.05, self.hand, child, fact, sock)
            return
        with sock, contextlib.suppress(OSError):
            if child.pipe and child.pipe.fileno() >= 0:
                socket.send_fds(child.pipe, [wire.encode(fact)], [sock.fileno()])
        self._wake(child)

    def _wake(self, child: Child) -> None:
        if child.sip_port:
            self._waker.sendto(b"\r\n\r\n", (self.wake_host, child.sip_port))

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
                self._loop.remove_reader(child.pipe)
                with contextlib.suppress(OSError):
                    child.pipe.shutdown(socket.SHUT_RDWR)

    async def dismiss_fork_server(self) -> None:
        """It would leave by itself after us; waited for, nothing of ours is left when we are gone."""
        await asyncio.to_thread(_dismiss_fork_server)


def _bury(process: ForkServerProcess) -> int:
    """Take leave of an ended process. Returns its exit code: 0 clean, negative: killed by that signal."""
    process.join()
    code = process.exitcode
    process.close()
    return -1 if code is None else code


def _dismiss_fork_server() -> None:
    helpers: list[Any] = [forkserver._forkserver, resource_tracker._resource_tracker]
    for helper in helpers:
        with contextlib.suppress(AttributeError, OSError):  # private to the library: without it they leave a little later
            helper._stop()


def ports_of(number: int) -> tuple[int, int]:
    """The slice of the RTP ports (first, last) that the process with this number uses; even to odd (RFC 3550 11)."""
    first, last = settings.RTP_PORT_MIN, settings.RTP_PORT_MAX
    size = max(LEAST_PORTS, (last - first + 1) // settings.MAX_CALL_PROCESSES) & ~1
    begin = first + (first & 1) + number * size
    return begin, min(last, begin + size - 1)


def most_processes() -> int:
    """MAX_CALL_PROCESSES, or as many as the RTP ports allow."""
    return int(min(settings.MAX_CALL_PROCESSES, (settings.RTP_PORT_MAX - settings.RTP_PORT_MIN + 1) // LEAST_PORTS))
