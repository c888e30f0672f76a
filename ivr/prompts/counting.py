"""Numbers, places in line and waits, as callers hear them.

As long as nobody recorded the pieces, the whole sentence is spoken by the speech engine, which sounds better. Once a person's
voice is among them, the sentence is put together from the pieces: one voice throughout.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from callcenter.core import soundfiles

from ..languages import fallbacks
from .references import heard, resolve

MOST = 9_999
"""Larger ones are read digit by digit."""

SENTENCES = {
    "en": {
        "next": "You are next in line.",
        "position": "You are number {0} in line.",
        "soon": "The estimated wait is less than one minute.",
        "minute": "The estimated wait is about one minute.",
        "minutes": "The estimated wait is about {0} minutes.",
        "between": "The estimated wait is between {0} and {1} minutes.",
    },
    "de": {
        "next": "Sie sind als Nächstes an der Reihe.",
        "position": "Sie sind auf Platz {0} der Warteschlange.",
        "soon": "Die voraussichtliche Wartezeit beträgt weniger als eine Minute.",
        "minute": "Die voraussichtliche Wartezeit beträgt etwa eine Minute.",
        "minutes": "Die voraussichtliche Wartezeit beträgt etwa {0} Minuten.",
        "between": "Die voraussichtliche Wartezeit beträgt {0} bis {1} Minuten.",
    },
}
"""Whole, for the speech engine."""


def say_number(number: int, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """:param number: 0 or more."""
    return _say(number_slugs(number, language), str(number), language, rate)


def say_digits(digits: str, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """Each by itself; what is no digit is left out."""
    return _say([f"number-{digit}" for digit in digits if digit in "0123456789"], " ".join(digits), language, rate)


def say_position(position: int, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """The place in line, counted from 1."""
    if position <= 1:
        return _say(["position-next"], _sentence("next", language), language, rate)
    pieces = ["position-before", *number_slugs(position, language), "position-after"]
    return _say(pieces, _sentence("position", language, position), language, rate)


def say_wait(least: int, most: int, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> list[Path]:
    """The estimated wait, a range in minutes; 0 to 0 is less than one."""
    if most <= 0:
        return _say(["wait-soon"], _sentence("soon", language), language, rate)
    if most == 1:
        return _say(["wait-minute"], _sentence("minute", language), language, rate)
    high = number_slugs(most, language)
    if max(least, 1) >= most:
        return _say(["wait-about", *high, "wait-minutes"], _sentence("minutes", language, most), language, rate)
    pieces = ["wait-between", *number_slugs(max(least, 1), language), "wait-and", *high, "wait-minutes"]
    return _say(pieces, _sentence("between", language, max(least, 1), most), language, rate)


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


def _sentence(name: str, language: str, *numbers: int) -> str:
    """Empty in a language that has none here: then the pieces are said, whatever they are made of."""
    known = next((SENTENCES[tag] for tag in fallbacks(language) if tag in SENTENCES), None)
    return known[name].format(*numbers) if known else ""


def _say(slugs: Sequence[str], whole: str, language: str, rate: int) -> list[Path]:
    if whole and not _somebodys_voice(slugs, language):
        return resolve({"say": {language: whole}}, language, rate=rate)
    return resolve([{"prompt": slug} for slug in slugs], language, rate=rate)


def _somebodys_voice(slugs: Sequence[str], language: str) -> bool:
    chosen = (next(prompt.choices(language), None) for prompt in heard(slugs).values())
    return any(sounding is not None and sounding.recorded for sounding in chosen)
