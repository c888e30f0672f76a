"""Opening hours beside a plain walk through time, and the cases that people ask about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from queues.hours import Exceptional, Holiday, Hours, Kind, Rules, Span, instant
from queues.hours_picture import picture

BERLIN = ZoneInfo("Europe/Berlin")
STEP = timedelta(minutes=5)
"""All times of the walk lie on this grid, so that nothing happens between two steps."""

CHANGES = {
    "Europe/Berlin": [date(2026, 3, 29), date(2026, 10, 25)],
    "America/New_York": [date(2026, 3, 8), date(2026, 11, 1)],
    "Australia/Lord_Howe": [date(2026, 4, 5), date(2026, 10, 4)],  # half an hour
    "America/Santiago": [date(2026, 4, 5), date(2026, 9, 6)],  # at midnight, both times
    "Asia/Kathmandu": [date(2024, 2, 28)],
    "Pacific/Apia": [date(2011, 12, 30)],  # there was no such day
}
"""Days on which clocks were changed, and a 29 February."""

clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 5, 30, 55]))
spans = st.builds(Span, clocks, clocks)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Rules, datetime]:
    """Rules, and a moment near a day on which the clock does something."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    middle = draw(st.sampled_from(CHANGES[zone]))
    near = st.integers(-2, 2).map(lambda ahead: middle + timedelta(days=ahead))
    walls = st.builds(datetime.combine, near, clocks)
    exceptions = st.builds(Exceptional, st.sampled_from("xy"), walls, walls, st.booleans(), st.booleans())
    rules = Rules(
        timezone=ZoneInfo(zone),
        week=draw(st.dictionaries(st.integers(0, 6), st.lists(spans, max_size=2).map(tuple))),
        holidays=draw(st.dictionaries(near, st.builds(Holiday, st.sampled_from("hj"), st.lists(spans, max_size=1).map(tuple)), max_size=2)),
        exceptions=tuple(one for one in draw(st.lists(exceptions, max_size=2)) if one.starts < one.ends),
    )
    moment = instant(ZoneInfo(zone), datetime.combine(middle, time(12))) + draw(st.integers(-24 * 12, 24 * 12)) * STEP
    return rules, moment


def walk(rules: Rules, starts: datetime, ends: datetime) -> Iterator[tuple[datetime, tuple[Kind, str]]]:
    """Look at the clock every few minutes. One that is put back is not believed until it shows what it has not shown before."""
    latest, at = datetime.min, starts
    while at < ends:
        latest = max(latest, at.astimezone(rules.timezone).replace(tzinfo=None, fold=0))
        yield at, plainly(rules, latest)
        at += STEP


def plainly(rules: Rules, wall: datetime) -> tuple[Kind, str]:
    for own, opens in ((True, False), (True, True), (False, False), (False, True)):
        for one in rules.exceptions:
            if (one.own, one.opens) == (own, opens) and one.starts <= wall < one.ends:
                return (Kind.OPEN if opens else Kind.CLOSURE), one.name
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        holiday = rules.holidays.get(day)
        for span in holiday.spans if holiday else rules.week.get(day.weekday(), ()):
            opens_at, closes_at = datetime.combine(day, span.opens), datetime.combine(day, span.closes)
            if opens_at <= wall < closes_at + timedelta(days=span.closes <= span.opens):
                return Kind.OPEN, holiday.name if holiday else ""
    today = rules.holidays.get(wall.date())
    return (Kind.HOLIDAY, today.name) if today else (Kind.CLOSED, "")


@settings(max_examples=60, deadline=None)
@given(worlds())
@example((Rules(ZoneInfo("Pacific/Apia"), {4: (Span(time(8), time(9)),)}, {}), datetime(2011, 12, 31, tzinfo=UTC)))
def test_it_says_what_a_walk_through_time_says(world: tuple[Rules, datetime]) -> None:
    rules, moment = world
    seen = list(walk(rules, moment - timedelta(days=4), moment + timedelta(days=3)))
    here = next(what for at, what in seen if at == moment)
    before, after = [pair for pair in seen if pair[0] < moment], [pair for pair in seen if pair[0] >= moment]
    found = rules.state_at(moment)
    assert (found.kind, found.name) == here

    def first_change(turns: bool) -> datetime | None:
        return next((at for at, what in after if (differs(what, here) if turns else what != here)), None)

    def last_change(turns: bool) -> datetime | None:
        other = next((at for at, what in reversed(before) if (differs(what, here) if turns else what != here)), None)
        return other + STEP if other else None

    for said, walked in ((found.until, first_change(False)), (found.turns_at, first_change(True))):
        assert said == walked if walked else said is None or said >= seen[-1][0]
    # The walk believes its first clock, whatever had been shown before; two days later it knows.
    knows = seen[0][0] + timedelta(days=2)
    for said, walked in ((found.since, last_change(False)), (found.turned_at, last_change(True))):
        assert said == walked if walked and walked > knows else said is None or said <= knows


def differs(one: tuple[Kind, str], other: tuple[Kind, str]) -> bool:
    return (one[0] is Kind.OPEN) != (other[0] is Kind.OPEN)


@settings(max_examples=30, deadline=None)
@given(worlds(), st.integers(0, 600))
def test_what_is_remembered_is_what_would_be_found_anew(world: tuple[Rules, datetime], later: int) -> None:
    rules, moment = world
    hours = Hours(rules)
    hours.at(moment)
    assert hours.at(moment + later * STEP) == rules.state_at(moment + later * STEP)


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_the_picture_of_days_fills_them_without_a_gap(world: tuple[Rules, datetime]) -> None:
    rules, moment = world
    for day in picture(rules, rules.day_of(moment) - timedelta(days=2), 5):
        ends = 0.0
        for bar in day.bars:
            assert bar.left == pytest.approx(ends, abs=0.02)
            ends = bar.left + bar.width
        assert ends == pytest.approx(100 if day.bars else 0, abs=0.02)


