"""The edge process: one socket, one loop, one thread for the database."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import close_old_connections

from telephony.addresses import PROCESS_HOST, edge_host
from telephony.services import registrar as rows
from telephony.services.trunks import registration_changed

from . import directory as directory_
from .admission import Admission
from .calls import Calls
from .digest import Digest
from .directory import Account, Binding, Directory
from .dispatcher import Dispatcher
from .hops import Ours
from .limits import Limits, Rate
from .message import Message
from .pipe import Pipe
from .registrar import register
from .shield import Refused
from .tokens import Signer
from .uri import Address

log = logging.getLogger(__name__)

T = TypeVar("T")

REFRESH_SECONDS = 5.0
DATABASE_SECONDS = 4.0
"""A REGISTER that waited so long for the database is refused; the phone comes again."""
GOODBYE_SECONDS = 1.0
"""How long the edge carries BYEs after its node: the first one and one repetition (T1 = 0.5 s). No node is back sooner."""
BATCH = 64
"""Datagrams read in one go before the loop looks at anything else."""
RECEIVE_BUFFER = 4 * 1024 * 1024
REMEMBER_SECONDS = 8.0
"""How long an answer to a REGISTER is kept for a phone that did not get it and asks again."""


class Server:
    def __init__(self, pipe: Pipe, sock: socket.socket, hello: dict[str, Any]) -> None:
        self.pipe = pipe
        self.sock = sock
        self.signer = Signer(settings.SECRET_KEY)
        self.directory = Directory()
        self.limits = Limits(
            requests=Rate(settings.SIP_REQUESTS_PER_SECOND, 6 * settings.SIP_REQUESTS_PER_SECOND),
            invites=Rate(settings.SIP_CALLS_PER_SECOND, 15 * settings.SIP_CALLS_PER_SECOND),
        )
        self.ours = our_addresses(sock)
        self.calls = Calls(PROCESS_HOST)
        self.calls.restore(hello.get("processes", ()), hello.get("affinity", {}))
        self.digest = Digest(self.signer.key("digest"), settings.SIP_REALM, algorithms=settings.SIP_DIGEST_ALGORITHMS, on_mark=self._marked)
        self.digest.marks.update(hello.get("nonces", {}))
        self.digest.since = hello.get("nonces_since", 0.0)
        self.admission = Admission(self.directory, self.digest, self.limits, self.ours.outside)
        self.dispatcher = Dispatcher(
            self.ours, self.signer, self.calls, self.directory, self.admission, self.limits,
            send=self.send, tell=pipe.tell, register=self._register, refresh=self._refresh_then,
            trunk_changed=self._trunk_changed,
        )  # fmt: skip
        # One thread: a list that is being read cannot come back older than a registration written meanwhile.
        self._database = ThreadPoolExecutor(1, "database")
        self._tasks: set[asyncio.Task[None]] = set()
        self._registering: dict[tuple[str, int, str], bytes] = {}
        """Answers to REGISTERs, for retransmissions; empty while it is being worked on."""

    # ---- socket --------------------------------------------------------------------------------------
    def listen(self) -> None:
        asyncio.get_running_loop().add_reader(self.sock, self._readable)

    def _readable(self) -> None:
        for _ in range(BATCH):
            try:
                data, source = self.sock.recvfrom(65535)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error of an earlier send
            try:
                self.dispatcher.receive(data, source)
            except Exception:
                # One packet must never end the edge; the traceback names the place, not the packet.
                log.exception("dispatcher: a packet could not be handled")

    def send(self, data: bytes, to: Address) -> None:
        try:
            self.sock.sendto(data, to)
        except OSError as error:
            log.debug("socket: a packet was not sent (%s)", error)  # SIP repeats what is lost

    # ---- registrations -------------------------------------------------------------------------------
    def _register(self, message: Message, source: Address) -> None:
        if self.calls.leaving:
            return  # the next edge answers the repetition
        name = (message.call_id, message.cseq, message.get("via"))
        if name in self._registering:
            if self._registering[name]:
                self.send(self._registering[name], source)
            return
        if not self.directory.loaded:
            raise Refused(503, "Service Unavailable", ("Retry-After", "3"))
        account = self.admission.known(message, source, "Authorization", "WWW-Authenticate")
        self._registering[name] = b""
        self._spawn(self._answer_register(name, message, account, source))

    async def _answer_register(self, name: tuple[str, int, str], message: Message, account: Account, source: Address) -> None:
        try:
            reply = await register(message, account, source, self.directory, self._write)
        except Refused as refused:
            reply = message.reply(refused.status, refused.reason, *refused.extra)
        except Exception:
            log.exception("registrar: failed")
            reply = message.reply(500, "Server Error")
        reply.set("To", f"{message.get('to')};tag={self.signer.to_tag(message)}")
        self._registering[name] = reply.encode()
        self.send(self._registering[name], source)
        asyncio.get_running_loop().call_later(REMEMBER_SECONDS, self._registering.pop, name, None)

    async def _write(self, agent: int, wanted: list[rows.Wanted], origin: rows.Origin, everything: bool) -> list[Binding]:
        def work() -> list[Binding]:
            return [directory_.binding(row) for row in rows.register(agent, wanted, origin, everything=everything)]

        return await self._in_thread(work)

    # ---- directory -----------------------------------------------------------------------------------
    async def refresh(self) -> None:
        """Read the rows again; what is known stays while the database is away."""
        try:
            found = await self._in_thread(directory_.read)
        except (DatabaseError, TimeoutError) as error:
            log.warning("directory: database away, going on with what is known (%s)", type(error).__name__)
            return
        self.directory.replace(found)
        if not self.calls.leaving:
            self.dispatcher.registering.follow()

    def _trunk_changed(self, trunk: int, registered: bool) -> None:
        async def write() -> None:
            with contextlib.suppress(DatabaseError, TimeoutError):  # the edge's own log has it
                await self._in_thread(lambda: registration_changed(trunk, registered))

        self._spawn(write())

    def _refresh_then(self, then: Callable[[], None]) -> None:
        async def work() -> None:
            await self.refresh()
            then()

        self._spawn(work())

    async def _keep_fresh(self) -> None:
        while not self.calls.leaving:
            await asyncio.sleep(REFRESH_SECONDS if self.directory.loaded else 1.0)
            await self.refresh()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def with_connection() -> T:
            close_old_connections()
            return work()

        # Not wait_for: in Python 3.11 it swallows a cancellation that comes with the answer, and the edge would outlive its node.
        async with asyncio.timeout(DATABASE_SECONDS):
            return await asyncio.get_running_loop().run_in_executor(self._database, with_connection)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- pipe ----------------------------------------------------------------------------------------
    def _marked(self, nonce: str, count: int) -> None:
        self.pipe.tell({"op": "nonce", "nonce": nonce, "nc": count})

    async def run(self) -> None:
        """Serve until the node closes the pipe, and a moment longer: a node that died leaves processes that say good-bye."""
        await self.refresh()
        self.listen()
        self._spawn(self._keep_fresh())
        host, port = self.ours.outside
        self.pipe.tell({"op": "ready", "host": host, "port": port})
        async for note in self.pipe.notes():
            self.obey(note)
        self.calls.leaving = True
        await asyncio.sleep(GOODBYE_SECONDS)

    def obey(self, note: dict[str, Any]) -> None:
        op = note["op"]
        if op == "process":
            self.calls.started(note["port"])
        elif op == "gone":
            self.calls.gone(note["port"])
            self.dispatcher.forks.abandon(note["port"])
            self.dispatcher.outside.abandon(note["port"])
            self.dispatcher.unanswered.abandon(note["port"])
            self.limits.forget_process(note["port"])
        elif op == "claimed":
            self.dispatcher.claimed(note["key"], note["port"])
        elif op == "reload":
            self._spawn(self.refresh())
        elif op == "drain":
            self.calls.draining = True
        elif op == "bye":
            self.dispatcher.farewell.say(self.dispatcher.outside.as_known_there(note["dialog"]))
        else:
            log.warning("pipe: unknown note %r", op)


def our_addresses(sock: socket.socket) -> Ours:
    port = sock.getsockname()[1]
    return Ours(outside=(settings.SIP_PUBLIC_ADDRESS or edge_host(), port), inside=(edge_host(), port))


def open_socket() -> socket.socket:
    """Bind SIP's UDP port. Raises OSError when it is taken."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.bind((settings.BIND_ADDRESS, settings.SIP_PORT))
    sock.setblocking(False)
    return sock


async def serve(descriptor: int) -> None:
    """Wait as a spare until the node says hello, then be its edge until the pipe closes. Raises OSError: the port is taken."""
    pipe = await Pipe.open(descriptor)
    async for hello in pipe.notes():
        await Server(pipe, open_socket(), hello).run()
