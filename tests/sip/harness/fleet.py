"""Many light SIP phones on plain UDP sockets and one asyncio loop in a thread; a test holds them from its own thread.

    with Fleet(edge=("127.0.0.1", 5060)) as fleet:
        alice = fleet.phone("alice", "demo", tone=1000, takes=Takes(answer_after=0.2))
        alice.register()
        call = fleet.phone("caller", tone=440).call("support")
        until(lambda: call.hears(1000))

They retransmit and re-answer as RFC 3261 17 wants, and do on request what a real phone would not.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from tests.until import until

from . import message
from .dialog import Call
from .message import Message
from .rtp import Studio

T1, T2, GIVE_UP = 0.5, 4.0, 32.0
"""RFC 3261 17.1.1.1: first and longest gap between retransmissions, and when a transaction is given up."""
Result = TypeVar("Result")
_hosts = (f"127.0.{net}.{host}" for net in itertools.count(1) for host in range(1, 255))


@dataclass(frozen=True)
class Takes:
    """How a phone takes a call."""

    answer_after: float | None = None
    """Seconds of ringing before 200; None: it rings for ever."""
    status: int = 200
    """The final answer: 486, 603, … refuse."""
    early: bool = False
    """It rings with sound of its own (183 with SDP), as networks do."""
    silent: bool = False
    """No answer at all, as a phone that lost its network."""
    talk_for: float | None = None
    """Seconds after its answer at which it hangs up; None: it never does."""


@dataclass(frozen=True)
class Seen:
    """One line of the fleet's trace."""

    at: float
    user: str
    received: bool
    start: str
    method: str
    call_id: str


class Phone:
    """A light phone: one socket, an account, calls."""

    def __init__(self, fleet: Fleet, user: str, password: str, tone: int, takes: Takes, contact_port: int) -> None:
        self.fleet, self.user, self.password, self.tone, self.takes = fleet, user, password, tone, takes
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind((next(_hosts), 0))
        self.host, self.port = self.socket.getsockname()
        self.contact = f"sip:{user}@{self.host}:{contact_port or self.port}"
        self.calls: list[Call] = []
        self.deaf = False
        self.listens_for: int | None = None
        """A tone, multiple of 50 Hz: each call notes in `stream.heard_at` when it heard it first."""
        self.register_call_id, self.register_cseq = f"{random.getrandbits(64):x}", 0
        self.waiting: dict[tuple[str, str], Callable[[Message], None]] = {}
        self.answered: dict[tuple[str, str], bytes] = {}
        fleet.loop.add_reader(self.socket.fileno(), self._read)

    # -- what a test asks for; from any thread ---------------------------------------------------------------
    def register(self, expires: int = 300, *, contact: str = "", algorithm: str = "MD5") -> Message:
        """REGISTER, with digest if asked; the final response."""
        return self.fleet.do(self.registering(expires, contact=contact, algorithm=algorithm))

    def unregister(self) -> Message:
        return self.register(0)

    def call(self, number: str, **headers: str) -> Call:
        return self.fleet.now(lambda: self.dial(number, **headers))

    @property
    def ringing(self) -> Call | None:
        return next((call for call in self.calls if call.state == "ringing" and not call.outgoing), None)

    @property
    def talking(self) -> Call | None:
        return next((call for call in self.calls if call.state == "talking"), None)

    # -- in the loop -----------------------------------------------------------------------------------------
    def dial(self, number: str, **headers: str) -> Call:
        host, port = self.fleet.edge
        call = Call(self, outgoing=True, target=number if number.startswith("sip:") else f"sip:{number}@{host}:{port}")
        self.calls.append(call)
        call.invite({name.replace("_", "-"): value for name, value in headers.items()})
        return call

    async def registering(self, expires: int, *, contact: str = "", algorithm: str = "MD5") -> Message:
        host, port = self.fleet.edge
        target = f"sip:{host}:{port}"
        asked: dict[str, str] = {}
        for _ in range(3):
            request = self._register(target, expires, contact, asked)
            response = await self.ask(request)
            if response.status != 401 or not self.password:
                return response
            asked = message.challenge(response, algorithm)
        return response

    def _register(self, target: str, expires: int, contact: str, asked: dict[str, str]) -> Message:
        self.register_cseq += 1
        me = f"<sip:{self.user}@{self.fleet.realm}>"
        request = self.request("REGISTER", target, me, me, self.register_call_id, self.register_cseq)
        request.headers += [("contact", contact or f"<{self.contact}>"), ("expires", str(expires))]
        if asked:
            answer = message.credentials(asked, user=self.user, password=self.password, method="REGISTER", uri=target)
            request.headers.append(("authorization", answer))
        return request

    def request(self, method: str, target: str, sender: str, receiver: str, call_id: str, cseq: int) -> Message:
        via = f"SIP/2.0/UDP {self.host}:{self.port};rport;branch=z9hG4bK{random.getrandbits(64):x}"
        sender = sender if ";tag=" in sender else f"{sender};tag={random.getrandbits(48):x}"
        headers = [("via", via), ("max-forwards", "70"), ("from", sender), ("to", receiver), ("call-id", call_id)]
        return Message(f"{method} {target} SIP/2.0", [*headers, ("cseq", f"{cseq} {method}")])

    async def ask(self, request: Message) -> Message:
        """Send a request that is no INVITE until its final response; 408 if none comes."""
        done: asyncio.Future[Message] = self.fleet.loop.create_future()

        def heard(response: Message) -> None:
            if response.status >= 200 and not done.done():
                done.set_result(response)

        key = (request.branch, request.method)
        self.waiting[key] = heard
        gap, end = T1, self.fleet.loop.time() + GIVE_UP
        while self.fleet.loop.time() < end and not self.socket._closed:  # type: ignore[attr-defined]
            self.send(request)
            try:
                return await asyncio.wait_for(asyncio.shield(done), gap)
            except TimeoutError:
                gap = min(2 * gap, T2)
        return message.respond(request, 408, "Request Timeout")

    def send(self, sent: Message, to: tuple[str, int] | None = None) -> None:
        self.fleet.note(self, sent, received=False)
        try:
            self.socket.sendto(sent.encode(), to or self.fleet.edge)
        except OSError:
            return  # nobody there; retransmission or give-up follows

    def reply(self, request: Message, response: Message) -> None:
        """Send a response and keep it for retransmissions of the request."""
        self.answered[(request.branch, request.method)] = response.encode()
        self.send(response)

    def _read(self) -> None:
        for _ in range(32):
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return
            except OSError:
                continue  # ICMP: the edge is down for a moment
            if data.strip() and not self.deaf:
                self._take(Message.parse(data))

    def _take(self, heard: Message) -> None:
        self.fleet.note(self, heard, received=True)
        if heard.status:
            waiting = self.waiting.get((heard.branch, heard.method))
            if waiting:
                waiting(heard)
        else:
            self._take_request(heard)

    def _take_request(self, request: Message) -> None:
        method = request.start.split()[0]
        if method == "ACK":
            call = self._call_of(request)
            if call:
                call.acknowledged(request)
            return
        again = self.answered.get((request.branch, method))
        if again is not None:
            self.socket.sendto(again, self.fleet.edge)
            return
        call = self._call_of(request)
        if call:
            call.requested(method, request)
        elif method == "INVITE" and not message.tag(request.get("to")):
            self._ring(request)
        elif method == "OPTIONS":
            self.reply(request, message.respond(request, 200, "OK", to_tag="o"))
        else:
            self.reply(request, message.respond(request, 481, "Call/Transaction Does Not Exist", to_tag="n"))

    def _ring(self, request: Message) -> None:
        if self.takes.silent:
            return
        call = Call(self, outgoing=False, target=message.uri(request.get("contact")))
        self.calls.append(call)
        call.rung(request, self.takes)

    def _call_of(self, request: Message) -> Call | None:
        return next((call for call in reversed(self.calls) if call.call_id == request.get("call-id")), None)


