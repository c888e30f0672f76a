"""What a flow names that lives outside of it: queues, schedules, boxes, skills, prompts and more, wherever a field holds a name.

Works on documents as they are stored, however incomplete, and on the values of steps that were read: both have the same names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from . import expressions
from .complaints import Path
from .steps import KINDS

BY_NAME = frozenset({"queue", "schedule", "mailbox", "flow", "connection", "agent", "rule"})
"""Kinds of fields that hold one name, of a thing of that kind."""

KINDS_NAMED = (*sorted(BY_NAME), "skill", "prompt")

EXPRESSIONS = frozenset({"expression", "assignments", "responses", "cases"})
"""Kinds of fields whose texts are expressions; in others only what stands in {{ }} is one."""


class Named(NamedTuple):
    """
    :ivar path: where inside the field.
    :ivar kind: one of `KINDS_NAMED`.
    """

    path: Path
    kind: str
    name: str


class NamedIn(NamedTuple):
    """Where in a document something is named: the step as people call it; empty for the flow's own settings."""

    kind: str
    name: str
    step: str


def named_in(kind: str, value: Any) -> Iterator[Named]:
    """
    :param kind: of the field, as in `fields.READERS`.
    """
    if kind in BY_NAME:
        yield from [Named((), kind, value)] if isinstance(value, str) and value else []
    elif kind == "skills":
        pairs = value.items() if isinstance(value, Mapping) else value or ()
        yield from (Named((name,), "skill", name) for name, _ in pairs)
    else:
        yield from _inside(value, (), whole=kind in EXPRESSIONS)


def of_document(document: Any) -> Iterator[NamedIn]:
    """Everything that a stored document names, whether it could be published or not."""
    if not isinstance(document, Mapping):
        return
    if isinstance(queue := document.get("fallback_queue"), str) and queue:
        yield NamedIn("queue", queue, "")
    steps = document.get("steps")
    for name, step in steps.items() if isinstance(steps, Mapping) else ():
        if isinstance(step, Mapping) and isinstance(kind := step.get("kind"), str) and kind in KINDS:
            yield from _of_step(step, KINDS[kind].fields, str(step.get("label") or name))


def _of_step(step: Mapping[str, Any], fields: Sequence[Any], title: str) -> Iterator[NamedIn]:
    for one in fields:
        value = step.get(one.name)
        if one.kind != "skills" or isinstance(value, Mapping):
            yield from (NamedIn(found.kind, str(found.name), title) for found in named_in(one.kind, value))


def _inside(value: Any, path: Path, *, whole: bool) -> Iterator[Named]:
    """Prompts, and the queues whose state expressions ask for, however deep."""
    if isinstance(value, str):
        for source in [value] if whole else expressions.places(value):
            yield from (Named(path, "queue", slug) for slug in sorted(expressions.queues_named(source)))
    elif isinstance(value, Mapping):
        if set(value) == {"prompt"}:
            yield Named(path, "prompt", str(value["prompt"]))
        else:
            for name, part in value.items():
                yield from _inside(part, (*path, str(name)), whole=whole)
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _inside(part, (*path, index), whole=whole)
