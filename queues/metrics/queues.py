"""Figures of queues: of the day, of a period, of an interval, and how it stands now."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Avg, Count, DateTimeField, DurationField, ExpressionWrapper, F, Func, Max, Q, QuerySet, Value
from django.utils import timezone

from queues.models import Offer, Queue, Segment
from queues.states import MISSES

from .definitions import COUNTS, LEVELS, entries, level_for


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of entries by `COUNTS`, means and maxima in seconds. None: nothing to measure."""

    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    short: int = 0
    overflow: int = 0
    callback: int = 0
    voicemail: int = 0
    refused: int = 0
    waiting: int = 0
    answered_in_time: int = 0
    abandoned_in_time: int = 0
    left_in_time: int = 0
    handled: int = 0
    talking: int = 0
    held: int = 0
    short_calls: int = 0
    asa: float | None = None
    """Average speed of answer: mean wait of the answered."""
    aht: float | None = None
    """Average handling time: mean of talk, hold and wrap-up, of those handled to the end."""
    average_wait: float | None = None
    longest_wait: float | None = None
    """Both over everybody who no longer waits."""

    def service_level(self, formula: str = "default") -> float | None:
        """Per cent by one of `LEVELS`."""
        return LEVELS[formula].of(asdict(self))

    @property
    def abandon_rate(self) -> float | None:
        return share(self.abandoned, self.offered)

    @property
    def hold_rate(self) -> float | None:
        return share(self.held, self.answered)

    @property
    def short_call_rate(self) -> float | None:
        return share(self.short_calls, self.answered)


@dataclass(frozen=True, slots=True)
class QueueFigures(Figures):
    """A queue since `since`, and now."""

    since: datetime | None = None
    missed: int = 0
    """Offers of the entries counted here that an agent rejected, did not answer, or whose phone was busy or out of reach."""
    depth: int = 0
    """Callers in line at this moment, whenever they came."""
    longest_wait_now: float | None = None
    average_wait_now: float | None = None
    level: float | None = None
    """The service level by the formula of the queue, in per cent."""


@dataclass(frozen=True, slots=True)
class Interval:
    start: datetime
    figures: Figures


def share(part: float, whole: float) -> float | None:
    """Per cent, or None of nothing."""
    return 100 * part / whole if whole else None


def midnight(zone: str, now: datetime | None = None) -> datetime:
    """The last midnight in this timezone."""
    local = (now or timezone.now()).astimezone(ZoneInfo(zone))
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def entered_today(queues: Iterable[Queue]) -> Q:
    """The condition that an entry into one of these queues came since the last midnight of that queue's own timezone."""
    return _entered(_by_start(queues, None, timezone.now()))


def figures(chosen: QuerySet[Segment]) -> Figures:
    """The figures of these entries (made by `entries`), in one query."""
    return Figures(**_seconds(chosen.aggregate(**_measures())))


def queue_figures(queue: Queue, since: datetime | None = None, until: datetime | None = None) -> QueueFigures:
    """One queue since midnight of its own timezone, or since a given moment."""
    return queues_figures([queue], since, until)[queue.pk]


def queues_figures(queues: Iterable[Queue], since: datetime | None = None, until: datetime | None = None) -> dict[int, QueueFigures]:
    """Many queues by id: one query for each timezone among them, one for those who wait now, and one for offers."""
    now = timezone.now()
    by_start = _by_start(queues, since, now)
    live = _live([queue for group in by_start.values() for queue in group], now)
    missed = _missed(by_start, until)
    found: dict[int, QueueFigures] = {}
    for start, group in by_start.items():
        counted = _grouped(entries(since=start, until=until, queue__in=group), "queue")
        for queue in group:
            level = level_for([queue]).of(counted[queue.pk]) if queue.pk in counted else None
            own = {**counted.get(queue.pk, {}), **live.get(queue.pk, {}), **missed.get(queue.pk, {})}
            found[queue.pk] = QueueFigures(**own, since=start, level=level)
    return found


def by_interval(chosen: QuerySet[Segment], *, start: datetime, minutes: int = 30) -> list[Interval]:
    """Figures of each interval that had entries, counted from `start` in absolute time: no hour is lost or doubled
    when the clocks change."""
    width = Value(timedelta(minutes=minutes))
    start_of = Func(width, "entered_at", Value(start), function="date_bin", output_field=DateTimeField())
    found = _grouped(chosen.annotate(interval_start=start_of), "interval_start")
    return [Interval(start=key, figures=Figures(**found[key])) for key in sorted(found)]


def _by_start(queues: Iterable[Queue], since: datetime | None, now: datetime) -> dict[datetime, list[Queue]]:
    """Queues by the moment from which they are counted: a given one, or the midnight of each."""
    found: dict[datetime, list[Queue]] = defaultdict(list)
    for queue in queues:
        found[since or midnight(queue.timezone, now)].append(queue)
    return found


def _entered(by_start: Mapping[datetime, list[Queue]], of: str = "") -> Q:
    """The condition that an entry, or the entry `of` another row, came into one of the queues since its moment."""
    each = (Q(**{f"{of}queue__in": group, f"{of}entered_at__gte": start}) for start, group in by_start.items())
    return reduce(operator.or_, each, Q(pk__in=[]))


def _measures() -> dict[str, Any]:
    counts: dict[str, Any] = {name: Count("pk", filter=condition) for name, condition in COUNTS.items()}
    return counts | {
        "asa": Avg("wait", filter=COUNTS["answered"]),
        "aht": Avg("handling", filter=COUNTS["handled"]),
        "average_wait": Avg("wait"),
        "longest_wait": Max("wait"),
    }


def _grouped(chosen: QuerySet[Segment], key: str) -> dict[Any, dict[str, Any]]:
    # order_by: the model's default order would become part of the grouping.
    rows = chosen.order_by(key).values(key).annotate(**_measures())
    return _by(key, rows)


def _live(queues: list[Queue], now: datetime) -> dict[int, dict[str, Any]]:
    waited = ExpressionWrapper(Value(now, output_field=DateTimeField()) - F("entered_at"), output_field=DurationField())
    chosen = Segment.objects.filter(COUNTS["waiting"], queue__in=queues, callback=False).annotate(waited=waited).order_by("queue")
    rows = chosen.values("queue").annotate(depth=Count("pk"), longest_wait_now=Max("waited"), average_wait_now=Avg("waited"))
    return _by("queue", rows)


def _missed(by_start: Mapping[datetime, list[Queue]], until: datetime | None) -> dict[int, dict[str, Any]]:
    ended = {"segment__entered_at__lt": until} if until else {}
    chosen = Offer.objects.filter(_entered(by_start, of="segment__"), outcome__in=MISSES, segment__callback=False, **ended)
    return _by("queue", chosen.order_by("queue").values("queue").annotate(missed=Count("pk")))


def _by(key: str, rows: Iterable[Mapping[str, Any]]) -> dict[Any, dict[str, Any]]:
    return {row[key]: _seconds({name: value for name, value in row.items() if name != key}) for row in rows}


def _seconds(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.total_seconds() if isinstance(value, timedelta) else value for name, value in row.items()}
