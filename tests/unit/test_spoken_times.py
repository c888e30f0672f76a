"""Windows of time in words: both languages, and the pieces that people may record."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.prompts.system import PROMPTS
from ivr.prompts.times import window_slugs
from queues import spokentimes

TODAY = date(2026, 11, 24)  # a Tuesday


def window(starts: str, ends: str) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(starts), datetime.fromisoformat(ends)


@pytest.mark.parametrize(
    ("starts", "ends", "english", "german"),
    [
        ("2026-11-24T15:00", "2026-11-24T16:00", "today between three and four p.m.", "heute zwischen fünfzehn und sechzehn Uhr"),
        ("2026-11-25T09:00", "2026-11-25T10:00", "tomorrow between nine and ten a.m.", "morgen zwischen neun und zehn Uhr"),
        ("2026-11-25T11:00", "2026-11-25T12:00", "tomorrow between eleven a.m. and noon", "morgen zwischen elf und zwölf Uhr"),
        ("2026-11-25T12:00", "2026-11-25T13:00", "tomorrow between noon and one p.m.", "morgen zwischen zwölf und dreizehn Uhr"),
        ("2026-11-25T01:00", "2026-11-25T02:00", "tomorrow between one and two a.m.", "morgen zwischen ein und zwei Uhr"),
        (
            "2026-11-27T11:30", "2026-11-27T12:15",
            "on Friday between eleven thirty a.m. and twelve fifteen p.m.", "am Freitag zwischen elf Uhr dreißig und zwölf Uhr fünfzehn",
        ),
        (
            "2026-11-30T23:05", "2026-12-01T00:00",
            "on Monday between eleven oh five p.m. and midnight", "am Montag zwischen dreiundzwanzig Uhr fünf und vierundzwanzig Uhr",
        ),
        (
            "2026-12-01T09:00", "2026-12-01T10:00",
            "on Tuesday, December first between nine and ten a.m.", "am Dienstag, dem ersten Dezember zwischen neun und zehn Uhr",
        ),
    ],
)  # fmt: skip
def test_a_window_in_words(starts: str, ends: str, english: str, german: str) -> None:
    assert spokentimes.window(*window(starts, ends), TODAY, "en") == english
    assert spokentimes.window(*window(starts, ends), TODAY, "de-AT") == german


def test_what_to_press_and_what_was_agreed() -> None:
    afternoon = window("2026-11-24T15:00", "2026-11-24T16:00")
    assert spokentimes.choice(*afternoon, TODAY, "1") == "For a call today between three and four p.m., press 1."
    assert spokentimes.choice(*afternoon, TODAY, "1", "de") == (
        "Für einen Rückruf heute zwischen fünfzehn und sechzehn Uhr drücken Sie die 1."
    )
    assert spokentimes.promise(*afternoon, TODAY) == "Thank you. We will call you back today between three and four p.m."
    assert spokentimes.promise(*afternoon, TODAY, "de") == "Vielen Dank. Ihr Rückruf kommt heute zwischen fünfzehn und sechzehn Uhr."


def test_a_language_that_nobody_knows_hears_english() -> None:
    assert spokentimes.day(TODAY, TODAY, "fr") == "today"


@pytest.mark.parametrize(
    ("day", "english", "german"),
    [
        (2, "second", "zweiten"), (3, "third", "dritten"), (12, "twelfth", "zwölften"), (20, "twentieth", "zwanzigsten"),
        (21, "twenty-first", "einundzwanzigsten"), (31, "thirty-first", "einunddreißigsten"),
    ],
)  # fmt: skip
def test_days_beyond_a_week_are_named_by_their_date(day: int, english: str, german: str) -> None:
    wanted = date(2026, 12, day) if day > 8 else date(2027, 1, day)
    assert spokentimes.day(wanted, TODAY).endswith(f" {english}")
    assert f"dem {german} " in spokentimes.day(wanted, TODAY, "de")


MINUTES = st.integers(0, 14 * 24 * 60).map(lambda minutes: datetime(2026, 11, 24) + timedelta(minutes=minutes))


@given(MINUTES, st.sampled_from([15, 30, 45, 60, 90, 240]), st.sampled_from(["en", "de"]))
def test_every_piece_is_a_prompt_and_the_pieces_say_what_the_sentence_says(starts: datetime, minutes: int, language: str) -> None:
    ends = starts + timedelta(minutes=minutes)
    pieces = window_slugs(starts, ends, TODAY, language)
    assert set(pieces) <= set(PROMPTS)
    assert bool(pieces) == (starts.date() <= TODAY + timedelta(days=6))
    said = " ".join(getattr(PROMPTS[piece], language) for piece in pieces).replace("-", " ").split()
    whole = spokentimes.window(starts, ends, TODAY, language).replace("-", " ").split()
    if pieces and language == "en":
        assert said == whole
    elif pieces and not (starts.minute or ends.minute):
        assert len(said) == len(whole) + 1, "“Uhr” is said twice"


@given(MINUTES, MINUTES, st.sampled_from(["en", "de"]))
def test_no_two_windows_sound_alike(one: datetime, other: datetime, language: str) -> None:
    hour = timedelta(hours=1)
    said = [spokentimes.window(starts, starts + hour, TODAY, language) for starts in (one, other)]
    assert (said[0] == said[1]) == (one == other)
