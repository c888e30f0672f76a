"""What opening hours must satisfy; every message names the remedy and stands at its field."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from datetime import date, time
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.utils import timezone

from . import hours_holidays
from .validation import timezone_complaint

if TYPE_CHECKING:
    from .models import Closure, OpeningSpan, Schedule, SpecialDay

MINUTES_A_WEEK = 7 * 24 * 60
NAMED_AT_MOST = 12
"""Choices that one message lists."""


def check_schedule(schedule: Schedule) -> None:
    """Brings country and region into the form of the package's codes.

    :raises ValidationError: with all complaints at once, each at its field.
    """
    schedule.country = schedule.country.strip().upper()
    found = {
        "timezone": timezone_complaint(schedule.timezone),
        "country": _country(schedule.country),
    }
    found["subdivision"] = "" if found["country"] else _subdivision(schedule)
    _raise(found)


def check_special_day(special: SpecialDay) -> None:
    """:raises ValidationError: whether the name is on the country's list is seen by `listing_complaint`, with the schedule at hand."""
    own = special.month is not None or special.day is not None
    found = {
        "day": _own_day(special) if own else "",
        "counts": "A day of your own counts, else leave it out." if own and not special.counts else "",
        "opens": _special_opens(special),
        "closes": _special_closes(special),
    }
    _raise(found)


def check_closure(closure: Closure) -> None:
    """:raises ValidationError: it would end before it begins."""
    if closure.from_date is None or closure.to_date is None:
        return
    begins = closure.from_time or time()
    if closure.to_date < closure.from_date:
        raise ValidationError(
            {"to_date": f"It would end before it begins, on {closure.from_date:%Y-%m-%d}. Choose that day or a later one."}
        )
    if closure.to_date == closure.from_date and closure.to_time is not None and closure.to_time <= begins:
        remedy = "Choose a later time, or none for the end of the day."
        raise ValidationError({"to_time": f"It would end before it begins, at {begins:%H:%M}. {remedy}"})


def overlaps(spans: Sequence[OpeningSpan]) -> dict[int, str]:
    """What is wrong with which of these spans of one schedule, by its place among them: an overlap is told once, at the later one."""
    found: dict[int, str] = {}
    for place, span in enumerate(spans):
        other = next((earlier for earlier in spans[:place] if _overlap(earlier, span)), None)
        if other:
            found[place] = f"Overlaps {other}. Change one of the two, or make them one."
    return found


def listing_complaint(name: str, names: Iterable[str], country: str) -> str:
    """Why a day without month and day cannot have this name: it is on no list of public holidays."""
    names = list(names)
    if name in names:
        return ""
    if not names:
        return "Without a country there are no public holidays. Choose one above, or give this day its month and day."
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.4)
    hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {_some(names)}."
    return f"“{name}” is no public holiday there. {hint} A day of your own needs its month and day."


def next_two_years(today: date | None = None) -> tuple[int, int]:
    year = (today or timezone.localdate()).year
    return year, year + 1


def _country(country: str) -> str:
    known = hours_holidays.countries()
    if not country or country in known:
        return ""
    near = difflib.get_close_matches(country.title(), known.values(), n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"No holidays are known of “{country}”.{hint} Choose a country of the list, or none and enter days of your own."


def _subdivision(schedule: Schedule) -> str:
    if not schedule.subdivision:
        return ""
    if not schedule.country:
        return "Choose the country that this region belongs to, or leave the region empty."
    code = hours_holidays.region_code(schedule.country, schedule.subdivision)
    if code is not None:
        schedule.subdivision = code
        return ""
    known = hours_holidays.regions(schedule.country)
    if not known:
        return f"All of {hours_holidays.countries()[schedule.country]} has the same holidays. Leave the region empty."
    choices = _some([code if name == code else f"{code} ({name})" for code, name in known.items()])
    return f"“{schedule.subdivision}” is no region of {hours_holidays.countries()[schedule.country]}. There are: {choices}."


def _own_day(special: SpecialDay) -> str:
    if special.month is None or special.day is None:
        return "A day of your own needs both month and day; a public holiday needs neither."
    try:
        date(2024, special.month, special.day)  # a leap year: 29 February may be chosen
    except ValueError:
        return f"There is no day {special.day} in month {special.month}."
    return ""


def _special_opens(special: SpecialDay) -> str:
    if special.opens is None:
        return "From when? Enter a time, or remove the other one for closed all day." if special.closes is not None else ""
    return "" if special.counts else "A holiday that does not count has the hours of its weekday. Let it count, or remove the times."


def _special_closes(special: SpecialDay) -> str:
    missing = special.opens is not None and special.closes is None
    return "Until when? Enter a time, or remove the other one for closed all day." if missing else ""


def _overlap(one: OpeningSpan, other: OpeningSpan) -> bool:
    """Both are turned back to where `one` begins, so that a night from Sunday to Monday needs no case of its own."""
    length, start, other_length = _minutes(one), _begins(one), _minutes(other)
    ahead = (_begins(other) - start) % MINUTES_A_WEEK
    return ahead < length or ahead + other_length > MINUTES_A_WEEK


def _begins(span: OpeningSpan) -> float:
    return span.weekday * 24 * 60 + _of_day(span.opens)


def _minutes(span: OpeningSpan) -> float:
    length = _of_day(span.closes) - _of_day(span.opens)
    return length if length > 0 else length + 24 * 60


def _of_day(at: time) -> float:
    return at.hour * 60 + at.minute + at.second / 60


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED_AT_MOST} more" if len(names) > NAMED_AT_MOST else ""
    return ", ".join(names[:NAMED_AT_MOST]) + more


def _raise(found: dict[str, str]) -> None:
    complaints = {field: complaint for field, complaint in found.items() if complaint}
    if complaints:
        raise ValidationError(complaints)
