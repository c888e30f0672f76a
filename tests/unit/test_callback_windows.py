"""Which windows of time customers may choose, held against a plain walk from minute to minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queues.callbackwindows import LEAD, READ_OUT, CallTimes, Window
from queues.hours import Exceptional, Holiday, Rules, Span

BERLIN = ZoneInfo("Europe/Berlin")
MINUTE = timedelta(minutes=1)
WEEK = {weekday: (Span(time(8), time(18)),) for weekday in range(5)} | {6: (Span(time(0), time(0)),)}
CHRISTMAS = date(2026, 12, 25)

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
LENGTHS = st.sampled_from([15, 30, 45, 60, 90, 240]).map(lambda minutes: timedelta(minutes=minutes))
DAYS = st.one_of(
    st.dates(date(2026, 1, 5), date(2026, 12, 20)),
    st.sampled_from([date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4)]),
)


def times(zone: str = "Europe/Berlin", opens: time = time(9), closes: time = time(17), minutes: int = 60, **more: object) -> CallTimes:
    facts = {"length": timedelta(minutes=minutes), "places": 2, "days_ahead": 3} | more
    return CallTimes(ZoneInfo(zone), opens, closes, **facts)  # type: ignore[arg-type]


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def first_shown(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first minute at which a clock there shows this time or a later one, by looking at it every minute."""
    moment = (wall - timedelta(hours=16)).replace(tzinfo=UTC)
    while moment.astimezone(zone).replace(tzinfo=None) < wall:
        moment += MINUTE
    return moment


def by_walking(zone: ZoneInfo, opens: time, closes: time, length: timedelta, day: date) -> list[tuple[datetime, datetime]]:
    found = []
    for eve in (day - timedelta(days=1), day):
        wall = datetime.combine(eve, opens)
        over = datetime.combine(eve, closes) + (timedelta(days=1) if closes <= opens else timedelta())
        while wall + length <= over:
            starts, ends = first_shown(zone, wall), first_shown(zone, wall + length)
            if starts < ends and starts.astimezone(zone).date() == day:
                found.append((starts, ends))
            wall += length
    return found


@settings(max_examples=25, deadline=None)
@given(ZONES, QUARTERS, QUARTERS, LENGTHS, DAYS)
def test_the_windows_of_a_day_are_those_of_the_clock_on_the_wall(
    zone: str, opens: time, closes: time, length: timedelta, day: date
) -> None:
    there = times(zone, opens, closes, length=length)
    found = [(window.starts, window.ends) for window in there.windows_on(day)]
    assert found == by_walking(ZoneInfo(zone), opens, closes, length, day)


@settings(max_examples=25, deadline=None)
@given(st.datetimes(datetime(2026, 12, 18), datetime(2026, 12, 30)), LENGTHS)
def test_a_window_is_offered_only_if_the_queue_is_open_for_all_of_it(moment: datetime, length: timedelta) -> None:
    closure = Exceptional("Stocktaking", datetime(2026, 12, 22, 10, 20), datetime(2026, 12, 22, 11, 10))
    rules = Rules(BERLIN, WEEK, {CHRISTMAS: Holiday("Christmas Day")}, (closure,))
    there = times(opens=time(7), closes=time(19), length=length, rules=rules)
    day = moment.date()
    everything = {(one.starts, one.ends) for one in times(opens=time(7), closes=time(19), length=length).windows_on(day)}
    offered = {(one.starts, one.ends) for one in there.windows_on(day)}
    assert offered <= everything
    for starts, ends in everything:
        minutes = (starts + MINUTE * step for step in range(int((ends - starts) / MINUTE)))
        assert ((starts, ends) in offered) == all(rules.state_at(minute).open for minute in minutes)


def test_an_hour_that_the_clock_leaves_out_is_no_window() -> None:
    hours = [f"{times().local(one.starts):%H:%M}" for one in times(opens=time(1), closes=time(5)).windows_on(date(2026, 3, 29))]
    assert hours == ["01:00", "03:00", "04:00"]


def test_an_hour_that_the_clock_shows_twice_is_one_long_window() -> None:
    windows = times(opens=time(1), closes=time(5)).windows_on(date(2026, 10, 25))
    assert [(one.ends - one.starts) / timedelta(hours=1) for one in windows] == [1, 2, 1, 1]


def test_what_is_left_at_the_end_of_the_hours_is_offered_to_nobody_and_still_has_its_own_place() -> None:
    there = times(closes=time(10, 30))
    assert len(there.windows_on(date(2026, 11, 24))) == 1
    assert there.window_at(at("2026-11-24T10:10")) == Window(at("2026-11-24T10:00"), at("2026-11-24T10:30"))
    assert there.window_at(at("2026-11-24T10:30")) is None


