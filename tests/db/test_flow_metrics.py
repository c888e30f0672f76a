"""Figures of flows: each is what its rows are, by one condition."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ivr import metrics
from ivr.models import Flow, FlowRun

from .flows import NOON, came, version

pytestmark = pytest.mark.django_db


def test_completion_counts_those_whose_way_is_over() -> None:
    v = version()
    for outcome in ("completed", "completed", "completed", "abandoned", "running"):
        came(v, outcome, ("menu", "1"), led_to="queue" if outcome == "completed" else "")
    found = metrics.flow_figures(flow=v.flow)
    assert (found.counts["callers"], found.counts["ended"], found.counts["to_queue"], found.completion, found.seconds) == (5, 4, 3, 75, 10)
    assert found.abandon_rate == 25
    assert metrics.flow_figures(version=version(number=2)).completion is None


def test_steps_tell_where_callers_hang_up_what_they_take_and_how_long() -> None:
    v = version()
    came(v, "completed", ("menu", "1"), ("sub", "9"), ("menu", "2"), ("bye", ""))
    came(v, "abandoned", ("menu", "1"), ("sub", ""))
    came(v, "fallback", ("menu", "lost"))
    menu, sub = (metrics.step_figures(flow=v.flow)[step] for step in ("menu", "sub"))
    assert (menu.visits, menu.callers, menu.dropped, menu.failed, menu.exits) == (4, 3, 0, 1, {"1": 2, "2": 1, "lost": 1})
    assert (sub.visits, sub.dropped, sub.drop_off, sub.seconds) == (2, 1, 50, 10)


def test_the_ways_of_an_a_b_step_are_compared() -> None:
    v = version()
    for _ in range(3):
        came(v, "completed", ("ab", "short"), ("q", ""), led_to="callback")
    came(v, "abandoned", ("ab", "long"), ("q", ""), each=30)
    short, long_ = sorted(metrics.comparison(["ab"], flow=v.flow), key=lambda one: one.exit, reverse=True)
    assert (short.exit, short.share, short.figures.completion, short.figures.seconds, short.figures.counts["callback"]) == (
        "short", 75, 100, 20, 3,
    )  # fmt: skip
    assert (long_.exit, long_.share, long_.figures.completion, long_.figures.seconds) == ("long", 25, 0, 60)


def test_versions_flows_and_periods_are_kept_apart() -> None:
    one, two, other = version(), version(number=2), version("other")
    came(one, "completed", ("a", "next"))
    came(two, "completed", ("b", "next"), at=NOON + timedelta(days=1))
    came(other, "abandoned", ("c", ""))
    assert metrics.flow_figures(flow=one.flow).counts["callers"] == 2
    assert set(metrics.step_figures(version=two)) == {"b"}
    assert metrics.flow_figures(flow=one.flow, since=NOON + timedelta(hours=1)).counts["callers"] == 1
    assert metrics.flow_figures(flow=one.flow, until=NOON).counts["callers"] == 0
    assert [(day.day, found.counts["callers"]) for day, found in metrics.by_day(flow=one.flow)] == [(2, 1), (3, 1)]
    assert {pk: found.completion for pk, found in metrics.figures_by_flow(Flow.objects.all(), NOON).items()} == {
        one.flow.pk: 100, other.flow.pk: 0,
    }  # fmt: skip


OUTCOMES = st.sampled_from(FlowRun.Outcome.values)
LED = st.sampled_from(["", "queue", "voicemail", "callback", "hang_up", "external", "agent", "flow"])
STEPS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["", "1", "2", "lost"])), max_size=3)


class FiguresAreTheirRows(TestCase):
    """Against a reference that counts in Python, for any rows."""

    @given(st.lists(st.tuples(OUTCOMES, LED, STEPS), max_size=6))
    @settings(max_examples=25, deadline=None)
    def test_every_figure_is_the_number_of_its_rows(self, rows: list[tuple[str, str, list[tuple[str, str]]]]) -> None:
        v = version()
        for outcome, led_to, steps in rows:
            came(v, outcome, *steps, led_to=led_to)
        found = metrics.flow_figures(version=v)
        for name in metrics.COUNTS:
            assert found.counts[name] == metrics.runs_behind(name, version=v).count(), name
        assert found.counts["completed"] == sum(outcome == "completed" for outcome, _, _ in rows)
        assert found.counts["callers"] == found.counts["running"] + found.counts["ended"]
        ways_out = ("completed", "abandoned", "fallback", "lost")
        assert found.counts["ended"] == sum(found.counts[name] for name in ways_out)
        by_step = metrics.step_figures(version=v)
        for name in metrics.VISITS:
            for step in ("a", "b"):
                counted = getattr(by_step[step], name) if step in by_step else 0
                assert counted == metrics.visits_behind(name, version=v).filter(step=step).count()
        dropped = sum(outcome == "abandoned" and exit_name == "" for outcome, _, ways in rows for _, exit_name in ways)
        assert sum(one.dropped for one in by_step.values()) == dropped
