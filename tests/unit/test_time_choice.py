"""A caller chooses by keys when to be called back, in line and in a flow. Without SIP and without a database."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony import ports, records, wishes
from telephony.conversation import Phase
from telephony.guide import ANSWER_SECONDS
from telephony.ports import CALLER
from telephony.timechoice import KEY_SECONDS, LOOK_SECONDS, TRIES, WORDS_SECONDS
from tests.unit.story import Story

TERMS = records.CallbackTerms(
    "1", 0, offer=("offer",), menu=("menu",), enter=("enter",), sorry=("sorry",), when=("when",), invalid=("invalid",)
)
NUMBER = "+493012345678"
TIMES = records.CallbackTimes(("three", "four", "more"), ("15:00", "16:00"), "17:00", "tomorrow")
NONE_FREE = records.CallbackTimes(("none",))
FLOW: dict[str, Any] = {
    "ask": {"kind": "callback", "queue": "support", "say": "Good-bye", "exits": {"failed": "sorry"}},
    "sorry": {"kind": "hang_up", "say": "Sorry"},
}


@pytest.fixture
def story() -> Story:
    return in_line()


def in_line() -> Story:
    """The number is said to be right."""
    story = Story(callback=TERMS).waits()
    story.types("11")
    story.hear(records.CallbackChecked(NUMBER, ("we call", "confirm")))
    story.types("1")
    return story


def in_flow() -> Story:
    story = Story().guided(FLOW)
    story.hear(records.CallbackWhen(("when",), ("invalid",)))
    return story


def requests(story: Story) -> list[tuple[Any, ...]]:
    return story.desk.named("request_callback")


def noted(story: Story) -> list[dict[str, Any]]:
    """What was asked for once the caller had decided."""
    return [wanted for (wanted,) in story.desk.named("note_callback") if wanted.get("decided")]


def look(story: Story, times: records.CallbackTimes = TIMES) -> None:
    story.types("2")
    story.hear(times)


# ---- in line ----------------------------------------------------------------------------------------------------
def test_when_is_asked_once_the_number_is_right(story: Story) -> None:
    assert story.phone.prompts[-1] == ["when"]
    assert requests(story) == []


def test_one_as_soon_as_it_is_the_own_turn(story: Story) -> None:
    story.types("1")
    assert requests(story) == [(NUMBER,)]


def test_two_reads_out_what_is_free_and_a_key_chooses(story: Story) -> None:
    story.types("2")
    assert story.desk.named("callback_times") == [("",)]
    story.hear(TIMES)
    assert story.phone.prompts[-1] == ["three", "four", "more"]
    story.types("2")
    assert requests(story) == [(NUMBER, "16:00")]
    story.hear(records.Farewell(("agreed",), "callback"))
    story.hear(ports.PromptEnded(CALLER, "agreed"))
    assert story.hung_up() == [("system", "callback")]


@pytest.mark.parametrize(("key", "since"), [("8", "17:00"), ("9", "tomorrow")])
def test_more_times_and_other_days_are_asked_for_by_where_they_begin(story: Story, key: str, since: str) -> None:
    look(story)
    story.types(key)
    assert story.desk.named("callback_times") == [("",), (since,)]


def test_zero_repeats_and_star_goes_back_one_step_at_a_time(story: Story) -> None:
    look(story)
    story.types("0")
    assert story.phone.prompts[-2:] == [["three", "four", "more"]] * 2
    story.types("*")
    assert story.phone.prompts[-1] == ["when"]
    story.types("*")
    assert not story.call.offer.busy
    assert (story.call.phase, story.hears(CALLER), requests(story)) == (Phase.WAITING, "music.wav", [])


def test_a_key_that_means_nothing_is_said_so_and_the_menu_comes_again(story: Story) -> None:
    look(story)
    story.types("7")
    assert story.phone.prompts[-1] == ["invalid", "three", "four", "more"]


@pytest.mark.parametrize("last_page", [TIMES, records.CallbackTimes(("three",), ("15:00",))])
def test_keys_for_more_mean_nothing_when_there_is_no_more(story: Story, last_page: records.CallbackTimes) -> None:
    look(story, last_page)
    story.types("8")
    assert (len(story.desk.named("callback_times")) == 2) == bool(last_page.later)


def test_wrong_keys_end_in_as_soon_as_possible(story: Story) -> None:
    look(story)
    story.types("7" * TRIES)
    assert requests(story) == [(NUMBER,)]


def test_silence_ends_in_as_soon_as_possible_and_time_counts_from_the_last_word(story: Story) -> None:
    for _ in range(TRIES):
        assert requests(story) == []
        story.wait(KEY_SECONDS)
        story.heard_out()
        story.wait(KEY_SECONDS)
    assert requests(story) == [(NUMBER,)]
    assert story.call.deadline() is None


def test_words_whose_end_is_never_heard_of_strand_nobody(story: Story) -> None:
    for _ in range(TRIES):
        story.wait(WORDS_SECONDS)
    assert requests(story) == [(NUMBER,)]


def test_records_that_do_not_say_what_is_free_end_in_as_soon_as_possible(story: Story) -> None:
    story.types("2")
    story.wait(LOOK_SECONDS)
    assert requests(story) == [(NUMBER,)]
    story.hear(TIMES)
    assert story.phone.prompts[-1] == ["when"], "too late to choose"


def test_when_nothing_is_free_it_is_said_and_asked_again(story: Story) -> None:
    look(story, NONE_FREE)
    assert story.phone.prompts[-1] == ["none", "when"]
    story.types("1")
    assert requests(story) == [(NUMBER,)]


def test_a_time_that_was_taken_meanwhile_gives_way_to_others(story: Story) -> None:
    look(story)
    story.types("1")
    story.hear(records.CallbackTimes(("taken", "four"), ("16:00",)))
    assert story.phone.prompts[-1] == ["taken", "four"]
    story.types("1")
    assert requests(story) == [(NUMBER, "15:00"), (NUMBER, "16:00")]


@pytest.mark.parametrize("keys", ["", "2"])
def test_who_hangs_up_while_choosing_is_called_back_as_soon_as_possible(story: Story, keys: str) -> None:
    story.types(keys)
    story.ends(CALLER)
    assert requests(story) == [(NUMBER,)]
    wanted = [wish[0] for wish in story.desk.wishes]
    assert wanted.index("request_callback") < wanted.index("hang_up")


def test_who_hangs_up_before_the_number_is_right_is_owed_nothing() -> None:
    story = Story(callback=TERMS).waits()
    story.types("11")
    story.hear(records.CallbackChecked(NUMBER, ("we call",)))
    story.ends(CALLER)
    assert requests(story) == []


def test_an_agent_who_answers_comes_first(story: Story) -> None:
    look(story)
    (leg,) = story.offered()
    story.answers(leg)
    story.hear(records.Accepted(1, won=True))
    story.types("1")
    assert (story.hears(CALLER), requests(story)) == (str(leg), [])


def test_nothing_is_announced_while_a_caller_chooses() -> None:
    story = Story(callback=TERMS, announcements=(records.Scheduled(7, 30, 30),)).waits()
    story.types("11")
    story.hear(records.CallbackChecked(NUMBER, ("we call",)))
    story.types("1")
    story.wait(40)
    assert story.desk.named("announce") == []


# ---- in a flow ------------------------------------------------------------------------------------------------------
def test_in_a_flow_the_chosen_time_is_said_and_the_flow_goes_on() -> None:
    story = in_flow()
    assert story.said()[-1] == "when"
    look(story)
    story.types("1")
    assert [(wanted["at"], wanted["queue"]) for wanted in noted(story)] == [("15:00", "support")]
    story.hear(records.CallbackNoted(True, ("agreed",)))
    assert story.said()[-1] == "agreed"
    story.hear(ports.PromptEnded(CALLER, "agreed"))
    assert story.said()[-1] == "Good-bye"


def test_in_a_flow_as_soon_as_possible_needs_no_word_of_its_own() -> None:
    story = in_flow()
    story.types("1")
    assert [wanted["at"] for wanted in noted(story)] == [""]
    story.hear(records.CallbackNoted(True))
    assert story.said()[-1] == "Good-bye"


def test_in_a_flow_a_caller_may_take_longer_than_the_records() -> None:
    story = in_flow()
    story.wait(ANSWER_SECONDS * 3)
    assert (story.call.phase, story.said()[-1]) == (Phase.GUIDED, "when")
    look(story)
    story.types("1")
    story.wait(ANSWER_SECONDS)
    assert story.said()[-1] == "Sorry", "the records are away: the flow goes on"


def test_in_a_flow_a_time_that_was_taken_gives_way_to_others() -> None:
    story = in_flow()
    look(story)
    story.types("1")
    story.hear(records.CallbackTimes(("taken", "four"), ("16:00",)))
    story.types("1")
    assert [wanted["at"] for wanted in noted(story)] == ["15:00", "16:00"]


def test_in_a_flow_star_at_the_first_question_asks_again() -> None:
    story = in_flow()
    story.types("*")
    assert story.said()[-2:] == ["when", "when"]


def test_in_a_flow_who_hangs_up_while_choosing_is_called_back() -> None:
    story = in_flow()
    look(story)
    story.ends(CALLER)
    assert [wanted["at"] for wanted in noted(story)] == [""]


# ---- whatever is pressed ----------------------------------------------------------------------------------------------
@given(st.lists(st.sampled_from([*"0123456789*#", "wait", "times", "none", "end"]), max_size=25), st.booleans())
def test_whatever_happens_a_caller_chooses_at_most_once_and_is_never_left_without_an_end(happens: list[str], flow: bool) -> None:
    story = in_flow() if flow else in_line()
    for what in happens:
        if what == "wait":
            story.wait(KEY_SECONDS)
        elif what in ("times", "none"):
            if story.desk.named("callback_times"):
                story.hear(TIMES if what == "times" else NONE_FREE)
        elif what == "end":
            story.heard_out()
        else:
            story.types(what)
        if noted(story) or requests(story) or (not flow and not story.call.offer.busy):
            break
    decided = len(noted(story)) + len(requests(story))
    choice = story.call.time if flow else story.call.offer.time
    assert decided <= 1
    for _ in range(TRIES * 2):
        if choice.deadline is not None:
            story.wait(WORDS_SECONDS)
    waits_on = not flow and not story.call.offer.busy
    assert waits_on or len(noted(story)) + len(requests(story)) == 1


def test_what_is_free_goes_through_the_clerks_socket_unchanged() -> None:
    for fact in (TIMES, records.CallbackWhen(("when",), ("invalid",)), records.CallbackNoted(True, ("agreed",))):
        assert wishes.fact(json.loads(wishes.answer(fact))) == fact
    profile = records.QueueProfile("answer", ("music.wav",), callback=TERMS)
    assert wishes.fact(json.loads(wishes.answer(records.Routed(profile)))) == records.Routed(profile)
