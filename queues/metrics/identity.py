"""The identity that holds the figures together: everybody who was offered came out exactly one way, or still waits.

The rows that are counted are also held against the event log, which was written independently of them.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from callcenter.core.models import LogEntry
from queues.models import Call, Queue, Segment
from queues.states import ENDED
from queues.states import SegmentOutcome as Outcome

from .definitions import OUTCOMES
from .queues import QueueFigures, queues_figures

log = logging.getLogger(__name__)

NAMED = 20
"""So many calls are named in a report; more would say nothing new."""

LOGGED = {"stays": ("call.queue_call", "call.overflowed"), "answers": ("call.agent_accept", "call.customer_answered")}
"""Each of these events is written with the start of a stay, or with its answer."""


def broken_identities(since: datetime | None = None, until: datetime | None = None) -> list[str]:
    """Sentences about figures that do not add up; empty when all is well."""
    queues = list(Queue.objects.all())
    figures = queues_figures(queues, since, until)
    wrong = [_sentence(queue, figures[queue.pk]) for queue in queues if not _adds_up(figures[queue.pk])]
    return wrong + _contradictions() + _against_the_log(since, until)


def check_identity(since: datetime | None = None, until: datetime | None = None) -> bool:
    """Check and log; run nightly. True when all is well."""
    wrong = broken_identities(since, until)
    for sentence in wrong:
        log.error("figures: %s", sentence)
    return not wrong


def _adds_up(figures: QueueFigures) -> bool:
    return figures.offered == sum(int(getattr(figures, name)) for name in OUTCOMES)


def _sentence(queue: Queue, figures: QueueFigures) -> str:
    parts = " + ".join(f"{name} {getattr(figures, name)}" for name in OUTCOMES)
    return f"queue {queue.slug}: offered {figures.offered} is not {parts}"


def _contradictions() -> list[str]:
    """Rows that the counts would take for something that they are not."""
    ended = Segment.objects.filter(outcome=Outcome.WAITING, call__state=ENDED).values_list("call", flat=True)[:NAMED]
    answered = Segment.objects.filter(outcome=Outcome.ANSWERED, answered_at__isnull=True).values_list("call", flat=True)[:NAMED]
    return [f"call {pk} has ended but still waits in a queue" for pk in ended] + [
        f"call {pk} counts as answered without the moment of the answer" for pk in answered
    ]


def _against_the_log(since: datetime | None, until: datetime | None) -> list[str]:
    """Calls that arrived in the span and have more or fewer stays or answers than the event log tells."""
    span = {"arrived_at__gte": since, "arrived_at__lt": until}
    calls = Call.objects.filter(**{name: moment for name, moment in span.items() if moment})
    counted = calls.annotate(
        stays=_number(Segment.objects.filter(call=OuterRef("pk")).exclude(outcome=Outcome.REFUSED)),
        answers=_number(Segment.objects.filter(call=OuterRef("pk"), outcome=Outcome.ANSWERED)),
        stays_told=_number(_told("stays")),
        answers_told=_number(_told("answers")),
    )
    wrong = counted.exclude(stays=F("stays_told"), answers=F("answers_told")).order_by("pk")
    found = wrong.values_list("pk", "stays", "answers", "stays_told", "answers_told")[:NAMED]
    return [f"call {pk}: {stays} stays, {answers} answers; event log: {told}, {answered}" for pk, stays, answers, told, answered in found]


def _told(what: str) -> QuerySet[LogEntry]:
    return LogEntry.objects.filter(subject_kind="call", subject_id=OuterRef("pk"), type__in=LOGGED[what])


def _number(rows: QuerySet[Any]) -> Coalesce:
    """How many rows there are, as a subquery: joins of several would multiply each other."""
    counted = rows.order_by().annotate(one=Value(1)).values("one").annotate(number=Count("pk")).values("number")
    return Coalesce(Subquery(counted), 0)
