"""Windows of time as people say them, by language: “today between three and four p.m.” Pure: no Django, no speech.

English and German are complete; where the language is not known, English is said: a choice that nobody hears cannot be made.
"""

from __future__ import annotations

from datetime import date, datetime

from .phrases import base, english_number, german_number, speaks

NAMED_DAYS = 6
"""Days ahead up to which a weekday's name says which day is meant."""


def window(starts: datetime, ends: datetime, today: date, language: str = "en") -> str:
    """
    :param starts: with `ends` by the clock of those who call back; `today` is the day that it shows now.
    """
    return f"{day(starts.date(), today, language)} {_between(starts, ends, language)}"


def choice(starts: datetime, ends: datetime, today: date, key: str, language: str = "en") -> str:
    """What to press for it."""
    when = window(starts, ends, today, language)
    return f"Für einen Rückruf {when} drücken Sie die {key}." if _german(language) else f"For a call {when}, press {key}."


def promise(starts: datetime, ends: datetime, today: date, language: str = "en") -> str:
    """Tells a caller what was agreed."""
    when = window(starts, ends, today, language)
    return f"Vielen Dank. Ihr Rückruf kommt {when}." if _german(language) else f"Thank you. We will call you back {when.rstrip('.')}."


def day(wanted: date, today: date, language: str = "en") -> str:
    """“Today”, “on Monday”, “on Monday, December first”."""
    ahead = (wanted - today).days
    german = _german(language)
    if ahead in (0, 1):
        return (("heute", "morgen") if german else ("today", "tomorrow"))[ahead]
    weekday = (GERMAN_DAYS if german else ENGLISH_DAYS)[wanted.weekday()]
    named = f"am {weekday}" if german else f"on {weekday}"
    return named if 0 < ahead <= NAMED_DAYS else f"{named}, {_date(wanted, german)}"


def _german(language: str) -> bool:
    return speaks(language) and base(language) == "de"


def _date(wanted: date, german: bool) -> str:
    if german:
        return f"dem {_german_ordinal(wanted.day)} {GERMAN_MONTHS[wanted.month - 1]}"
    return f"{ENGLISH_MONTHS[wanted.month - 1]} {_english_ordinal(wanted.day)}"


def _between(starts: datetime, ends: datetime, language: str) -> str:
    if _german(language):
        begins = _german_clock(starts) if starts.minute or ends.minute else _german_hour(starts)
        return f"zwischen {begins} und {_german_clock(ends, at_the_end=True)}"
    together = one_half(starts, ends)
    return f"between {_english_clock(starts, with_half=not together)} and {_english_clock(ends)}"


def one_half(starts: datetime, ends: datetime) -> bool:
    """Both before noon or both after it, and neither has a name of its own: “a.m.” or “p.m.” is said once."""
    return (starts.hour < 12) == (ends.hour < 12) and not (named_hour(starts) or named_hour(ends))


def named_hour(moment: datetime) -> str:
    """The two hours for which English has a word."""
    return {0: "midnight", 12: "noon"}.get(moment.hour, "") if not moment.minute else ""


def _english_clock(moment: datetime, *, with_half: bool = True) -> str:
    if named := named_hour(moment):
        return named
    hour = english_number(moment.hour % 12 or 12)
    minute = moment.minute
    words = hour if not minute else f"{hour} oh {english_number(minute)}" if minute < 10 else f"{hour} {english_number(minute)}"
    return f"{words} {'a.m.' if moment.hour < 12 else 'p.m.'}" if with_half else words


def _german_clock(moment: datetime, *, at_the_end: bool = False) -> str:
    """A day ends at twenty-four o'clock; the next begins at zero."""
    hour = "vierundzwanzig" if at_the_end and not (moment.hour or moment.minute) else _german_hour(moment)
    return f"{hour} Uhr {german_number(moment.minute)}" if moment.minute else f"{hour} Uhr"


def _german_hour(moment: datetime) -> str:
    return "ein" if moment.hour == 1 else german_number(moment.hour)


def _english_ordinal(number: int) -> str:
    if number < 20 or number % 10 == 0:
        return _ORDINALS.get(number) or f"{english_number(number)}th"
    tens = english_number(number - number % 10)
    return f"{tens}-{_english_ordinal(number % 10)}"


def _german_ordinal(number: int) -> str:
    """Dative, as after “dem”."""
    irregular = {1: "ersten", 3: "dritten", 7: "siebten", 8: "achten"}
    return irregular.get(number) or f"{german_number(number)}{'ten' if number < 20 else 'sten'}"


_ORDINALS = {1: "first", 2: "second", 3: "third", 5: "fifth", 8: "eighth", 9: "ninth", 12: "twelfth", 20: "twentieth", 30: "thirtieth"}

ENGLISH_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
GERMAN_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")
ENGLISH_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
GERMAN_MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
