"""What callers of a queue hear, as WAV files: music, announcements composed for one caller, last words."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from django.core.files.storage import default_storage
from django.utils import timezone

from callcenter.core import sql
from ivr.prompts import resolve, say_choice, say_digits, say_promise
from queues.callbackwindows import Page
from queues.models import Announcement, CallbackOffer, MusicOrder, Queue
from queues.place import Place
from queues.waits import expected_wait

from . import prompts
from .records import CallbackTerms, QueueProfile, Scheduled

log = structlog.get_logger(__name__)

HEARD = sql.Slice(
    Queue,
    "id",
    "answer_mode",
    "language",
    "music_order",
    "deliver_directly",
    "callback_offer",
    "callback_after",
    "callback_key",
    "callback_choose_time",
)
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
        callback=_terms(heard.queue) if heard.queue.callback_offer != CallbackOffer.OFF else None,
    )


def _terms(queue: Queue) -> CallbackTerms:
    return CallbackTerms(
        key=queue.callback_key,
        after=queue.callback_after if queue.callback_offer == CallbackOffer.AFTER else 0,
        offer=_offer(queue),
        menu=_prompts(queue.language, "callback-number", "callback-wait-on"),
        enter=_prompts(queue.language, "callback-enter"),
        sorry=_prompts(queue.language, "callback-refused"),
        when=(*when(queue.language), *_prompts(queue.language, "callback-wait-on")) if queue.callback_choose_time else (),
        invalid=invalid(queue.language) if queue.callback_choose_time else (),
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


def read_back(number: str, language: str) -> tuple[str, ...]:
    """A number in E.164, digit by digit, with what can be done about it."""
    digits = map(str, say_digits(number.removeprefix("+"), language))
    return (*_prompts(language, "callback-at"), *digits, *_prompts(language, "confirm", "callback-wait-on"))


def promise(language: str) -> tuple[str, ...]:
    """The last words to somebody who will be called back."""
    return _prompts(language, "callback-place-kept")


# ---- a time of the caller's choice ------------------------------------------------------------------------------------
def when(language: str) -> tuple[str, ...]:
    return _prompts(language, "callback-when")


def invalid(language: str) -> tuple[str, ...]:
    return _prompts(language, "invalid-choice")


def taken(language: str) -> tuple[str, ...]:
    return _prompts(language, "callback-taken")


def times(page: Page, zone: ZoneInfo, language: str) -> tuple[str, ...]:
    """The windows, a key each, and the keys for more."""
    if not page.windows:
        return _prompts(language, "callback-no-times")
    today = timezone.now().astimezone(zone).date()
    spoken = (
        path
        for key, one in enumerate(page.windows, 1)
        for path in say_choice(one.starts.astimezone(zone), one.ends.astimezone(zone), today, key, language)
    )
    more = ("callback-later",) * bool(page.later) + ("callback-other-day",) * bool(page.other_day)
    return (*map(str, spoken), *_prompts(language, *more, "callback-repeat"))


def agreed(starts: datetime, ends: datetime, zone: ZoneInfo, language: str) -> tuple[str, ...]:
    """The last words to somebody who will be called back in this window."""
    today = timezone.now().astimezone(zone).date()
    return tuple(map(str, say_promise(starts.astimezone(zone), ends.astimezone(zone), today, language)))


def _prompts(language: str, *slugs: str) -> tuple[str, ...]:
    """Prompts that come with the product, in somebody's own voice if there is one."""
    return tuple(map(str, resolve([{"prompt": slug} for slug in slugs], language)))


def _invitation(queue: Queue) -> tuple[str, ...]:
    return _offer(queue) if queue.callback_offer == CallbackOffer.ANNOUNCED else ()


def _offer(queue: Queue) -> tuple[str, ...]:
    key = "star" if queue.callback_key == "*" else queue.callback_key
    return _prompts(queue.language, "callback-to-keep-place", f"press-{key}")


def on_entry(heard: Heard, place: Place) -> tuple[str, ...]:
    """What a caller hears who has just got this place in line; `NOWHERE`: an agent's phone rings already."""
    return _spoken(heard, [one for one in heard.sayings if not one.first_after and one.kind != Kind.REOFFER], place)


def announced(heard: Heard, numbers: Iterable[int], place: Place) -> tuple[str, ...]:
    """These announcements, in the order of the queue, for a caller at this place."""
    wanted = set(numbers)
    return _spoken(heard, [saying for saying in heard.sayings if saying.number in wanted], place)


def say(text: str, language: str) -> tuple[str, ...]:
    """A text that cannot be spoken is left out: it must not cost the call."""
    return prompts.heard(text, language)


def _spoken(heard: Heard, sayings: list[Saying], place: Place) -> tuple[str, ...]:
    files = (file for saying in sayings for file in _files(heard, saying, place))
    return (*files, *_invitation(heard.queue))


def _files(heard: Heard, saying: Saying, place: Place) -> tuple[str, ...]:
    """Place and wait with the words before them, or without those nothing."""
    language = heard.queue.language
    if saying.kind == Kind.POSITION:
        composed = prompts.place(place.number, language)
    elif saying.kind == Kind.ESTIMATE:
        composed = prompts.wait(expected_wait(heard.queue.pk, place) if place.number else None, language)
    else:
        return say(saying.text, language)
    return (*say(saying.text, language), *composed) if composed else ()
