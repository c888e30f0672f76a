"""Who refers by name to what, where no foreign key keeps it: flows to queues, queues to voicemail boxes, and so on.

Parts that refer to something by its stable name register a function here for each kind of thing. Nobody then deletes it under
their feet: pages show the users, and `adminbase.KeptWhileNamed` refuses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Usage:
    """One place where something is named."""

    what: str
    """Such as "Queue Support, greeting"."""
    url: str = ""
    """Where that is changed; empty if nowhere."""


Lister = Callable[[Collection[str]], Mapping[str, Collection[Usage]]]
"""Names to their usages; with names that it does not use left out. One or two queries whatever their number."""

_listers: dict[tuple[str, str], Lister] = {}


def register(kind: str, part: str, lister: Lister) -> None:
    """Let `lister` say where `part` ("flows", "queues") names things of this kind. Called when the app starts; again replaces it."""
    _listers[kind, part] = lister


def forget(kind: str, part: str) -> None:
    """The part names nothing of this kind any more."""
    _listers.pop((kind, part), None)


def of_all(kind: str, names: Collection[str]) -> dict[str, list[Usage]]:
    """
    :param kind: prompt, queue, flow, schedule, mailbox, skill, agent or connection.
    """
    found: dict[str, list[Usage]] = defaultdict(list)
    for (of, _), lister in _listers.items():
        for name, usages in lister(names).items() if of == kind else ():
            found[name] += usages
    return dict(found)


def of(kind: str, name: str) -> list[Usage]:
    return of_all(kind, [name]).get(name, [])
