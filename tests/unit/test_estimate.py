"""The estimated wait: what it must never do, and that four of five are answered within it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.estimate import GOAL, REGIMES, measure
from queues.estimate import FEWEST, Pace, Stay, expect, expected, learn

seconds = st.floats(1, 3600)
paces = st.builds(Pace, interval=st.floats(1, 600), gives_up=st.floats(0, 0.01), variation=st.floats(0.05, 3), doubt=st.floats(0.0225, 0.5))


@st.composite
def stays(draw: st.DrawFn) -> list[Stay]:
    found = []
    for _ in range(draw(st.integers(0, 45))):
        entered, wait = draw(st.floats(0, 7200)), draw(st.floats(0, 1800))
        answered = draw(st.booleans())
        found.append(Stay(entered, entered + wait, draw(seconds) if answered else None, answered))
    return found


def busy(count: int, *, gap: float = 30.0, handled: float = 120.0) -> list[Stay]:
    """Answers every `gap` seconds, of callers who waited five minutes each."""
    return [Stay(n * gap - 300, n * gap, handled) for n in range(count)]


@given(stays(), st.integers(0, 20), st.integers(-1, 50))
def test_a_range_is_a_range_or_nothing(recent: list[Stay], agents: int, place: int) -> None:
    found = expected(recent, agents, place)
    assert found is None or 0 < found.low < found.high < float("inf")


@given(stays(), st.integers(1, 20), st.randoms())
def test_the_order_of_the_rows_does_not_matter(recent: list[Stay], agents: int, shuffler: object) -> None:
    other = list(recent)
    shuffler.shuffle(other)  # type: ignore[attr-defined]
    one, two = expected(recent, agents, 3), expected(other, agents, 3)
    assert (one is None) == (two is None)
    if one and two:
        assert (one.low, one.high) == pytest.approx((two.low, two.high))


@given(paces, st.integers(1, 60))
def test_who_moves_up_in_line_never_hears_of_a_longer_wait(pace: Pace, place: int) -> None:
    ahead, behind = expect(pace, place), expect(pace, place + 1)
    if ahead and behind:
        assert ahead.high <= behind.high
        assert ahead.low <= behind.low


@given(paces, st.integers(1, 60))
def test_those_ahead_who_give_up_make_it_shorter(pace: Pace, place: int) -> None:
    patient = Pace(pace.interval, 0.0, pace.variation, pace.doubt)
    one, other = expect(pace, place), expect(patient, place)
    if one and other:
        assert one.low + one.high <= (other.low + other.high) * 1.0001


def test_more_agents_make_it_shorter() -> None:
    few, many = expected(busy(20), 4, 5), expected(busy(20), 8, 5)
    assert few
    assert many
    assert many.high < few.high


def test_too_few_calls_say_nothing() -> None:
    assert expected(busy(FEWEST - 1), 4, 1) is None
    assert expected(busy(FEWEST), 4, 1)


def test_without_agents_there_is_nothing_to_say() -> None:
    assert expected(busy(30), 0, 1) is None


def test_answers_of_an_empty_line_do_not_count_as_its_pace() -> None:
    """Five callers a day who were answered at once tell nothing of how long two of them in line would wait."""
    quiet = [Stay(n * 3600.0, n * 3600.0 + 5) for n in range(20)]
    assert learn(quiet, 3) is None


def test_two_witnesses_who_disagree_make_the_range_wider() -> None:
    agreed, shared = expected(busy(20, gap=30, handled=120), 4, 10), expected(busy(20, gap=30, handled=30), 4, 10)
    assert agreed
    assert shared
    assert shared.high / shared.low > agreed.high / agreed.low


@pytest.mark.parametrize("regime", ["steady", "steady, small", "understaffed", "agents come and go"])
def test_four_of_five_are_answered_within_what_they_were_told(regime: str) -> None:
    """One day of each; `bench.estimate` has more of them and all regimes."""
    outcome = measure(REGIMES[regime], days=1)
    assert outcome.announced > 200
    assert outcome.right >= GOAL, outcome
