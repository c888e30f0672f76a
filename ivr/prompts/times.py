"""Windows of time, as callers choose among them: whole sentences, or the pieces once somebody has recorded one (see `counting`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

from callcenter.core import soundfiles
from queues import spokentimes
from queues.phrases import speaks
from queues.spokentimes import NAMED_DAYS

from ..languages import fallbacks
from .counting import number_slugs, put_together


def say_choice(
    starts: datetime, ends: datetime, today: date, key: int, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE
) -> list[Path]:  # fmt: skip
    """“For a call tomorrow between nine and ten a.m., press 2.” Times are by the clock of those who call back."""
    pieces = window_slugs(starts, ends, today, language)
    whole = spokentimes.choice(starts, ends, today, str(key), language)
    return put_together(["callback-for-a-call", *pieces, f"press-{key}"] if pieces else [], whole, _spoken(language), rate)


def say_promise(
    starts: datetime, ends: datetime, today: date, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE
) -> list[Path]:  # fmt: skip
    """“Thank you. We will call you back tomorrow between nine and ten a.m.”"""
    pieces = window_slugs(starts, ends, today, language)
    whole = spokentimes.promise(starts, ends, today, language)
    return put_together(["callback-promised", *pieces] if pieces else [], whole, _spoken(language), rate)


def _spoken(language: str) -> str:
    """What is said in English must be said by an English voice."""
    return language if speaks(language) else "en"


def window_slugs(starts: datetime, ends: datetime, today: date, language: str) -> list[str]:
    """The pieces in the language's order. None for days that are named by their date, which is too rarely said to be recorded."""
    ahead = (starts.date() - today).days
    if not 0 <= ahead <= NAMED_DAYS:
        return []
    day = ("time-today", "time-tomorrow")[ahead] if ahead < 2 else f"time-weekday-{starts.weekday() + 1}"
    clock = _german if fallbacks(language)[-1] == "de" else _english
    return [day, "time-between", *clock(starts, ends)]


def _english(starts: datetime, ends: datetime) -> Iterator[str]:
    yield from _english_clock(starts, with_half=not spokentimes.one_half(starts, ends))
    yield "time-and"
    yield from _english_clock(ends)


def _english_clock(moment: datetime, *, with_half: bool = True) -> Iterator[str]:
    if named := spokentimes.named_hour(moment):
        yield f"time-{named}"
        return
    yield from number_slugs(moment.hour % 12 or 12, "en")
    if 0 < moment.minute < 10:
        yield "time-oh"
    if moment.minute:
        yield from number_slugs(moment.minute, "en")
    if with_half:
        yield "time-am" if moment.hour < 12 else "time-pm"


def _german(starts: datetime, ends: datetime) -> Iterator[str]:
    yield from _german_clock(starts, starts.hour)
    yield "time-and"
    yield from _german_clock(ends, 24 if not (ends.hour or ends.minute) else ends.hour)


def _german_clock(moment: datetime, hour: int) -> Iterator[str]:
    yield from ("time-one",) if hour == 1 else number_slugs(hour, "de")
    yield "time-oclock"
    if moment.minute:
        yield from number_slugs(moment.minute, "de")
