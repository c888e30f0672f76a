"""What a caller hears who leaves a queue without an agent: one answer for each kind of way out (`queues.ways`)."""

from __future__ import annotations

from collections.abc import Callable

from queues import phrases
from queues.models import WayOut

from . import sounds
from .records import DeskFact, Farewell

Answer = Callable[[WayOut | None, str, str, str], DeskFact]
"""Of the row, the language of the queue, the reason for the record, and what the queue says in this case instead of the row."""


def hang_up(way: WayOut | None, language: str, reason: str, instead: str) -> DeskFact:
    """The message, then the end. Without a row the standard words; also where a circle of queues was cut."""
    text = way.message if way and way.kind == "hang_up" else phrases.refusal(language)
    return Farewell(sounds.say(instead or text, language), reason)


def voicemail(way: WayOut | None, language: str, reason: str, instead: str) -> DeskFact:
    """Of a box that takes no messages; what callers of others hear is not said here, but by `telephony.boxes`."""
    text = (way.message.strip() if way else "") or phrases.refusal(language)
    return Farewell(sounds.say(instead or text, language), reason)


ANSWERS: dict[str, Answer] = {"hang_up": hang_up, "voicemail": voicemail}
"""A kind that is heard in another way has its answer here."""


def answer(way_id: int | None, language: str, reason: str, *, instead: str = "") -> DeskFact:
    """
    :param way_id: `Call.way_out`; the row may have been removed meanwhile.
    :param instead: words that the queue has for this case alone: that it is closed.
    """
    way = WayOut.objects.filter(pk=way_id).first() if way_id else None
    return ANSWERS.get(way.kind if way else "hang_up", hang_up)(way, language, reason, instead)
