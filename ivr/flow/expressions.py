"""Expressions in flows: CEL, the Common Expression Language (https://cel.dev). It has no loops, no assignment and no way out of its
context, and takes microseconds, so what a manager types can run in the middle of a call.

What an expression sees: `caller` (number, name, priority, calls), `dialled`, `language`, `vars` (what the flow has set so far), `time`
(hour, minute, weekday from 1 for Monday, day, month, year, date), `queues["slug"]` (waiting, longest_wait, available, at_work,
expected_wait: seconds at most, 0 if unknown) and, where a step says so, `digits` or `response`.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

from . import engine
from .complaints import BadValue

_cel = engine.load()

LONGEST = 1000
"""Characters: whoever needs more has a rule that nobody can read."""

ALWAYS_KNOWN = frozenset({"caller", "dialled", "language", "vars", "time", "queues"})

QUEUE_NAMED = re.compile(r"""queues\s*(?:\.\s*([A-Za-z_][A-Za-z0-9_]*)|\[\s*["']([^"'\]]+)["']\s*\])""")
PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class ExpressionFailed(Exception):
    """The expression could not be evaluated with what this call has; the message says why, without a caller's data."""


@functools.lru_cache(maxsize=2000)
def compiled(source: str) -> Any:
    """
    :raises BadValue: what is wrong with it, and where.
    """
    if len(source) > LONGEST:
        raise BadValue(f"An expression has {LONGEST} characters at most; split it over several steps.")
    try:
        return _cel.compile(source)
    except ValueError as error:
        raise BadValue(
            f"This is no expression: {_first_line(error)}. An example: caller.number.startsWith('+49') && time.hour < 12"
        ) from None


def check(source: str, also_known: frozenset[str] = frozenset()) -> None:
    """
    :raises BadValue: it does not parse, or names something that flows do not know.
    """
    unknown = sorted(set(compiled(source).variables()) - ALWAYS_KNOWN - also_known)
    if unknown:
        known = ", ".join(sorted(ALWAYS_KNOWN | also_known))
        raise BadValue(f"“{unknown[0]}” is not known here. Known are {known}; what a flow has set is vars.{unknown[0]}.")


def evaluate(source: str, context: Mapping[str, Any]) -> Any:
    """
    :raises ExpressionFailed: a variable is missing, types do not fit, or a number is divided by nought.
    """
    try:
        return compiled(source).execute(dict(context))
    except (BadValue, ValueError, RuntimeError, TypeError, KeyError, ArithmeticError) as error:
        raise ExpressionFailed(f"{source}: {type(error).__name__}") from None


def holds(source: str, context: Mapping[str, Any]) -> bool:
    """Whether a condition is true; one that is not a yes or no counts as a failure.

    :raises ExpressionFailed: as `evaluate`.
    """
    value = evaluate(source, context)
    if not isinstance(value, bool):
        raise ExpressionFailed(f"{source}: neither true nor false")
    return value


def queues_named(source: str) -> set[str]:
    """Slugs of the queues whose state the expression asks for."""
    return {one or other for one, other in QUEUE_NAMED.findall(source)}


def places(text: str) -> list[str]:
    """The expressions between {{ and }} in a text."""
    return [inside.strip() for inside in PLACE.findall(text)]


def filled(text: str, context: Mapping[str, Any]) -> str:
    """The text with each {{expression}} replaced by its value.

    :raises ExpressionFailed: as `evaluate`.
    """
    return PLACE.sub(lambda found: spoken_form(evaluate(found.group(1).strip(), context)), text)


def spoken_form(value: Any) -> str:
    """How a value is put into a text: whole numbers without a point, yes and no as words of the text are the flow's business."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)


def _first_line(error: Exception) -> str:
    found = re.search(r"(\d+:\d+): (.*)", str(error))
    if found is None:
        return str(error).splitlines()[0]
    # What the parser would have taken instead is the whole alphabet, and its end of file is the end of a field here.
    said = found.group(2).split(" expecting ")[0].replace("mismatched input '<EOF>'", "it ends too early")
    return f"at {found.group(1)}, {said}"
