"""Test cases of flows as they are stored: a scene to walk through, and where it must lead."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .complaints import BadValue
from .simulate import Outcome, Scene
from .words import Hand

MOST_KEYS = 200
MOST_TEXT = 200
TARGETS = ("queue", "box", "flow", "extension", "number")
"""Where a `Hand` names what it hands to, in the order of asking."""


def scene_of(given: Any) -> Scene:
    """
    :raises BadValue: it cannot be walked; names the part.
    """
    given = _mapping(given, "scene")
    unknown = sorted(set(given) - {"keys", "caller", "dialled", "now", "queues", "hours", "web", "share", "variables"})
    if unknown:
        raise BadValue(f"A scene has no “{unknown[0]}”.", (unknown[0],))
    return Scene(
        keys=_keys(given.get("keys", [])),
        caller=_mapping(given.get("caller", {}), "caller"),
        dialled=_text(given.get("dialled", ""), "dialled"),
        queues={slug: _mapping(state, "queues") for slug, state in _mapping(given.get("queues", {}), "queues").items()},
        hours={slug: _text(state, "hours") for slug, state in _mapping(given.get("hours", {}), "hours").items()},
        web=_mapping(given.get("web", {}), "web"),
        rules={},
        share=_share(given.get("share", 0)),
        variables=_mapping(given.get("variables", {}), "variables"),
        **({"now": _moment(given["now"])} if given.get("now") else {}),
    )


def target_of(hand: Hand) -> str:
    """Which queue, box, flow, extension or number it hands the caller to; empty for hanging up."""
    return str(next((hand.data[name] for name in TARGETS if hand.data.get(name)), ""))


def disappointments(outcome: Outcome, expected: Any) -> list[str]:
    """In what the walk is not as expected; nothing: it passes. Expectations are `to`, `target` and `through` (steps)."""
    expected = expected if isinstance(expected, dict) else {}
    to, target = (outcome.end.to, target_of(outcome.end)) if outcome.end else ("", "")
    found = []
    if outcome.end is None:
        found.append(f"The flow still waits for a key at “{outcome.path[-1]}”.")
    if expected.get("to") and to and expected["to"] != to:
        found.append(f"It ends in {to} {target}".strip() + f" instead of {expected['to']} {expected.get('target', '')}".rstrip() + ".")
    elif expected.get("target") and to and expected["target"] != target:
        found.append(f"It ends in {to} “{target}” instead of “{expected['target']}”.")
    missed = [str(step) for step in expected.get("through") or () if step not in outcome.path]
    if missed:
        found.append(f"It does not come through {', '.join(missed)}.")
    if outcome.failed and not expected.get("fails"):
        note = next(visit.note for visit in outcome.visits if visit.exit == "lost")
        found.append(f"A step failed: {note}.")
    return found


def expectation(outcome: Outcome) -> dict[str, Any]:
    """What to expect of a walk that went as it should."""
    if outcome.end is None:
        return {"through": outcome.path}
    return {"to": outcome.end.to, "target": target_of(outcome.end), "through": list(dict.fromkeys(outcome.path))}


def _keys(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MOST_KEYS or not all(isinstance(one, str) and len(one) <= 40 for one in value):
        raise BadValue(f"Keys are a list of texts, one for each question, {MOST_KEYS} at most.", ("keys",))
    if any(set(one) - set("0123456789*#") for one in value):
        raise BadValue("Keys are 0 to 9, * and #.", ("keys",))
    return tuple(value)


def _mapping(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise BadValue(f"The {name} of a scene is an object with names and values.", (name,))
    return {str(key): one for key, one in value.items()}


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_TEXT:
        raise BadValue(f"“{name}” is a text of {MOST_TEXT} characters at most.", (name,))
    return value


def _share(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadValue("The share is a number from 0 to 1.", ("share",))
    return float(value)


def _moment(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(_text(value, "now"))
    except ValueError:
        raise BadValue("The time is written as 2026-01-05T10:00.", ("now",)) from None
