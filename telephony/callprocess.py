"""One customer's call in a process of its own: phones on one side, node and clerk on the other, one loop, one thread.

An idle process sleeps in poll() on its pipe and its SIP socket and costs nothing. Here is no Django and no
database: what is to be written is told to a clerk (`clerkdesk`), what is to be logged to the node.
"""

from __future__ import annotations

import contextlib
import logging
import os
import select
import socket
import sys
import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

from . import wire
from .callingback import CallingBack
from .clerkdesk import ClerkDesk
from .conversation import Conversation, Phase
from .pjsua.phone import PjsuaPhone
from .ports import CallbackWanted, CallComing, CallerArrived, ClerkAssigned, Drain, NodeLost
from .records import LegRecord, StoryFact

log = logging.getLogger(__name__)

TURN_MS = 20
"""RTP is taken in so often, both legs in one go: a packet is 20 ms of sound, and to wake for each costs twice as much.
SIP, node and clerk are heard at once."""
LONGEST_WORK = 0.5
"""Seconds between two looks at the clock when nothing happens at all."""
COURTESY_SECONDS = 1.6
"""Past the second retransmission (T1 + 2·T1 = 1.5 s): a BYE that crossed ours, or was repeated, still finds somebody to say 200."""
WRITE_OUT_SECONDS = 600.0
"""A process whose call is over stays so long for a database that is away; then the reaper closes the call as lost."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a call process is told at its birth. Times in seconds."""

    node: str
    name: str
    sip_host: str
    edge: str
    """host:port of the edge, the outbound proxy of every leg."""
    rtp_port_min: int
    rtp_port_max: int
    media_host: str = ""
    public_address: str = ""
    session_expires: int = 600
    rtp_timeout: float = 30.0


