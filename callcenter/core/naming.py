"""Actors and subjects in words: "agent:4" is "Alice", "system:sweep" is "the system (sweep)".

The event log keeps ids, because names change. Each app adds what it can name when it starts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable

Namer = Callable[[set[int]], dict[int, str]]
"""Names of rows by their ids."""

_namers: dict[str, Namer] = {}


def name_with(kind: str, namer: Namer) -> None:
    """Let `namer` name rows of this kind."""
    _namers[kind] = namer


def in_words(references: Iterable[str]) -> dict[str, str]:
    """What to call each reference; one query for each kind among them."""
    wanted: dict[str, set[int]] = defaultdict(set)
    found: dict[str, str] = {}
    for reference in references:
        kind, _, what = reference.partition(":")
        if kind in _namers and what.isdigit():
            wanted[kind].add(int(what))
        found[reference] = _plain(kind, what)
    for kind, ids in wanted.items():
        found |= {f"{kind}:{pk}": name for pk, name in _namers[kind](ids).items()}
    return found


def _plain(kind: str, what: str) -> str:
    if kind == "system":
        return f"the system ({what.replace('_', ' ')})" if what else "the system"
    return f"{kind} {what}" if what else f"the {kind}"
