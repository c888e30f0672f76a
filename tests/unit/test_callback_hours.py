"""When people may be called back, held against a plain walk through the day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from queues.callbackhours import is_open, next_open

ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"])
MINUTES = st.integers(0, 24 * 60 - 1)


def clock(minute: int) -> time:
    return time(minute // 60, minute % 60)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), MINUTES, MINUTES, ZONES)
def test_the_next_opening_is_open_and_nothing_before_it_is(moment: datetime, opens: int, closes: int, zone: str) -> None:
    now = moment.replace(second=0, microsecond=0, tzinfo=UTC)
    found = next_open(now, clock(opens), clock(closes), zone)
    assert found >= now
    assert found - now <= timedelta(hours=25)
    step = now
    while step < found:
        assert not is_open(step, clock(opens), clock(closes), zone)
        step += timedelta(minutes=7)
    if found == now:
        assert is_open(now, clock(opens), clock(closes), zone)


def test_the_night_is_the_queues_own() -> None:
    evening = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)
    assert is_open(evening, time(9), time(20), "UTC")
    assert not is_open(evening, time(9), time(20), "Europe/Berlin")
    assert next_open(evening, time(9), time(20), "Europe/Berlin") == datetime(2026, 11, 21, 8, tzinfo=UTC)


def test_a_span_over_midnight() -> None:
    assert is_open(datetime(2026, 11, 20, 23, tzinfo=UTC), time(22), time(6), "UTC")
    assert next_open(datetime(2026, 11, 20, 7, tzinfo=UTC), time(22), time(6), "UTC") == datetime(2026, 11, 20, 22, tzinfo=UTC)
