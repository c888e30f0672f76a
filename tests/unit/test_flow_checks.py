"""What keeps a flow from being published, and what that promises: no flow without complaints strands a caller."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ivr.flow import document
from ivr.flow.check import NOTHING_KNOWN, Known, check
from ivr.flow.interpreter import MOST_STEPS, walk
from ivr.flow.steps import KINDS
from ivr.flow.story import Story
from ivr.flow.words import Ask, Entered, Gather, Hand, Typed

BYE = {"kind": "hang_up"}
MENU = {"kind": "menu", "say": "Hello", "exits": {"1": "bye"}}
KNOWN = Known(
    queues={"general"}, schedules={"office"}, mailboxes={"box"}, flows={"night"}, agents={"1001"}, connections={"crm"}, rules={"tier"},
    prompts={"hello": {"en"}, "hallo": {"de"}}, skills={"German": 4, "Greek": 0},
)  # fmt: skip


def complaints(steps: Mapping[str, Any], known: Known = NOTHING_KNOWN, **flow: Any) -> list[tuple[str, str, bool]]:
    given_ = {"start": next(iter(steps)), "fallback_queue": "general", "steps": steps, **flow}
    return [(".".join(map(str, one.path)), one.message, one.warning) for one in check(document.read(given_), known)]


def test_a_flow_in_order_has_no_complaints() -> None:
    assert complaints({"menu": MENU, "bye": BYE}, KNOWN) == []


def test_a_flow_needs_a_start_that_exists_and_a_queue_for_the_lost() -> None:
    found = complaints({"bye": BYE}, start="welcome", fallback_queue="")
    assert [(path, warning) for path, _, warning in found] == [("fallback_queue", False), ("start", False), ("steps.bye", True)]
    assert (
        complaints({"bye": BYE}, KNOWN, fallback_queue="gone")[0][1] == "There is no queue “gone”. Choose another one, or create it first."
    )


def test_an_exit_that_must_lead_somewhere_does() -> None:
    (found,) = complaints({"hello": {"kind": "play", "say": "Hello"}})
    assert found == ("steps.hello.exits.next", "“Then” leads nowhere. Connect it with the next step.", False)
    (found,) = complaints({"hours": {"kind": "hours", "schedule": "o", "exits": {"open": "bye"}}, "bye": BYE})
    assert found[0] == "steps.hours.exits.closed"


def test_an_exit_that_a_step_does_not_have_and_a_step_that_is_not_there_are_named() -> None:
    steps = {"hello": {"kind": "play", "say": "Hello", "exits": {"next": "gone", "later": "bye"}}, "bye": BYE}
    assert [one[:2] for one in complaints(steps)] == [
        ("steps.hello.exits.next", "There is no step “gone”."),
        ("steps.hello.exits.later", "This step has no exit “later”. It has next."),
    ]
    assert complaints({"bye": {**BYE, "exits": {"next": "bye"}}})[0][1].endswith("It has none.")


def test_a_menu_without_keys_is_none() -> None:
    assert "at least one key" in complaints({"menu": {**MENU, "exits": {}}})[0][1]


def test_a_key_that_leads_nowhere_is_one_that_has_to_be_connected() -> None:
    (found,) = complaints({"menu": {**MENU, "exits": {"1": "bye", "2": ""}}, "bye": BYE})
    assert found == ("steps.menu.exits.2", "“Key 2” leads nowhere. Connect it with the next step, or remove it.", False)
    assert complaints({"menu": {**MENU, "exits": {"1": "bye", "no_input": ""}}, "bye": BYE}) == []


def test_who_is_never_asked_must_not_go_round_for_ever() -> None:
    steps = {"a": {"kind": "play", "say": "A", "exits": {"next": "b"}}, "b": {"kind": "set", "exits": {"next": "a"}}}
    ((path, message, warning),) = complaints(steps)
    assert (path, warning) == ("steps.a", False)
    assert "a → b → a" in message
    asked = {"a": {"kind": "play", "say": "A", "exits": {"next": "menu"}}, "menu": {**MENU, "exits": {"1": "a"}}}
    assert complaints(asked) == []


def test_a_long_chain_is_no_trouble() -> None:
    steps: dict[str, Any] = {f"s{n}": {"kind": "set", "exits": {"next": f"s{n + 1}"}} for n in range(499)}
    assert complaints({**steps, "s499": BYE}) == []


@pytest.mark.parametrize(
    ("step", "path", "words"),
    [
        ({"kind": "queue", "queue": "gone"}, "queue", "no queue"),
        ({"kind": "hours", "schedule": "gone", "exits": {"open": "bye", "closed": "bye"}}, "schedule", "no schedule"),
        ({"kind": "voicemail", "box": "gone"}, "box", "no mailbox"),
        ({"kind": "flow", "flow": "gone"}, "flow", "no published flow"),
        ({"kind": "transfer", "agent": "9"}, "agent", "no agent with the extension"),
        ({"kind": "transfer"}, "number", "either"),
        ({"kind": "transfer", "agent": "1001", "number": "+49"}, "number", "either"),
        ({"kind": "web", "url": "/x", "connection": "gone", "exits": {"next": "bye"}}, "connection", "no connection"),
        ({"kind": "web", "url": "/x", "exits": {"next": "bye"}}, "url", "whole address"),
        ({"kind": "web", "url": "https://{{caller.number}}.example.org/", "exits": {"next": "bye"}}, "url", "whole address"),
        ({"kind": "set", "skills": {"German": 3, "Martian": 2}, "exits": {"next": "bye"}}, "skills.Martian", "no skill “Martian”"),
        ({"kind": "set", "priority": "queues.gone.waiting", "exits": {"next": "bye"}}, "priority", "no queue “gone”"),
        ({"kind": "set", "variables": {"n": "queues['gone'].waiting"}, "exits": {"next": "bye"}}, "variables.n", "no queue “gone”"),
        (
            {"kind": "branch", "cases": [{"name": "full", "when": "queues.gone.waiting > 9"}], "exits": {"full": "bye", "else": "bye"}},
            "cases.0",
            "no queue",
        ),
        ({"kind": "hang_up", "say": "{{queues.gone.waiting}} wait in our queues. Bye."}, "say.0", "no queue “gone”"),
        ({"kind": "callback", "queue": "gone"}, "queue", "no queue"),
        ({"kind": "rule", "rule": "gone", "variable": "tier", "exits": {"next": "bye"}}, "rule", "no rule"),
        ({"kind": "hang_up", "say": {"prompt": "gone"}}, "say.0", "no prompt"),
        ({"kind": "hang_up", "say": [{"en": "x"}, {"prompt": "hallo"}]}, "say.1", "no recording in en"),
    ],
)
def test_what_the_installation_does_not_have_is_named(step: dict[str, Any], path: str, words: str) -> None:
    errors = [(where, message) for where, message, warning in complaints({"it": step, "bye": BYE}, KNOWN) if not warning]
    assert [where for where, _ in errors] == [f"steps.it.{path}"]
    assert words in errors[0][1]


@pytest.mark.parametrize(("level", "skill", "words"), [(5, "German", "the best has 4"), (1, "Greek", "nobody has the skill")])
def test_a_level_that_nobody_has_is_a_warning(level: int, skill: str, words: str) -> None:
    steps: dict[str, Any] = {"ask": {"kind": "set", "skills": {skill: level}, "exits": {"next": "bye"}}, "bye": BYE}
    ((path, message, warning),) = complaints(steps, KNOWN)
    assert (path, warning) == (f"steps.ask.skills.{skill}", True)
    assert words in message
    steps["ask"]["skills"] = {"German": 4}
    assert complaints(steps, KNOWN) == []


def test_a_language_that_is_missing_is_a_warning() -> None:
    ((path, _, warning),) = complaints({"bye": {"kind": "hang_up", "say": {"de": "Auf Wiederhören"}}})
    assert (path, warning) == ("steps.bye.say", True)


# Any flow at all: its steps are connected by chance, and so are the answers of the world.

NAMES = [f"s{n}" for n in range(6)]
TARGET = st.sampled_from(NAMES)
CONDITION = st.sampled_from(["true", "false", "vars.x == 1", "queues['q'].waiting > 3", "1 / 0 > 1", "time.hour > 12"])
SAY = st.sampled_from(["Hello", "You are {{vars.digits}}", "{{queues['q'].waiting}} wait"])


def step_of(kind: str, **values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(kind), **values})


def to(*names: str, **optional: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(dict.fromkeys(names, TARGET), optional=optional)


LOOSE = {"no_input": TARGET, "invalid": TARGET}
STEP = st.one_of(
    step_of("play", say=SAY, exits=to("next")),
    step_of("menu", say=SAY, attempts=st.integers(1, 3), exits=to("1", **{"2": TARGET, "*": TARGET}, **LOOSE)),
    step_of("collect", say=SAY, variable=st.just("digits"), valid=st.sampled_from(["", "digits.size() > 2"]), exits=to("next", **LOOSE)),
    step_of("set", priority=st.sampled_from(["", "3", "vars.x"]), exits=to("next")),
    step_of("branch", cases=st.lists(st.fixed_dictionaries({"name": st.just("a"), "when": CONDITION}), min_size=1, max_size=1),
            exits=to("a", "else")),
    step_of("rule", rule=st.just("tier"), variable=st.just("x"), exits=to("next", failed=TARGET)),
    step_of("hours", schedule=st.just("office"), exits=to("open", "closed", holiday=TARGET)),
    step_of("split", variants=st.just({"a": 1, "b": 2}), exits=to("a", "b")),
    step_of("web", url=st.just("https://e.org/{{caller.number}}"), variables=st.just({"x": "response.x"}), exits=to("next", failed=TARGET)),
    step_of("queue", queue=st.just("q")),
    step_of("transfer", number=st.just("+49{{dialled}}"), exits=to(failed=TARGET)),
    step_of("voicemail", box=st.just("box"), exits=to(next=TARGET, failed=TARGET)),
    step_of("studio", code=st.just("vars.x"), exits=to(next=TARGET, failed=TARGET)),
    step_of("callback", queue=st.just("q"), exits=to(failed=TARGET)),
    step_of("flow", flow=st.just("night")),
    step_of("back"), step_of("repeat"), step_of("hang_up", say=SAY),
)  # fmt: skip
FLOWS = st.fixed_dictionaries(dict.fromkeys(NAMES, STEP))
ANSWER: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.just({}),
    st.just({"state": "closed"}),
    st.just({"response": {"x": 1}}),
    st.just({"response": None}),
    st.just({"cases": [["vars.x == 1", "one"], ["nonsense(", "two"]], "otherwise": "none"}),
)


def test_the_strategy_has_every_kind() -> None:
    source = repr(STEP)
    assert [kind for kind in KINDS if f"'{kind}'" not in source] == []


@given(FLOWS, st.lists(st.sampled_from(["", "1", "2", "*", "9", "123"]), max_size=40), st.lists(ANSWER, max_size=20), st.booleans())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
def test_no_flow_without_complaints_strands_a_caller(steps: dict[str, Any], keys: list[str], answers: list[Any], comes_back: bool) -> None:
    flow = document.read({"start": "s0", "fallback_queue": "general", "steps": steps})
    assume(not [one for one in check(flow) if not one.warning])
    story = Story(flow, {"number": "+4930"}, "1000", clock=lambda: datetime(2026, 1, 5, tzinfo=UTC), draw=lambda: 0.4)
    words, answer, entered, ends = walk(story), None, 0, []
    typing, world = iter(keys), iter(answers)
    while True:
        try:
            word: Any = words.send(answer)
        except StopIteration:
            break
        entered += isinstance(word, Entered)
        answer = None
        if isinstance(word, Gather):
            answer = Typed(next(typing, "")[: word.most])
        elif isinstance(word, Ask):
            answer = next(world, None)
        elif isinstance(word, Hand):
            ends.append(word)
            if word.to in ("hang_up", "queue", "agent", "flow") or not comes_back:
                break
            answer = "failed"  # type: ignore[assignment]
    assert ends
    assert ends[-1].to != "queue" or ends[-1].data["queue"] in ("q", "general")
    assert entered <= MOST_STEPS
