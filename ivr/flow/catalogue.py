"""The kinds of steps as data: for the builder's palette and forms, and for the manual of the file format."""

from __future__ import annotations

from typing import Any

from . import expressions
from .document import FORMAT
from .fields import Field
from .steps import KINDS, Outlet, Step
from .steps.hearing import KEYS

GROUPS = {"hearing": "What callers hear", "logic": "What decides", "leaving": "Where they go"}


def catalogue() -> dict[str, Any]:
    return {
        "format": FORMAT,
        "groups": GROUPS,
        "kinds": [_kind(kind) for kind in KINDS.values()],
        "keys": KEYS,
        "known": sorted(expressions.ALWAYS_KNOWN),
    }


def _kind(kind: type[Step]) -> dict[str, Any]:
    return {
        "kind": kind.kind,
        "title": kind.title,
        "hint": kind.hint,
        "group": kind.group,
        "fields": [_field(one) for one in kind.fields],
        "outlets": [_outlet(one) for one in blank(kind).outlets()],
        "outlets_when": {name: [_outlet(one) for one in outlets] for name, outlets in kind.exits_when.items()},
        "grows": kind.grows,
    }


def blank(kind: type[Step]) -> Step:
    """A step of this kind in which nothing is filled in."""
    return kind(kind.kind, values={one.name: one.nothing for one in kind.fields})


def _field(one: Field) -> dict[str, Any]:
    default = list(one.default) if isinstance(one.default, tuple) else one.default
    return {
        "name": one.name, "kind": one.kind, "label": one.label, "help": one.help, "default": default, "required": one.required,
        **dict(one.extra),
    }  # fmt: skip


def _outlet(one: Outlet) -> dict[str, Any]:
    return {"name": one.name, "label": one.label, "required": one.required}
