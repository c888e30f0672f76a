"""Callers are led through flows: menus, numbers, rules, and whatever goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from ivr.flow import document
from ivr.flow.simulate import Outcome, Scene, simulate

BYE = {"kind": "hang_up", "say": "Good-bye."}
SUPPORT = {"kind": "queue", "queue": "support"}


def walked(steps: dict[str, Any], *keys: str, language: str = "en", **scene: Any) -> Outcome:
    flow = document.read({"start": next(iter(steps)), "language": language, "fallback_queue": "general", "steps": steps})
    return simulate(flow, Scene(keys=keys, **scene))


def end(outcome: Outcome) -> tuple[str, Any]:
    assert outcome.end, f"it waits at {outcome.path[-1]}"
    return outcome.end.to, outcome.end.data.get("queue")


MENU = {
    "welcome": {"kind": "menu", "say": "Press 1 for support.", "invalid_say": "Wrong.", "no_input_say": "Hello?", "attempts": 3,
                "exits": {"1": "support", "9": "again", "no_input": "bye"}},
    "again": {"kind": "repeat"},
    "support": SUPPORT,
    "bye": BYE,
}  # fmt: skip


def test_a_key_of_a_menu_leads_to_its_step() -> None:
    outcome = walked(MENU, "1")
    assert (outcome.path, end(outcome)) == (["welcome", "support"], ("queue", "support"))
    assert (outcome.visits[0].typed, outcome.visits[0].exit) == ("1", "1")


def test_a_wrong_key_and_silence_are_told_apart_and_asked_again() -> None:
    outcome = walked(MENU, "5", "", "1")
    assert outcome.visits[0].heard == [
        "Press 1 for support.", "Wrong.", "Press 1 for support.", "Hello?", "Press 1 for support.",
    ]  # fmt: skip
    assert end(outcome) == ("queue", "support")


def test_who_never_types_takes_the_exit_for_it() -> None:
    outcome = walked(MENU, "", "", "")
    assert (outcome.path, end(outcome)[0], outcome.visits[-1].heard) == (["welcome", "bye"], "hang_up", ["Good-bye."])


def test_an_exit_that_leads_nowhere_leads_to_the_fallback_queue() -> None:
    outcome = walked(MENU, "5", "5", "5")
    assert outcome.visits[-1].exit == "invalid"
    assert end(outcome) == ("queue", "general")
    assert outcome.end
    assert outcome.end.data["fallback"] is True


def test_a_menu_is_repeated() -> None:
    assert walked(MENU, "9", "1").path == ["welcome", "again", "welcome", "support"]


DEEP = {
    "top": {"kind": "menu", "say": "Top", "exits": {"1": "middle"}},
    "middle": {"kind": "menu", "say": "Middle", "exits": {"1": "low", "*": "up"}},
    "low": {"kind": "menu", "say": "Low", "exits": {"1": "support", "*": "up"}},
    "up": {"kind": "back"},
    "support": SUPPORT,
}


def test_back_goes_up_one_menu_at_a_time_and_from_the_top_to_the_start() -> None:
    assert walked(DEEP, "1", "1", "*", "*", "1", "1", "1").path == [
        "top", "middle", "low", "up", "middle", "up", "top", "middle", "low", "support",
    ]  # fmt: skip
    lost = {**DEEP, "top": {"kind": "menu", "say": "Top", "exits": {"1": "middle", "*": "up"}}}
    assert walked(lost, "*", "1").path == ["top", "up", "top", "middle"]


COLLECT: dict[str, Any] = {
    "ask": {"kind": "collect", "say": "Your number?", "variable": "customer", "least": 3, "most": 6, "valid": "digits.startsWith('7')",
            "invalid_say": "No.", "exits": {"next": "tell"}},
    "tell": {"kind": "play", "say": {"en": "You are {{vars.customer}}."}, "exits": {"next": "support"}},
    "support": SUPPORT,
}  # fmt: skip


@pytest.mark.parametrize("keys", [("7123#",), ("712345",), ("123#", "7123#"), ("7#", "7123#")])
def test_digits_are_taken_when_they_are_enough_and_right(keys: tuple[str, ...]) -> None:
    outcome = walked(COLLECT, *keys)
    assert outcome.variables["customer"] in ("7123", "712345")
    assert outcome.visits[-2].heard == [f"You are {outcome.variables['customer']}."]


def test_secret_digits_are_in_no_transcript() -> None:
    steps = {**COLLECT, "ask": {**COLLECT["ask"], "secret": True}, "tell": {"kind": "play", "say": "Thanks", "exits": {"next": "support"}}}
    outcome = walked(steps, "7123#")
    assert "7123" not in repr(outcome)
    assert outcome.visits[0].typed == "••••"


def branch(*cases: tuple[str, str]) -> dict[str, Any]:
    names = [{"name": name, "when": when} for name, when in cases]
    exits = {name: f"to_{name}" for name, _ in cases}
    steps = {f"to_{name}": {"kind": "queue", "queue": name} for name, _ in cases}
    return {"rules": {"kind": "branch", "cases": names, "exits": {**exits, "else": "other"}}, **steps, "other": SUPPORT}


@pytest.mark.parametrize(
    ("scene", "queue"),
    [
        ({"caller": {"number": "+4930123", "priority": 7}}, "vip"),
        ({"caller": {"number": "+4930123"}}, "german"),
        ({"now": datetime(2026, 1, 4, 12, tzinfo=UTC)}, "sunday"),
        ({"queues": {"sales": {"waiting": 4}}}, "crowded"),
        ({}, "support"),
    ],
)
def test_the_first_rule_that_holds_decides(scene: dict[str, Any], queue: str) -> None:
    rules = branch(
        ("vip", "caller.priority > 5"), ("german", "caller.number.startsWith('+49')"), ("sunday", "time.weekday == 7"),
        ("crowded", 'queues["sales"].waiting >= 4'),
    )  # fmt: skip
    assert end(walked(rules, **scene)) == ("queue", queue)


def test_a_rule_about_what_is_not_there_does_not_hold() -> None:
    assert end(walked(branch(("gold", "vars.tier == 'gold'"), ("always", "true")))) == ("queue", "always")


TIER = {
    "cases": [["caller.priority > 5", "gold"], ["vars.gone == 1", "never"], ["queues.sales.waiting > 9", "later"]],
    "otherwise": "normal",
}


@pytest.mark.parametrize(
    ("scene", "tier"),
    [({"caller": {"priority": 7}}, "gold"), ({"queues": {"sales": {"waiting": 10}}}, "later"), ({}, "normal")],
)
def test_the_result_of_a_shared_rule_is_kept_for_what_follows(scene: dict[str, Any], tier: str) -> None:
    run = {"ask": {"kind": "rule", "rule": "tier", "variable": "tier", "exits": {"next": "bye", "failed": "support"}}}
    steps = {**run, "bye": {"kind": "hang_up", "say": "{{vars.tier}}"}, "support": SUPPORT}
    outcome = walked(steps, rules={"tier": TIER}, **scene)
    assert (outcome.variables, outcome.visits[1].heard) == ({"tier": tier}, [tier])
    assert end(walked(steps)) == ("queue", "support"), "nobody can say"


def test_set_gives_priority_skills_language_and_variables_to_what_follows() -> None:
    steps = {
        "set": {"kind": "set", "priority": "caller.priority + 2", "language": "de", "skills": {"German": 3},
                "variables": {"asked": "time.hour"}, "exits": {"next": "say"}},
        "say": {"kind": "play", "say": {"en": "Hello", "de": "Guten Tag"}, "exits": {"next": "support"}},
        "support": SUPPORT,
    }  # fmt: skip
    outcome = walked(steps, caller={"priority": 3})
    assert outcome.end
    assert outcome.end.data == {"queue": "support", "priority": 5, "skills": {"German": 3}}
    assert (outcome.visits[1].heard, outcome.variables) == (["Guten Tag"], {"asked": 10})


@pytest.mark.parametrize(("language", "heard"), [("de-AT", "Tag"), ("fr", "Hello"), ("en-GB", "Hello")])
def test_texts_are_in_the_nearest_language(language: str, heard: str) -> None:
    steps = {
        "set": {"kind": "set", "language": language, "exits": {"next": "say"}},
        "say": {"kind": "play", "say": {"de": "Tag", "en": "Hello"}, "exits": {"next": "bye"}},
        "bye": BYE,
    }
    assert walked(steps).visits[1].heard == [heard]


@pytest.mark.parametrize(("state", "step"), [("open", "in"), ("closed", "out"), ("Christmas", "feast"), ("", "feast")])
def test_hours_lead_three_ways(state: str, step: str) -> None:
    steps = {
        "hours": {"kind": "hours", "schedule": "office", "exits": {"open": "in", "closed": "out", "holiday": "feast"}},
        "in": SUPPORT, "out": BYE, "feast": BYE,
    }  # fmt: skip
    assert walked(steps, hours={"office": state}).path == ["hours", step]


def test_a_holiday_without_a_way_of_its_own_is_closed() -> None:
    steps = {"hours": {"kind": "hours", "schedule": "o", "exits": {"open": "in", "closed": "out"}}, "in": SUPPORT, "out": BYE}
    assert walked(steps, hours={"o": "holiday"}).path == ["hours", "out"]


SPLIT = {
    "ab": {"kind": "split", "variants": {"a": 25, "b": 75, "never": 0}, "exits": {"a": "one", "b": "two", "never": "three"}},
    "one": BYE, "two": BYE, "three": BYE,
}  # fmt: skip


@pytest.mark.parametrize(("share", "step"), [(0.0, "one"), (0.249, "one"), (0.25, "two"), (0.999, "two"), (1.0, "two")])
def test_shares_are_kept(share: float, step: str) -> None:
    assert walked(SPLIT, share=share).path == ["ab", step]


WEB = {
    "ask": {"kind": "web", "url": "https://crm.example.org/c/{{caller.number}}", "variables": {"tier": "response.customer.tier"},
            "exits": {"next": "rules", "failed": "sorry"}},
    **branch(("gold", "vars.tier == 'gold'")),
    "sorry": {"kind": "queue", "queue": "sorry"},
}  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "queue"),
    [({"customer": {"tier": "gold"}}, "gold"), ({"customer": {"tier": "tin"}}, "support"), ({"other": 1}, "sorry"), (None, "sorry")],
)
def test_what_a_web_service_answers_decides_and_its_silence_has_a_way_too(answer: Any, queue: str) -> None:
    assert end(walked(WEB, web={"ask": answer}, caller={"number": "123"})) == ("queue", queue)


def test_a_value_in_an_address_cannot_lead_it_elsewhere() -> None:
    flow = document.read({"start": "ask", "fallback_queue": "general", "steps": WEB})
    from ivr.flow.interpreter import walk
    from ivr.flow.story import Story
    from ivr.flow.words import Ask

    story = Story(flow, {"number": "../admin?x=1#y"}, "", clock=lambda: datetime.now(UTC), draw=lambda: 0.0)
    asked = [word for word, _ in zip(walk(story), range(2), strict=False) if isinstance(word, Ask)]
    assert asked[0].data["url"] == "https://crm.example.org/c/..%2Fadmin%3Fx%3D1%23y"


def test_a_step_that_fails_leads_to_the_fallback_queue_and_says_why() -> None:
    outcome = walked({"tell": {"kind": "play", "say": "You are {{vars.nobody}}", "exits": {"next": "bye"}}, "bye": BYE})
    assert (outcome.failed, end(outcome)) == (True, ("queue", "general"))
    assert "vars.nobody" in outcome.visits[0].note


def test_who_never_types_anything_anywhere_is_not_asked_for_ever() -> None:
    steps = {
        "one": {"kind": "menu", "say": "One", "attempts": 2, "exits": {"1": "bye", "no_input": "two"}},
        "two": {"kind": "menu", "say": "Two", "attempts": 2, "exits": {"1": "bye", "no_input": "one"}},
        "bye": BYE,
    }
    outcome = walked(steps, *[""] * 50)
    assert end(outcome) == ("queue", "general")
    assert sum(len(visit.heard) for visit in outcome.visits) == 12


def test_a_circle_of_a_caller_who_types_ends_as_well() -> None:
    outcome = walked(MENU, *["9"] * 1000)
    assert (len(outcome.path), end(outcome)) == (500, ("queue", "general"))


def test_a_flow_stops_where_it_waits_for_a_key() -> None:
    outcome = walked(DEEP, "1")
    assert (outcome.end, outcome.path, outcome.asks is not None) == (None, ["top", "middle"], True)


def test_the_ways_out_say_what_they_need() -> None:
    steps = {
        "menu": {"kind": "menu", "say": "?", "exits": {"1": "out", "2": "agent", "3": "box", "4": "call", "5": "other"}},
        "out": {"kind": "transfer", "number": "+4930{{dialled}}", "exits": {"failed": "bye"}},
        "agent": {"kind": "transfer", "agent": "1001"},
        "box": {"kind": "voicemail", "box": "support"},
        "call": {"kind": "callback", "queue": "sales"},
        "other": {"kind": "flow", "flow": "night"},
        "bye": BYE,
    }
    ends = [walked(steps, key, dialled="77", caller={"number": "123"}).end for key in "12345"]
    assert [(one.to, one.data) for one in ends if one] == [
        ("external", {"number": "+493077", "ring_seconds": 30}),
        ("agent", {"extension": "1001", "priority": 0, "skills": {}}),
        ("voicemail", {"box": "support"}),
        ("callback", {"queue": "sales", "number": "123", "priority": 0, "skills": {}}),
        ("flow", {"flow": "night"}),
    ]
