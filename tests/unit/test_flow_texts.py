"""Flows as text: read safely, and what is wrong is named by its line."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.flow import document, text
from ivr.flow.check import check
from ivr.flow.complaints import FlowError
from ivr.flow.order import in_order

FLOW = """\
format: 1
language: en
start: menu
fallback_queue: general
steps:
  menu:
    kind: menu
    say: {en: Hello}
    attempts: 30
    exits:
      "1": gone
  lonely:
    kind: hang_up
    sya: Bye
"""


def lines(source: str) -> dict[int, str]:
    flow, complaints = document.inspect(text.loads(source))
    return {text.line_of(source, one.path): one.message for one in (*complaints, *check(flow))}


def test_each_complaint_names_its_line() -> None:
    found = lines(FLOW)
    assert "whole number from 1 to 10" in found[9]
    assert found[11] == "There is no step “gone”."
    assert "No caller can come" in found[12]
    assert "no “sya”" in found[14]
    assert set(found) == {9, 11, 12, 14}


def test_what_is_missing_is_at_the_line_of_what_it_is_missing_in() -> None:
    source = FLOW.replace("    say: {en: Hello}\n", "")
    assert "What is said is missing" in lines(source)[6]


def test_json_has_lines_as_well() -> None:
    source = text.dumps_json(text.loads(FLOW))
    number = next(index for index, line in enumerate(source.splitlines(), 1) if '"gone"' in line)
    assert lines(source)[number] == "There is no step “gone”."


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("start: a\nsteps: {a: {kind: play\n", 3, "neither JSON nor YAML"),
        ("start: a\nstart: b\n", 2, "there twice"),
        ('{"start": "a",\n "steps": {"a": 1, "a": 2}}', 2, "there twice"),
        ("a: &x [1]\nb: *x\n", 2, "Aliases"),
        ("a: !!python/object:os.system x\n", 1, "Values are texts"),
        ("a: !!binary aGVsbG8=\n", 1, "not binary"),
        ("? [a, b]\n: c\n", 1, "name of a part"),
        ("a: 1\nb: " + "1" * 5000 + "\n", 2, "cannot be read as int"),
        ("\n\na: " + "[" * 14 + "]" * 14, 3, "nested deeper"),
        ("a: " + "[" * 5000, 1, "nested deeper"),
        ("a: \0", 0, "neither JSON nor YAML"),
        ("", 0, "empty"),
        ("x" * (text.LONGEST + 1), 0, "longer than"),
    ],
)
def test_texts_that_are_no_documents(source: str, line: int, words: str) -> None:
    with pytest.raises(text.TextError) as refused:
        text.loads(source)
    assert words in str(refused.value)
    assert refused.value.line == line


def test_of_a_text_that_cannot_be_read_every_line_is_the_first() -> None:
    assert text.line_of("a: 1\nb: [", ("b",)) == 1


def test_a_bomb_of_aliases_is_not_unfolded() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 30))
    with pytest.raises(text.TextError, match=r"Line 2: Aliases"):
        text.loads(bomb)


def test_keys_of_a_menu_are_read_as_they_are_typed() -> None:
    assert text.loads("{1: a, 010: b, 0x1: c, yes: d, '#': e}") == {"1": "a", "010": "b", "0x1": "c", "yes": "d", "#": "e"}


PLAIN = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")))
NESTED = st.recursive(PLAIN, lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text("abc_1", min_size=1), part, max_size=4))


@given(st.dictionaries(st.text("abcdef_", min_size=1, max_size=8), NESTED, max_size=5).filter(bool))
def test_what_is_written_is_read_again(value: dict[str, Any]) -> None:
    if not text.storable(value):
        for dump in (text.dumps_yaml, text.dumps_json):
            try:
                assert text.loads(dump(value)) == value
            except text.TextError as error:
                assert "nested deeper" in str(error)  # noqa: PT017


def test_a_file_begins_with_the_flow_and_has_its_steps_as_callers_come_to_them() -> None:
    jumbled = {
        "steps": {
            "z": {"exits": {"no_input": "a", "1": "b"}, "at": [1, 2], "attempts": 2, "say": {"de": "Ja", "en": "Yes"}, "kind": "menu"},
            "lonely": {"kind": "back"}, "a": {"kind": "hang_up"}, "b": {"kind": "hang_up"},
        },
        "odd": 1, "start": "z", "format": 1,
    }  # fmt: skip
    assert text.dumps_yaml(in_order(jumbled)).splitlines()[:12] == [
        "format: 1", "start: z", "odd: 1", "steps:", "  z:", "    kind: menu", "    say:", "      en: 'Yes'", "      de: Ja",
        "    attempts: 2", "    exits:", "      '1': b",
    ]  # fmt: skip
    assert list(in_order(jumbled)["steps"]) == ["z", "b", "a", "lonely"]


@given(NESTED | st.fixed_dictionaries({"start": st.just("a"), "steps": st.dictionaries(st.sampled_from("abc"), NESTED)}))
def test_order_changes_nothing_else(value: Any) -> None:
    assert in_order(value) == value


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(source: str) -> None:
    try:
        found = text.loads(source)
    except text.TextError:
        return
    document.inspect(found)


@given(st.dictionaries(st.text(max_size=10), NESTED) | NESTED)
def test_any_document_is_judged_without_a_fault(value: Any) -> None:
    flow, complaints = document.inspect(value)
    check(flow)
    if complaints:
        with pytest.raises(FlowError):
            document.read(value)


KINDS = st.sampled_from(["play", "menu", "collect", "set", "branch", "hours", "split", "web", "queue", "transfer", "voicemail", "flow"])


@given(KINDS, st.dictionaries(st.sampled_from(["say", "cases", "variants", "url", "skills", "exits", "number", "timeout"]), NESTED))
def test_a_step_with_any_values_is_judged_without_a_fault(kind: str, values: dict[str, Any]) -> None:
    flow, complaints = document.inspect({"start": "a", "fallback_queue": "q", "steps": {"a": {"kind": kind, **values}}})
    for step in flow.steps.values():
        step.outlets()
        step.summary()
    check(flow)
    for one in complaints:
        assert one.path


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"a": "x\0y"}, "character that is none"),
        ({"a\0": 1}, "character that is none"),
        ({"a": "\ud800"}, "character that is none"),
        ({"a": [float("nan")]}, "no number"),
        ({"a": 10**40}, "too large"),
        (json.loads("[" * 20 + "]" * 20), "nested deeper"),
        ({"a": "x" * text.LONGEST}, "longer than"),
    ],
)
def test_what_the_database_cannot_hold_is_refused_before_it(value: Any, words: str) -> None:
    (complaint,) = text.storable(value)
    assert words in complaint.message
    assert not text.storable({"steps": {"a": [1.5, True, None, "ü"]}})
