"""One customer's call in a process of its own: phones on one side, node and records on the other, one loop.

Only this loop touches the phones. The outbox has a thread of its own that writes rows; what it finds out
comes back through a queue. An idle process sleeps in poll() on its pipe and its SIP socket and costs nothing.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import signal
import socket
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass

import structlog
from django.conf import settings

from . import wire
from .conversation import Conversation, Phase
from .desk import RowDesk
from .outbox import Outbox
from .pjsua.phone import PjsuaPhone
from .ports import CallerArrived, Drain, NodeLost
from .records import LegRecord, StoryFact

log = structlog.get_logger(__name__)

LONGEST_PUMP_MS = 200
COURTESY_SECONDS = 0.7
"""Past the first retransmission (T1 = 0.5 s): a BYE that crossed ours, or was repeated, still finds somebody to say 200."""
WRITE_OUT_SECONDS = 600.0
"""A process whose call is over stays so long for a database that is away; then the reaper closes the call as lost."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a call process is told at its birth."""

    node: str
    name: str
    sip_host: str
    edge: str
    """host:port of the edge, the outbound proxy of every leg."""
    rtp_port_min: int
    rtp_port_max: int


class CallProcess:
    def __init__(self, options: Options, pipe: socket.socket) -> None:
        self.options = options
        self.pipe = pipe
        self.lines = wire.Lines()
        self.inbox: deque[StoryFact] = deque()
        self.from_desk: queue.SimpleQueue[StoryFact] = queue.SimpleQueue()
        self.outbox = Outbox()
        self.phone = PjsuaPhone(
            options.sip_host, options.rtp_port_min, options.rtp_port_max, options.edge, self.inbox.append,
            media_host=settings.BIND_ADDRESS, public_address=settings.SIP_PUBLIC_ADDRESS,
            session_expires=settings.SESSION_EXPIRES_SECONDS, rtp_timeout=settings.RTP_TIMEOUT_SECONDS,
        )  # fmt: skip
        self.desk = RowDesk(node=options.node, process=options.name, answer=self._answer, leg_changed=self._tell_leg, outbox=self.outbox)
        self.conversation = Conversation(self.phone, self.desk)
        self.node_there = True
        self.draining = False
        self.over_since: float | None = None
        self._waker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip_port = 0

    def run(self) -> None:
        self.sip_port = self.phone.start()
        self.outbox.start()
        self._tell(ready=self.sip_port, preloaded=_preloaded())
        while not self._done():
            self._wait()
            self._take_in()
            self.conversation.tick(time.monotonic())

    # ---- waiting ------------------------------------------------------------------------------------------------
    def _wait(self) -> None:
        if self.conversation.phase is Phase.IDLE:
            self._sleep()
            self.phone.pump(0)
        elif not self.inbox:
            self.phone.pump(self._pump_ms())

    def _sleep(self) -> None:
        poll = select.poll()
        poll.register(self.pipe, select.POLLIN)
        poll.register(self.phone.fileno(), select.POLLIN)
        poll.poll()

    def _pump_ms(self) -> int:
        deadline = self.conversation.deadline()
        if deadline is None:
            return LONGEST_PUMP_MS
        return max(0, min(LONGEST_PUMP_MS, int((deadline - time.monotonic()) * 1000)))

    # ---- taking in ----------------------------------------------------------------------------------------------
    def _take_in(self) -> None:
        """The records' answers first: a word of the node may build on one of them."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._hear(self.from_desk.get_nowait())
        self._read_pipe()
        while self.inbox:
            self._hear(self.inbox.popleft())

    def _hear(self, fact: StoryFact) -> None:
        if isinstance(fact, CallerArrived):
            self._tell(arrived=fact.sip_call_id)
            log.info("caller arrived", sip_call_id=fact.sip_call_id, source=fact.source)
        self.conversation.hear(fact, time.monotonic())

    def _read_pipe(self) -> None:
        if not self.node_there:
            return
        try:
            data = self.pipe.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._node_lost()
        for text in self.lines.feed(data):
            self._from_node(text)

    def _from_node(self, text: bytes) -> None:
        fact = wire.decode(text)
        if isinstance(fact, Drain):
            self.draining = True
        else:
            self._hear(fact)

    def _node_lost(self) -> None:
        """Without its node nobody would close this call's rows later: it says good-bye and writes the end itself."""
        self.node_there = False
        self.draining = True
        self._hear(NodeLost())

    def _answer(self, fact: StoryFact) -> None:
        """From the outbox's thread: hand over and wake the loop, which may be sleeping in the SIP stack."""
        self.from_desk.put(fact)
        with contextlib.suppress(OSError):
            self._waker.sendto(b"\r\n\r\n", (self.options.sip_host, self.sip_port))

    def _tell_leg(self, leg: LegRecord) -> None:
        """The node sends the BYEs if we die, so it knows every dialog that stands."""
        dialog = asdict(leg.dialog) if leg.dialog and leg.ended is None else None
        self._tell(leg=leg.number, dialog=dialog)

    def _tell(self, **message: object) -> None:
        with contextlib.suppress(OSError):
            self.pipe.sendall(wire.line(message))

    # ---- the end ------------------------------------------------------------------------------------------------
    def _done(self) -> bool:
        if self.conversation.phase is Phase.IDLE:
            return self.draining
        if not self.conversation.over:
            return False
        now = time.monotonic()
        self.over_since = self.over_since or now
        if now < self.over_since + COURTESY_SECONDS:
            return False
        return self.outbox.empty or now > self.over_since + WRITE_OUT_SECONDS


def _preloaded() -> bool:
    """Whether the fork server had loaded everything before it bore us."""
    preload = sys.modules.get("telephony.preload")
    return getattr(preload, "LOADED_BY", None) == os.getppid()


def main(options: Options, pipe: socket.socket) -> None:
    """The child's life. It leaves by _exit: the C library's own destructors abort the process."""
    for unwanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(unwanted, signal.SIG_IGN)  # the node decides; a talk is not cut by a Ctrl-C
    structlog.contextvars.bind_contextvars(process=options.name)
    code = 1
    try:
        process = CallProcess(options, pipe)
        process.run()
        code = 0
    except Exception:
        log.exception("call process failed")
    finally:
        sys.stderr.flush()
        os._exit(code)
