"""A caller is led through a flow: what is said, which keys count, and how every end is written."""

from __future__ import annotations

from typing import Any

import pytest

from telephony import ports, records
from telephony.conversation import Phase
from telephony.ports import CALLER
from tests.unit.story import Story

MENU: dict[str, Any] = {
    "menu": {"kind": "menu", "say": "Menu", "timeout": 4, "attempts": 2, "exits": {"1": "support", "2": "deep", "no_input": "bye"}},
    "deep": {"kind": "menu", "say": "Deep", "exits": {"3": "sales"}},
    "support": {"kind": "queue", "queue": "support"},
    "sales": {"kind": "queue", "queue": "sales", "priority": "4"},
    "bye": {"kind": "hang_up", "say": "Bye"},
}


def visits(story: Story) -> list[tuple[str, str]]:
    return [(visit.step, visit.exit) for (visit,) in story.desk.named("flow_visited")]


def ended(story: Story) -> records.FlowRunEnded:
    ((found,),) = story.desk.named("flow_ended")
    assert isinstance(found, records.FlowRunEnded)
    return found


def queued(story: Story) -> str:
    ((target,),) = story.desk.named("enqueue")
    return str(target["queue"])


def test_the_flow_begins_when_the_caller_hears_us() -> None:
    story = Story().guided(MENU, audible=False)
    assert story.said() == []
    story.acknowledges()
    assert story.said() == ["Menu"]


def test_a_key_while_the_menu_is_said_ends_it_and_leads_on() -> None:
    story = Story().guided(MENU)
    story.types("1")
    assert story.desk.named("enqueue") == [({"queue": "support", "priority": 0, "skills": {}, "to": "queue", "collected": {}},)]
    assert visits(story) == [("menu", "1"), ("support", "handed")]
    assert (ended(story).outcome, ended(story).led_to, ended(story).target, ended(story).last_step) == (
        "completed", "queue", "support", "support",
    )  # fmt: skip


def test_who_knows_the_way_types_ahead_and_hears_nothing_of_it() -> None:
    story = Story().guided(MENU)
    story.types("23")
    assert queued(story) == "sales"
    assert story.desk.named("enqueue")[0][0]["priority"] == 4


def test_keys_before_the_flow_is_heard_count_too() -> None:
    story = Story().guided({"hello": {"kind": "play", "say": "Hello", "barge_in": True, "exits": {"next": "menu"}}, **MENU})
    story.types("23")
    assert (story.said(), queued(story)) == (["Hello", "Deep"], "sales")


def test_what_must_be_heard_is_heard_and_keys_in_it_mean_nothing() -> None:
    story = Story().guided({"law": {"kind": "play", "say": "Recorded", "exits": {"next": "menu"}}, **MENU})
    story.types("1")
    assert story.said() == ["Recorded"]
    story.heard_out()
    assert story.said() == ["Recorded", "Menu"]
    assert story.call.phase is Phase.GUIDED


def test_silence_is_counted_from_the_end_of_what_is_said() -> None:
    story = Story().guided(MENU)
    story.wait(60)
    assert story.said() == ["Menu"]
    story.heard_out()
    assert story.call.deadline() == story.time + 4
    story.wait(4)
    assert story.said() == ["Menu", "Menu"]
    story.heard_out()
    story.wait(4)
    assert story.said() == ["Menu", "Menu", "Bye"]
    story.heard_out()
    assert story.call.phase is Phase.OVER
    assert story.desk.named("hang_up") == [("system", "served by the flow")]
    assert (ended(story).outcome, ended(story).led_to) == ("completed", "hang_up")


COLLECT: dict[str, Any] = {
    "ask": {"kind": "collect", "say": "Number", "variable": "pin", "least": 2, "most": 4, "secret": True, "exits": {"next": "tell"}},
    "tell": {"kind": "play", "say": "Got {{size(vars.pin)}} digits", "exits": {"next": "support"}},
    "support": {"kind": "queue", "queue": "support"},
}


@pytest.mark.parametrize("keys", ["1234", "12#", "123"])
def test_digits_end_by_number_by_the_terminator_or_by_time(keys: str) -> None:
    story = Story().guided(COLLECT)
    story.types(keys)
    if keys == "123":
        story.wait(2.9)
        assert story.desk.named("ask") == []
        story.wait(0.1)
    ((number, what, data),) = story.desk.named("ask")
    assert (what, data) == ("speak", {"texts": [[f"Got {len(keys.strip('#'))} digits", "en"]]})
    story.hear(records.Told(number, {f"en\0\0Got {len(keys.strip('#'))} digits": ["spoken.wav"]}))
    assert story.said()[-1] == "spoken"
    story.heard_out()
    assert queued(story) == "support"
    assert story.desk.named("enqueue")[0][0]["collected"] == {}, "what is secret goes nowhere"
    assert ended(story).variables == {}


def test_a_text_that_cannot_be_spoken_in_time_is_left_out() -> None:
    story = Story().guided(COLLECT)
    story.types("12#")
    story.wait(5)
    assert queued(story) == "support"


