"""What became of callbacks. A number and the list of rows behind it are made by the same condition.

Callbacks are counted when they were asked for, in the days of the house, whatever the timezones of the queues: a callback belongs
to the customer who waits for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Avg, Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate

from queues.callbackstates import CALLED_AGAIN, CANCELLED, DONE, EXPIRED, OPEN
from queues.models import Call, Callback, Queue

from .durations import Took, between, measures, took
from .queues import share

REACHED = Q(state=DONE) & ~Q(last_result=CALLED_AGAIN)

COUNTS: dict[str, Q] = {
    "asked": Q(),
    "reached": REACHED,
    "called_again": Q(state=DONE, last_result=CALLED_AGAIN),
    "expired": Q(state=EXPIRED),
    "cancelled": Q(state=CANCELLED),
    "open": Q(state__in=OPEN),
    "first_attempt": REACHED & Q(attempts=1),
}
"""Every count of callbacks by its name.

Reached: the customer answered a call of ours and talked to an agent, and the talk is over. Called again: the customer did not wait for
us, and an agent answered. Expired: not reached in time, or not within the attempts. Cancelled: somebody took it back. Open: none of
these yet, those who are called or talk at this moment included. First attempt: reached, and by the first call of ours."""

OUTCOMES = ("reached", "called_again", "expired", "cancelled", "open")
"""Asked for is the sum of these, always."""

ATTEMPTS = Call.objects.filter(callback=OuterRef("pk")).order_by("pk")
IN_LINE_AT = Subquery(ATTEMPTS.exclude(exit_reason="rescheduled").values("arrived_at")[:1])
"""When it took its place in line first: at once, at the time that was chosen last, when the hours began, or when somebody said now.
`Callback.due_at` does not tell, for each attempt moves it on."""
REACHED_AT = Subquery(ATTEMPTS.filter(answered_at__isnull=False).values("answered_at")[:1])
"""When the customer answered."""


@dataclass(frozen=True, slots=True)
class CallbackFigures:
    """Counts by `COUNTS`.

    :ivar attempts: calls to the customer for each callback that was reached, on average.
    :ivar from_asking: from the wish to the customer's answer, of those who were reached.
    :ivar from_due: from the first place in line to the customer's answer, of those who were reached: our part of it.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    attempts: float | None = None
    from_asking: Took = field(default_factory=Took)
    from_due: Took = field(default_factory=Took)

    @property
    def reach(self) -> float | None:
        """Per cent reached of those that are over and were not taken back. Who called again did not wait for us: not reached."""
        kept = ("reached", "called_again", "expired")
        return share(self.counts["reached"], sum(self.counts[name] for name in kept))


def callbacks(
    *, queue: Queue | None = None, since: datetime | None = None, until: datetime | None = None, **more: Any
) -> QuerySet[Callback]:
    """Callbacks that were asked for in [since, until)."""
    given = {"queue": queue, "requested_at__gte": since, "requested_at__lt": until, **more}
    return Callback.objects.filter(**{name: value for name, value in given.items() if value is not None})


def callback_figures(**where: Any) -> CallbackFigures:
    """One query over the callbacks that `callbacks` finds."""
    return _figures(_timed(callbacks(**where)).aggregate(**_measures()))


def callbacks_by_queue(**where: Any) -> dict[int, CallbackFigures]:
    """Of each queue with any, by id, in one query."""
    rows = _timed(callbacks(**where)).order_by("queue").values("queue").annotate(**_measures())
    return {row["queue"]: _figures(row) for row in rows}


def callbacks_by_day(**where: Any) -> dict[date, CallbackFigures]:
    """Of each day on which any was asked for; counts only."""
    day = TruncDate("requested_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
    rows = callbacks(**where).annotate(day=day).order_by("day").values("day").annotate(**_counts())
    return {row["day"]: CallbackFigures(_named(row)) for row in rows}


def expired_because(**where: Any) -> dict[str, int]:
    """How often each reason was the last one of those that expired, the most frequent first."""
    rows = callbacks_behind("expired", **where).order_by().values_list("last_result").annotate(count=Count("pk"))
    return dict(sorted(rows, key=lambda row: (-row[1], row[0])))


def callbacks_behind(figure: str, **where: Any) -> QuerySet[Callback]:
    """
    :raises KeyError: no such figure.
    """
    return callbacks(**where).filter(COUNTS[figure])


def _timed(chosen: QuerySet[Callback]) -> QuerySet[Any]:
    return chosen.annotate(reached_at=REACHED_AT, in_line_at=IN_LINE_AT)


def _counts() -> dict[str, Any]:
    return {f"n_{name}": Count("pk", filter=condition) for name, condition in COUNTS.items()}


def _measures() -> dict[str, Any]:
    return {
        **_counts(),
        "tries": Avg("attempts", filter=REACHED),
        **measures("asking", between("requested_at", "reached_at"), filter=REACHED),
        **measures("due", between("in_line_at", "reached_at"), filter=REACHED),
    }


def _named(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: row[f"n_{name}"] for name in COUNTS}


def _figures(row: Mapping[str, Any]) -> CallbackFigures:
    tries = None if row["tries"] is None else float(row["tries"])
    return CallbackFigures(_named(row), tries, took("asking", row), took("due", row))
