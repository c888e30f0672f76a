"""Every INVITE of the call processes that phones ring for.

What is kept here may be lost: an edge that starts anew reads from any message about an INVITE which devices it
rings (the user part of To) and where they are (the directory), and its branches are made of nothing but that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

from .directory import Directory
from .farewell import Farewell
from .fork import Branch, Fork, outline
from .hops import Hops
from .message import Message
from .tokens import Flow, Mark
from .uri import NameAddr, Uri, Via

DEVICES = re.compile(r"device-([0-9]{1,18}(?:-[0-9]{1,18}){0,63})")
"""The user part that names who is to be rung: 64 devices at most."""
MOST = 32
"""Kept for one process, which can send three at a time; the oldest are those that no phone answered."""
LIFE_SECONDS = 32.0
"""64 × T1 after its end: a phone repeats its answer to a CANCELled INVITE, and its 200, for no longer (RFC 3261 17.2.1, 13.3.1.4)."""


def devices_of(uri: str) -> list[int]:
    """The devices that a Request-URI or To of a call process names; none if it is not for devices."""
    found = Uri.parse(uri)
    named = DEVICES.fullmatch(found.number) if found else None
    return list(dict.fromkeys(map(int, named[1].split("-")))) if named else []


class Forks:
    """`refresh` reads the directory again and then calls what it was given."""

    def __init__(self, hops: Hops, directory: Directory, farewell: Farewell, refresh: Callable[[Callable[[], None]], None]) -> None:
        self._hops = hops
        self._directory = directory
        self._farewell = farewell
        self._refresh = refresh
        self._of: dict[int, dict[str, Fork]] = {}
        """By the port of the process, by the branch of its INVITE."""

    # ---- from the process ----------------------------------------------------------------------------------
    def begin(self, invite: Message, devices: Sequence[int]) -> None:
        """Ring them. A device that the directory does not know may have registered an instant ago, or through another node:
        the rows are read again for it, while the others ring."""
        if fork := self._find(invite):
            fork.repeated()
            return
        fork = self._add(invite, devices)
        _without_100rel(invite)
        missing = [branch for branch in fork.branches.values() if not self._ring(fork, branch, invite)]
        if missing:
            self._refresh(lambda: self._late(fork, invite, missing))

    def _late(self, fork: Fork, invite: Message, missing: list[Branch]) -> None:
        for branch in missing:
            if not branch.status and not self._ring(fork, branch, invite):
                fork.failed(branch, 480)

    def _ring(self, fork: Fork, branch: Branch, invite: Message) -> bool:
        bound = self._directory.binding(branch.device)
        if bound is None:
            return False
        request = invite.copy()
        request.send_to(bound.contact)
        self._hops.record_route(request, Flow(bound.address, phone=True), inward=False)
        self._hops.count(request)
        request.push("Via", branch.via)
        fork.ring(branch, request, bound.address)
        return True

    def cancel(self, cancel: Message, devices: Sequence[int]) -> None:
        """The whole INVITE, or some of its devices: those that the Request-URI names."""
        fork = self._find(cancel) or self._restore(cancel)
        if fork:
            fork.cancel(devices)

    def acknowledged(self, ack: Message) -> None:
        """The process has a phone's 200, or our failure."""
        via = Via.parse(ack.get("via"))
        for fork in list(self._of.get(via.reply_to[1], {}).values()) if via else ():
            if fork.name == (via.branch if via else ""):
                fork.confirmed()
            elif (fork.invite.key, fork.invite.cseq) == (ack.key, ack.cseq):
                fork.acknowledged = True

    # ---- from phones ---------------------------------------------------------------------------------------
    def heard(self, response: Message, device: int, *, alive: bool) -> None:
        """An answer to our INVITE at this device; our Via is off it.

        :param alive: the process that it is for is.
        """
        if response.cseq_method != "INVITE":
            return
        fork = self._find(response) or (self._restore(response) if alive else None)
        branch = fork.branches.get(device) if fork else None
        if fork and branch:
            fork.heard(branch, response)

    # ---- of the process ------------------------------------------------------------------------------------
    def abandon(self, port: int) -> None:
        """It died: nobody but the edge can tell its phones to stop."""
        for fork in list(self._of.get(port, {}).values()):
            fork.abandon()

    # ---- what is kept --------------------------------------------------------------------------------------
    def _find(self, message: Message) -> Fork | None:
        via = Via.parse(message.get("via"))
        return self._of.get(via.reply_to[1], {}).get(via.branch) if via else None

    def _add(self, invite: Message, devices: Sequence[int], *, whole: bool = True) -> Fork:
        fork = Fork(
            invite, self._farewell, self._hops.send, to_tag=self._hops.signer.to_tag(invite), concluded=self._concluded, whole=whole
        )
        kept = self._of.setdefault(fork.process[1], {})
        while len(kept) >= MOST:
            self._forget(next(iter(kept.values())))
        kept[fork.name] = fork
        for device in devices:
            name = self._hops.signer.branch(invite, fork.via, Mark(phone=True, device=device))
            fork.branches[device] = Branch(device, name, self._hops.via(name, inward=False))
        return fork

    def _restore(self, message: Message) -> Fork | None:
        """Of an INVITE that an edge before us sent on. Its phones ring, as far as we know."""
        address = NameAddr.parse(message.get("to"))
        devices = devices_of(address.uri) if address else []
        if not devices or not address or Via.parse(message.get("via")) is None:
            return None
        invite = outline(message)
        invite.set("To", f"<{address.uri}>")
        invite.set("CSeq", f"{message.cseq} INVITE")
        fork = self._add(invite, devices, whole=False)
        for branch in fork.branches.values():
            bound = self._directory.last_known(branch.device)
            branch.heard = True
            if bound:
                branch.uri, branch.to = bound.contact, bound.address
        return fork

    def _concluded(self, fork: Fork) -> None:
        asyncio.get_running_loop().call_later(LIFE_SECONDS, self._forget, fork)

    def _forget(self, fork: Fork) -> None:
        for branch in fork.branches.values():
            branch.quiet()
        kept = self._of.get(fork.process[1], {})
        if kept.get(fork.name) is fork:
            del kept[fork.name]
        if not kept:
            self._of.pop(fork.process[1], None)


def _without_100rel(invite: Message) -> None:
    """Phones must not answer reliably (RFC 3262): whose PRACK would it be, of all that ring?"""
    supported = [option.strip() for option in invite.get("supported").split(",")]
    if "100rel" in supported:
        invite.set("Supported", ", ".join(option for option in supported if option != "100rel"))
