"""One INVITE of a call process at several phones: a response context (RFC 3261 16.7) of which the process hears every part.

Toward each phone the edge is the client: it repeats the INVITE, acknowledges failures and cancels. Toward the process
it is one server that tells in headers of its own which device it speaks of:

180, 183 X-CC-Device           that phone rings
199      X-CC-Device, Reason   that phone is out, others ring on (RFC 6228)
2xx      X-CC-Device           that phone was answered; the others are being cancelled
failure  X-CC-Ends             nobody rings any more, and how it ended at each device
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .farewell import Farewell
from .message import Message
from .uri import Address, Via

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 0.5)
"""Seconds between repetitions of an INVITE that nobody answers, and until it is given up: T1 doubling, 64 × T1 in all
(RFC 3261 17.1.1.2)."""
LET_GO = 487
"""How a phone ended that we do not want any more."""
SAYS_NOTHING = (100, 199)
"""Provisional answers of a phone that do not mean that somebody could hear it ring."""
DEVICE, ENDS = "X-CC-Device", "X-CC-Ends"


@dataclass(slots=True)
class Branch:
    """The INVITE at one phone."""

    device: int
    name: str
    """The branch parameter of our Via."""
    via: str
    uri: str = ""
    to: Address | None = None
    heard: bool = False
    """A provisional answer came. Before that a CANCEL may not be sent (RFC 3261 9.1): it could overtake the INVITE."""
    status: int = 0
    """How it ended, for the process; 0: it is open."""
    left: set[str] = field(default_factory=set)
    """Tags of phones that were answered too late and told BYE."""
    packet: bytes = b""
    timer: asyncio.TimerHandle | None = None

    def quiet(self) -> None:
        """The INVITE need not be repeated any more."""
        self.packet = b""
        if self.timer:
            self.timer.cancel()
            self.timer = None


class Fork:
    """
    :param invite: as the process sent it, stamped; only what answers, CANCELs and ACKs repeat of it is kept.
    :param whole: False: an edge before us began it, and only the process knows which phones are out already.
    :param concluded: told once, when the process has its final answer or is dead.
    """

    def __init__(
        self, invite: Message, farewell: Farewell, send: Callable[[bytes, Address], None], *,
        to_tag: str, concluded: Callable[[Fork], None], whole: bool = True,
    ) -> None:  # fmt: skip
        self.invite = outline(invite)
        via = Via.parse(invite.get("via"))
        assert via
        self.via = via
        self.name = via.branch
        self.process = via.reply_to
        self.branches: dict[int, Branch] = {}
        self.winner: Branch | None = None
        self.acknowledged = False
        """The process acknowledged the winner's 200: from now on the node knows the dialog."""
        self.over = self.orphan = self._answered = False
        self._farewell = farewell
        self._send = send
        self._to_tag = to_tag
        self._concluded = concluded
        self._whole = whole

    @property
    def open(self) -> list[Branch]:
        return [branch for branch in self.branches.values() if not branch.status]

    # ---- the INVITEs ---------------------------------------------------------------------------------------
    def ring(self, branch: Branch, invite: Message, to: Address) -> None:
        """`invite` as it goes to this phone."""
        branch.uri, branch.to, branch.packet = invite.uri, to, invite.encode()
        self._repeat(branch, 0)

    def _repeat(self, branch: Branch, turn: int) -> None:
        if turn == len(WAITS):
            self.failed(branch, 408)
            return
        if branch.to:
            self._send(branch.packet, branch.to)
        branch.timer = asyncio.get_running_loop().call_later(WAITS[turn], self._repeat, branch, turn + 1)

    def repeated(self) -> None:
        """The process asks again: from here on it is the edge that repeats."""
        if not self.over:
            self._say(100, "Trying")

    # ---- what phones say -----------------------------------------------------------------------------------
    def heard(self, branch: Branch, response: Message) -> None:
        branch.quiet()
        if response.status >= 300:
            self._refused(branch, response)
        elif response.status >= 200:
            self._accepted(branch, response)
        else:
            self._rings(branch, response.status)

    def _rings(self, branch: Branch, status: int) -> None:
        first, branch.heard = not branch.heard, True
        if branch.status:
            if first:
                self._cancel(branch)
        elif status not in SAYS_NOTHING:
            # Our own words, not the phone's: what it promises (a session, reliability) could not be kept for several at once.
            self._say(status, "Ringing" if status == 180 else "Session Progress", (DEVICE, str(branch.device)))
        elif not self._answered:
            self._say(100, "Trying")

    def _refused(self, branch: Branch, response: Message) -> None:
        self._farewell.stop(branch.name)
        if branch.to:
            self._send(self._hop_by_hop(branch, "ACK", response.get("to")).encode(), branch.to)
        if not branch.status:
            self.failed(branch, response.status, response)

    def failed(self, branch: Branch, status: int, response: Message | None = None) -> None:
        """This phone is out."""
        branch.quiet()
        branch.status = status
        if self.over:
            return
        if self.open or not self._whole:
            self._say_ended(branch)
        elif response and len(self.branches) == 1:
            self._conclude(response)
        else:
            self._give_up(status if len(self.branches) == 1 else 480)

    def _accepted(self, branch: Branch, ok: Message) -> None:
        if self.orphan and self.acknowledged:
            return  # the node's BYE ends this dialog
        if self.orphan or (branch is not self.winner and (self.over or branch.status)):
            self._hang_up(branch, ok)
            return
        if self.winner is None:
            self.winner, branch.status = branch, ok.status
            self._end()
            for other in self.open:
                self._stop(other)
        ok.set(DEVICE, str(branch.device))
        self._send(ok.encode(), self.process)

    # ---- what the process says -----------------------------------------------------------------------------
    def cancel(self, devices: Iterable[int]) -> None:
        """The process lets go of these, or of all. Asked again, it has not heard the answer."""
        if self.over:
            return
        named = [self.branches[device] for device in devices if device in self.branches]
        for branch in named:
            if not branch.status:
                self._stop(branch)
        if not self.open:
            self._give_up(LET_GO)
            return
        for branch in named:
            self._say_ended(branch)

    def confirmed(self) -> None:
        """The process has our final failure."""
        self._farewell.stop(self.name)

    def abandon(self) -> None:
        """The process is dead."""
        self.confirmed()
        self.orphan = True
        for branch in self.open:
            self._stop(branch)
        self._end()

    # ---- toward the process --------------------------------------------------------------------------------
    def _say(self, status: int, reason: str, *extra: tuple[str, str]) -> None:
        self._answered = True
        reply = self.invite.reply(status, reason, *extra, to_tag=self._to_tag if status > 100 else "")
        self._send(reply.encode(), self.process)

    def _say_ended(self, branch: Branch) -> None:
        self._say(199, "Early Dialog Terminated", (DEVICE, str(branch.device)), ("Reason", f"SIP ;cause={branch.status}"))

    def _give_up(self, status: int) -> None:
        reason = {LET_GO: "Request Terminated", 408: "Request Timeout"}.get(status, "Temporarily Unavailable")
        self._conclude(self.invite.reply(status, reason, to_tag=self._to_tag))

    def _conclude(self, failure: Message) -> None:
        """With the ends of all, so that nothing depends on a 199 that was lost; repeated until the process acknowledges."""
        failure.set(ENDS, ",".join(f"{branch.device}={branch.status}" for branch in self.branches.values()))
        failure.replace_body(b"")
        self._end()
        self._farewell.repeat(self.name, failure.encode(), self.process)

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self._concluded(self)

    # ---- toward a phone ------------------------------------------------------------------------------------
    def _stop(self, branch: Branch) -> None:
        branch.quiet()
        branch.status = LET_GO
        if branch.heard:
            self._cancel(branch)

    def _cancel(self, branch: Branch) -> None:
        if branch.to:
            cancel = self._hop_by_hop(branch, "CANCEL", self.invite.get("to"))
            self._farewell.repeat(branch.name, cancel.encode(), branch.to)

    def _hang_up(self, branch: Branch, ok: Message) -> None:
        """The phone was answered before it heard the CANCEL."""
        self._farewell.stop(branch.name)
        dialog = {
            "call_id": ok.call_id, "local_uri": ok.get("from"), "local_tag": ok.tag("from"), "remote_uri": ok.get("to"),
            "remote_tag": ok.tag("to"), "remote_target": ok.get("contact"), "local_cseq": ok.cseq,
            "route_set": ok.values("record-route")[::-1],
        }  # fmt: skip
        if branch.to:
            self._farewell.acknowledge(dialog, branch.to)
        if ok.tag("to") not in branch.left:
            branch.left.add(ok.tag("to"))
            self._farewell.say(dialog)

    def _hop_by_hop(self, branch: Branch, method: str, to: str) -> Message:
        """RFC 3261 9.1 and 17.1.1.3: as the INVITE, under its topmost Via alone."""
        request = Message(f"{method} {branch.uri} SIP/2.0", [header for header in self.invite.headers if header[0] != "via"])
        request.push("Via", branch.via)
        request.set("To", to)
        request.set("CSeq", f"{self.invite.cseq} {method}")
        request.set("Max-Forwards", "70")
        return request


def outline(invite: Message) -> Message:
    """What answers, CANCEL and ACK repeat of it."""
    return Message(invite.start, [header for header in invite.headers if header[0] in ("via", "from", "to", "call-id", "cseq")])
