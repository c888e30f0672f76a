"""Places and waits in words: every number, both languages, and what they do with one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queues import phrases
from queues.estimate import Range
from queues.phrases import english_number, german_number


@pytest.mark.parametrize(
    ("number", "english", "german"),
    [
        (0, "zero", "null"), (1, "one", "eins"), (7, "seven", "sieben"), (12, "twelve", "zwölf"), (16, "sixteen", "sechzehn"),
        (17, "seventeen", "siebzehn"), (20, "twenty", "zwanzig"), (21, "twenty-one", "einundzwanzig"), (30, "thirty", "dreißig"),
        (77, "seventy-seven", "siebenundsiebzig"), (100, "one hundred", "einhundert"), (101, "one hundred one", "einhunderteins"),
        (342, "three hundred forty-two", "dreihundertzweiundvierzig"), (1000, "one thousand", "eintausend"),
        (2001, "two thousand one", "zweitausendeins"), (21000, "twenty-one thousand", "einundzwanzigtausend"),
    ],
)  # fmt: skip
def test_numbers_in_words(number: int, english: str, german: str) -> None:
    assert (english_number(number), german_number(number)) == (english, german)


@given(st.integers(0, 999_999), st.integers(0, 999_999))
def test_no_two_numbers_sound_alike(one: int, other: int) -> None:
    for words in (english_number, german_number):
        assert (words(one) == words(other)) == (one == other)
        assert re.fullmatch(r"[a-zäöüß -]+", words(one))


@pytest.mark.parametrize(
    ("number", "language", "said"),
    [
        (1, "en", "You are next in line."), (2, "en", "You are number two in line."), (1, "de", "Sie sind als Nächstes an der Reihe."),
        (21, "de", "Sie sind Nummer einundzwanzig in der Warteschlange."), (3, "de-AT", "Sie sind Nummer drei in der Warteschlange."),
        (3, "en-us", "You are number three in line."), (0, "en", ""), (3, "fr", ""),
    ],
)  # fmt: skip
def test_the_place_in_line(number: int, language: str, said: str) -> None:
    assert phrases.position(number, language) == said


@pytest.mark.parametrize(
    ("low", "high", "english", "german"),
    [
        (5, 40, "Your wait will be less than one minute.", "Sie warten voraussichtlich weniger als eine Minute."),
        (20, 100, "Your wait will be less than two minutes.", "Sie warten voraussichtlich weniger als zwei Minuten."),
        (61, 110, "Your wait will be between one and two minutes.", "Ihre Wartezeit liegt zwischen einer und zwei Minuten."),
        (190, 350, "Your wait will be between three and six minutes.", "Ihre Wartezeit liegt zwischen drei und sechs Minuten."),
        (180, 180, "Your wait will be about three minutes.", "Ihre Wartezeit beträgt ungefähr drei Minuten."),
        (480, 700, "Your wait will be between eight and fifteen minutes.", "Ihre Wartezeit liegt zwischen acht und fünfzehn Minuten."),
        (760, 1010, "Your wait will be between ten and twenty minutes.", "Ihre Wartezeit liegt zwischen zehn und zwanzig Minuten."),
        (4000, 6000, "Your wait will be more than an hour.", "Sie warten voraussichtlich länger als eine Stunde."),
    ],
)
def test_the_wait(low: float, high: float, english: str, german: str) -> None:
    assert phrases.wait(Range(low, high), "en") == english
    assert phrases.wait(Range(low, high), "de") == german


def test_nothing_is_said_without_an_estimate_or_in_an_unknown_language() -> None:
    assert phrases.wait(None, "en") == phrases.wait(Range(60, 120), "fr") == ""


@given(st.floats(0.1, 7000), st.floats(1, 5))
def test_what_is_said_holds_what_was_found(low: float, spread: float) -> None:
    """Rounded outwards always."""
    found = Range(low, low * spread)
    said_low, said_high = phrases.minutes(found)
    assert said_low * 60 <= found.low
    assert found.high <= said_high * 60
    assert said_high >= 1


def test_the_last_words_are_there_in_every_language() -> None:
    assert phrases.refusal("de").startswith("Leider")
    assert phrases.refusal("fr") == phrases.refusal("en")


def test_screens_say_it_short() -> None:
    said = [phrases.short_wait(found) for found in (None, Range(20, 100), Range(190, 350), Range(4000, 5000))]
    assert said == ["", "< 2 min", "3–6 min", "> 60 min"]
