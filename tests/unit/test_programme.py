"""When announcements are due, beside a plain model of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from telephony.programme import Programme
from telephony.records import Scheduled

rows = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 60)), max_size=5)


def scheduled(rows: list[tuple[int, int]]) -> tuple[Scheduled, ...]:
    return tuple(Scheduled(number, first, every) for number, (first, every) in enumerate(rows))


@given(rows, st.integers(0, 300))
def test_looked_at_each_second_everything_is_said_at_its_times(rows: list[tuple[int, int]], until: int) -> None:
    programme, said = Programme(), []
    programme.begin(scheduled(rows), 1000.0)
    for second in range(until + 1):
        said += [(number, second) for number in programme.take(1000.0 + second)]
    wanted = [
        (number, second)
        for second in range(until + 1)
        for number, (first, every) in enumerate(rows)
        if second == first or (every and second > first and (second - first) % every == 0)
    ]
    assert said == wanted


@given(rows, st.lists(st.floats(0, 100), max_size=20))
def test_after_a_pause_each_is_said_once_and_the_next_lies_ahead(rows: list[tuple[int, int]], pauses: list[float]) -> None:
    programme, now = Programme(), 0.0
    programme.begin(scheduled(rows), now)
    for pause in pauses:
        now += pause
        due = programme.deadline is not None and programme.deadline <= now
        taken = programme.take(now)
        assert bool(taken) == due
        assert len(set(taken)) == len(taken)
        assert programme.deadline is None or programme.deadline > now


def test_comfort_keeps_its_distance_and_its_start() -> None:
    programme = Programme()
    programme.begin((Scheduled(1, 10, 30, after_offer=True), Scheduled(2, 0, 0, after_offer=True)), 0.0)
    assert [programme.after_offer(now) for now in (5, 12, 20, 42)] == [(2,), (1, 2), (2,), (1, 2)]
    assert programme.deadline is None
