"""The story of a callback without SIP and without a database."""

from __future__ import annotations

from typing import Any

import pytest

from telephony import ports, records
from telephony.callingback import LONGEST_WAIT_FOR_LEAVE, CallingBack
from telephony.conversation import Phase
from telephony.ports import CALLER, LegId
from tests.unit.story import Story

WANTED = ports.CallbackWanted("+493012345678", "Ann", 30, "ringing.wav")
URI = "sip:out-1@edge"


class CallbackStory(Story):
    def __init__(self, **profile: Any) -> None:
        super().__init__(**profile)
        self.call = CallingBack(self.phone, self.desk)
        self.hear(WANTED, records.Moved(self.profile))

    def agent_picks_up(self) -> LegId:
        """The agent's leg; the records agree."""
        (leg,) = self.offered()
        self.phone.legs[leg].state = "answered"
        self.hear(ports.LegAnswered(leg, "PCMA"))
        self.hear(records.Accepted(1, won=True))
        return leg

    def customer_rings(self) -> LegId:
        leg = self.agent_picks_up()
        self.hear(records.CustomerMayBeCalled(URI), ports.LegRinging(CALLER))
        return leg

    def customer_answers(self) -> LegId:
        leg = self.customer_rings()
        self.phone.legs[CALLER].state = "answered"
        self.hear(ports.LegAnswered(CALLER, "PCMA"))
        return leg


@pytest.fixture
def story() -> CallbackStory:
    return CallbackStory()


def test_agents_see_whom_they_would_call_back(story: CallbackStory) -> None:
    assert story.call.ringer.caller
    assert (story.call.ringer.caller.caller_number, story.call.ringer.caller.caller_name) == ("+493012345678", "Callback Ann")
    story.offered()
    assert CALLER not in story.phone.legs, "the customer is not called before an agent is there"


def test_the_customer_is_called_when_the_records_agree_to_the_agent(story: CallbackStory) -> None:
    (leg,) = story.offered()
    story.phone.legs[leg].state = "answered"
    story.hear(ports.LegAnswered(leg, "PCMA"))
    assert story.desk.named("call_customer") == []
    story.hear(records.Accepted(1, won=True))
    assert story.desk.named("call_customer") == [()]
    assert story.hears(leg) == "ringing.wav"
    story.hear(records.CustomerMayBeCalled(URI))
    assert story.phone.legs[CALLER].uri == URI


def test_both_talk_when_the_customer_answers(story: CallbackStory) -> None:
    leg = story.customer_answers()
    assert (story.hears(leg), story.hears(CALLER)) == (str(CALLER), str(leg))
    assert story.desk.named("customer_answered") == [()]
    story.wait(1000)
    assert story.call.phase is Phase.TALKING, "nothing times out in a talk"
    story.ends(CALLER)
    assert story.hung_up() == [("caller", "hung up")]
    assert story.is_closing(leg)


def test_the_agent_hears_the_networks_own_ringing_and_is_not_heard_before_the_answer(story: CallbackStory) -> None:
    leg = story.customer_rings()
    assert story.hears(leg) == "ringing.wav"
    story.hear(ports.EarlyMedia(CALLER))
    assert (story.hears(leg), story.hears(CALLER)) == (str(CALLER), "")
    story.phone.legs[CALLER].state = "answered"
    story.hear(ports.LegAnswered(CALLER, "PCMA"), ports.EarlyMedia(CALLER))
    assert (story.hears(leg), story.hears(CALLER)) == (str(CALLER), str(leg))


def test_hold_after_the_answer_plays_music_to_the_customer(story: CallbackStory) -> None:
    leg = story.customer_answers()
    story.hear(ports.LegHeld(leg, True))
    assert story.hears(CALLER) == "music.wav"


@pytest.mark.parametrize(
    ("status", "reason"), [(486, "busy"), (603, "rejected"), (404, "no such number"), (408, "no answer"), (503, "not reached")]
)
def test_not_reached_ends_the_attempt_and_says_why(story: CallbackStory, status: int, reason: str) -> None:
    leg = story.customer_rings()
    story.ends(CALLER, status)
    assert story.hung_up() == [("system", reason)]
    assert story.is_closing(leg)
    story.confirms_all()
    assert story.call.over


def test_a_phone_that_rings_too_long_is_let_go(story: CallbackStory) -> None:
    story.customer_rings()
    assert story.call.deadline() == story.time + 30
    story.wait(30)
    assert story.hung_up() == [("system", "no answer")]
    assert story.is_closing(CALLER)


def test_an_agent_who_leaves_stops_the_customers_phone(story: CallbackStory) -> None:
    leg = story.customer_rings()
    story.ends(leg)
    assert story.is_closing(CALLER)
    assert story.hung_up() == [("agent", "hung up")]


def test_an_agent_who_leaves_before_the_records_agree_calls_nobody(story: CallbackStory) -> None:
    (leg,) = story.offered()
    story.phone.legs[leg].state = "answered"
    story.hear(ports.LegAnswered(leg, "PCMA"))
    story.ends(leg)
    story.hear(records.Accepted(1, won=True))
    assert story.desk.named("call_customer") == []
    assert story.hung_up() == [("agent", "hung up")]


def test_an_acceptance_that_is_lost_calls_nobody_and_waits_on(story: CallbackStory) -> None:
    (leg,) = story.offered()
    story.phone.legs[leg].state = "answered"
    story.hear(ports.LegAnswered(leg, "PCMA"))
    story.hear(records.Accepted(1, won=False))
    assert story.desk.named("call_customer") == []
    assert story.is_closing(leg)
    assert story.call.phase is Phase.WAITING
    assert story.offered(2), "the next agent is rung"


@pytest.mark.parametrize("reason", ["no_line", "number_refused"])
def test_what_may_not_be_called_is_not(story: CallbackStory, reason: str) -> None:
    story.agent_picks_up()
    story.hear(records.CustomerMayNotBeCalled(reason))
    assert CALLER not in story.phone.legs
    assert story.hung_up() == [("system", reason)]


def test_an_agent_does_not_wait_for_ever_for_records_that_are_away(story: CallbackStory) -> None:
    story.agent_picks_up()
    story.wait(LONGEST_WAIT_FOR_LEAVE)
    assert story.hung_up() == [("system", "no_line")]
    story.hear(records.CustomerMayBeCalled(URI))
    assert CALLER not in story.phone.legs, "an answer that comes too late calls nobody"


def test_leave_that_is_given_twice_calls_once(story: CallbackStory) -> None:
    story.customer_rings()
    story.hear(records.CustomerMayBeCalled("sip:out-2@edge"))
    assert story.phone.legs[CALLER].uri == URI
    story.ends(CALLER, 486)
    story.hear(records.CustomerMayBeCalled("sip:out-2@edge"))
    assert story.phone.legs[CALLER].state == "ended"


def test_a_customer_who_falls_silent_is_gone(story: CallbackStory) -> None:
    story.customer_answers()
    story.hear(ports.MediaLost(CALLER, 30))
    assert story.hung_up() == [("caller", "vanished")]


def test_a_lost_node_ends_it(story: CallbackStory) -> None:
    story.customer_rings()
    story.hear(ports.NodeLost())
    assert story.hung_up() == [("system", "node lost")]


def test_an_agent_who_does_not_answer_is_followed_by_the_next(story: CallbackStory) -> None:
    story.offered()
    story.wait(20)
    assert story.failures()
    (leg,) = story.offered(2)
    assert story.phone.legs[leg].state == "ringing"
