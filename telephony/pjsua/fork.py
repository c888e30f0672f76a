"""An INVITE that rings several phones at once, until it is the leg of the one that answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import pjsua2 as pj

from ..ports import LegEnded, LegId, LegRinging, Target
from . import messages
from .legs import Home, Leg

LET_GO = 487
MOST = 64
"""Devices of one INVITE: so many the edge takes."""
LONGEST = 200
"""Letters that their numbers may have: with the rest of the URI they must stay below PJSIP_MAX_URL_SIZE (256)."""
NOBODY: LegId = -1
EARLY_END = 199
"""RFC 6228: one phone of several is out."""


class ForkHome(Home, Protocol):
    def tend(self, fork: Fork) -> None:
        """Call `let_go` when the library has done its work."""


class Fork(Leg):
    """Each phone has a leg of its own as long as it rings. The edge tells in X-CC headers which one a response speaks of;
    one without them speaks of the only phone that there is."""

    def __init__(self, home: ForkHome, account: pj.Account, ringing: dict[int, LegId]) -> None:
        super().__init__(home, account, NOBODY, wideband=True)
        self._home = home
        self.ringing = ringing
        """By device."""
        self._alone = next(iter(ringing)) if len(ringing) == 1 else None
        self._rang: set[int] = set()
        self._released: set[LegId] = set()
        """Legs that we stopped, and the edge has not said that their phones are out."""
        self._sent = self._last = ""
        self._ends: dict[int, int] = {}

    # ---- what the edge reports -------------------------------------------------------------------------
    def _read_sent(self, message: str) -> None:
        super()._read_sent(message)
        self._sent = message if message.startswith("INVITE ") else self._sent

    def _read_received(self, message: str) -> None:
        """The library reports each response twice, as a change of the call and of the transaction."""
        if message == self._last or not message.startswith("SIP/2.0 "):
            return
        self._last = message
        status = messages.number(message, "^SIP/2.0 ([0-9]{3})") or 0
        device = messages.number(messages.header(message, "x-cc-device")) or self._alone
        if status >= 300:
            self._ends = messages.ends(messages.header(message, "x-cc-ends"))  # told when the library gives up: it may try again
        elif status >= 200:
            super()._read_received(message)
            self._chosen(device)
        elif status == EARLY_END:
            self._refused(device, messages.number(messages.header(message, "reason"), "cause=([0-9]{3})") or LET_GO)
        elif status > 100:
            self._rings(device)

    def _rings(self, device: int | None) -> None:
        if device in self.ringing and device not in self._rang:
            self._rang.add(device)
            self.home.inbox(LegRinging(self.ringing[device]))

    def _refused(self, device: int | None, status: int) -> None:
        if device in self.ringing:
            self._end(device, status)
            if not self.ringing:
                self._home.tend(self)

    def _chosen(self, device: int | None) -> None:
        """A phone was answered; one that we had let go of too: whoever hears of it hangs up."""
        if self.leg == NOBODY and device in self.ringing:
            self.leg = self.ringing.pop(device)
            self._released.discard(self.leg)

    def _end(self, device: int, status: int) -> None:
        leg = self.ringing.pop(device)
        released = leg in self._released or self.hung_up
        self._released.discard(leg)
        self.home.leg_over(leg)
        self.home.inbox(LegEnded(leg, status, by_peer=not released))

    def _note_ringing(self) -> None:
        """Told phone by phone."""

    def _note_answered(self) -> None:
        super()._note_answered()
        self._stop_others()

    def _stop_others(self) -> None:
        """The edge cancels them."""
        self._released.update(self.ringing.values())
        for device in list(self.ringing):
            self._end(device, LET_GO)

    def note_ended(self, status: int, reason: str) -> None:
        if self.leg == NOBODY:
            self.ended = True
            for device in list(self.ringing):
                self._end(device, self._ends.get(device, status))
        else:
            super().note_ended(status, reason)
            self._stop_others()

    # ---- what the process asks -------------------------------------------------------------------------
    def release(self, leg: LegId) -> bool:
        """Let go of this one. False: it was the last, the whole INVITE is to be ended."""
        if self.leg != NOBODY:
            return leg != self.leg
        self._released.add(leg)
        if self._released >= set(self.ringing.values()):
            return False
        self._home.tend(self)
        return True

    def let_go(self, edge: str) -> str | None:
        """A CANCEL for the phones that we let go of. Empty: there are none; None: nobody rings any more."""
        if self.ended or self.leg != NOBODY or self.hung_up:
            return ""
        devices = [device for device, leg in self.ringing.items() if leg in self._released]
        if not self.ringing:
            return None
        return messages.cancel(self._sent, messages.devices_uri(devices, edge)) if devices and self._sent else ""


def parcels(targets: Sequence[Target]) -> Iterator[list[Target]]:
    """What fits into one INVITE each, in their order."""
    parcel: list[Target] = []
    length = 0
    for target in targets:
        length += len(str(target.device)) + 1
        if parcel and (length > LONGEST or len(parcel) == MOST):
            yield parcel
            parcel, length = [], len(str(target.device)) + 1
        parcel.append(target)
    if parcel:
        yield parcel