# Cases to read


def office(**more: object) -> Rules:
    week = {day: (Span(time(8), time(18)),) for day in range(5)}
    return Rules(**({"timezone": BERLIN, "week": week, "holidays": {}} | more))  # type: ignore[arg-type]


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)  # type: ignore[misc, arg-type]


def test_an_office_is_open_from_its_first_second_to_its_last() -> None:
    assert [office().state_at(at(2026, 11, 20, *clock)).open for clock in ((7, 59, 59), (8, 0), (17, 59, 59), (18, 0))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_on_friday_evening_it_is_closed_until_monday() -> None:
    found = office().state_at(at(2026, 11, 20, 19))
    assert (found.kind, found.since, found.until) == (Kind.CLOSED, at(2026, 11, 20, 18), at(2026, 11, 23, 8))


def test_a_holiday_begins_at_midnight_and_the_next_opening_is_told_beyond_it() -> None:
    rules = office(holidays={date(2026, 12, 25): Holiday("Christmas Day")})
    eve, day = rules.state_at(at(2026, 12, 24, 19)), rules.state_at(at(2026, 12, 25, 10))
    assert (eve.kind, eve.until, eve.turns_at) == (Kind.CLOSED, at(2026, 12, 25), at(2026, 12, 28, 8))
    assert (day.kind, day.name, day.since, day.turned_at) == (Kind.HOLIDAY, "Christmas Day", at(2026, 12, 25), at(2026, 12, 24, 18))


def test_a_holiday_may_have_hours_of_its_own() -> None:
    rules = office(holidays={date(2026, 12, 24): Holiday("Christmas Eve", (Span(time(9), time(12)),))})
    found = [(state.kind, state.name) for state in (rules.state_at(at(2026, 12, 24, hour)) for hour in (8, 9, 12))]
    assert found == [(Kind.HOLIDAY, "Christmas Eve"), (Kind.OPEN, "Christmas Eve"), (Kind.HOLIDAY, "Christmas Eve")]


def test_a_night_that_began_before_a_holiday_goes_on_into_it_and_the_holidays_own_night_does_not_begin() -> None:
    nights = {day: (Span(time(20), time(2)),) for day in range(7)}
    rules = office(week=nights, holidays={date(2026, 12, 25): Holiday("Christmas Day")})
    assert [rules.state_at(at(2026, 12, 25, hour)).open for hour in (1, 2, 21)] == [True, False, False]
    assert not rules.state_at(at(2026, 12, 26, 1)).open


def test_around_the_clock_is_open_for_good() -> None:
    found = office(week={day: (Span(time(), time()),) for day in range(7)}).state_at(at(2028, 2, 29, 23, 59))
    assert (found.open, found.since, found.until) == (True, None, None)


def test_no_hours_at_all_is_closed_for_good() -> None:
    found = office(week={}).state_at(at(2026, 11, 20, 12))
    assert (found.kind, found.until, found.turns_at) == (Kind.CLOSED, None, None)


@pytest.mark.parametrize(
    ("span", "day", "opens", "closes"),
    [
        # 02:00 to 03:00 is left out: what lies in it is the moment of the jump.
        (Span(time(2, 30), time(6)), date(2026, 3, 29), datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)),
        (Span(time(1), time(2, 30)), date(2026, 3, 29), datetime(2026, 3, 29, 0, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC)),
        # 02:00 to 03:00 is shown twice: the first time counts, and no span is torn in two.
        (Span(time(2, 30), time(6)), date(2026, 10, 25), datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 5, tzinfo=UTC)),
        (Span(time(1), time(2, 30)), date(2026, 10, 25), datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_changed_clock_leaves_each_span_one_beginning_and_one_end(span: Span, day: date, opens: datetime, closes: datetime) -> None:
    rules = office(week={day.weekday(): (span,)})
    found = rules.state_at(opens)
    assert (found.open, found.since, found.until) == (True, opens, closes)


def test_a_day_that_begins_twice_begins_the_first_time() -> None:
    """In St. John's the clocks went back from 00:01 to 23:01; the Sunday had begun nevertheless."""
    rules = office(timezone=ZoneInfo("America/St_Johns"), week={}, holidays={date(2010, 11, 7): Holiday("Founders' Day")})
    midnight = datetime(2010, 11, 7, 2, 30, tzinfo=UTC)
    moments = [midnight + timedelta(minutes=minutes) for minutes in (-1, 0, 30)]
    assert [moment.astimezone(rules.timezone).hour for moment in moments] == [23, 0, 23]
    assert [rules.state_at(moment).kind for moment in moments] == [Kind.CLOSED, Kind.HOLIDAY, Kind.HOLIDAY]


def test_exceptions_for_one_go_before_those_for_all_and_closures_before_openings() -> None:
    begins, ends = datetime(2026, 11, 20), datetime(2026, 11, 21)
    outing, emergency = Exceptional("Outing", begins, ends, own=False), Exceptional("Emergency line", begins, ends, opens=True)
    fire = Exceptional("Fire", datetime(2026, 11, 20, 12), datetime(2026, 11, 20, 13))
    rules = office(exceptions=(outing, emergency, fire))
    assert [rules.state_at(at(2026, 11, 20, hour)).name for hour in (11, 12, 13)] == ["Emergency line", "Fire", "Emergency line"]
    assert office(exceptions=(outing,)).state_at(at(2026, 11, 20, 11)).kind is Kind.CLOSURE