class Fleet:
    """The loop, the studio and the phones."""

    def __init__(self, edge: tuple[str, int], realm: str = "callcenter") -> None:
        self.edge, self.realm = edge, realm
        self.phones: list[Phone] = []
        self.trace: deque[Seen] = deque(maxlen=200_000)
        self.tasks: set[asyncio.Task[None]] = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="fleet", daemon=True)
        self.thread.start()
        self.studio = self.now(lambda: Studio(self.loop))

    def phone(self, user: str, password: str = "", *, tone: int = 440, takes: Takes | None = None, contact_port: int = 0) -> Phone:
        """:param contact_port: port that its Contact claims instead of its real one, as behind NAT."""
        made = self.now(lambda: Phone(self, user, password, tone, takes or Takes(), contact_port))
        self.phones.append(made)
        return made

    def call_at_once(self, phones: list[Phone], number: str) -> list[Call]:
        """All of them dial in one turn of the loop."""
        return self.now(lambda: [phone.dial(number) for phone in phones])

    def register_all(self, phones: list[Phone], expires: int = 300) -> None:
        """Ten at a time; a phone that is told to come again (503) does."""

        async def together(some: list[Phone]) -> list[Message]:
            return await asyncio.gather(*(phone.registering(expires) for phone in some))

        left = list(phones)
        for _ in range(5 + len(phones)):
            answers = self.do(together(left[:10]))
            assert {answer.status for answer in answers} <= {200, 503}, [answer.start for answer in answers]
            refused = [phone for phone, answer in zip(left, answers, strict=False) if answer.status == 503]
            left = [*left[10:], *refused]
            if not left:
                return
        raise AssertionError(f"{len(left)} phones could not register")

    def received(self, status: int) -> list[Seen]:
        """Every response with this status that any phone got."""
        return [seen for seen in self.trace if seen.received and seen.start.startswith(f"SIP/2.0 {status}")]

    def note(self, phone: Phone, sip: Message, *, received: bool) -> None:
        self.trace.append(Seen(time.monotonic(), phone.user, received, sip.start, sip.method, sip.get("call-id")))

    def now(self, action: Callable[[], Result]) -> Result:
        """Run in the loop's thread and wait for it."""

        async def run() -> Result:
            return action()

        return self.do(run())

    def do(self, work: Coroutine[Any, Any, Result], within: float = 40.0) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(within)

    def at_once(self, *actions: Callable[[], None]) -> None:
        """All of them in one turn of the loop."""

        def act() -> None:
            for action in actions:
                action()

        self.now(act)

    def hang_up_at_once(self, calls: list[Call]) -> None:
        self.at_once(*(call.leave for call in calls))

    def hang_up_all(self, within: float = 5.0) -> None:
        """Leave nothing behind that the next test could hear."""
        live = [call for phone in self.phones for call in phone.calls if not call.over and not phone.deaf]
        self.hang_up_at_once(live)
        until(lambda: all(call.over for call in live), within=within, what="all light phones to be free")

    def close(self) -> None:
        def shut() -> None:
            for task in self.tasks:
                task.cancel()
            for phone in self.phones:
                for call in phone.calls:
                    call.drop()
                self.loop.remove_reader(phone.socket.fileno())
                phone.socket.close()
            self.studio.shut()

        self.now(shut)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
