"""Public holidays as a schedule sees them."""

from __future__ import annotations

from datetime import date, time

import pytest

from queues.hours import Holiday, Span
from queues.hours_holidays import Special, countries, holidays_of, listed, region_code, regions


def test_a_region_has_the_holidays_of_the_country_and_its_own() -> None:
    bavaria, country = holidays_of("DE", "BY", (), [2026]), holidays_of("DE", "", (), [2026])
    assert bavaria.items() > country.items()
    assert bavaria[date(2026, 1, 6)] == Holiday("Epiphany")


def test_a_holiday_that_does_not_count_is_an_ordinary_day_in_every_year() -> None:
    found = holidays_of("DE", "BY", [Special("Epiphany", counts=False)], [2026, 2027])
    assert {date(2026, 1, 6), date(2027, 1, 6)}.isdisjoint(found)


def test_who_strikes_a_holiday_off_means_the_day_on_which_it_is_observed_as_well() -> None:
    fourth, observed = date(2026, 7, 4), date(2026, 7, 3)
    assert {fourth, observed} <= holidays_of("US", "", (), [2026]).keys()
    assert {fourth, observed}.isdisjoint(holidays_of("US", "", [Special("Independence Day", counts=False)], [2026]))


def test_days_of_ones_own_come_every_year_and_a_leap_day_in_leap_years() -> None:
    eve = Special("Christmas Eve", 12, 24, opens=time(8), closes=time(12))
    found = holidays_of("", "", [eve, Special("Leap day", 2, 29)], range(2026, 2029))
    assert list(found) == [date(2026, 12, 24), date(2027, 12, 24), date(2028, 2, 29), date(2028, 12, 24)]
    assert found[date(2026, 12, 24)] == Holiday("Christmas Eve", (Span(time(8), time(12)),))


def test_of_two_on_one_day_the_one_that_closes_counts() -> None:
    half, whole = Special("Half day", 5, 1, opens=time(8), closes=time(12)), Special("May Day", 5, 1)
    assert holidays_of("", "", [half, whole], [2026])[date(2026, 5, 1)] == Holiday("Half day, May Day")


@pytest.mark.parametrize("given", ["BY", "by", " Bayern ", "bayern"])
def test_a_region_is_known_by_code_and_name(given: str) -> None:
    assert region_code("DE", given) == "BY"
    assert regions("DE")["BY"] == "Bayern"


def test_what_the_package_does_not_know_has_no_holidays() -> None:
    assert listed("ZZ", "", 2026) == {}
    assert listed("DE", "ZZ", 2026) == listed("DE", "", 2026)
    assert region_code("DE", "Texas") is None


def test_countries_are_named_in_words() -> None:
    assert [countries()[code] for code in ("DE", "US", "BA", "CD")] == ["Germany", "United States", "Bosnia and Herzegovina", "DR Congo"]
