"""What differs between two documents, told by step and field, so that a person can judge it before it is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .document import OWN
from .steps import KINDS

TOLD = OWN - {"steps", "format"}
"""Of the flow itself."""

ADDED, REMOVED, CHANGED = "added", "removed", "changed"


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One value as it was and as it is; empty: it was not, or is no longer, there."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """
    :ivar step: its name; empty: the flow itself.
    :ivar what: added, removed or changed.
    """

    step: str
    what: str
    title: str
    fields: tuple[FieldChange, ...] = ()


def differences(old: Any, new: Any) -> list[Change]:
    """From `old` to `new`, the flow itself first, then steps by name. Where steps stand on the canvas is no difference."""
    old, new = _dict(old), _dict(new)
    own = tuple(_fields({name: old.get(name) for name in TOLD}, {name: new.get(name) for name in TOLD}, {}))
    changes = [Change("", CHANGED, "The flow", own)] if own else []
    before, after = _dict(old.get("steps")), _dict(new.get("steps"))
    return [*changes, *(change for name in sorted({*before, *after}) if (change := _step(name, before, after)))]


def _step(name: str, before: dict[str, Any], after: dict[str, Any]) -> Change | None:
    was, is_ = _dict(before.get(name)), _dict(after.get(name))
    labels = {one.name: one.label for step in (was, is_) if (kind := KINDS.get(str(step.get("kind")))) for one in kind.fields}
    fields = tuple(_fields(_flat(was), _flat(is_), labels))
    title = _title(is_ if name in after else was)
    if name not in before:
        return Change(name, ADDED, title, fields)
    if name not in after:
        return Change(name, REMOVED, title, fields)
    return Change(name, CHANGED, title, fields) if fields else None


def _title(step: dict[str, Any]) -> str:
    kind = KINDS.get(str(step.get("kind")))
    return str(step.get("label") or (kind.title if kind else step.get("kind", "")))


def _flat(step: dict[str, Any]) -> dict[str, Any]:
    """Its values and each of its exits; not its place."""
    exits = {f"exits.{name}": target for name, target in _dict(step.get("exits")).items()}
    return {**{name: value for name, value in step.items() if name not in ("at", "exits")}, **exits}


def _fields(old: dict[str, Any], new: dict[str, Any], labels: dict[str, str]) -> Iterator[FieldChange]:
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before != after or type(before) is not type(after):
            yield FieldChange(name, _label(name, labels), shown(before), shown(after))


def _label(name: str, labels: dict[str, str]) -> str:
    if name.startswith("exits."):
        return f"Exit “{name.removeprefix('exits.')}”"
    return labels.get(name, name.replace("_", " ").capitalize())


def shown(value: Any) -> str:
    """A value on one line."""
    if value is None or value in ("", [], {}):
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
