"""Agents being rung: which devices, what they said, and what it comes to. No Django, no SIP.

A call process has four legs: the caller's and three to ring. Further devices wait until one of them ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .legbook import LegBook
from .ports import CallerArrived, LegId, NoFreeLeg, OfferOpened, Phone, Target
from .records import Desk

REJECTED, BUSY, NO_ANSWER, UNREACHABLE, RESCINDED = "rejected", "busy", "no_answer", "unreachable", "rescinded"

_WEIGHT = (REJECTED, BUSY, NO_ANSWER, UNREACHABLE)
"""Of several devices the one that tells most about the agent decides."""


def outcome_of(status: int, *, rang: bool) -> str:
    """What a phone's final answer says about its agent (RFC 3261 21.4-21.6)."""
    if status in (486, 600):
        return BUSY
    if status == 403 or status >= 600:
        return REJECTED
    if status in (408, 480, 487):
        return NO_ANSWER if rang else UNREACHABLE
    return UNREACHABLE


@dataclass(slots=True)
class Ringing:
    """An open offer, in the hands of this process."""

    offer: int
    agent: int
    deadline: float
    waiting: list[Target]
    legs: set[LegId] = field(default_factory=set)
    rang: bool = False
    dialled: int = 0
    ends: list[tuple[str, int]] = field(default_factory=list)

    @classmethod
    def of(cls, opened: OfferOpened, now: float) -> Ringing:
        return cls(opened.offer, opened.agent, now + opened.ring_seconds, list(opened.targets))

    @property
    def exhausted(self) -> bool:
        """Every device was tried and none can answer any more."""
        return not self.legs and not self.waiting

    def leg_ended(self, leg: LegId, status: int) -> None:
        """A 6xx speaks for the agent, not for one device (RFC 3261 21.6): the others need not be tried."""
        self.legs.discard(leg)
        self.ends.append((outcome_of(status, rang=self.rang), status))
        if status >= 600:
            self.waiting.clear()

    def refused(self) -> bool:
        return any(status >= 600 for _, status in self.ends)

    def outcome(self) -> tuple[str, int | None]:
        """How the offer failed, and the SIP status behind it."""
        if not self.ends:
            return UNREACHABLE, None
        return min(self.ends, key=lambda end: _WEIGHT.index(end[0]))

    def timed_out(self) -> tuple[str, int | None]:
        """The ring time is over. No free leg for any device of the agent is our fault, not the agent's miss."""
        if not self.dialled and self.waiting:
            return RESCINDED, None
        return (NO_ANSWER if self.rang else UNREACHABLE), 408


class Ringer:
    """All agents that are rung for one call, on the legs that are free.

    :param silent: called when an offer failed or was withdrawn and nobody is rung any more.
    """

    def __init__(self, phone: Phone, desk: Desk, legs: LegBook, silent: Callable[[], None]) -> None:
        self.phone = phone
        self.desk = desk
        self.legs = legs
        self.silent = silent
        self.caller: CallerArrived | None = None
        self.offers: dict[int, Ringing] = {}

    def ring(self, offers: Iterable[Ringing], now: float) -> None:
        self.offers |= {ringing.offer: ringing for ringing in offers}
        self.go_on(now)

    def go_on(self, now: float) -> None:
        """Dial what can be dialled, and give back the offers for which nothing is left to dial."""
        self._dial_next(now)
        for ringing in [r for r in self.offers.values() if r.exhausted]:
            self.fail(ringing, ringing.outcome(), now)

    def _dial_next(self, now: float) -> None:
        """The first device of every agent before anybody's second; the others as legs become free."""
        while candidates := [r for r in self.offers.values() if r.waiting]:
            ringing = min(candidates, key=lambda r: (r.dialled, r.offer))
            try:
                self._dial(ringing, ringing.waiting[0], now)
            except NoFreeLeg:
                return
            ringing.waiting.pop(0)

    def _dial(self, ringing: Ringing, target: Target, now: float) -> None:
        assert self.caller is not None
        seconds = max(1, round(ringing.deadline - now))
        leg = self.phone.dial(
            target.uri,
            caller_number=self.caller.caller_number,
            caller_name=self.caller.caller_name,
            headers={"Expires": str(seconds)},  # a phone stops by itself should we die
        )
        ringing.legs.add(leg)
        ringing.dialled += 1
        self.legs.agent_began(leg, agent=ringing.agent, offer=ringing.offer, now=now)

    def of(self, leg: LegId) -> Ringing | None:
        return next((ringing for ringing in self.offers.values() if leg in ringing.legs), None)

    def leg_rings(self, leg: LegId) -> None:
        ringing = self.of(leg)
        if ringing and not ringing.rang:
            ringing.rang = True
            self.desk.offer_rang(ringing.offer)

    def leg_ended(self, leg: LegId, status: int, now: float) -> None:
        ringing = self.of(leg)
        if ringing:
            ringing.leg_ended(leg, status)
            if ringing.refused():
                self._silence(ringing)
        self.go_on(now)

    def expire(self, now: float) -> None:
        for ringing in [r for r in self.offers.values() if r.deadline <= now]:
            self.fail(ringing, ringing.timed_out(), now)

    def fail(self, ringing: Ringing, how: tuple[str, int | None], now: float) -> None:
        self.desk.offer_failed(ringing.offer, *how)
        self.withdraw(ringing.offer, now)

    def withdraw(self, offer: int, now: float) -> None:
        ringing = self.offers.pop(offer, None)
        if ringing is None:
            return
        self._silence(ringing)
        self._dial_next(now)
        if not self.offers:
            self.silent()

    def stop_all(self, *, but: LegId | None = None) -> tuple[int, ...]:
        """Silence every phone except the one that answered. Returns the offers that rang."""
        stopped = tuple(self.offers)
        for ringing in self.offers.values():
            ringing.legs.discard(-1 if but is None else but)
            self._silence(ringing)
        self.offers.clear()
        return stopped

    def _silence(self, ringing: Ringing) -> None:
        for leg in sorted(ringing.legs):
            self.legs.hang_up(leg)
        ringing.legs.clear()
