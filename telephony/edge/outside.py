"""Calls to the outside: carried to a provider for a call process that has leave, signed by the services that count and allow.

Like all that goes to a trunk it is passed on without being remembered: where it belongs stands in its Via and Route. What is
kept is a short list of INVITEs in progress, for the day their process dies: then nobody else could stop the phone that rings.

Toward the provider the addresses are ours as it knows them: To and Request-URI are the number there, From is the caller id.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import Any

from . import credentials
from .directory import Directory, Provider
from .farewell import Farewell
from .fork import outline
from .hops import Hops
from .message import Message
from .shield import Refused
from .tokens import Flow, Leave, Mark
from .uri import Address, NameAddr, Uri, Via

log = logging.getLogger(__name__)

MOST_LEAVES = 10_000
"""Leaves that were used; they are good for a minute."""


@dataclass(slots=True)
class Open:
    """An INVITE that went to a provider, as it went."""

    sent: Message
    """What CANCEL and ACK repeat of it, under our own Via alone."""
    to: Address
    port: int
    """Of its process."""
    heard: bool = False
    """A provisional answer came; before that a CANCEL may not be sent (RFC 3261 9.1)."""
    orphan: bool = False
    dialog: dict[str, Any] | None = None
    """Of the answer, until the process acknowledged it: from then on the node knows the dialog."""


class Outside:
    def __init__(self, hops: Hops, directory: Directory, farewell: Farewell) -> None:
        self._hops = hops
        self._directory = directory
        self._farewell = farewell
        self._open: dict[str, Open] = {}
        """By the branch that the provider knows."""
        self._used: dict[int, tuple[int, str]] = {}
        """Leaves, until when they are good, and the Call-ID that used them."""

    # ---- from the process ----------------------------------------------------------------------------------
    def leave_of(self, uri: str) -> Leave | None:
        found = Uri.parse(uri)
        return self._hops.signer.read_leave(found.number) if found else None

    def request(self, message: Message, leave: Leave) -> None:
        """INVITE, and what belongs to its transaction: CANCEL, and the ACK to a failure. Raises Refused."""
        if message.method not in ("INVITE", "CANCEL", "ACK"):
            raise Refused(403, "Forbidden")
        provider = self._directory.providers.get(leave.trunk)
        if provider is None:
            log.warning("call to the outside refused: no such trunk, or its name cannot be resolved", extra={"trunk": leave.trunk})
            raise Refused(503, "Service Unavailable")
        if message.method == "INVITE":
            self._use(leave, message)
        port = self._port(message)
        message.send_to(f"sip:{leave.number}@{provider.host}")
        self.dress(message, leave)
        if message.method == "INVITE":
            self._hops.record_route(message, Flow(provider.address, phone=False), inward=False)
        branch = self._send(message, provider.address)
        if message.method == "INVITE":
            self._open.setdefault(branch, Open(_alone(message), provider.address, port))

    def _use(self, leave: Leave, invite: Message) -> None:
        """Once: the same call may repeat its INVITE and answer a challenge, another one may not use its leave."""
        now = int(time.time())
        _, used_by = self._used.setdefault(leave.id, (leave.until, invite.call_id))
        if used_by != invite.call_id or leave.until < now:
            log.warning("call to the outside refused: its leave was used or is over", extra={"trunk": leave.trunk})
            raise Refused(403, "Forbidden")
        if len(self._used) > MOST_LEAVES:
            self._used = {pk: one for pk, one in self._used.items() if one[0] >= now}

    @staticmethod
    def _port(message: Message) -> int:
        via = Via.parse(message.get("via"))
        return via.reply_to[1] if via else 0

    def dress(self, message: Message, leave: Leave | None = None) -> None:
        """Our addresses and credentials as the provider knows them, in a request of a call to the outside."""
        to = NameAddr.parse(message.get("to"))
        leave = leave or (self.leave_of(to.uri) if to else None)
        provider = self._directory.providers.get(leave.trunk) if leave else None
        if leave is None or provider is None:
            message.drop("authorization", "proxy-authorization")
            return
        sender = NameAddr.parse(message.get("from"))
        message.set("To", f"<sip:{leave.number}@{provider.host}>{to.params if to else ''}")
        message.set("From", f"<sip:{_user(provider)}@{provider.domain}>{sender.params if sender else ''}")
        credentials.prove(message, provider.username, provider.password)

    def as_known_there(self, dialog: dict[str, Any]) -> dict[str, Any]:
        """The dialog of a dead process with the addresses that the provider knows; any other as it is."""
        leave = self.leave_of(dialog["remote_uri"])
        provider = self._directory.providers.get(leave.trunk) if leave else None
        if leave is None or provider is None:
            return dialog
        return {
            **dialog, "remote_uri": f"sip:{leave.number}@{provider.host}", "local_uri": f"sip:{_user(provider)}@{provider.domain}",
        }  # fmt: skip

    def acknowledged(self, ack: Message) -> None:
        """The process has the 200."""
        for branch, one in list(self._open.items()):
            if one.dialog and (one.sent.call_id, one.sent.cseq) == (ack.call_id, ack.cseq):
                del self._open[branch]

    # ---- from the provider -----------------------------------------------------------------------------------
    def heard(self, response: Message, branch: str) -> bool:
        """True: the edge has dealt with it, for its process is dead."""
        if response.status in credentials.HEADERS:
            credentials.simplify(response)
        one = self._open.get(branch)
        if one is None or response.cseq_method != "INVITE":
            return False
        if one.orphan:
            self._settle(branch, one, response)
            return True
        if response.status >= 300:
            del self._open[branch]  # the process acknowledges it
        elif response.status >= 200:
            one.dialog = _dialog(response)
        else:
            one.heard = True
        return False

    def abandon(self, port: int) -> None:
        """The process is dead: nobody but us can stop what it dialled."""
        for branch, one in list(self._open.items()):
            if one.port == port and one.dialog:
                del self._open[branch]
                self._hang_up(one)
            elif one.port == port:
                one.orphan = True
                if one.heard:
                    self._cancel(branch, one)

    def _settle(self, branch: str, one: Open, response: Message) -> None:
        if response.status < 200:
            if not one.heard:
                one.heard = True
                self._cancel(branch, one)
            return
        self._farewell.stop(branch)
        if response.status < 300:
            del self._open[branch]
            one.dialog = _dialog(response)
            self._hang_up(one)
        else:
            self._hops.send(_after(one.sent, "ACK", response.get("to")).encode(), one.to)

    def _cancel(self, branch: str, one: Open) -> None:
        self._farewell.repeat(branch, _after(one.sent, "CANCEL", one.sent.get("to")).encode(), one.to)

    def _hang_up(self, one: Open) -> None:
        if one.dialog:
            self._farewell.acknowledge(one.dialog, one.to)
            self._farewell.say(one.dialog)

    # ---- out ---------------------------------------------------------------------------------------------------
    def _send(self, message: Message, to: Address) -> str:
        via = Via.parse(message.get("via"))
        if via is None:
            return ""
        self._hops.count(message)
        branch = self._hops.signer.branch(message, via, Mark(phone=False))
        message.push("Via", self._hops.via(branch, inward=False))
        self._hops.send(message.encode(), to)
        return branch


def _user(provider: Provider) -> str:
    return provider.caller_id or "anonymous"


def _alone(invite: Message) -> Message:
    """Its outline under the topmost Via, which is ours."""
    kept = outline(invite)
    ours = kept.get("via")
    kept.drop("via")
    kept.push("Via", ours)
    return kept


def _after(invite: Message, method: str, to: str) -> Message:
    """CANCEL or ACK in the INVITE's transaction (RFC 3261 9.1, 17.1.1.3)."""
    request = Message(f"{method} {invite.uri} SIP/2.0", list(invite.headers))
    request.set("To", to)
    request.set("CSeq", f"{invite.cseq} {method}")
    request.set("Max-Forwards", "70")
    return request


def _dialog(ok: Message) -> dict[str, Any]:
    """Of a 200, what `Farewell` needs."""
    return {
        "call_id": ok.call_id, "local_uri": ok.get("from"), "local_tag": ok.tag("from"), "remote_uri": ok.get("to"),
        "remote_tag": ok.tag("to"), "remote_target": ok.get("contact"), "local_cseq": ok.cseq, "route_set": ok.values("record-route")[::-1],
    }  # fmt: skip
