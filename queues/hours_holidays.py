"""Public holidays by country and region, from the package `holidays`, and what a schedule makes of them. No Django."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Any

from .hours import Holiday, Span

NOT_IN_THE_NAME = re.compile(r"\s*\((?:observed|estimated)[^)]*\)", re.IGNORECASE)
"""What the package adds to a name in some years: whoever strikes a holiday off the list means it with and without."""


@dataclass(frozen=True, slots=True)
class Special:
    """What a schedule says of one holiday by name or, with month and day, of a yearly day of its own."""

    name: str
    month: int | None = None
    day: int | None = None
    counts: bool = True
    opens: time | None = None
    closes: time | None = None

    @property
    def spans(self) -> tuple[Span, ...]:
        return (Span(self.opens, self.closes),) if self.opens is not None and self.closes is not None else ()

    def in_year(self, year: int) -> date | None:
        """A day of its own in this year; none for a public holiday, and for 29 February in most years."""
        try:
            return date(year, self.month, self.day) if self.month and self.day else None
        except ValueError:
            return None


def holidays_of(country: str, subdivision: str, special: Iterable[Special], years: Iterable[int]) -> dict[date, Holiday]:
    """The days of these years that are holidays to the schedule. 29 February is one in leap years only."""
    rules = {one.name: one for one in special if one.month is None}
    found: dict[date, list[Special]] = {}
    for year in years:
        for day, names in (listed(country, subdivision, year) if country else {}).items():
            found.setdefault(day, []).extend(rules.get(name, Special(name)) for name in names)
        for own in special:
            if day_of_year := own.in_year(year):
                found.setdefault(day_of_year, []).append(own)
    days = {day: [one for one in those if one.counts] for day, those in found.items()}
    return {day: _holiday(those) for day, those in sorted(days.items()) if those}


def _holiday(those: list[Special]) -> Holiday:
    """Several on one day: special hours count only if each of them has some."""
    closed = any(not one.spans for one in those)
    spans = () if closed else tuple(span for one in those for span in one.spans)
    return Holiday(", ".join(dict.fromkeys(one.name for one in those)), spans)


@lru_cache(maxsize=512)
def listed(country: str, subdivision: str, year: int) -> Mapping[date, tuple[str, ...]]:
    """The public holidays of one year by day, each with its names; none for a country that the package does not know."""
    if _entity(country) is None:
        return {}
    import holidays

    subdivision = subdivision if subdivision in regions(country) else ""
    days = holidays.country_holidays(country, subdiv=subdivision or None, years=year, language=_language(country))
    return {day: _names(days.get_list(day)) for day in sorted(days) if day.year == year}


def _names(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(NOT_IN_THE_NAME.sub("", name) for name in given))


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """ISO code → name of each country with data, by name."""
    # Here and not above: most processes never ask for a holiday, and the package costs each some time and memory.
    import holidays

    named = {entry[1]: _in_words(entry[0]) for entry in holidays.registry.COUNTRIES.values()}
    known = holidays.list_supported_countries(include_aliases=False)
    return dict(sorted(((code, named.get(code, code)) for code in known), key=lambda pair: pair[1]))


@lru_cache(maxsize=64)
def regions(country: str) -> dict[str, str]:
    """Code → name of each part of the country that has holidays of its own."""
    names: dict[str, str] = {}
    for name, code in _aliases(country).items():
        names.setdefault(code, name)
    return {code: names.get(code, code) for code in getattr(_entity(country), "subdivisions", ())}


def region_code(country: str, given: str) -> str | None:
    """The code of a region that is given by its code or its name; None: there is no such region."""
    known = {code.casefold(): code for code in regions(country)}
    aliases = {name.casefold(): code for name, code in _aliases(country).items()}
    return (aliases | known).get(given.strip().casefold())


@lru_cache(maxsize=64)
def _entity(country: str) -> Any:
    """What the package knows of a country, loading no other; None: nothing."""
    import holidays

    try:
        return holidays.country_holidays(country)
    except NotImplementedError:
        return None


def _aliases(country: str) -> dict[str, str]:
    """Name → code."""
    return getattr(_entity(country), "subdivisions_aliases", {})


def _language(country: str) -> str | None:
    """English where the package has it, for the screens are English; else what the country itself speaks."""
    spoken = getattr(_entity(country), "supported_languages", ())
    return next((language for language in ("en_US", "en_GB") if language in spoken), None)


def _in_words(name: str) -> str:
    """BosniaAndHerzegovina as people write it."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return re.sub(r" (And|Of|The)\b", lambda found: found[0].lower(), words)
