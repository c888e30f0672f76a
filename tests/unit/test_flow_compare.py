"""Differences of documents, test cases of flows, and the catalogue that forms are made of."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow import document, manual
from ivr.flow.cases import disappointments, expectation, scene_of
from ivr.flow.catalogue import blank, catalogue
from ivr.flow.compare import differences
from ivr.flow.complaints import BadValue
from ivr.flow.fields import READERS
from ivr.flow.simulate import Scene, simulate
from ivr.flow.steps import KINDS

OLD = {
    "format": 1, "language": "en", "start": "menu", "fallback_queue": "general",
    "steps": {
        "menu": {"kind": "menu", "say": "Hello", "attempts": 3, "at": [0, 0], "exits": {"1": "bye", "2": "old"}},
        "bye": {"kind": "hang_up"},
        "old": {"kind": "queue", "queue": "sales", "label": "Sales team"},
    },
}  # fmt: skip
NEW = {
    "format": 1, "language": "de", "start": "menu", "fallback_queue": "general",
    "steps": {
        "menu": {"kind": "menu", "say": {"de": "Hallo"}, "attempts": 3, "at": [500, 9], "exits": {"1": "bye", "3": "new"}},
        "bye": {"kind": "hang_up", "at": [1, 1]},
        "new": {"kind": "queue", "queue": "support"},
    },
}  # fmt: skip


def test_differences_are_told_by_step_and_field() -> None:
    found = {change.step: change for change in differences(OLD, NEW)}
    assert {step: change.what for step, change in found.items()} == {"": "changed", "menu": "changed", "new": "added", "old": "removed"}
    assert [(one.label, one.before, one.after) for one in found["menu"].fields] == [
        ("Exit “2”", "old", ""), ("Exit “3”", "", "new"), ("What is said", "Hello", '{"de": "Hallo"}'),
    ]  # fmt: skip
    assert found["old"].title == "Sales team"
    assert found[""].fields[0].label == "Language"


STEPS = st.dictionaries(
    st.sampled_from("abcd"),
    st.fixed_dictionaries({"kind": st.sampled_from(["play", "queue"]), "say": st.text("xy", max_size=2), "at": st.lists(st.integers())}),
)


@given(STEPS, STEPS)
def test_equal_flows_and_only_they_have_no_differences(one: dict[str, Any], other: dict[str, Any]) -> None:
    def bare(steps: dict[str, Any]) -> dict[str, Any]:
        return {name: {key: value for key, value in step.items() if key != "at"} for name, step in steps.items()}

    assert (differences({"steps": one}, {"steps": other}) == []) == (bare(one) == bare(other))
    assert {change.step for change in differences({"steps": one}, {"steps": other})} == {
        name for name in {*one, *other} if bare(one).get(name) != bare(other).get(name)
    }


def test_nothing_and_nonsense_compare_as_well() -> None:
    assert differences(None, {"steps": {"a": 3}})[0].what == "added"
    assert differences({"steps": []}, None) == []


CASE = {
    "format": 1, "start": "menu", "fallback_queue": "general",
    "steps": {
        "menu": {"kind": "menu", "say": "?", "exits": {"1": "rules"}},
        "rules": {"kind": "branch", "cases": [{"name": "vip", "when": "caller.priority > 5"}], "exits": {"vip": "vip", "else": "rest"}},
        "vip": {"kind": "queue", "queue": "vip"},
        "rest": {"kind": "queue", "queue": "general"},
    },
}  # fmt: skip
VIP = {"keys": ["1"], "caller": {"priority": 7}, "now": "2026-01-05T10:00:00"}


def test_a_case_is_met_or_says_in_what_it_is_not() -> None:
    flow = document.read(CASE)
    outcome = simulate(flow, scene_of(VIP))
    expected = expectation(outcome)
    assert expected == {"to": "queue", "target": "vip", "through": ["menu", "rules", "vip"]}
    assert disappointments(outcome, expected) == []
    other = simulate(flow, scene_of({"keys": ["1"]}))
    assert disappointments(other, expected) == ["It ends in queue “general” instead of “vip”.", "It does not come through vip."]
    assert disappointments(simulate(flow, Scene()), expected)[0] == "The flow still waits for a key at “menu”."
    assert disappointments(outcome, {"to": "voicemail", "target": "x"}) == ["It ends in queue vip instead of voicemail x."]
    lost = document.read({**CASE, "steps": {**CASE["steps"], "rules": {"kind": "play", "say": "{{vars.x}}"}}})  # type: ignore[dict-item]
    assert "A step failed" in disappointments(simulate(lost, scene_of(VIP)), {})[0]


@pytest.mark.parametrize(
    ("scene", "at"),
    [
        ([], "scene"), ({"keys": "1"}, "keys"), ({"keys": ["a"]}, "keys"), ({"caller": 3}, "caller"), ({"share": 2}, "share"),
        ({"share": True}, "share"), ({"now": "yesterday"}, "now"), ({"hours": {"o": 1}}, "hours"), ({"queues": {"q": 1}}, "queues"),
        ({"colour": "red"}, "colour"), ({"dialled": "1" * 300}, "dialled"), ({"keys": ["1"] * 300}, "keys"),
    ],
)  # fmt: skip
def test_a_scene_that_cannot_be_walked_is_refused(scene: Any, at: str) -> None:
    with pytest.raises(BadValue) as refused:
        scene_of(scene)
    assert refused.value.at == (at,)


def test_the_catalogue_has_every_kind_with_its_forms_and_exits() -> None:
    found = catalogue()
    assert [one["kind"] for one in found["kinds"]] == list(KINDS)
    for one in found["kinds"]:
        assert one["group"] in found["groups"]
        assert one["hint"].endswith(".")
        for field in one["fields"]:
            assert field["kind"] in READERS
            assert field["label"]
            assert field["help"], (one["kind"], field["name"])
        leaves = one["group"] == "leaving"
        assert one["outlets"] or one["grows"] or leaves, one
    assert manual.WRITTEN.keys() == READERS.keys()


@pytest.mark.parametrize("kind", KINDS.values())
def test_a_blank_step_is_no_fault(kind: Any) -> None:
    step = blank(kind)
    assert isinstance(step.summary(), str)
    step.outlets()
