"""What became of callers in flows. A number and the list of rows behind it are made by the same condition.

A run is one caller's way through one version of a flow; a visit is one step of it. Both are counted when the caller came in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Avg, Count, DurationField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import TruncDate

from queues.metrics.queues import midnight as midnight
from queues.metrics.queues import share

from .flow.interpreter import LOST
from .models import Flow, FlowRun, FlowVersion, FlowVisit

Outcome = FlowRun.Outcome

TIME_IN_FLOW = ExpressionWrapper(F("ended_at") - F("began_at"), output_field=DurationField())
TIME_IN_STEP = ExpressionWrapper(F("left_at") - F("entered_at"), output_field=DurationField())

COUNTS: dict[str, Q] = {
    "callers": Q(),
    "running": Q(outcome=Outcome.RUNNING),
    "ended": ~Q(outcome=Outcome.RUNNING),
    "completed": Q(outcome=Outcome.COMPLETED),
    "abandoned": Q(outcome=Outcome.ABANDONED),
    "fallback": Q(outcome=Outcome.FALLBACK),
    "lost": Q(outcome=Outcome.LOST),
    "to_queue": Q(outcome=Outcome.COMPLETED, led_to="queue"),
    "to_agent": Q(outcome=Outcome.COMPLETED, led_to="agent"),
    "to_outside": Q(outcome=Outcome.COMPLETED, led_to="external"),
    "voicemail": Q(outcome=Outcome.COMPLETED, led_to="voicemail"),
    "callback": Q(outcome=Outcome.COMPLETED, led_to="callback"),
    "to_flow": Q(outcome=Outcome.COMPLETED, led_to="flow"),
    "self_served": Q(outcome=Outcome.COMPLETED, led_to="hang_up"),
}
"""Every count of runs by its name."""

VISITS: dict[str, Q] = {
    "visits": Q(),
    "dropped": Q(exit="", run__outcome=Outcome.ABANDONED),
    "failed": Q(exit=LOST),
}
"""Every count of visits by its name. Dropped: the caller hung up in this step. Failed: the step could not be done."""


@dataclass(frozen=True, slots=True)
class FlowFigures:
    """Counts of runs by `COUNTS`.

    :ivar seconds: mean time in the flow of those whose way is over.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def completion(self) -> float | None:
        """Per cent of the callers whose way is over that the flow led to its end; hanging up in it, the fallback queue and
        failures are the rest. The target is above 80."""
        return share(self.counts["completed"], self.counts["ended"])

    @property
    def abandon_rate(self) -> float | None:
        return share(self.counts["abandoned"], self.counts["ended"])


@dataclass(frozen=True, slots=True)
class StepFigures:
    """
    :ivar callers: who came to the step, each once; `visits` counts those who come back again.
    :ivar seconds: mean time in it.
    :ivar exits: how often each was taken.
    """

    visits: int = 0
    callers: int = 0
    dropped: int = 0
    failed: int = 0
    seconds: float | None = None
    exits: Mapping[str, int] = field(default_factory=dict)

    @property
    def drop_off(self) -> float | None:
        """Per cent of the visits in which the caller hung up."""
        return share(self.dropped, self.visits)


@dataclass(frozen=True, slots=True)
class Variant:
    """One way of an A/B step, and what became of those who were sent on it."""

    step: str
    exit: str
    figures: FlowFigures
    share: float | None


def runs(
    *,
    flow: Flow | None = None,
    version: FlowVersion | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    **more: Any,
) -> QuerySet[FlowRun]:
    """Runs that began in [since, until)."""
    given = {"version__flow": flow, "version": version, "began_at__gte": since, "began_at__lt": until, **more}
    return FlowRun.objects.filter(**{name: value for name, value in given.items() if value is not None})


def visits(**where: Any) -> QuerySet[FlowVisit]:
    """The steps of these runs."""
    return FlowVisit.objects.filter(run__in=runs(**where))


def flow_figures(**where: Any) -> FlowFigures:
    """One query over the runs that `runs` finds."""
    found = runs(**where).aggregate(**_measures())
    return _figures(found)


def figures_by_flow(flows: Iterable[Flow], since: datetime) -> dict[int, FlowFigures]:
    """Of many flows, by id, in one query; a flow without callers has no entry."""
    rows = runs(since=since, version__flow__in=flows).values("version__flow").annotate(**_measures())
    return {row["version__flow"]: _figures(row) for row in rows.order_by()}


def step_figures(**where: Any) -> dict[str, StepFigures]:
    """Of each step that anybody came to, by its name; two queries."""
    chosen = visits(**where).order_by()
    measures: dict[str, Any] = {f"n_{name}": Count("pk", filter=condition) for name, condition in VISITS.items()}
    rows: Any = chosen.values("step").annotate(callers=Count("run", distinct=True), time=Avg(TIME_IN_STEP), **measures)
    exits: dict[str, dict[str, int]] = defaultdict(dict)
    for step, exit_name, count in chosen.exclude(exit="").values_list("step", "exit").annotate(count=Count("pk")):
        exits[step][exit_name] = count
    return {
        row["step"]: StepFigures(
            **{name: row[f"n_{name}"] for name in VISITS}, callers=row["callers"], seconds=_seconds(row["time"]), exits=exits[row["step"]]
        )
        for row in rows
    }


def comparison(steps: Iterable[str], **where: Any) -> list[Variant]:
    """The ways of these A/B steps side by side; a caller who came through twice counts for both ways."""
    found: list[Variant] = []
    for step in steps:
        taken = visits(**where).filter(step=step).exclude(exit__in=["", LOST])
        rows = [(name, taken.filter(exit=name).values("run")) for name in sorted(set(taken.values_list("exit", flat=True)))]
        figures = {name: _figures(FlowRun.objects.filter(pk__in=chosen).aggregate(**_measures())) for name, chosen in rows}
        total = sum(one.counts["callers"] for one in figures.values())
        found += [Variant(step, name, one, share(one.counts["callers"], total)) for name, one in figures.items()]
    return found


def by_day(**where: Any) -> list[tuple[date, FlowFigures]]:
    """Days with callers, the first one first, in the timezone of the house."""
    day = TruncDate("began_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
    rows = runs(**where).annotate(day=day).values("day").annotate(**_measures()).order_by("day")
    return [(row["day"], _figures(row)) for row in rows]


def runs_behind(figure: str, **where: Any) -> QuerySet[FlowRun]:
    """
    :raises KeyError: no such figure.
    """
    return runs(**where).filter(COUNTS[figure])


def visits_behind(figure: str, **where: Any) -> QuerySet[FlowVisit]:
    """
    :raises KeyError: no such figure.
    """
    return visits(**where).filter(VISITS[figure])


def _measures() -> dict[str, Any]:
    return {f"n_{name}": Count("pk", filter=condition) for name, condition in COUNTS.items()} | {"time": Avg(TIME_IN_FLOW)}


def _figures(row: Mapping[str, Any]) -> FlowFigures:
    return FlowFigures({name: row[f"n_{name}"] for name in COUNTS}, _seconds(row["time"]))


def _seconds(span: Any) -> float | None:
    return None if span is None else float(span.total_seconds())
