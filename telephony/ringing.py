"""Agents being rung: which devices, what they said, and what it comes to. No Django, no SIP.

Whatever is to be rung at one moment goes out as one INVITE, which the edge takes to every phone. A call process can
have three of them open; should they all be, further devices wait until one of them ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from .legbook import LegBook
from .ports import CallerArrived, LegId, OfferOpened, Phone, Target
from .records import Desk

REJECTED, BUSY, NO_ANSWER, UNREACHABLE, RESCINDED = "rejected", "busy", "no_answer", "unreachable", "rescinded"

LOOP_DETECTED = 482
"""Said by a phone of whose lines two were rung with one INVITE: to the second it looks like a loop (RFC 3261 8.2.2.2)."""

REPORT_SECONDS = 2.0
"""Phones nearly always say at once that they ring. Where none has by then, the records are told that the offer is in good
hands; what they hear nothing of for five seconds, they take back."""

_WEIGHT = (REJECTED, BUSY, RESCINDED, NO_ANSWER, UNREACHABLE)
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
    legs: dict[LegId, Target] = field(default_factory=dict)
    rang: bool = False
    dialled: int = 0
    report_at: float | None = None
    ends: list[tuple[str, int]] = field(default_factory=list)
    once_more: set[int] = field(default_factory=set)
    """Devices that were told apart from others of their phone by an INVITE of their own."""

    @classmethod
    def of(cls, opened: OfferOpened, now: float) -> Ringing:
        return cls(opened.offer, opened.agent, now + opened.ring_seconds, list(opened.targets))

    @property
    def exhausted(self) -> bool:
        """Every device was tried and none can answer any more."""
        return not self.legs and not self.waiting

    def leg_ended(self, leg: LegId, status: int, *, by_peer: bool) -> None:
        """A 6xx speaks for the agent, not for one device (RFC 3261 21.6): the others need not be tried. A phone that was
        stopped because another one was answered, whose talk came to nothing, says nothing about its agent."""
        target = self.legs.pop(leg, None)
        if status == LOOP_DETECTED and target and target.device not in self.once_more:
            self.once_more.add(target.device)
            self.dialled -= 1
            self.waiting.append(target)
            return
        stopped = status == 487 and not by_peer
        self.ends.append((RESCINDED if stopped else outcome_of(status, rang=self.rang), status))
        if status >= 600:
            self.waiting.clear()

    def refused(self) -> bool:
        return any(status >= 600 for _, status in self.ends)

    def outcome(self) -> tuple[str, int | None]:
        """How the offer failed, and the SIP status behind it."""
        if not self.ends:
            return UNREACHABLE, None
        outcome, status = min(self.ends, key=lambda end: _WEIGHT.index(end[0]))
        return outcome, None if outcome == RESCINDED else status

    def timed_out(self) -> tuple[str, int | None]:
        """The ring time is over. No INVITE for any device of the agent is our fault, not the agent's miss."""
        if not self.dialled and self.waiting:
            return RESCINDED, None
        return (NO_ANSWER if self.rang else UNREACHABLE), 408


class Ringer:
    """All agents that are rung for one call.

    :param silent: called when an offer failed or was withdrawn and nobody is rung any more.
    """

    def __init__(self, phone: Phone, desk: Desk, legs: LegBook, silent: Callable[[], None]) -> None:
        self.phone = phone
        self.desk = desk
        self.legs = legs
        self.silent = silent
        self.caller: CallerArrived | None = None
        self.offers: dict[int, Ringing] = {}

    def ring(self, offers: Iterable[Ringing]) -> None:
        """Take them on; `dial` lets their phones ring."""
        self.offers |= {ringing.offer: ringing for ringing in offers}
        self.go_on()

    def go_on(self) -> None:
        """Give back the offers for which nothing is left to dial."""
        for ringing in [r for r in self.offers.values() if r.exhausted]:
            self.fail(ringing, ringing.outcome())

    def dial(self, now: float) -> None:
        """Everything that waits rings at once; if that is too much, the first device of every agent before anybody's second."""
        waiting = [(r.dialled + place, r.offer, target) for r in self.offers.values() for place, target in enumerate(r.waiting)]
        if not waiting:
            return
        waiting.sort(key=lambda one: one[:2])
        assert self.caller is not None
        seconds = max(1, round(max(self.offers[offer].deadline for _, offer, _ in waiting) - now))
        legs = self.phone.dial(
            [target for _, _, target in waiting],
            caller_number=self.caller.caller_number,
            caller_name=self.caller.caller_name,
            headers={"Expires": str(seconds)},  # a phone stops by itself should we die
        )
        for (_, offer, target), leg in zip(waiting, legs, strict=False):
            self._dialled(self.offers[offer], target, leg, now)

    def _dialled(self, ringing: Ringing, target: Target, leg: LegId, now: float) -> None:
        ringing.waiting.remove(target)
        ringing.legs[leg] = target
        if not ringing.dialled and not ringing.rang:
            ringing.report_at = now + REPORT_SECONDS
        ringing.dialled += 1
        self.legs.agent_began(leg, agent=ringing.agent, offer=ringing.offer, now=now)

    def of(self, leg: LegId) -> Ringing | None:
        return next((ringing for ringing in self.offers.values() if leg in ringing.legs), None)

    def leg_rings(self, leg: LegId) -> None:
        ringing = self.of(leg)
        if ringing and not ringing.rang:
            ringing.rang, ringing.report_at = True, None
            self.desk.offer_rang(ringing.offer)

    def leg_ended(self, leg: LegId, status: int, *, by_peer: bool) -> None:
        ringing = self.of(leg)
        if ringing:
            ringing.leg_ended(leg, status, by_peer=by_peer)
            if ringing.refused():
                self._silence(ringing)
        self.go_on()

    def deadlines(self) -> Iterator[float]:
        for ringing in self.offers.values():
            yield ringing.deadline
            if ringing.report_at is not None:
                yield ringing.report_at

    def report(self, now: float) -> None:
        for ringing in self.offers.values():
            if ringing.report_at is not None and ringing.report_at <= now:
                ringing.report_at = None
                self.desk.offer_dialled(ringing.offer)

    def expire(self, now: float) -> None:
        for ringing in [r for r in self.offers.values() if r.deadline <= now]:
            self.fail(ringing, ringing.timed_out())

    def fail(self, ringing: Ringing, how: tuple[str, int | None]) -> None:
        self.desk.offer_failed(ringing.offer, *how)
        self.withdraw(ringing.offer)

    def withdraw(self, offer: int) -> None:
        ringing = self.offers.pop(offer, None)
        if ringing is None:
            return
        self._silence(ringing)
        if not self.offers:
            self.silent()

    def stop_all(self, *, but: LegId | None = None) -> tuple[int, ...]:
        """Silence every phone except the one that answered. Returns the offers that rang."""
        stopped = tuple(self.offers)
        for ringing in self.offers.values():
            ringing.legs.pop(-1 if but is None else but, None)
            self._silence(ringing)
        self.offers.clear()
        return stopped

    def _silence(self, ringing: Ringing) -> None:
        for leg in sorted(ringing.legs):
            self.legs.hang_up(leg)
        ringing.legs.clear()
