"""The phones that a call process rings: when it dies, nobody but the edge can tell them to stop.

A process that is killed leaves INVITEs behind, and phones would ring until those expire. The edge forwarded them and
forgets all else about them; only this it keeps, for as long as they are open. An edge that starts anew knows none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from .farewell import Farewell
from .message import Message
from .uri import Address, Via

MOST = 32
"""INVITEs kept for one process, which has three legs to ring with; the oldest are those that no phone answered."""
LIFE_SECONDS = 32.0
"""64 × T1: a phone repeats its answer to a CANCELled INVITE, and its 200, for no longer (RFC 3261 17.2.1, 13.3.1.4)."""


@dataclass(slots=True)
class Ring:
    """An INVITE as it went to a phone."""

    invite: Message
    to: Address
    branch: str
    rung: bool = False
    """A provisional answer came. Before that a CANCEL may not be sent (RFC 3261 9.1): it could overtake the INVITE."""
    answered: bool = False
    """With 200, and the process has not acknowledged it yet."""
    left: set[str] = field(default_factory=set)
    """Tags of phones that answered too late and were told BYE."""


class Ringing:
    def __init__(self, farewell: Farewell, send: Callable[[bytes, Address], None]) -> None:
        self._farewell = farewell
        self._send = send
        self._of: dict[int, dict[str, Ring]] = {}
        """By the port of the process, by branch."""
        self._orphans: dict[str, Ring] = {}

    # ---- while the process lives -----------------------------------------------------------------------
    def began(self, invite: Message, to: Address) -> None:
        """`invite` went out, our Via on top of the process's."""
        ours, theirs = (*map(Via.parse, invite.values("via")[:2]), None, None)[:2]
        if ours is None or theirs is None:
            return
        rings = self._of.setdefault(theirs.reply_to[1], {})
        rings.setdefault(ours.branch, Ring(_outline(invite), to, ours.branch))
        while len(rings) > MOST:
            del rings[next(iter(rings))]

    def heard(self, response: Message, branch: str, process: Address) -> bool:
        """Take note of a phone's answer. True: its process is gone, and it was dealt with here."""
        if orphan := self._orphans.get(branch):
            self._answer(orphan, response)
            return True
        rings = self._of.get(process[1], {})
        ring = rings.get(branch)
        if ring and response.cseq_method == "INVITE":
            ring.rung = True
            ring.answered |= 200 <= response.status < 300
            if response.status >= 300:
                del rings[branch]
        return False

    def acknowledged(self, ack: Message, process: Address) -> None:
        """The process has the phone's 200: from now on the node knows the dialog."""
        rings = self._of.get(process[1], {})
        for branch in [name for name, ring in rings.items() if (ring.invite.key, ring.invite.cseq) == (ack.key, ack.cseq)]:
            del rings[branch]

    # ---- after it died -----------------------------------------------------------------------------------
    def abandon(self, port: int) -> None:
        for branch, ring in self._of.pop(port, {}).items():
            self._orphans[branch] = ring
            asyncio.get_running_loop().call_later(LIFE_SECONDS, self._orphans.pop, branch, None)
            if ring.rung and not ring.answered:
                self._cancel(ring)

    def _cancel(self, ring: Ring) -> None:
        cancel = _hop_by_hop(ring, "CANCEL", ring.invite.get("to"))
        self._farewell.repeat(ring.branch, cancel.encode(), ring.to)

    def _answer(self, ring: Ring, response: Message) -> None:
        if response.cseq_method != "INVITE":
            return
        if response.status >= 300:
            self._farewell.stop(ring.branch)
            self._send(_hop_by_hop(ring, "ACK", response.get("to")).encode(), ring.to)
        elif response.status >= 200:
            self._hang_up(ring, response)
        elif not ring.rung:
            ring.rung = True
            self._cancel(ring)

    def _hang_up(self, ring: Ring, ok: Message) -> None:
        """The phone was answered before it heard the CANCEL."""
        self._farewell.stop(ring.branch)
        dialog = {
            "call_id": ok.call_id, "local_uri": ok.get("from"), "local_tag": ok.tag("from"), "remote_uri": ok.get("to"),
            "remote_tag": ok.tag("to"), "remote_target": ok.get("contact"), "local_cseq": ok.cseq,
            "route_set": ok.values("record-route")[::-1],
        }  # fmt: skip
        self._farewell.acknowledge(dialog, ring.to)
        if ok.tag("to") not in ring.left:
            ring.left.add(ok.tag("to"))
            self._farewell.say(dialog)


def _outline(invite: Message) -> Message:
    """What CANCEL and ACK repeat of it."""
    top = next(header for header in invite.headers if header[0] == "via")
    return Message(invite.start, [top, *(header for header in invite.headers if header[0] in ("from", "to", "call-id", "cseq"))])


def _hop_by_hop(ring: Ring, method: str, to: str) -> Message:
    """RFC 3261 9.1 and 17.1.1.3: as the INVITE, under its topmost Via alone."""
    request = Message(f"{method} {ring.invite.uri} SIP/2.0", list(ring.invite.headers))
    request.set("To", to)
    request.set("CSeq", f"{ring.invite.cseq} {method}")
    request.set("Max-Forwards", "70")
    return request
