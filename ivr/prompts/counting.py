"""Numbers, places in line and waits, as callers hear them.

As long as nobody recorded the pieces, the whole sentence is spoken by the speech engine, which sounds better. Once a person's
voice is among them, the sentence is put together from the pieces: one voice throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from callcenter.core import soundfiles
from queues import phrases
from queues.estimate import Range

from ..languages import fallbacks
from .references import heard, resolve

MOST = 9_999
"""Larger ones are read digit by digit."""


def say_number(number: int, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """:param number: 0 or more."""
    return put_together(number_slugs(number, language), str(number), language, rate)


def say_digits(digits: str, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """Each by itself; what is no digit is left out."""
    return put_together([f"number-{digit}" for digit in digits if digit in "0123456789"], " ".join(digits), language, rate)


def say_position(position: int, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """The place in line, counted from 1; nothing if there is none."""
    if position < 1:
        return []
    pieces = ["position-next"] if position == 1 else ["position-before", *number_slugs(position, language), "position-after"]
    return put_together(pieces, phrases.position(position, language), language, rate)


def say_wait(expected: Range | None, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """The estimated wait; nothing without an estimate."""
    if expected is None:
        return []
    return put_together(_wait_slugs(*phrases.minutes(expected), language), phrases.wait(expected, language), language, rate)


def _wait_slugs(low: int, high: int, language: str) -> list[str]:
    """None for what is said too rarely to be recorded: more than an hour, less than some minutes."""
    if high == 1:
        return ["wait-minute"] if low else ["wait-soon"]
    if low < 1 or low > phrases.LONG_MINUTES:
        return []
    upper = [*number_slugs(high, language), "wait-minutes"]
    return ["wait-about", *upper] if low == high else ["wait-between", *number_slugs(low, language), "wait-and", *upper]


def number_slugs(number: int, language: str) -> list[str]:
    """The pieces of a number, in the order in which the language says them."""
    if number > MOST:
        return [f"number-{digit}" for digit in str(number)]
    return list(_german(number) if fallbacks(language)[-1] == "de" else _english(number))


def _english(number: int) -> Iterator[str]:
    if number >= 100:
        yield from _high(number)
        if number % 100:
            yield from _english(number % 100)
    elif number <= 20:
        yield f"number-{number}"
    else:
        yield f"number-{number // 10 * 10}"
        if number % 10:
            yield f"number-{number % 10}"


def _german(number: int) -> Iterator[str]:
    """Units come before tens, joined: einund-zwanzig."""
    if number >= 100:
        yield from _high(number)
        if number % 100:
            yield from _german(number % 100)
    elif number <= 20 or number % 10 == 0:
        yield f"number-{number}"
    else:
        yield from (f"number-and-{number % 10}", f"number-{number // 10 * 10}")


def _high(number: int) -> Iterator[str]:
    if number >= 1000:
        yield from (f"number-{number // 1000}", "number-thousand")
    if number % 1000 >= 100:
        yield from (f"number-{number % 1000 // 100}", "number-hundred")


def put_together(slugs: Sequence[str], whole: str, language: str, rate: int) -> list[Path]:
    """The pieces, if a person has recorded any of them, else `whole` as the speech engine says it; nothing if that is empty."""
    if slugs and _somebodys_voice(slugs, language):
        return resolve([{"prompt": slug} for slug in slugs], language, rate=rate)
    return resolve({"say": {language: whole}}, language, rate=rate) if whole else []


def _somebodys_voice(slugs: Sequence[str], language: str) -> bool:
    chosen = (next(prompt.choices(language), None) for prompt in heard(slugs).values())
    return any(sounding is not None and sounding.recorded for sounding in chosen)
