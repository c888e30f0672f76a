"""The story of one call: facts in, wishes to the phones and to the records out. No Django, no SIP here.

`Conversation` never waits and never reads a clock: it is told what happened and when, and names the next
moment at which it wants to be asked again. So every order of events can be tried without a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from . import handover, inline, obeying, ports, records
from .callbackoffer import CallbackOffer
from .callerside import CallerSide
from .guide import Guide
from .legbook import LegBook
from .outward import Outward
from .phase import Phase as Phase
from .ports import CALLER, LegId, Phone
from .programme import Programme
from .records import Desk, FlowStart, StoryFact
from .ringing import RESCINDED, Ringer, Ringing
from .talk import Talk
from .timechoice import TimeChoice
from .voicemail import Voicemail

ARRIVAL_SECONDS = 15.0
"""A caller whom the records could not place by then hears a failure and may try elsewhere."""

LAST_WORDS_SECONDS = 60.0
"""No farewell is longer; one whose file cannot be played must not keep the line."""

LINGER_SECONDS = 10.0
"""How long a finished call waits for its BYEs to be confirmed: five of the seven retransmissions (RFC 3261 17.1.2.2)."""


class Conversation:
    """The story so far. `phase` is where it stands; who is rung, what the caller hears and which legs are open have
    homes of their own."""

    def __init__(self, phone: Phone, desk: Desk) -> None:
        self.phone = phone
        self.desk = desk
        self.now = 0.0
        self.phase = Phase.IDLE
        self.phase_since = 0.0
        self.legs = LegBook(phone, desk)
        self.side = CallerSide(phone)
        self.ringer = Ringer(phone, desk, self.legs, silent=lambda: inline.nobody_rings(self))
        self.guide = Guide(phone, desk, lambda hand: handover.hand_over(self, hand))
        self.outward = Outward(phone, self.legs)
        self.flow: FlowStart | None = None
        """The flow that begins as soon as the caller hears us."""
        self.talk: Talk | None = None
        self.voicemail = Voicemail(phone, desk, self.side, lambda: handover.message_taken(self))
        self.holding: set[LegId] = set()
        self.known: set[tuple[str, int]] = set()
        """Offers and commands already heard of, and offers withdrawn before they were heard of."""
        self.early: list[Ringing] = []
        """Offers that overtook the news that the call is placed, or that came while the records had not agreed to a talk."""
        self.programme = Programme()
        self.offer = CallbackOffer(self.side, desk, lambda: self.side.profile.callback if self.side.profile else None)
        self.time = TimeChoice(self.side, lambda since: handover.look_for_times(self, since), lambda at: handover.time_chosen(self, at))
        """When a caller in a flow is to be called back."""
        self.last_words: tuple[str, ...] = ()
        self.last_reason = "fallback"

    # ---- in -----------------------------------------------------------------------------------------------
    def hear(self, fact: StoryFact, now: float) -> None:
        """Something happened at the monotonic time `now`."""
        self.now = now
        handler = HEARS.get(type(fact))
        if handler:
            handler(self, fact)

    def tick(self, now: float) -> None:
        """Everything that happened was heard, or time passed: do what is due."""
        self.now = now
        self.ringer.expire(now)
        self.ringer.report(now)
        if self.phase is Phase.WAITING and self.side.silent and not self.offer.busy:
            inline.announce(self, self.programme.take(now))
        self.guide.tick(now)
        self.outward.tick(now)
        self.offer.tick(now)
        self.time.tick(now)
        self.ringer.dial(now)  # what was offered in one moment rings together
        if self.phase is Phase.ARRIVING and now >= self.phase_since + ARRIVAL_SECONDS:
            self.turned_away(503, "records away")
        if self.phase is Phase.LEAVING and now >= self.phase_since + LAST_WORDS_SECONDS:
            self.turned_away(480, self.last_reason)
        self.voicemail.tick(now)
        if self.phase is Phase.OVER and now >= self.phase_since + LINGER_SECONDS:
            self.legs.forget_all(now)

    def deadline(self) -> float | None:
        """The next moment at which `tick` has something to do."""
        return min(self._deadlines(), default=None)

    def _deadlines(self) -> Iterator[float]:
        yield from self.ringer.deadlines()
        yield from self.offer.deadlines()
        yield from self.time.deadlines()
        if self.phase is Phase.WAITING and self.side.silent and not self.offer.busy and self.programme.deadline is not None:
            yield self.programme.deadline  # the end of what is being said is a fact, and looks again
        yield from (moment for moment in (self.guide.deadline, self.outward.deadline) if moment is not None)
        if self.phase is Phase.ARRIVING:
            yield self.phase_since + ARRIVAL_SECONDS
        if self.phase is Phase.LEAVING:
            yield self.phase_since + LAST_WORDS_SECONDS
        yield from self.voicemail.deadlines()
        if self.phase is Phase.OVER and self.legs.open:
            yield self.phase_since + LINGER_SECONDS

    @property
    def over(self) -> bool:
        """Every leg is closed, and the file of a recording: nothing more can happen to this call."""
        return self.phase is Phase.OVER and not self.legs.open and not self.voicemail.closing

    # ---- the caller comes, waits, goes --------------------------------------------------------------------
    def _caller_arrived(self, caller: ports.CallerArrived) -> None:
        self.ringer.caller = caller
        self.enter(Phase.ARRIVING)
        self.legs.caller_began(caller.sip_call_id, self.now)
        self.desk.arrive(caller)

    def _routed(self, routed: records.Routed) -> None:
        if self.phase is not Phase.ARRIVING:
            return
        self.side.profile = routed.profile
        if routed.flow:
            self._answer_for(routed.flow)
            return
        self.enter(Phase.WAITING)
        if not routed.profile.deliver_directly:
            self.welcome()
        self.ring_early_offers()

    def welcome(self) -> None:
        inline.welcome(self)

    # ---- a flow leads the caller ----------------------------------------------------------------------------
    def _answer_for(self, flow: FlowStart) -> None:
        """It begins when the caller hears us."""
        self.enter(Phase.GUIDED)
        self.flow = flow
        self.side.answer()

    def leave_flow(self) -> None:
        self.guide.end(self.now, hung_up=False)

    def _told(self, told: records.Told) -> None:
        self.guide.told(told.number, told.answer, self.now)

    def _digit_pressed(self, pressed: ports.DigitPressed) -> None:
        if pressed.leg == CALLER and self.time.listens:
            self.time.pressed(pressed.digit, self.now)
        elif pressed.leg == CALLER and self.phase is Phase.GUIDED:
            self.guide.digit(pressed.digit, self.now)
        elif pressed.leg == CALLER and self.phase is Phase.WAITING:
            self.offer.pressed(pressed.digit, self.now)
        elif pressed.leg == CALLER and self.phase is Phase.RECORDING:
            self.voicemail.digit(pressed.digit, self.now)

    def _unrouted(self, unrouted: records.Unrouted) -> None:
        self.turned_away(unrouted.status, unrouted.reason)

    def _prompt_ended(self, fact: ports.PromptEnded) -> None:
        if fact.leg != CALLER:
            return
        self.side.said()
        self.offer.time.heard_out(fact.prompt, self.now)
        self.time.heard_out(fact.prompt, self.now)
        if self.phase is Phase.LEAVING and fact.prompt == self.last_words[-1]:
            self.turned_away(480, self.last_reason)
        elif self.phase is Phase.RECORDING:
            self.voicemail.prompt_ended(fact.prompt, self.now)
        elif self.phase is Phase.GUIDED:
            self.guide.prompt_ended(fact.prompt, self.now)

    def turned_away(self, status: int, reason: str = "fallback") -> None:
        """Close the caller's line; before an answer with a failure that says why."""
        if self.phase in (Phase.IDLE, Phase.OVER):
            return
        if not self.side.answering:
            self.legs.refuse_caller(status)
        self.end("system", reason)

    # ---- the caller leaves a message ------------------------------------------------------------------------
    def _silence_heard(self, fact: ports.SilenceHeard) -> None:
        if fact.leg == CALLER and self.phase is Phase.RECORDING:
            self.voicemail.silence(self.now)

    def _recording_ended(self, fact: ports.RecordingEnded) -> None:
        self.voicemail.recording_ended(fact, self.now)

    # ---- agents are rung ------------------------------------------------------------------------------------
    def _offer_opened(self, opened: ports.OfferOpened) -> None:
        if not self.first_time("offer", opened.offer):
            return
        if self.phase is Phase.WAITING:
            self.ringer.ring([Ringing.of(opened, self.now)])
        elif self.phase in (Phase.ARRIVING, Phase.GUIDED) or (self.talk and not self.talk.settled):
            self.early.append(Ringing.of(opened, self.now))

    def first_time(self, kind: str, number: int) -> bool:
        fresh = (kind, number) not in self.known
        self.known.add((kind, number))
        return fresh

    def _leg_ringing(self, fact: ports.LegRinging) -> None:
        self.ringer.leg_rings(fact.leg)

    def _early_media(self, fact: ports.EarlyMedia) -> None:
        if fact.leg == self.outward.leg and self.phase is Phase.GUIDED:
            self.outward.sounds()

    def _offer_withdrawn(self, withdrawn: ports.OfferWithdrawn) -> None:
        offer = withdrawn.offer
        self.known.add(("offer", offer))
        self.early = [ringing for ringing in self.early if ringing.offer != offer]
        self.ringer.withdraw(offer)

    # ---- an agent answers -------------------------------------------------------------------------------------
    def _leg_answered(self, fact: ports.LegAnswered) -> None:
        record = self.legs.answered(fact.leg, self.now)
        if record is None:
            return
        if fact.leg == CALLER:
            self._caller_answered()
        elif fact.leg == self.outward.leg:
            handover.outside_answered(self)
        else:
            self._agent_answered(fact.leg)
        self.desk.save_leg(record)

    def _caller_answered(self) -> None:
        if not self.side.acknowledged():
            return
        if self.phase is Phase.TALKING and self.talk:
            self.talk.connect(self.holding)
        elif self.phase is Phase.GUIDED and self.flow:
            self.guide.begin(self.flow, self.now)
        elif self.phase is Phase.RECORDING:
            self.voicemail.audible(self.now)
        elif self.phase in (Phase.WAITING, Phase.LEAVING):
            self.side.wait_with_music()

    def _agent_answered(self, leg: LegId) -> None:
        ringing = self.ringer.of(leg)
        if ringing is None or self.phase is not Phase.WAITING:
            self.phone.hang_up(leg)  # a 200 that crossed our CANCEL
            return
        stopped = self.ringer.stop_all(but=leg)
        self.side.hush()
        self.talk = Talk(self.phone, self.side, ringing.offer, leg, tuple(offer for offer in stopped if offer != ringing.offer))
        self.enter(Phase.TALKING)
        self._pick_up()
        self.talk.connect(self.holding)
        self.desk.accept(ringing.offer)

    def _pick_up(self) -> None:
        """An agent is there: the caller is answered at the latest now."""
        self.side.answer()

    def _accepted(self, accepted: records.Accepted) -> None:
        talk = self.talk
        if talk is None or talk.offer != accepted.offer or talk.settled or self.phase is not Phase.TALKING:
            return
        talk.settled = True
        if not accepted.live:
            self.end("system", "row closed")
        elif not accepted.won:
            self._acceptance_lost(talk)
        elif talk.left:
            self.end("agent", talk.left)
        else:
            self.early.clear()

    def _acceptance_lost(self, talk: Talk) -> None:
        """Somebody closed the offer before us: the agent goes, the caller waits on with what came meanwhile."""
        talk.disconnect()
        self.legs.hang_up(talk.leg)
        for offer in talk.others:
            self.desk.offer_failed(offer, RESCINDED, None)
        self.talk = None
        self.enter(Phase.WAITING)
        self.side.wait_with_music()
        self.ring_early_offers()

    def ring_early_offers(self) -> None:
        early, self.early = self.early, []
        self.ringer.ring(early)

    # ---- the talk -----------------------------------------------------------------------------------------------
    def _leg_held(self, fact: ports.LegHeld) -> None:
        if fact.leg not in self.legs.open:
            return
        before = bool(self.talk and self.talk.is_held(self.holding))
        (self.holding.add if fact.held else self.holding.discard)(fact.leg)
        self.outward.connect(held=bool(self.holding))
        if self.phase is not Phase.TALKING or self.talk is None:
            return
        self.talk.connect(self.holding)
        held = self.talk.is_held(self.holding)
        if held != before:
            (self.desk.hold if held else self.desk.resume)()

    def _media_lost(self, fact: ports.MediaLost) -> None:
        if fact.leg == CALLER and self.side.answering:
            self.end("caller", "vanished")
        elif fact.leg == self.outward.leg:
            self.end("outside", "vanished")
        elif self.talk and fact.leg == self.talk.leg:
            self._agent_left("vanished")

    # ---- endings ------------------------------------------------------------------------------------------------
    def _leg_ended(self, fact: ports.LegEnded) -> None:
        if not self.legs.ended(fact.leg, fact.status, self.now):
            return
        self.holding.discard(fact.leg)
        if fact.leg == CALLER:
            self.end("caller" if fact.by_peer else "system", "hung up" if fact.by_peer else fact.reason or "line closed")
        elif fact.leg == self.outward.leg:
            handover.outside_left(self)
        elif self.talk and self.talk.leg == fact.leg:
            self._agent_left("hung up")
        else:
            self.ringer.leg_ended(fact.leg, fact.status, by_peer=fact.by_peer)

    def _agent_left(self, reason: str) -> None:
        talk = self.talk
        if talk is None or talk.left or self.phase is not Phase.TALKING:
            return
        if talk.settled:
            self.end("agent", reason)
            return
        # The records have not said yet whether this agent had won; if not, the caller waits on.
        talk.disconnect()
        talk.left = reason
        self.legs.hang_up(talk.leg)
        self.side.wait_with_music()

    def end(self, by: str, reason: str) -> None:
        """Close every line and write who ended the call and why. From every phase, once."""
        if self.phase in (Phase.IDLE, Phase.OVER):
            return
        if by == "caller":
            self.offer.time.hung_up()
            self.time.hung_up()
        self.enter(Phase.OVER)
        self.guide.end(self.now, hung_up=True)
        self.ringer.offers.clear()
        self.early.clear()
        self.voicemail.caller_left(self.now)
        self.desk.hang_up(by, reason)
        self.legs.hang_up_all()

    def _node_lost(self, _: ports.NodeLost) -> None:
        self.end("system", "node lost")

    def _row_closed(self, _: ports.RowClosed) -> None:
        self.end("system", "row closed")

    # ---- small parts --------------------------------------------------------------------------------------------
    def enter(self, phase: Phase) -> None:
        self.phase = phase
        self.phase_since = self.now
        if phase is not Phase.WAITING:
            self.offer.forget()
        if phase is not Phase.GUIDED:
            self.time.forget()


