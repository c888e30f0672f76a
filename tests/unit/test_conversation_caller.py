"""What the caller hears from the ring to the way out, whoever answers and whoever does not."""

from __future__ import annotations

import pytest

from telephony import ports, records
from telephony.conversation import ARRIVAL_SECONDS, LAST_WORDS_SECONDS
from telephony.ports import CALLER
from tests.unit.story import Story


# ---- arrival and what the caller hears -------------------------------------------------------------------------
def test_answer_mode_answers_at_once_and_plays_music() -> None:
    story = Story("answer").waits()
    assert story.phone.legs[CALLER].state == "answered"
    assert story.hears(CALLER) == "music.wav"


def test_ringback_mode_sends_180_and_nothing_else_before_an_agent_answers() -> None:
    story = Story("ringback").waits(("greeting",))
    assert story.phone.legs[CALLER].ringback
    assert story.phone.legs[CALLER].state == "ringing"
    assert not story.phone.prompts


def test_early_media_mode_plays_music_without_answering() -> None:
    story = Story("early-media").waits(("greeting",))
    assert story.phone.early_media
    assert story.phone.legs[CALLER].state == "ringing"
    assert story.hears(CALLER) == "music.wav"
    assert story.phone.prompts == [["greeting"]]


@pytest.mark.parametrize("mode", ["ringback", "early-media"])
def test_the_caller_is_answered_when_the_agent_answers(mode: str) -> None:
    story = Story(mode).waits()
    (leg,) = story.offered()
    story.answers(leg)
    assert story.phone.legs[CALLER].state == "answered"
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "0")


def test_the_greeting_waits_for_the_ack_of_our_answer() -> None:
    story = Story("answer").arrives()
    story.hear(records.Routed(story.profile), records.Placed(("greeting", "position")))
    assert not story.phone.prompts
    story.acknowledges()
    assert story.phone.prompts == [["greeting", "position"]]


def test_direct_delivery_lets_the_caller_hear_ringing_only() -> None:
    story = Story("answer", deliver_directly=True).arrives()
    story.offered()  # overtakes the news that the call is placed
    story.hear(records.Routed(story.profile), records.Placed((), offered=True))
    (leg,) = story.phone.open_legs - {CALLER}
    assert story.phone.legs[CALLER].ringback
    assert story.phone.legs[CALLER].state == "ringing"
    story.answers(leg)
    assert story.hears(leg) == "0"


def test_direct_delivery_without_a_free_agent_welcomes_as_usual() -> None:
    story = Story("answer", deliver_directly=True).waits(("greeting",))
    story.acknowledges()
    assert story.hears(CALLER) == "music.wav"
    assert story.phone.prompts == [["greeting"]]


def test_direct_delivery_welcomes_when_the_agent_does_not_take_it() -> None:
    story = Story("answer", deliver_directly=True).waits(offered=True)
    (leg,) = story.offered()
    story.ends(leg, 486)
    story.acknowledges()
    assert story.hears(CALLER) == "music.wav"


def test_direct_delivery_welcomes_when_the_agent_refused_before_we_knew_of_the_place() -> None:
    story = Story("answer", deliver_directly=True).arrives()
    story.hear(records.Routed(story.profile))
    (leg,) = story.offered()
    story.ends(leg, 486)
    story.hear(records.Placed((), offered=True))
    story.acknowledges()
    assert story.hears(CALLER) == "music.wav"


def test_an_unknown_number_gets_404() -> None:
    story = Story().arrives()
    story.hear(records.Unrouted(404, "unknown number"))
    assert story.phone.refused == 404
    story.confirms_all()
    assert story.call.over


def test_a_caller_whom_the_records_cannot_place_gets_503() -> None:
    story = Story().arrives()
    story.wait(ARRIVAL_SECONDS - 0.1)
    assert story.phone.refused is None
    story.wait(0.2)
    assert story.phone.refused == 503


EVERY_30 = (records.Scheduled(7, 30, 30),)


def test_announcements_are_asked_for_again_and_again_while_waiting() -> None:
    story = Story("answer", announcements=EVERY_30).waits()
    for _ in range(3):
        story.wait(30)
        story.hear(records.Announced(("message",)), ports.PromptEnded(CALLER, "message"))
    assert story.desk.named("announce") == [((7,),)] * 3
    assert story.phone.prompts == [["message"]] * 3


def test_what_is_due_in_one_moment_is_asked_for_together_in_the_order_of_the_queue() -> None:
    story = Story("answer", announcements=(records.Scheduled(2, 20, 20), records.Scheduled(1, 20), records.Scheduled(3, 50))).waits()
    story.wait(20)
    story.wait(20)
    assert story.desk.named("announce") == [((2, 1),), ((2,),)]


