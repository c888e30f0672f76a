"""An agent answered: the records agree or not, both talk and hold, and every leg is written down."""

from __future__ import annotations

import pytest

from telephony import ports, records
from telephony.conversation import Phase
from telephony.ports import CALLER
from tests.unit.story import Story


# ---- acceptance ------------------------------------------------------------------------------------------------------
def test_a_lost_acceptance_hangs_up_the_agent_and_the_caller_waits_on() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.hear(records.Accepted(1, won=False))
    assert story.is_closing(leg)
    assert story.hears(CALLER) == "music.wav"
    assert story.call.phase is Phase.WAITING
    story.ends(leg)
    assert not story.hung_up()


def test_after_a_lost_acceptance_the_offer_that_came_meanwhile_rings() -> None:
    story = Story().waits()
    (leg,) = story.offered(1)
    story.answers(leg)
    assert story.offered(2) == []
    story.hear(records.Accepted(1, won=False))
    assert len(story.phone.legs) == 3


def test_after_a_lost_acceptance_the_agents_who_rang_beside_it_are_given_back() -> None:
    story = Story().waits()
    (one,) = story.offered(1, agent=1)
    story.offered(2, agent=2)
    story.answers(one)
    story.hear(records.Accepted(1, won=False))
    assert story.failures() == [(2, "rescinded", None)]


def test_an_acceptance_of_a_closed_call_closes_every_line() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.hear(records.Accepted(1, won=False, live=False))
    assert story.is_closing(leg)
    assert story.is_closing(CALLER)


def test_an_agent_who_leaves_before_the_records_agreed_ends_the_call_once_they_do() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.ends(leg)
    assert not story.is_closing(CALLER)
    assert story.hears(CALLER) == "music.wav"
    story.hear(records.Accepted(1, won=True))
    assert story.hung_up() == [("agent", "hung up")]


def test_an_agent_who_leaves_after_losing_does_not_take_the_caller_along() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.ends(leg)
    story.hear(records.Accepted(1, won=False))
    assert not story.hung_up()
    assert story.call.phase is Phase.WAITING


@pytest.mark.parametrize("won", [True, False])
def test_news_of_an_acceptance_does_not_wake_a_call_that_is_over(won: bool) -> None:
    story = Story().waits()
    story.answers(story.offered()[0])
    story.ends(CALLER)
    story.hear(records.Accepted(1, won=won))
    assert story.call.phase is Phase.OVER
    assert story.hung_up() == [("caller", "hung up")]


# ---- hold ----------------------------------------------------------------------------------------------------------------
def test_who_is_held_hears_music_and_both_are_joined_again() -> None:
    story = Story()
    leg = story.talks()
    story.hear(ports.LegHeld(leg, True))
    assert story.hears(CALLER) == "music.wav"
    story.hear(ports.LegHeld(leg, False))
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "0")
    assert [wish[0] for wish in story.desk.wishes if wish[0] in ("hold", "resume")] == ["hold", "resume"]


def test_the_caller_may_hold_too() -> None:
    story = Story()
    leg = story.talks()
    story.hear(ports.LegHeld(CALLER, True))
    assert story.hears(leg) == "music.wav"


def test_both_may_hold_and_the_talk_goes_on_when_the_last_resumes() -> None:
    story = Story()
    leg = story.talks()
    story.hear(ports.LegHeld(CALLER, True), ports.LegHeld(leg, True), ports.LegHeld(CALLER, False))
    assert story.hears(CALLER) == "music.wav"
    story.hear(ports.LegHeld(leg, False))
    assert story.hears(CALLER) == str(leg)
    assert len(story.desk.named("hold")) == len(story.desk.named("resume")) == 1


def test_a_caller_who_holds_while_waiting_is_joined_when_back() -> None:
    story = Story().waits()
    story.hear(ports.LegHeld(CALLER, True))
    (leg,) = story.offered()
    story.answers(leg)
    assert story.hears(CALLER) == "music.wav" or story.hears(CALLER) == ""
    story.hear(ports.LegHeld(CALLER, False))
    assert story.hears(CALLER) == str(leg)


# ---- legs in the records ---------------------------------------------------------------------------------------------------
def test_every_leg_is_stored_with_its_dialog_and_its_end() -> None:
    story = Story()
    leg = story.talks()
    story.ends(leg)
    story.ends(CALLER)
    assert set(story.desk.saved) == {0, 1}
    for saved in story.desk.saved.values():
        assert saved.dialog
        assert saved.answered
        assert saved.ended
        assert saved.quality
    assert (story.desk.saved[1].agent, story.desk.saved[1].offer) == (7, 1)


def test_no_story_begins_before_a_caller_does() -> None:
    story = Story()
    story.hear(ports.NodeLost(), ports.OfferOpened(1, 1, (), 5), ports.LegEnded(3, 200, True))
    assert story.call.phase is Phase.IDLE
    assert not story.desk.wishes