BRANCH: dict[str, Any] = {
    "rules": {
        "kind": "branch",
        "cases": [{"name": "full", "when": "queues.support.waiting > 3"}],
        "exits": {"full": "sales", "else": "support"},
    },
    **{name: MENU[name] for name in ("support", "sales")},
}


@pytest.mark.parametrize(("waiting", "queue"), [(4, "sales"), (3, "support"), (None, "support")])
def test_a_rule_asks_the_records_and_does_not_wait_for_them_for_ever(waiting: int | None, queue: str) -> None:
    story = Story().guided(BRANCH)
    ((number, what, data),) = story.desk.named("ask")
    assert (what, data) == ("queues", {"slugs": ["support"]})
    if waiting is None:
        story.wait(5)
    else:
        story.hear(records.Told(number - 1, {"support": {"waiting": 99}}), records.Told(number, {"support": {"waiting": waiting}}))
    assert queued(story) == queue


WEB: dict[str, Any] = {
    "ask": {"kind": "web", "url": "https://crm.example.org/", "timeout": 2, "retries": 1, "say": "One moment",
            "variables": {"name": "response.name"}, "exits": {"next": "support", "failed": "bye"}},
    "support": MENU["support"], "bye": MENU["bye"],
}  # fmt: skip


def test_a_web_service_that_hangs_costs_its_own_time_and_takes_its_own_way() -> None:
    story = Story().guided(WEB)
    assert story.said() == ["One moment"]
    assert story.call.deadline() == story.time + 5
    story.wait(5)
    assert story.said() == ["One moment", "Bye"]


def test_what_a_web_service_answered_is_known_to_the_agent() -> None:
    story = Story().guided(WEB)
    story.hear(records.Told(1, {"response": {"name": "Ann"}}))
    assert story.desk.named("enqueue")[0][0]["collected"] == {"name": "Ann"}


def test_a_caller_who_hangs_up_in_a_menu_abandons_it_there() -> None:
    story = Story().guided(MENU)
    story.types("2")
    story.ends(CALLER)
    assert visits(story) == [("menu", "2"), ("deep", "")]
    assert (ended(story).outcome, ended(story).last_step) == ("abandoned", "deep")
    assert story.desk.named("hang_up") == [("caller", "hung up")]


def test_a_file_that_cannot_be_played_does_not_stop_the_flow() -> None:
    story = Story().guided(MENU)
    story.types("2")
    assert story.said() == ["Menu", "Deep"]
    silent = Story()
    silent.phone.unreadable = "Menu.wav"
    silent.guided(MENU)
    silent.types("1")
    assert queued(silent) == "support"


def test_hundreds_of_steps_without_a_sound_are_no_deep_recursion() -> None:
    steps: dict[str, Any] = {f"s{n}": {"kind": "play", "say": "Gone", "exits": {"next": f"s{n + 1}"}} for n in range(450)}
    story = Story()
    story.phone.unreadable = "Gone.wav"
    story.guided({**steps, "s450": MENU["support"]})
    assert queued(story) == "support"


def test_a_flow_leads_into_another_with_all_that_it_knows() -> None:
    story = Story().guided({
        "set": {"kind": "set", "priority": "6", "language": "de", "variables": {"tier": "'gold'"}, "exits": {"next": "night"}},
        "night": {"kind": "flow", "flow": "night"},
    })  # fmt: skip
    ((number, what, data),) = story.desk.named("ask")
    assert (what, data) == ("flow", {"flow": "night"})
    other = {"start": "q", "steps": {"q": {"kind": "queue", "queue": "night"}}, "fallback_queue": "general"}
    story.hear(records.Told(number, {"version": 8, "document": other, "caller": {}, "dialled": "1000", "sounds": {}}))
    ((target,),) = story.desk.named("enqueue")
    assert (target["queue"], target["priority"], target["collected"]) == ("night", 6, {"tier": "gold"})
    assert story.desk.named("flow_begun") == [(8,)]
    assert [run.led_to for (run,) in story.desk.named("flow_ended")] == ["flow", "queue"]


@pytest.mark.parametrize("answer", [None, {}, "late"])
def test_a_flow_that_is_not_there_leads_to_the_fallback_queue(answer: Any) -> None:
    story = Story().guided({"night": {"kind": "flow", "flow": "night"}})
    if answer == "late":
        story.wait(5)
    else:
        story.hear(records.Told(1, answer))
    assert (queued(story), ended(story).outcome) == ("general", "fallback")


def test_a_document_that_cannot_be_read_leads_to_its_fallback_queue() -> None:
    story = Story().arrives()
    start = records.FlowStart(7, {"steps": 5, "fallback_queue": "general"}, {}, "1000", {})
    story.hear(records.Routed(story.profile, start))
    story.acknowledges()
    assert queued(story) == "general"


def test_an_agent_rings_for_a_caller_who_came_through_a_flow_with_music_meanwhile() -> None:
    story = Story().guided(MENU)
    story.types("1")
    (leg,) = story.offered()
    story.hear(records.Moved(story.profile, ("greeting.wav",)))
    assert story.hears(CALLER) == "music.wav"
    story.answers(leg)
    assert story.hears(CALLER) == str(leg)


