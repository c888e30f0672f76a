"""A waiting caller presses keys to be called back. Without SIP and without a database."""

from __future__ import annotations

import pytest

from telephony import ports, records
from telephony.callbackoffer import DIGIT_SECONDS, MENU_SECONDS, MOST_DIGITS, Step
from telephony.conversation import Phase
from telephony.ports import CALLER
from tests.unit.story import Story

TERMS = records.CallbackTerms("1", 0, offer=("offer",), menu=("menu",), enter=("enter",), sorry=("sorry",))
NUMBER = "+493012345678"
READ_BACK = ("we call", "4", "9", "confirm")


@pytest.fixture
def story() -> Story:
    return Story(callback=TERMS).waits()


def press(story: Story, keys: str) -> None:
    for key in keys:
        story.hear(ports.DigitPressed(CALLER, key, "rfc4733"))


def confirm(story: Story, keys: str = "11") -> None:
    """Up to the question whether the number is right."""
    press(story, keys)
    story.hear(records.CallbackChecked(NUMBER, READ_BACK))


def test_one_at_the_number_the_caller_calls_from(story: Story) -> None:
    press(story, "1")
    assert story.phone.prompts[-1] == ["menu"]
    press(story, "1")
    assert story.desk.named("check_callback") == [("",)]
    story.hear(records.CallbackChecked(NUMBER, READ_BACK))
    assert story.phone.prompts[-1] == list(READ_BACK)
    press(story, "1")
    assert story.desk.named("request_callback") == [(NUMBER,)]
    story.hear(records.Farewell(("promise",), "callback"))
    assert story.call.phase is Phase.LEAVING
    story.hear(ports.PromptEnded(CALLER, "promise"))
    assert story.hung_up() == [("system", "callback")]


def test_two_another_number_ended_by_hash(story: Story) -> None:
    press(story, "12")
    assert story.phone.prompts[-1] == ["enter"]
    press(story, "03012345678#")
    assert story.desk.named("check_callback") == [("03012345678",)]


def test_the_first_digit_stops_the_words_and_music_goes_on(story: Story) -> None:
    press(story, "120")
    assert story.hears(CALLER) == "music.wav"


def test_star_begins_the_number_again(story: Story) -> None:
    press(story, "12999*030#")
    assert story.desk.named("check_callback") == [("030",)]


def test_a_number_ends_by_itself_when_nothing_more_is_pressed(story: Story) -> None:
    press(story, "12030")
    assert story.call.deadline() == story.time + DIGIT_SECONDS
    story.wait(DIGIT_SECONDS)
    assert story.desk.named("check_callback") == [("030",)]


def test_more_digits_than_a_number_has_are_left_out(story: Story) -> None:
    press(story, "12" + "7" * 40 + "#")
    assert story.desk.named("check_callback") == [("7" * MOST_DIGITS,)]


def test_hash_without_a_number_asks_nothing(story: Story) -> None:
    press(story, "12#")
    assert story.desk.named("check_callback") == []


def test_a_number_that_cannot_be_called_is_said_and_another_may_be_given(story: Story) -> None:
    press(story, "11")
    story.hear(records.CallbackChecked(""))
    assert story.phone.prompts[-1] == ["sorry", "menu"]
    press(story, "2")
    assert story.phone.prompts[-1] == ["enter"]


def test_two_at_the_end_corrects_the_number(story: Story) -> None:
    confirm(story)
    press(story, "2")
    assert (story.call.offer.step, story.phone.prompts[-1]) == (Step.ENTERING, ["enter"])


@pytest.mark.parametrize("keys", ["1*", "11*"])
def test_star_goes_back_to_waiting(story: Story, keys: str) -> None:
    if len(keys) > 2:
        confirm(story)
    press(story, "1*" if len(keys) == 2 else "*")
    assert not story.call.offer.busy
    assert story.hears(CALLER) == "music.wav"
    assert story.desk.named("request_callback") == []


def test_who_presses_nothing_more_simply_waits_on(story: Story) -> None:
    press(story, "1")
    story.wait(MENU_SECONDS)
    assert not story.call.offer.busy
    assert story.call.phase is Phase.WAITING


def test_an_agent_who_answers_comes_first(story: Story) -> None:
    confirm(story)
    (leg,) = story.offered()
    story.answers(leg)
    press(story, "1")
    assert story.desk.named("request_callback") == []
    story.hear(records.Accepted(1, won=True))
    assert story.hears(CALLER) == str(leg)


def test_a_denial_leaves_the_caller_in_line(story: Story) -> None:
    confirm(story)
    press(story, "1")
    story.hear(records.CallbackDenied())
    assert story.call.phase is Phase.WAITING
    assert story.phone.prompts[-1] == ["sorry"]


def test_keys_mean_nothing_while_the_records_are_asked(story: Story) -> None:
    press(story, "11")
    press(story, "1")
    assert story.desk.named("check_callback") == [("",)]
    confirm(story, "")
    press(story, "11")
    assert len(story.desk.named("request_callback")) == 1


def test_announcements_wait_until_the_caller_has_chosen() -> None:
    story = Story(callback=TERMS, announcements=(records.Scheduled(7, 30, 30),)).waits()
    story.wait(10)
    press(story, "12")
    story.wait(20)
    assert story.desk.named("announce") == []
    story.hear(records.Announced(("comfort",)))
    assert ["comfort"] not in story.phone.prompts


def test_it_is_offered_once_after_a_time() -> None:
    story = Story(callback=records.CallbackTerms("1", 40, offer=("offer",), menu=("menu",))).waits()
    assert story.call.deadline() == story.time + 40
    story.wait(40)
    assert story.phone.prompts == [["offer"]]
    story.wait(400)
    assert story.phone.prompts == [["offer"]]


def test_without_the_offer_keys_mean_nothing() -> None:
    story = Story().waits()
    press(story, "11")
    assert story.phone.prompts == []


def test_who_hears_only_ringing_is_offered_nothing() -> None:
    story = Story("ringback", callback=TERMS).waits()
    press(story, "1")
    assert story.phone.prompts == []


def test_in_another_queue_its_own_key_counts(story: Story) -> None:
    press(story, "1")
    moved = records.QueueProfile("answer", ("music.wav",), callback=records.CallbackTerms("5", 0, menu=("other menu",)))
    story.hear(records.Moved(moved))
    press(story, "1")
    assert not story.call.offer.busy
    press(story, "5")
    assert story.phone.prompts[-1] == ["other menu"]


def test_terms_go_through_the_clerks_socket_unchanged() -> None:
    import json

    from telephony import wishes

    profile = records.QueueProfile("answer", ("music.wav",), callback=TERMS)
    assert wishes.fact(json.loads(wishes.answer(records.Routed(profile)))) == records.Routed(profile)
    assert wishes.fact(json.loads(wishes.answer(records.CallbackChecked(NUMBER, READ_BACK)))) == records.CallbackChecked(NUMBER, READ_BACK)
