"""How the state of opening hours is said and coloured, alike on all pages."""

from __future__ import annotations

from ..hours import HoursState, Kind

COLOURS = {Kind.OPEN: "green", Kind.CLOSED: "grey", Kind.HOLIDAY: "violet", Kind.CLOSURE: "red"}
WORDS = {Kind.OPEN: "Open", Kind.CLOSED: "Closed", Kind.HOLIDAY: "Holiday", Kind.CLOSURE: "Closure"}


def in_words(hours: HoursState) -> str:
    return WORDS[hours.kind] + (f": {hours.name}" if hours.name else "")
