"""Figures: hand-computed days, the identity over random days, and the rows behind every count."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.models import Agent, Team
from queues import metrics, services
from queues.metrics import OUTCOMES
from queues.models import AgentStatePeriod, Call, LevelFormula, Offer, Queue, Segment
from queues.states import MISSES, OfferOutcome
from queues.states import SegmentOutcome as Outcome

from . import cast
from .cast import NOON, stay

pytestmark = [pytest.mark.django_db, pytest.mark.inconsistent_on_purpose]


@pytest.fixture
def support() -> Queue:
    return cast.queue(short_abandon_seconds=5, service_level_seconds=20)


def day(queue: Queue) -> metrics.QueueFigures:
    return metrics.queue_figures(queue, since=NOON - timedelta(hours=1), until=NOON + timedelta(hours=1))


@pytest.fixture
def figures(support: Queue) -> metrics.QueueFigures:
    """8 answered (6 in time), 4 abandoned (1 short, 2 more in time), 1 overflow in time, 2 refused."""
    for wait in (0, 5, 10, 15, 20, 20, 30, 60):
        stay(support, Outcome.ANSWERED, wait=wait, talk=100, paper=20)
    for wait in (2, 10, 20, 90):
        stay(support, Outcome.ABANDONED, wait=wait)
    stay(support, Outcome.OVERFLOW, wait=15)
    stay(support, Outcome.REFUSED, wait=0)
    stay(support, Outcome.REFUSED, wait=0)
    return day(support)


def test_counts_and_means_of_a_day(figures: metrics.QueueFigures) -> None:
    assert (figures.offered, figures.answered, figures.abandoned, figures.short, figures.overflow, figures.refused) == (13, 8, 4, 1, 1, 2)
    assert figures.asa == pytest.approx(160 / 8)
    assert figures.aht == pytest.approx(120)
    assert figures.longest_wait == 90
    assert figures.abandon_rate == pytest.approx(100 * 4 / 13)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("default", 6 / (8 + 4 - 1)),
        ("answered", 6 / 8),
        ("overflow", 6 / (8 + 4 - 1 + 1)),
        ("any-exit", (6 + 3 + 1) / 13),
        ("sl2", (6 + 3) / (8 + 4)),
    ],
)
def test_service_level_by_each_formula(figures: metrics.QueueFigures, formula: str, expected: float) -> None:
    assert figures.service_level(formula) == pytest.approx(100 * expected)
    assert formula in metrics.LEVELS


@pytest.mark.parametrize("formula", LevelFormula.values)
def test_the_formula_of_the_queue_applies_to_the_past_and_its_good_entries_can_be_listed(
    figures: metrics.QueueFigures, support: Queue, formula: str
) -> None:
    Queue.objects.filter(pk=support.pk).update(service_level_formula=formula)
    support.refresh_from_db()
    level = metrics.level_for([support])
    assert day(support).level == figures.service_level(formula)
    assert metrics.behind(level.rows, queue=support).count() == sum(getattr(figures, name) for name in level.good)


def test_queues_that_differ_in_their_formula_are_added_up_by_the_default_one() -> None:
    one, other = Queue(service_level_formula="sl2"), Queue(service_level_formula="answered")
    assert metrics.level_for([one, one]) == metrics.LEVELS["sl2"]
    assert metrics.level_for([one, other]) == metrics.level_for([]) == metrics.LEVELS["default"]


def test_every_formula_that_can_be_chosen_is_defined() -> None:
    assert list(metrics.LEVELS) == LevelFormula.values


def test_of_nothing_there_are_no_rates(support: Queue) -> None:
    empty = day(support)
    rates = (empty.level, empty.asa, empty.aht, empty.abandon_rate, empty.hold_rate, empty.short_call_rate, empty.longest_wait_now)
    assert (empty.offered, *rates) == (0, *[None] * 7)


def test_hold_rate_and_short_calls(support: Queue) -> None:
    stay(support, Outcome.ANSWERED, hold_seconds=12)
    stay(support, Outcome.ANSWERED, talk=3)
    assert (day(support).hold_rate, day(support).short_call_rate) == (50, 50)


def test_a_call_in_wrap_up_is_not_yet_in_the_handling_time(support: Queue) -> None:
    stay(support, Outcome.ANSWERED, talk=100, paper=20)
    writing = stay(support, Outcome.ANSWERED, talk=5, wrap_up_ended_at=None)
    agent = cast.agent(state="offline")
    Call.objects.filter(pk=writing.call_id).update(agent=agent)
    # The database's guard allows no way back from ended; the row of the call is made anew.
    Segment.objects.filter(pk=writing.pk).update(call=Call.objects.create(state="wrap_up", agent=agent))
    assert day(support).handled == 1
    assert day(support).aht == pytest.approx(120)


def test_the_day_begins_at_midnight_of_the_queues_timezone() -> None:
    tokyo = cast.queue(timezone="Asia/Tokyo")
    start = metrics.midnight("Asia/Tokyo")
    stay(tokyo, Outcome.ANSWERED, at=start + timedelta(seconds=1))
    stay(tokyo, Outcome.ANSWERED, at=start - timedelta(seconds=1))
    found = metrics.queue_figures(tokyo)
    assert (found.answered, found.since) == (1, start)
    assert start.astimezone(ZoneInfo("Asia/Tokyo")).hour == 0


def test_live_figures_count_everybody_in_line_whenever_they_came(support: Queue) -> None:
    first, _ = cast.enqueue(support), cast.enqueue(support)
    Segment.objects.filter(call=first).update(entered_at=timezone.now() - timedelta(days=2))
    found = metrics.queue_figures(support)
    assert (found.depth, found.waiting) == (2, 1)
    assert found.longest_wait_now is not None
    assert found.longest_wait_now > 2 * 86_400 - 60
    assert found.average_wait_now == pytest.approx(found.longest_wait_now / 2, rel=0.01)


def test_intervals_keep_both_hours_when_clocks_go_back(support: Queue) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 25, tzinfo=berlin)
    for fold in (0, 1):
        stay(support, Outcome.ANSWERED, at=datetime(2026, 10, 25, 2, 10, tzinfo=berlin, fold=fold).astimezone(UTC))
    found = metrics.by_interval(metrics.entries(queue=support), start=start, minutes=30)
    assert [one.figures.answered for one in found] == [1, 1]
    assert found[1].start - found[0].start == timedelta(hours=1)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=st.lists(st.tuples(st.sampled_from(Outcome.values), st.integers(0, 120), st.integers(0, 120), st.integers(0, 30)), max_size=25)
)
def test_offered_is_the_sum_of_the_outcomes_and_every_count_has_its_rows(entries: list[tuple[str, int, int, int]]) -> None:
    queue = cast.queue()
    for outcome, wait, talk, hold in entries:
        stay(queue, outcome, wait=wait, talk=talk, hold_seconds=hold)
    found = day(queue)
    assert found.offered == sum(getattr(found, name) for name in OUTCOMES)
    for figure in metrics.COUNTS:
        assert getattr(found, figure) == metrics.behind(figure, queue=queue).count(), figure
        assert getattr(found, figure) == metrics.calls_behind(figure, queue=queue).count(), figure
    for formula in metrics.LEVELS:
        level = found.service_level(formula)
        assert level is None or level >= 0
    Segment.objects.filter(queue=queue).delete()


def test_the_identity_holds_after_calls_went_through_the_services() -> None:
    overflow = cast.queue("overflow")
    support = cast.queue(capacity=2, next_queue=overflow)
    cast.agent(queues=(support,))
    talking, *waiting = (cast.enqueue(support) for _ in range(5))
    cast.talk(talking)
    services.hang_up(waiting[0].pk, by="caller", reason="gave up")
    services.hang_up(talking.pk, by="agent", reason="bye")
    assert metrics.broken_identities() == []
    assert metrics.check_identity()
    found = metrics.queues_figures([support, overflow])
    assert found[support.pk].answered + found[support.pk].abandoned == 2


def test_rows_that_contradict_each_other_are_reported(support: Queue, caplog: pytest.LogCaptureFixture) -> None:
    segment = stay(support, Outcome.WAITING)
    assert f"call {segment.call_id} has ended but still waits in a queue" in metrics.broken_identities()
    assert not metrics.check_identity()
    assert "still waits" in caplog.text


def test_figures_that_differ_from_the_event_log_are_reported(support: Queue) -> None:
    call = cast.enqueue(support)
    assert metrics.broken_identities() == []
    Segment.objects.filter(call=call).update(outcome=Outcome.ABANDONED, left_at=NOON)
    assert metrics.broken_identities() == []
    Segment.objects.filter(call=call).update(outcome=Outcome.ANSWERED, answered_at=NOON)
    assert metrics.broken_identities() == [f"call {call.pk}: 1 stays, 1 answers; event log: 1, 0"]


def period(agent: Agent, state: str, begin: float, end: float | None) -> None:
    ended = None if end is None else NOON + timedelta(seconds=end)
    AgentStatePeriod.objects.create(agent=agent, state=state, began_at=NOON + timedelta(seconds=begin), ended_at=ended)


def test_occupancy_leaves_ringing_out_and_utilization_counts_all_that_is_logged_in() -> None:
    agent = cast.agent(state="offline")
    for state, begin, end in (
        ("available", 0, 100),
        ("ringing", 100, 110),
        ("on_call", 110, 170),
        ("wrap_up", 170, 200),
        ("break", 200, 290),
    ):
        period(agent, state, begin, end)
    found = metrics.agent_figures(agent, since=NOON, until=NOON + timedelta(hours=1))
    assert (found.on_contact, found.idle, found.ringing, found.on_break, found.logged_in) == (90, 100, 10, 90, 290)
    assert found.occupancy == pytest.approx(100 * 90 / 190)
    assert found.utilization == pytest.approx(100 * 90 / 290)


def test_periods_are_cut_to_the_span_and_an_open_one_counts_until_its_end() -> None:
    agent = cast.agent(state="offline")
    period(agent, "available", -50, 10)
    period(agent, "on_call", 10, None)
    found = metrics.agent_figures(agent, since=NOON, until=NOON + timedelta(seconds=40))
    assert (found.idle, found.on_contact) == (10, 30)


def test_what_agents_and_teams_handled(support: Queue) -> None:
    team = Team.objects.create(name="Desk")
    alice, bob = cast.agent("alice", state="offline", team=team), cast.agent("bob", state="offline", team=team)
    stay(support, Outcome.ANSWERED, talk=100, paper=20, hold_seconds=7, agent=alice)
    stay(support, Outcome.ANSWERED, talk=60, agent=bob)
    found = metrics.agent_figures(alice, since=NOON)
    assert (found.answered, found.talk, found.hold, found.aht) == (1, 100, 7, 120)
    both = metrics.team_figures(team, since=NOON)
    assert (both.answered, both.talk, both.aht) == (2, 160, 90)


def offer(segment: Segment, agent: Agent, outcome: str) -> None:
    Offer.objects.create(
        call=segment.call, segment=segment, queue=segment.queue, agent=agent, outcome=outcome, opened_at=NOON, expires_at=NOON,
        closed_at=NOON, released_at=NOON,
    )  # fmt: skip


def test_the_answer_rate_counts_only_offers_that_were_the_agents_to_take(support: Queue) -> None:
    alice = cast.agent(state="offline")
    for outcome in (OfferOutcome.ACCEPTED, OfferOutcome.NO_ANSWER, OfferOutcome.CANCELLED, OfferOutcome.RESCINDED):
        offer(stay(support, Outcome.ANSWERED), alice, outcome)
    found = metrics.agent_figures(alice, since=NOON)
    assert (found.accepted, found.missed, found.offers, found.answer_rate) == (1, 1, 2, 50)


def test_missed_offers_are_counted_with_the_entries_they_belong_to(support: Queue) -> None:
    alice = cast.agent(state="offline")
    early = stay(support, Outcome.ABANDONED, at=NOON - timedelta(hours=2))
    for outcome in (*MISSES, OfferOutcome.ACCEPTED, OfferOutcome.CANCELLED, OfferOutcome.RESCINDED):
        for segment in (stay(support, Outcome.ANSWERED), early):
            offer(segment, alice, outcome)
    found = day(support)
    assert (found.missed, found.answered) == (len(MISSES), len(MISSES) + 3)


def test_figures_of_many_queues_cost_a_query_for_each_timezone(django_assert_num_queries: Any) -> None:
    queues = [cast.queue() for _ in range(5)] + [cast.queue(timezone="Asia/Tokyo")]
    with django_assert_num_queries(4):
        metrics.queues_figures(queues)