class CallProcess:
    def __init__(self, options: Options, pipe: socket.socket) -> None:
        self.options = options
        self.pipe = pipe
        self.lines = wire.Lines()
        self.sockets: deque[int] = deque()
        """Descriptors that came over the pipe, for the facts that announce them."""
        self.inbox: deque[StoryFact] = deque()
        self.phone = PjsuaPhone(
            options.sip_host, options.rtp_port_min, options.rtp_port_max, options.edge, self.inbox.append,
            media_host=options.media_host, public_address=options.public_address,
            session_expires=options.session_expires, rtp_timeout=options.rtp_timeout,
        )  # fmt: skip
        self.desk = ClerkDesk(leg_changed=self._tell_leg)
        self.conversation: Conversation = Conversation(self.phone, self.desk)
        self.node_there = True
        self.draining = False
        self.over_since: float | None = None
        self._poll = select.poll()
        self._poll.register(pipe, select.POLLIN)

    def run(self) -> None:
        port = self.phone.start()
        self._poll.register(self.phone.fileno(), select.POLLIN)
        self._tell(ready=port)
        while not self._done():
            self._wait()
            self._take_in()
            self.conversation.tick(time.monotonic())
        self._tell(leaving=True)

    # ---- waiting ------------------------------------------------------------------------------------------------
    def _wait(self) -> None:
        if self.conversation.phase is Phase.IDLE:
            self._sleep()
            self.phone.pump(0)
        elif self.conversation.phase is Phase.WAITING and not self.conversation.legs.open:
            self._doze()
        else:
            self._work()

    def _sleep(self) -> None:
        self._poll.poll()

    def _doze(self) -> None:
        """A callback waits for an agent, with nobody on the line: no sound, no clock to keep."""
        self._poll.poll(max(0, int((self._until() - time.monotonic()) * 1000)))
        self.phone.pump(0)

    def _work(self) -> None:
        """Fifty turns a second: what one turn asks is half of what a bridged call costs. So everything else (deadlines, the
        conversation) is looked at only when there is a fact, a word of node or clerk, or it is time."""
        pump, poll, inbox, clock, until = self.phone.pump, self._poll.poll, self.inbox, time.monotonic, self._until()
        own = self.phone.fileno()
        while not inbox and (left := until - clock()) > 0:
            heard = poll(min(TURN_MS, int(left * 1000) + 1))
            pump(0)
            if heard and any(number != own for number, _ in heard):
                return

    def _until(self) -> float:
        now = time.monotonic()
        deadline = self.conversation.deadline()
        return now + LONGEST_WORK if deadline is None else min(now + LONGEST_WORK, deadline)

    # ---- taking in ----------------------------------------------------------------------------------------------
    def _take_in(self) -> None:
        """The clerk's answers first: a word of the node may build on one of them."""
        self._hear_clerk()
        self._read_pipe()
        while self.inbox:
            self._hear(self.inbox.popleft())

    def _hear(self, fact: StoryFact) -> None:
        if isinstance(fact, CallerArrived):
            self._tell(arrived=fact.sip_call_id)
        self.conversation.hear(fact, time.monotonic())
        if isinstance(fact, CallerArrived):  # the caller does not wait for the log
            log.info("caller arrived", extra={"sip_call_id": fact.sip_call_id, "source": fact.source})

    def _hear_clerk(self) -> None:
        before = self.desk.fileno()
        for fact in self.desk.hear():
            self._hear(fact)
        if before >= 0 and self.desk.fileno() < 0:  # gone; the node knows and sends another
            self._poll.unregister(before)

    def _read_pipe(self) -> None:
        if not self.node_there:
            return
        try:
            data, sockets = wire.receive(self.pipe)
        except BlockingIOError:
            return
        except OSError:
            data, sockets = b"", []
        self.sockets += sockets
        if not data:
            self._node_lost()
        for text in self.lines.feed(data):
            self._from_node(text)

    def _from_node(self, text: bytes) -> None:
        fact = wire.decode(text)
        if isinstance(fact, Drain):
            self.draining = True
        elif isinstance(fact, ClerkAssigned):
            self._take_clerk(socket.socket(fileno=self.sockets.popleft()))
        elif isinstance(fact, CallComing):
            self.phone.sound()
        elif isinstance(fact, CallbackWanted):
            self.conversation = CallingBack(self.phone, self.desk)
            self._hear(fact)
        else:
            self._hear(fact)

    def _take_clerk(self, clerk: socket.socket) -> None:
        if self.desk.fileno() >= 0:
            self._poll.unregister(self.desk.fileno())
        self._poll.register(clerk, select.POLLIN)
        self.desk.assign(clerk)

    def _node_lost(self) -> None:
        """Without its node nobody would close this call later: it says good-bye, and the clerk writes the end."""
        self._poll.unregister(self.pipe)
        self.node_there = False
        self.draining = True
        self._hear(NodeLost())

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
        return self.desk.empty or self._nobody_writes() or now > self.over_since + WRITE_OUT_SECONDS

    def _nobody_writes(self) -> bool:
        """Node and clerk are both gone, and nobody will send another clerk: whoever comes after them closes the rows."""
        return not self.node_there and self.desk.fileno() < 0


class ToNode(logging.Handler):
    """Log lines go to the node, which writes them like its own, with secrets and numbers hidden."""

    def __init__(self, pipe: socket.socket) -> None:
        super().__init__(logging.INFO)
        self.pipe = pipe
        self.usual = set(vars(logging.makeLogRecord({})))
        self.setFormatter(logging.Formatter())

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in self.usual}
        if record.exc_info:
            extra["exception"] = logging.Formatter().formatException(record.exc_info)
        line = wire.line({"log": {"level": record.levelno, "event": record.getMessage(), "extra": {**extra, "part": record.name}}})
        try:
            self.pipe.sendall(line)
        except OSError:  # there is no node any more
            sys.stderr.write(line.decode())


def main(options: dict[str, Any], pipe: socket.socket) -> None:
    """The child's life. It leaves by _exit: the C library's own destructors abort the process.

    :param options: the fields of `Options`.
    """
    logging.basicConfig(level=logging.INFO, handlers=[ToNode(pipe)], force=True)
    code = 1
    try:
        CallProcess(Options(**options), pipe).run()
        code = 0
    except Exception:
        log.exception("call process failed")
    finally:
        sys.stderr.flush()
        os._exit(code)
