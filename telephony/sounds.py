"""What callers of a queue hear, as WAV files."""

from __future__ import annotations

from callcenter.core import sql
from queues.models import Queue

from . import prompts
from .records import QueueProfile

HEARD = sql.Slice(
    Queue, "id", "answer_mode", "music", "deliver_directly", "greeting", "announce_position", "comfort", "comfort_every", "fallback_message"
)
QUEUE = f"SELECT {HEARD.columns('q')} FROM queues_queue q WHERE q.id = %s"  # noqa: S608


def of(queue_id: int) -> Queue:
    """The queue, as far as its callers hear it."""
    return HEARD.make(sql.only_row(QUEUE, [queue_id]))


def profile(queue: Queue) -> QueueProfile:
    music = queue.music.path if queue.music else str(prompts.default_music())
    comforting = queue.comfort or queue.announce_position
    return QueueProfile(
        answer_mode=queue.answer_mode,
        music=music,
        deliver_directly=queue.deliver_directly,
        comfort_every=queue.comfort_every if comforting else 0,
    )


def greeting(queue: Queue, position: int) -> tuple[str, ...]:
    return (*_spoken(queue.greeting), *_place(queue, position))


def comfort(queue: Queue, position: int) -> tuple[str, ...]:
    return (*_spoken(queue.comfort), *_place(queue, position))


def farewell(queue: Queue) -> tuple[str, ...]:
    return _spoken(queue.fallback_message)


def _spoken(text: str) -> tuple[str, ...]:
    return prompts.heard(text)


def _place(queue: Queue, position: int) -> tuple[str, ...]:
    return (str(prompts.spoken_position(position)),) if queue.announce_position and position > 0 else ()
