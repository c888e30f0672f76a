"""What callers of a queue hear, as WAV files."""

from __future__ import annotations

from callcenter.core import sql
from queues.models import CallbackOffer, Queue

from . import prompts
from .records import CallbackTerms, QueueProfile

MENU = "To be called back at the number you are calling from, press 1. For another number, press 2. To keep waiting, press star."
ENTER = "Enter the number, beginning with the area code, and press hash."
SORRY = "We are sorry, this number cannot be called back."
WE_WILL_CALL = "We will call you back at"
CONFIRM = "If this is right, press 1. For another number, press 2. To keep waiting, press star."
PROMISE = "Thank you. You keep your place in line. We will call you back. Good-bye."

HEARD = sql.Slice(
    Queue, "id", "answer_mode", "music", "deliver_directly", "greeting", "announce_position", "comfort", "comfort_every",
    "fallback_message", "callback_offer", "callback_after", "callback_key",
)  # fmt: skip
QUEUE = f"SELECT {HEARD.columns('q')} FROM queues_queue q WHERE q.id = %s"  # noqa: S608


def of(queue_id: int) -> Queue:
    """The queue, as far as its callers hear it."""
    return HEARD.make(sql.only_row(QUEUE, [queue_id]))


def profile(queue: Queue) -> QueueProfile:
    music = queue.music.path if queue.music else str(prompts.default_music())
    comforting = queue.comfort or queue.announce_position or queue.callback_offer == CallbackOffer.ANNOUNCED
    return QueueProfile(
        answer_mode=queue.answer_mode,
        music=music,
        deliver_directly=queue.deliver_directly,
        comfort_every=queue.comfort_every if comforting else 0,
        callback=_terms(queue) if queue.callback_offer != CallbackOffer.OFF else None,
    )


def _terms(queue: Queue) -> CallbackTerms:
    return CallbackTerms(
        key=queue.callback_key,
        after=queue.callback_after if queue.callback_offer == CallbackOffer.AFTER else 0,
        offer=_offer(queue),
        menu=_spoken(MENU),
        enter=_spoken(ENTER),
        sorry=_spoken(SORRY),
    )


def greeting(queue: Queue, position: int) -> tuple[str, ...]:
    return (*_spoken(queue.greeting), *_place(queue, position), *_announced(queue))


def comfort(queue: Queue, position: int) -> tuple[str, ...]:
    return (*_spoken(queue.comfort), *_place(queue, position), *_announced(queue))


def farewell(queue: Queue) -> tuple[str, ...]:
    return _spoken(queue.fallback_message)


def read_back(number: str) -> tuple[str, ...]:
    """A number in E.164, digit by digit, with what can be done about it."""
    digits = (path for digit in number.removeprefix("+") for path in _spoken(digit))
    return (*_spoken(WE_WILL_CALL), *digits, *_spoken(CONFIRM))


def promise() -> tuple[str, ...]:
    """The last words to somebody who will be called back."""
    return _spoken(PROMISE)


def _announced(queue: Queue) -> tuple[str, ...]:
    return _offer(queue) if queue.callback_offer == CallbackOffer.ANNOUNCED else ()


def _offer(queue: Queue) -> tuple[str, ...]:
    key = "star" if queue.callback_key == "*" else queue.callback_key
    return _spoken(f"To be called back and keep your place in line, press {key}.")


def _spoken(text: str) -> tuple[str, ...]:
    return (str(prompts.spoken(text)),) if text.strip() else ()


def _place(queue: Queue, position: int) -> tuple[str, ...]:
    return (str(prompts.spoken_position(position)),) if queue.announce_position and position > 0 else ()
