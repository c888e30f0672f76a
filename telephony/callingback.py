"""The story of an attempt to call somebody back: agents are rung first, the customer is called when one is there.

No Django, no SIP. It is the story of any call, told from its middle: the customer's leg is `CALLER`, which comes last
instead of first. The agent hears it ring.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from . import ports, records
from .conversation import Conversation
from .phase import Phase
from .ports import CALLER, Phone
from .records import Desk, StoryFact
from .ringing import BUSY, NO_ANSWER, REJECTED, UNREACHABLE, outcome_of

NO_SUCH_NUMBER = (404, 410, 484, 604)
ENDS = {BUSY: "busy", REJECTED: "rejected", NO_ANSWER: "no answer", UNREACHABLE: "not reached"}
LONGEST_WAIT_FOR_LEAVE = 15.0
"""Seconds that an agent waits on the line for the records to say whether the customer may be called."""


class CallingBack(Conversation):
    def __init__(self, phone: Phone, desk: Desk) -> None:
        super().__init__(phone, desk)
        self.wanted: ports.CallbackWanted | None = None
        self.rang = False
        self.reached = False
        self.give_up_at: float | None = None

    def hear(self, fact: StoryFact, now: float) -> None:
        own = OWN.get(type(fact))
        if own is None:
            super().hear(fact, now)
            return
        self.now = now
        own(self, fact)

    # ---- until an agent is there ----------------------------------------------------------------------------
    def _callback_wanted(self, wanted: ports.CallbackWanted) -> None:
        self.wanted = wanted
        name = f"Callback {wanted.name}".strip()
        self.ringer.caller = ports.CallerArrived("", wanted.number, name, "", "callback")
        self.enter(Phase.WAITING)
        self.desk.moved()  # which music is played on hold

    def _moved(self, moved: records.Moved) -> None:
        self.side.profile = moved.profile

    def welcome(self) -> None:
        """There is nobody on the line yet."""

    def _pick_up(self) -> None:
        """The customer is called when the records agree that this agent has it."""

    # ---- the agent is there -----------------------------------------------------------------------------------
    def _accepted(self, accepted: records.Accepted) -> None:
        super()._accepted(accepted)
        if accepted.won and self.phase is Phase.TALKING and self.give_up_at is None and not self.reached:
            self.give_up_at = self.now + LONGEST_WAIT_FOR_LEAVE
            self._let_agent_hear_ringing()
            self.desk.call_customer()

    def _let_agent_hear_ringing(self) -> None:
        if self.talk and self.wanted:
            with contextlib.suppress(OSError):
                self.phone.play_music(self.talk.leg, (self.wanted.ringing,))

    def _customer_may_be_called(self, may: records.CustomerMayBeCalled) -> None:
        if self.phase is not Phase.TALKING or self.wanted is None or CALLER in self.legs.open or self.reached:
            return
        self.legs.caller_began("", self.now)
        if self.phone.call_outside(may.uri, leg=CALLER) is None:
            del self.legs.open[CALLER]
            self.end("system", "no_line")
            return
        self.give_up_at = self.now + self.wanted.ring_seconds

    def _customer_may_not_be_called(self, may_not: records.CustomerMayNotBeCalled) -> None:
        if self.phase is Phase.TALKING and not self.reached:
            self.end("system", may_not.reason)

    # ---- the customer -------------------------------------------------------------------------------------------
    def _leg_ringing(self, fact: ports.LegRinging) -> None:
        if fact.leg == CALLER:
            self.rang = True
        else:
            super()._leg_ringing(fact)

    def _early_media(self, fact: ports.EarlyMedia) -> None:
        """The agent hears what the network says: another tone, or why nobody answers. The customer does not hear the agent yet."""
        if fact.leg == CALLER and self.talk and self.phase is Phase.TALKING and not self.reached:
            self.phone.listen(self.talk.leg, CALLER)

    def _caller_answered(self) -> None:
        if self.reached or self.phase is not Phase.TALKING or self.talk is None:
            return
        self.reached, self.give_up_at = True, None
        self.side.answering = True
        self.side.acknowledged()
        self.phone.stop_playing(self.talk.leg)
        self.talk.connect(self.holding)
        self.desk.customer_answered()

    def _leg_ended(self, fact: ports.LegEnded) -> None:
        if fact.leg == CALLER and not self.reached:
            if self.legs.ended(CALLER, fact.status, self.now):
                self.end("system", self._why(fact.status))
            return
        super()._leg_ended(fact)

    def _why(self, status: int) -> str:
        return "no such number" if status in NO_SUCH_NUMBER else ENDS[outcome_of(status, rang=self.rang)]

    # ---- time -----------------------------------------------------------------------------------------------------
    def tick(self, now: float) -> None:
        super().tick(now)
        if self.give_up_at is not None and now >= self.give_up_at and self.phase is Phase.TALKING:
            called = CALLER in self.legs.open
            self.give_up_at = None
            self.end("system", "no answer" if called else "no_line")

    def _deadlines(self) -> Iterator[float]:
        yield from super()._deadlines()
        if self.give_up_at is not None and self.phase is Phase.TALKING:
            yield self.give_up_at


OWN: dict[type, Callable[[CallingBack, Any], None]] = {
    ports.CallbackWanted: CallingBack._callback_wanted,
    ports.LegRinging: CallingBack._leg_ringing,
    ports.EarlyMedia: CallingBack._early_media,
    ports.LegEnded: CallingBack._leg_ended,
    records.Moved: CallingBack._moved,
    records.Accepted: CallingBack._accepted,
    records.CustomerMayBeCalled: CallingBack._customer_may_be_called,
    records.CustomerMayNotBeCalled: CallingBack._customer_may_not_be_called,
}
"""What this story hears otherwise than that of a caller."""
