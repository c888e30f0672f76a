"""Places and waits as people say them, by language. Pure: no Django, no speech; whoever speaks chooses the voice.

English and German are complete. Numbers are written out, so that every voice says them alike and a recorded one can be cut
from few words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .estimate import Range

LANGUAGES = {"en": "English", "de": "German"}
"""What `position` and `wait` speak, by the code's first part."""

LONG_MINUTES = 60
"""Beyond this nobody plans by minutes any more: “more than an hour”."""


def base(language: str) -> str:
    """“de-at” is German."""
    return language.lower().replace("_", "-").partition("-")[0]


def speaks(language: str) -> bool:
    return base(language) in LANGUAGES


def position(number: int, language: str = "en") -> str:
    """Tells a caller the place in line, counted from 1. Empty in a language that is not known, or if there is none."""
    if number < 1 or not speaks(language):
        return ""
    words = WORDS[base(language)]
    return words.next_in_line if number == 1 else words.place(words.number(number))


def wait(expected: Range | None, language: str = "en") -> str:
    """Tells a caller the estimated wait. Empty without an estimate, or in a language that is not known."""
    if expected is None or not speaks(language):
        return ""
    words = WORDS[base(language)]
    low, high = minutes(expected)
    if low > LONG_MINUTES:
        return words.over_an_hour
    if low < 1:
        return words.less_than(high)
    return words.between(low, high) if low < high else words.about(low)


def minutes(expected: Range) -> tuple[int, int]:
    """The range in whole minutes, rounded outwards, and beyond ten to fives: nobody is promised more than is known."""
    low, high = expected.low / 60, expected.high / 60
    low_step, high_step = (5 if low >= 10 else 1), (5 if high > 10 else 1)
    return int(low // low_step) * low_step, max(1, -int(-high // high_step) * high_step)


def short_wait(expected: Range | None) -> str:
    """For screens: “3–6 min”, “< 2 min”, “> 60 min”; empty without an estimate."""
    if expected is None:
        return ""
    low, high = minutes(expected)
    if low > LONG_MINUTES:
        return f"> {LONG_MINUTES} min"
    return f"{low}–{high} min" if low else f"< {high} min"


def refusal(language: str = "en") -> str:
    """The standard last words of a queue that has none of its own; in English where the language is not known."""
    return WORDS[base(language) if speaks(language) else "en"].refusal


@dataclass(frozen=True, slots=True)
class Words:
    """The sentences of one language."""

    number: Callable[[int], str]
    next_in_line: str
    place: Callable[[str], str]
    less_than: Callable[[int], str]
    about: Callable[[int], str]
    between: Callable[[int, int], str]
    over_an_hour: str
    refusal: str


def english_number(number: int) -> str:
    """Up to 999,999, as said in both Britain and America (without “and”)."""
    if number < 20:
        return _ENGLISH[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _ENGLISH_TENS[tens] + (f"-{_ENGLISH[ones]}" if ones else "")
    unit, word = (1000, "thousand") if number >= 1000 else (100, "hundred")
    many, rest = divmod(number, unit)
    return f"{english_number(many)} {word}" + (f" {english_number(rest)}" if rest else "")


def german_number(number: int) -> str:
    """Up to 999.999, in one word as it is written. A lone one is “eins”, before another word “ein”."""
    if number < 20:
        return _GERMAN[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return (f"{_german_before(ones)}und" if ones else "") + _GERMAN_TENS[tens]
    unit, word = (1000, "tausend") if number >= 1000 else (100, "hundert")
    many, rest = divmod(number, unit)
    return _german_before(many) + word + (german_number(rest) if rest else "")


def _german_before(number: int) -> str:
    said = german_number(number)
    return said[:-1] if said.endswith("eins") else said


_ENGLISH = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen",
    "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_ENGLISH_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_GERMAN = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf", "dreizehn", "vierzehn",
    "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
_GERMAN_TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")


def _english_minutes(number: int) -> str:
    return "one minute" if number == 1 else f"{english_number(number)} minutes"


def _german_minutes(number: int) -> str:
    """Dative, as every sentence here has it: “einer Minute”, “drei Minuten”."""
    return "einer Minute" if number == 1 else f"{german_number(number)} Minuten"


WORDS = {
    "en": Words(
        number=english_number,
        next_in_line="You are next in line.",
        place=lambda number: f"You are number {number} in line.",
        less_than=lambda high: f"Your wait will be less than {_english_minutes(high)}.",
        about=lambda number: f"Your wait will be about {_english_minutes(number)}.",
        between=lambda low, high: f"Your wait will be between {english_number(low)} and {_english_minutes(high)}.",
        over_an_hour="Your wait will be more than an hour.",
        refusal="We are sorry, nobody can take your call now. Please call again later.",
    ),
    "de": Words(
        number=german_number,
        next_in_line="Sie sind als Nächstes an der Reihe.",
        place=lambda number: f"Sie sind Nummer {number} in der Warteschlange.",
        less_than=lambda high: f"Sie warten voraussichtlich weniger als {_german_less(high)}.",
        about=lambda number: f"Ihre Wartezeit beträgt ungefähr {_german_less(number)}.",
        between=lambda low, high: f"Ihre Wartezeit liegt zwischen {_german_one(low)} und {_german_minutes(high)}.",
        over_an_hour="Sie warten voraussichtlich länger als eine Stunde.",
        refusal="Leider kann Ihren Anruf zurzeit niemand annehmen. Bitte rufen Sie später wieder an.",
    ),
}


def _german_less(number: int) -> str:
    """After “als” and “ungefähr” the accusative: “eine Minute”."""
    return "eine Minute" if number == 1 else _german_minutes(number)


def _german_one(number: int) -> str:
    return "einer" if number == 1 else german_number(number)
