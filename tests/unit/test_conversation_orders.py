"""The conversation in every order of events that hypothesis can think of, against rows and peers that behave as real ones."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from telephony import ports, records
from telephony.conversation import Conversation
from telephony.ports import CALLER
from tests.unit.fakes import FakeDesk, FakePhone

rarely = st.integers(0, 11).map(lambda drawn: drawn == 11)
"""For what ends a story: or most stories would be short."""


class Rows:
    """What the database knows of the call, and the queue of wishes in front of it."""

    def __init__(self) -> None:
        self.state = "new"
        self.offers: dict[int, str] = {}
        self.wishes: deque[tuple[Any, ...]] = deque()
        self.hang_ups = 0

    def open_offers(self) -> list[int]:
        return [offer for offer, outcome in self.offers.items() if outcome == "open"]

    def close_open(self, outcome: str) -> None:
        for offer in self.open_offers():
            self.offers[offer] = outcome

    def carry_out(self, wish: tuple[Any, ...], profile: records.QueueProfile) -> list[records.DeskFact]:
        name, *args = wish
        if name == "arrive":
            self.state = "waiting"
            return [records.Routed(profile), records.Placed()]
        if name == "accept":
            return [self._accept(args[0])]
        if name == "offer_failed" and self.offers.get(args[0]) == "open":
            self.offers[args[0]] = args[1]
        if name == "hang_up":
            self.hang_ups += 1
            self.state = "ended"
            self.close_open("rescinded")
        if name == "announce":
            return [records.Announced(tuple(f"saying {number}" for number in args[0]))]
        if name == "farewell":
            return [records.Farewell(("sorry",), "fallback")]
        return []

    def _accept(self, offer: int) -> records.Accepted:
        if self.state != "waiting" or self.offers.get(offer) != "open":
            return records.Accepted(offer, won=False, live=self.state != "ended")
        self.offers[offer] = "accepted"
        self.state = "talking"
        self.close_open("cancelled")
        return records.Accepted(offer, won=True)


ANNOUNCEMENTS = (records.Scheduled(1, 10, 45), records.Scheduled(2, 5), records.Scheduled(3, 0, 15, after_offer=True))


class Orders(RuleBasedStateMachine):
    @initialize(mode=st.sampled_from(["answer", "ringback", "early-media"]), direct=st.booleans())
    def begin(self, mode: str, direct: bool) -> None:
        self.rows = Rows()
        self.to_process: deque[records.StoryFact] = deque()
        """Facts on their way from the node; they arrive in order."""
        self.phone = FakePhone()
        self.desk = FakeDesk(self.rows.wishes.append)
        self.call = Conversation(self.phone, self.desk)
        self.profile = records.QueueProfile(mode, ("music.wav",), deliver_directly=direct, announcements=ANNOUNCEMENTS)
        self.time = 0.0
        self.next_offer = 1
        self.phone.caller_calls()
        self.hear(ports.CallerArrived("id", "1", "", "support", "public"))

    def hear(self, fact: records.StoryFact) -> None:
        self.call.hear(fact, self.time)

    # ---- the database ------------------------------------------------------------------------------------------
    @precondition(lambda self: self.rows.wishes)
    @rule()
    def records_do_the_next_wish(self) -> None:
        for fact in self.rows.carry_out(self.rows.wishes.popleft(), self.profile):
            self.hear(fact)

    @precondition(lambda self: self.rows.state == "waiting" and len(self.rows.open_offers()) < 3)
    @rule(devices=st.integers(0, 4), seconds=st.integers(3, 20))
    def matching_opens_an_offer(self, devices: int, seconds: int) -> None:
        offer, self.next_offer = self.next_offer, self.next_offer + 1
        self.rows.offers[offer] = "open"
        targets = tuple(ports.Target(device, f"sip:device-{offer}-{device}@edge") for device in range(devices))
        self.to_process.append(ports.OfferOpened(offer, offer, targets, float(seconds)))

    @precondition(lambda self: self.rows.open_offers())
    @rule()
    def the_sweep_expires_an_offer(self) -> None:
        offer = self.rows.open_offers()[0]
        self.rows.offers[offer] = "no_answer"
        self.to_process.append(ports.OfferWithdrawn(offer))

    @precondition(lambda self: self.rows.state == "waiting" and not self.rows.open_offers())
    @rule(really=rarely)
    def the_wait_is_too_long(self, really: bool) -> None:
        if not really:
            return
        self.rows.state = "leaving"
        self.to_process.append(ports.FarewellDue())

    @precondition(lambda self: self.to_process)
    @rule()
    def the_node_tells(self) -> None:
        self.hear(self.to_process.popleft())

    @rule(command=st.integers(1, 5), kind=st.sampled_from(["reject_offer", "cancel_offer"]), offer=st.integers(1, 4))
    def a_command(self, command: int, kind: str, offer: int) -> None:
        self.hear(ports.CommandGiven(command, kind, {"offer": offer}))

    # ---- the peers ---------------------------------------------------------------------------------------------
    def _legs(self, *states: str) -> list[int]:
        return [leg for leg, there in self.phone.legs.items() if there.state in states]

    @precondition(lambda self: any(leg != CALLER for leg in self._legs("ringing")))
    @rule(data=st.data(), rang=st.booleans())
    def a_phone_answers_or_rings(self, data: st.DataObject, rang: bool) -> None:
        leg = data.draw(st.sampled_from([leg for leg in self._legs("ringing") if leg != CALLER]))
        if rang:
            self.hear(ports.LegRinging(leg))
            return
        self._answer(leg)

    def _answer(self, leg: int) -> None:
        self.phone.legs[leg].state = "answered"
        stopped = self.phone.dialled_with(leg)
        self.hear(ports.LegAnswered(leg))
        for other in stopped:
            self.phone.legs[other].state = "ended"
            self.hear(ports.LegEnded(other, 487, by_peer=False))

    @precondition(lambda self: self._cancelling())
    @rule()
    def an_answer_crosses_the_cancel(self) -> None:
        self._answer(self._cancelling()[0])

    def _cancelling(self) -> list[int]:
        """Agents' phones that may still answer before our CANCEL is there, while we still listen."""
        return [leg for leg in self._legs("cancelling") if leg != CALLER and leg in self.call.legs.open]

    @precondition(lambda self: self._legs("answering"))
    @rule()
    def the_caller_acknowledges(self) -> None:
        self.phone.legs[CALLER].state = "answered"
        self.hear(ports.LegAnswered(CALLER))

    @precondition(lambda self: self._legs("ringing", "answering", "answered", "cancelling", "closing"))
    @rule(data=st.data(), status=st.sampled_from([200, 486, 603, 480, 404]), caller=rarely)
    def a_leg_ends(self, data: st.DataObject, status: int, caller: bool) -> None:
        leg = data.draw(st.sampled_from(self._legs("ringing", "answering", "answered", "cancelling", "closing")))
        if leg == CALLER and not caller:
            return
        by_peer = self.phone.legs[leg].state not in ("cancelling", "closing")
        self.phone.legs[leg].state = "ended"
        self.hear(ports.LegEnded(leg, status, by_peer))

    @precondition(lambda self: self._legs("answered"))
    @rule(data=st.data(), held=st.booleans())
    def somebody_holds_or_resumes(self, data: st.DataObject, held: bool) -> None:
        self.hear(ports.LegHeld(data.draw(st.sampled_from(self._legs("answered"))), held))

    @precondition(lambda self: self._legs("answered"))
    @rule(data=st.data(), really=rarely)
    def somebody_vanishes(self, data: st.DataObject, really: bool) -> None:
        if really:
            self.hear(ports.MediaLost(data.draw(st.sampled_from(self._legs("answered"))), 30))

    @precondition(lambda self: self.phone.prompts)
    @rule()
    def a_prompt_ends(self) -> None:
        prompt = self.phone.prompts.pop()[-1]
        self.hear(ports.PromptEnded(CALLER, prompt))

    @rule(seconds=st.integers(1, 8))
    def time_passes(self, seconds: int) -> None:
        self.time += seconds
        self.call.tick(self.time)

    @rule(really=rarely)
    def the_node_dies(self, really: bool) -> None:
        if really:
            self.hear(ports.NodeLost())

    # ---- what must hold ------------------------------------------------------------------------------------------
    @invariant()
    def the_caller_is_joined_with_one_agent_at_most(self) -> None:
        partners = [leg for leg, there in self.phone.legs.items() if leg != CALLER and there.hears == "0" and there.state == "answered"]
        assert len(partners) <= 1

    @invariant()
    def deadlines_lie_ahead_after_a_tick(self) -> None:
        self.call.tick(self.time)
        deadline = self.call.deadline()
        assert deadline is None or deadline > self.time

    @invariant()
    def the_line_is_hung_up_once(self) -> None:
        assert len(self.desk.named("hang_up")) <= 1

    @invariant()
    def no_offer_is_reported_twice(self) -> None:
        reported = [wish[0] for wish in self.desk.named("offer_failed")]
        assert len(reported) == len(set(reported))

    def teardown(self) -> None:
        """Whatever happened: once everything pending is done and the caller leaves, nothing is left behind."""
        if not hasattr(self, "rows"):
            return
        self._settle()
        self._waiting_is_never_deaf()
        if self.phone.legs[CALLER].state != "ended":
            self.phone.legs[CALLER].state = "ended"
            self.hear(ports.LegEnded(CALLER, 200, by_peer=True))
        self._settle()
        assert self.call.over
        assert not self.phone.open_legs
        assert self.rows.state == "ended"
        assert self.rows.hang_ups == 1
        assert not self.rows.open_offers()
        assert all(leg.ended is not None for leg in self.desk.saved.values())

    def _settle(self) -> None:
        """Everything that is on its way arrives; peers confirm what we closed."""
        while self.rows.wishes or self.to_process or self._legs("cancelling", "closing"):
            if self.rows.wishes:
                self.records_do_the_next_wish()
            elif self.to_process:
                self.the_node_tells()
            else:
                leg = self._legs("cancelling", "closing")[0]
                self.phone.legs[leg].state = "ended"
                self.hear(ports.LegEnded(leg, 487, by_peer=False))

    def _waiting_is_never_deaf(self) -> None:
        """A call that still waits rings exactly the agents whom the rows have reserved, or those for whom no INVITE is left."""
        if self.rows.state != "waiting" or self.call.phase.value != "waiting":
            return
        assert set(self.call.ringer.offers) == set(self.rows.open_offers())


NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
"""A failing story of fifty steps is told as it is: making it short takes minutes."""

Orders.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, phases=NO_SHRINKING, report_multiple_bugs=False
)
TestOrders = Orders.TestCase
