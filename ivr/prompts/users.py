"""Who plays which prompt. Parts that refer to prompts register a function here; nobody deletes a prompt under their feet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """One place where a prompt is heard."""

    what: str
    """Such as "Queue Support, greeting"."""
    url: str = ""
    """Where that is changed; empty if nowhere."""


Lister = Callable[[Collection[str]], Mapping[str, Collection[Usage]]]
"""Slugs of prompts to their usages; with slugs that it does not use left out. One or two queries whatever their number."""

_listers: dict[str, Lister] = {}


def register(part: str, lister: Lister) -> None:
    """Let `lister` say what `part` ("flows", "queues") plays. Called when the app starts; again replaces it."""
    _listers[part] = lister


def of_all(slugs: Collection[str]) -> dict[str, list[Usage]]:
    found: dict[str, list[Usage]] = defaultdict(list)
    for lister in _listers.values():
        for slug, usages in lister(slugs).items():
            found[slug] += usages
    return dict(found)


def of(slug: str) -> list[Usage]:
    return of_all([slug]).get(slug, [])