def test_a_time_after_midnight_belongs_to_the_hours_of_the_evening() -> None:
    there = times(opens=time(22), closes=time(2))
    assert there.window_at(at("2026-11-25T01:15")) == Window(at("2026-11-25T01:00"), at("2026-11-25T02:00"))
    assert [there.local(one.starts).hour for one in there.windows_on(date(2026, 11, 25))] == [0, 1, 22, 23]


@pytest.mark.parametrize(("moment", "name"), [("2026-12-25T10:00", "Christmas Day"), ("2026-12-26T10:00", "")])
def test_nobody_is_called_when_the_queue_is_closed_and_the_reason_has_a_name(moment: str, name: str) -> None:
    there = times(rules=Rules(BERLIN, WEEK, {CHRISTMAS: Holiday("Christmas Day")}))
    assert there.window_at(at(moment)) is None
    assert there.in_hours(at(moment))
    assert there.closed_because(at(moment)) == name


# ---- what is read out ---------------------------------------------------------------------------------------------
NOON = "2026-11-24T12:10"  # a Tuesday


def hours_of(there: CallTimes, windows: tuple[Window, ...]) -> list[str]:
    return [f"{there.local(one.starts):%d. %H}" for one in windows]


def test_the_next_windows_of_today_are_read_out_first() -> None:
    there = times()
    page = there.page(at(NOON), None, [])
    assert hours_of(there, page.windows) == ["24. 13", "24. 14", "24. 15", "24. 16"]
    assert (page.later, page.other_day) == (None, at("2026-11-25T09:00"))


def test_one_goes_on_to_later_times_and_to_other_days_and_comes_round_again() -> None:
    there = times(days_ahead=1)
    morning = there.page(at(NOON), at("2026-11-25T09:00"), [])
    assert hours_of(there, morning.windows) == ["25. 09", "25. 10", "25. 11", "25. 12"]
    assert morning.later == at("2026-11-25T13:00")
    later = there.page(at(NOON), morning.later, [])
    assert hours_of(there, later.windows) == ["25. 13", "25. 14", "25. 15", "25. 16"]
    assert (later.later, later.other_day) == (None, at("2026-11-24T13:00"))


def test_a_window_that_begins_within_minutes_is_not_read_out() -> None:
    there = times()
    assert hours_of(there, there.page(at("2026-11-24T13:00") - LEAD, None, []).windows)[0] == "24. 13"
    assert hours_of(there, there.page(at("2026-11-24T13:00") - LEAD + MINUTE, None, []).windows)[0] == "24. 14"


def test_full_windows_are_passed_over_and_full_days_too() -> None:
    there = times()
    full = sorted([at("2026-11-24T14:00")] * 2 + [at("2026-11-24T15:00")])
    assert hours_of(there, there.page(at(NOON), None, full).windows) == ["24. 13", "24. 15", "24. 16"]
    day = sorted([at(f"2026-11-24T{hour}:00") for hour in range(13, 17)] * 2)
    assert hours_of(there, there.page(at(NOON), None, day).windows)[0] == "25. 09"


def test_promises_of_windows_of_another_length_count_where_they_begin() -> None:
    assert times().promised(Window(at("2026-11-24T13:00"), at("2026-11-24T14:00")), [at("2026-11-24T13:30")]) == 1
    assert times().promised(Window(at("2026-11-24T13:00"), at("2026-11-24T14:00")), [at("2026-11-24T14:00")]) == 0


def test_when_nothing_is_free_nothing_is_read_out() -> None:
    assert times(days_ahead=0).page(at("2026-11-24T16:30"), None, []).windows == ()


def test_who_goes_on_to_what_was_taken_meanwhile_begins_again() -> None:
    there = times(days_ahead=1)
    day = sorted([at(f"2026-11-25T{hour:02}:00") for hour in range(9, 17)] * 2)
    assert hours_of(there, there.page(at(NOON), at("2026-11-25T09:00"), day).windows)[0] == "24. 13"


@given(st.integers(0, 14), st.lists(st.integers(0, 15 * 8), max_size=60), st.integers(0, 23))
@settings(max_examples=50, deadline=None)
def test_going_through_all_pages_reads_out_each_free_window_once_and_none_that_is_full(days: int, picks: list[int], hour: int) -> None:
    there = times(days_ahead=days)
    now = at(f"2026-11-24T{hour:02}:00")
    every = [one for ahead in range(days + 1) for one in there.windows_on(date(2026, 11, 24) + timedelta(days=ahead))]
    taken = sorted(every[pick].starts for pick in picks if pick < len(every))
    free = [one for one in every if one.starts >= now + LEAD and taken.count(one.starts) < there.places]
    heard: list[Window] = []
    page = there.page(now, None, taken)
    for _ in range(len(free) + 1):
        if page.windows and page.windows[0] in heard:
            break
        heard += page.windows
        assert len(page.windows) <= READ_OUT
        onward = page.later or page.other_day
        page = there.page(now, onward, taken) if onward else page
    assert heard == free