def test_digits_in_a_talk_are_nobodys() -> None:
    story = Story().guided(MENU)
    story.types("1")
    (leg,) = story.offered()
    story.answers(leg)
    before = len(story.desk.wishes)
    story.types("123")
    assert len(story.desk.wishes) == before


def test_a_refused_entry_is_told_to_a_caller_in_a_flow() -> None:
    story = Story().guided(MENU)
    story.types("1")
    story.hear(records.Farewell(("sorry.wav",), "full"))
    story.hear(ports.PromptEnded(CALLER, "sorry.wav"))
    assert story.call.phase is Phase.OVER


CALLBACK: dict[str, Any] = {
    "ask": {"kind": "callback", "queue": "support", "say": "We will call you", "exits": {"failed": "sorry"}},
    "sorry": {"kind": "hang_up", "say": "Sorry"},
}


def test_a_callback_is_taken_down_and_the_caller_hears_so() -> None:
    story = Story().guided(CALLBACK)
    [(wanted,)] = story.desk.named("note_callback")
    assert wanted["queue"] == "support"
    story.hear(records.CallbackNoted(done=True))
    assert story.said()[-1] == "We will call you"


def test_a_callback_that_cannot_be_goes_the_way_of_the_failed() -> None:
    story = Story().guided(CALLBACK)
    story.hear(records.CallbackNoted(done=False))
    assert story.said()[-1] == "Sorry"


OUTSIDE: dict[str, Any] = {
    "out": {"kind": "transfer", "number": "+4930{{dialled}}", "ring_seconds": 30, "exits": {"failed": "support"}},
    "support": {"kind": "queue", "queue": "support"},
}


def put_through(story: Story, answer: Any = None) -> int:
    ((number, what, data),) = story.desk.named("ask")
    assert (what, data["number"]) == ("external", "+49301000")
    before = set(story.phone.legs)
    story.hear(records.Told(number, answer or {"uri": "sip:leave@edge", "ringing": "ringing.wav"}))
    return min(set(story.phone.legs) - before, default=-1)


def test_a_caller_is_put_through_to_a_number_outside() -> None:
    story = Story().guided(OUTSIDE)
    leg = put_through(story)
    assert (story.hears(CALLER), story.phone.legs[leg].uri) == ("ringing.wav", "sip:leave@edge")
    story.hear(ports.LegRinging(leg))
    story.answers(leg)
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "0")
    assert story.desk.named("put_through") == [()]
    assert (ended(story).outcome, ended(story).led_to) == ("completed", "external")
    story.ends(leg)
    assert story.desk.named("hang_up") == [("outside", "hung up")]
    assert story.is_closing(CALLER)


def test_a_caller_who_is_put_through_hears_the_networks_own_ringing_and_is_not_heard() -> None:
    story = Story().guided(OUTSIDE)
    leg = put_through(story)
    story.hear(ports.EarlyMedia(leg))
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "")
    story.answers(leg)
    story.hear(ports.EarlyMedia(leg))
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "0")


def test_what_the_network_says_of_who_was_given_up_is_not_heard() -> None:
    story = Story().guided(OUTSIDE)
    leg = put_through(story)
    story.ends(leg, 486)
    before = story.hears(CALLER)
    story.hear(ports.EarlyMedia(leg))
    assert story.hears(CALLER) == before


@pytest.mark.parametrize("how", ["refused", "busy", "silent", "no line"])
def test_who_cannot_be_put_through_is_back_in_the_flow(how: str) -> None:
    story = Story().guided(OUTSIDE)
    if how == "no line":
        story.phone.lines_outside = 0
    leg = put_through(story, {"refused": True} if how == "refused" else None)
    if how == "busy":
        story.ends(leg, 486)
    if how == "silent":
        story.wait(30)
        assert story.is_closing(leg)
        story.ends(leg, 487)
    assert queued(story) == "support"
    assert visits(story)[0] == ("out", "failed")


def test_a_caller_who_hangs_up_while_it_rings_outside_ends_that_too() -> None:
    story = Story().guided(OUTSIDE)
    leg = put_through(story)
    story.ends(CALLER)
    assert story.is_closing(leg)
    story.ends(leg, 487)
    assert story.call.over
    assert story.desk.named("hang_up") == [("caller", "hung up")]


@pytest.mark.parametrize(
    ("step", "late"),
    [
        ({"kind": "voicemail", "box": "support"}, records.BoxOpened(None)),
        ({"kind": "callback", "queue": "sales"}, records.CallbackNoted(True)),
    ],
)
def test_records_that_do_not_answer_do_not_keep_a_caller_in_silence(step: dict[str, Any], late: Any) -> None:
    story = Story().guided({"out": {**step, "exits": {"failed": "menu"}}, **MENU})
    story.wait(4.9)
    assert story.said() == []
    story.wait(0.1)
    assert story.said() == ["Menu"]
    story.hear(late)
    story.types("1")
    assert queued(story) == "support"
    assert visits(story)[0] == ("out", "failed")