def test_an_announcement_waits_for_the_end_of_the_one_before() -> None:
    story = Story("answer", announcements=EVERY_30).waits(("long greeting",))
    story.wait(40)
    assert not story.desk.named("announce")
    assert story.call.deadline() is None
    story.hear(ports.PromptEnded(CALLER, "long greeting"))
    assert story.desk.named("announce") == [((7,),)]
    assert story.call.deadline() == 100 + 60, "the rhythm is kept"


def test_who_was_rung_and_came_back_hears_a_word_but_not_each_time_within_its_distance() -> None:
    story = Story("answer", announcements=(records.Scheduled(9, 0, 20, after_offer=True),)).waits()
    for offer in (1, 2):
        (leg,) = story.offered(offer)
        story.ends(leg, 486)
    assert story.desk.named("announce") == [((9,),)]
    story.wait(20)
    (leg,) = story.offered(3)
    story.ends(leg, 486)
    assert story.desk.named("announce") == [((9,),)] * 2


def test_an_answer_to_a_question_asked_before_the_agent_answered_is_not_said() -> None:
    story = Story("answer", announcements=EVERY_30).waits()
    story.wait(30)
    (leg,) = story.offered()
    story.answers(leg)
    story.hear(records.Announced(("message",)))
    assert not story.phone.prompts
    story.wait(60)
    assert len(story.desk.named("announce")) == 1


def test_another_queue_cuts_the_words_of_the_one_before() -> None:
    story = Story("answer", announcements=EVERY_30).waits(("long greeting",))
    other = records.QueueProfile("answer", ("other.wav",), announcements=(records.Scheduled(8, 15),))
    story.hear(records.Moved(other, ("welcome",)))
    assert story.phone.prompts == [["long greeting"], ["welcome"]]
    story.hear(ports.PromptEnded(CALLER, "welcome"))
    story.wait(15)
    assert story.desk.named("announce") == [((8,),)]


def test_another_queue_has_other_music() -> None:
    story = Story().waits()
    story.hear(ports.CallMoved())
    assert story.desk.named("moved")
    story.hear(records.Moved(records.QueueProfile("answer", ("other.wav",)), ("greeting",)))
    assert story.hears(CALLER) == "other.wav"
    assert story.phone.prompts == [["greeting"]]


# ---- the way out -------------------------------------------------------------------------------------------------
def test_the_farewell_is_said_to_its_end_before_the_line_closes() -> None:
    story = Story().waits()
    story.hear(ports.FarewellDue(), records.Farewell(("sorry",), "fallback"))
    assert story.phone.prompts == [["sorry"]]
    assert not story.is_closing(CALLER)
    story.hear(ports.PromptEnded(CALLER, "sorry"))
    assert story.is_closing(CALLER)
    assert story.hung_up() == [("system", "fallback")]


@pytest.mark.parametrize("mode", ["ringback", "early-media"])
def test_an_unanswered_caller_hears_the_farewell_as_early_media_and_then_480(mode: str) -> None:
    story = Story(mode).waits()
    story.hear(records.Farewell(("sorry",), "fallback"))
    assert story.phone.early_media
    assert story.phone.prompts == [["sorry"]]
    story.hear(ports.PromptEnded(CALLER, "sorry"))
    assert story.phone.refused == 480


def test_a_queue_without_last_words_closes_the_line_at_once() -> None:
    story = Story().waits()
    story.hear(records.Farewell((), "fallback"))
    assert story.is_closing(CALLER)


def test_a_caller_refused_at_entry_hears_why_nobody_comes() -> None:
    story = Story("answer").arrives()
    story.hear(records.Routed(story.profile))
    story.acknowledges()
    story.hear(records.Farewell(("full",), "full"))
    assert story.phone.prompts == [["full"]]


def test_an_announcement_that_ends_late_does_not_cut_the_farewell() -> None:
    story = Story().waits(("greeting",))
    story.hear(records.Farewell(("sorry",), "fallback"), ports.PromptEnded(CALLER, "greeting"))
    assert not story.is_closing(CALLER)


def test_a_farewell_that_cannot_be_played_does_not_keep_the_line() -> None:
    story = Story().waits()
    story.hear(records.Farewell(("missing.wav",), "fallback"))
    story.wait(LAST_WORDS_SECONDS)
    assert story.is_closing(CALLER)


@pytest.mark.parametrize("mode", ["answer", "early-media"])
def test_music_that_cannot_be_played_does_not_cost_the_call(mode: str) -> None:
    story = Story(mode)
    story.phone.unreadable = "music.wav"
    leg = story.talks()
    story.hear(ports.LegHeld(leg, True), ports.LegHeld(leg, False))
    assert story.hears(CALLER) == str(leg)


def test_the_caller_may_hang_up_during_the_farewell() -> None:
    story = Story().waits()
    story.hear(records.Farewell(("sorry",), "fallback"))
    story.ends(CALLER)
    assert story.hung_up() == [("caller", "hung up")]
    assert story.call.over
