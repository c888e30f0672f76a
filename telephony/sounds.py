"""What callers of a queue hear, as WAV files: music, announcements composed for one caller, last words."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import structlog
from django.core.files.storage import default_storage

from callcenter.core import sql
from queues import phrases
from queues.models import Announcement, MusicOrder, Queue
from queues.waits import expected_wait

from . import prompts
from .records import QueueProfile, Scheduled

log = structlog.get_logger(__name__)

HEARD = sql.Slice(Queue, "id", "answer_mode", "language", "music_order", "deliver_directly")
QUEUE = f"""
SELECT (SELECT jsonb_agg(jsonb_build_array(id, kind, text, first_after, every) ORDER BY position, id)
    FROM queues_announcement WHERE queue_id = q.id AND active),
  (SELECT jsonb_agg(file ORDER BY position, id) FROM queues_music WHERE queue_id = q.id), {HEARD.columns("q")}
FROM queues_queue q WHERE q.id = %s
"""  # noqa: S608

Kind = Announcement.Kind


class Saying(NamedTuple):
    """A row of `Announcement`."""

    number: int
    kind: str
    text: str
    first_after: int
    every: int


@dataclass(frozen=True, slots=True)
class Heard:
    """A queue as far as its callers hear it."""

    queue: Queue
    sayings: tuple[Saying, ...]
    music: tuple[str, ...]
    """Names in the storage of uploads; none: the built-in music."""


def of(queue_id: int) -> Heard:
    sayings, music, *columns = sql.only_row(QUEUE, [queue_id])
    return Heard(HEARD.make(columns), tuple(Saying(*row) for row in json.loads(sayings or "[]")), tuple(json.loads(music or "[]")))


def profile(heard: Heard, caller: str) -> QueueProfile:
    """:param caller: what is one call's own: by it music is shuffled, so that in another queue it is not shuffled anew."""
    return QueueProfile(
        answer_mode=heard.queue.answer_mode,
        music=_music(heard, caller),
        deliver_directly=heard.queue.deliver_directly,
        announcements=tuple(_scheduled(saying) for saying in heard.sayings if saying.kind == Kind.REOFFER or _said_later(saying)),
    )


def _music(heard: Heard, caller: str) -> tuple[str, ...]:
    pieces = [default_storage.path(name) for name in heard.music] or [str(prompts.default_music())]
    if heard.queue.music_order == MusicOrder.SHUFFLED:
        random.Random(caller).shuffle(pieces)
    return tuple(pieces)


def _said_later(saying: Saying) -> bool:
    return saying.kind != Kind.GREETING and bool(saying.first_after or saying.every)


def _scheduled(saying: Saying) -> Scheduled:
    """What is said on entry comes with the news of the place; its next time is one interval later."""
    if saying.kind == Kind.REOFFER:
        return Scheduled(saying.number, saying.first_after, saying.every, after_offer=True)
    return Scheduled(saying.number, saying.first_after or saying.every, saying.every)


def on_entry(heard: Heard, place: int) -> tuple[str, ...]:
    """What a caller hears who has just got this place in line; 0: an agent's phone rings already."""
    return _spoken(heard, [one for one in heard.sayings if not one.first_after and one.kind != Kind.REOFFER], place)


def announced(heard: Heard, numbers: Iterable[int], place: int) -> tuple[str, ...]:
    """These announcements, in the order of the queue, for a caller at this place."""
    wanted = set(numbers)
    return _spoken(heard, [saying for saying in heard.sayings if saying.number in wanted], place)


def say(text: str, language: str) -> tuple[str, ...]:
    """A text that cannot be spoken is left out: it must not cost the call."""
    return prompts.heard(text, language)


def _spoken(heard: Heard, sayings: list[Saying], place: int) -> tuple[str, ...]:
    language = heard.queue.language
    return tuple(file for saying in sayings for text in _texts(heard, saying, place) for file in say(text, language))


def _texts(heard: Heard, saying: Saying, place: int) -> tuple[str, ...]:
    """Place and wait with the words before them, or without those nothing."""
    if saying.kind == Kind.POSITION:
        composed = phrases.position(place, heard.queue.language)
    elif saying.kind == Kind.ESTIMATE:
        composed = phrases.wait(expected_wait(heard.queue.pk, place) if place else None, heard.queue.language)
    else:
        return (saying.text,)
    return (saying.text, composed) if composed else ()