HEARS: dict[type, Callable[[Conversation, Any], None]] = {
    ports.CallerArrived: Conversation._caller_arrived,
    ports.LegRinging: Conversation._leg_ringing,
    ports.EarlyMedia: Conversation._early_media,
    ports.LegAnswered: Conversation._leg_answered,
    ports.LegEnded: Conversation._leg_ended,
    ports.LegHeld: Conversation._leg_held,
    ports.PromptEnded: Conversation._prompt_ended,
    ports.DigitPressed: Conversation._digit_pressed,
    ports.SilenceHeard: Conversation._silence_heard,
    ports.RecordingEnded: Conversation._recording_ended,
    ports.MediaLost: Conversation._media_lost,
    ports.OfferOpened: Conversation._offer_opened,
    ports.OfferWithdrawn: Conversation._offer_withdrawn,
    ports.CommandGiven: obeying.command_given,
    ports.CallMoved: inline.call_moved,
    ports.FarewellDue: inline.farewell_due,
    ports.NodeLost: Conversation._node_lost,
    ports.RowClosed: Conversation._row_closed,
    records.Told: Conversation._told,
    records.Routed: Conversation._routed,
    records.Unrouted: Conversation._unrouted,
    records.Placed: inline.placed,
    records.Moved: inline.moved,
    records.Announced: inline.announced,
    records.Farewell: inline.farewell,
    records.BoxOpened: handover.box_opened,
    records.Accepted: Conversation._accepted,
    records.CallbackChecked: inline.callback_checked,
    records.CallbackNoted: handover.callback_noted,
    records.CallbackWhen: handover.callback_when,
    records.CallbackTimes: handover.times_found,
    records.CallbackDenied: inline.callback_denied,
}
"""Facts that the story turns on; others (a drain) are for the process around it."""
