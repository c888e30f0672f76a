"""What each count means, as a condition on segments: the number and the list behind it cannot differ.

A segment is one entry into one queue; figures are bucketed by the moment of entry.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce

from agents.models import Agent
from queues.models import Call, LevelFormula, Queue, Segment
from queues.states import WRAP_UP
from queues.states import SegmentOutcome as Outcome

SHORT_CALL_SECONDS = 10
"""An answered call with less talk than this is short: a wrong number, a phone in a pocket, a broken line."""

SECOND = Value(timedelta(seconds=1))

WAIT = ExpressionWrapper(F("left_at") - F("entered_at"), output_field=DurationField())
TALK = ExpressionWrapper(F("ended_at") - F("answered_at"), output_field=DurationField())
HANDLING = ExpressionWrapper(Coalesce(F("wrap_up_ended_at"), F("ended_at")) - F("answered_at"), output_field=DurationField())
"""Talk, hold and wrap-up."""
SHORT_LIMIT = ExpressionWrapper(F("queue__short_abandon_seconds") * SECOND, output_field=DurationField())
LEVEL_LIMIT = ExpressionWrapper(F("queue__service_level_seconds") * SECOND, output_field=DurationField())

NO_ENTRY = (Outcome.REFUSED, Outcome.UNREACHED)
"""Stays that are no entry: not let in, or an attempt of ours to call somebody back."""

IN_TIME = Q(wait__lte=F("level_limit"))
ANSWERED = Q(outcome=Outcome.ANSWERED)
ABANDONED = Q(outcome=Outcome.ABANDONED)
SHORT = ABANDONED & Q(wait__lt=F("short_limit"))

COUNTS: dict[str, Q] = {
    "offered": ~Q(outcome__in=NO_ENTRY),
    "answered": ANSWERED,
    "abandoned": ABANDONED,
    "short": SHORT,
    "overflow": Q(outcome=Outcome.OVERFLOW),
    "callback": Q(outcome=Outcome.CALLBACK),
    "voicemail": Q(outcome=Outcome.VOICEMAIL),
    "refused": Q(outcome=Outcome.REFUSED),
    "waiting": Q(outcome=Outcome.WAITING),
    "answered_in_time": ANSWERED & IN_TIME,
    "abandoned_in_time": ABANDONED & IN_TIME,
    "left_in_time": ~Q(outcome__in=[*NO_ENTRY, Outcome.WAITING]) & IN_TIME,
    "handled": ANSWERED & Q(ended_at__isnull=False) & ~Q(call__state=WRAP_UP, wrap_up_ended_at__isnull=True),
    "talking": ANSWERED & Q(ended_at__isnull=True),
    "held": ANSWERED & Q(hold_seconds__gt=0),
    "short_calls": ANSWERED & Q(talk__lt=timedelta(seconds=SHORT_CALL_SECONDS)),
}
"""Every count of entries by its name."""

OUTCOMES = ("answered", "abandoned", "callback", "overflow", "voicemail", "waiting")
"""Offered is the sum of these, always."""


@dataclass(frozen=True, slots=True)
class Level:
    """One formula of the service level: the sum of some counts over the sum of others."""

    good: tuple[str, ...]
    all: tuple[str, ...]
    less: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def rows(self) -> str:
        """The name, for `behind`, of the entries that count as good."""
        return ",".join(self.good)

    def of(self, counts: Mapping[str, Any]) -> float | None:
        """Per cent, or None when there is nothing to measure."""
        total = sum(counts[name] for name in self.all) - sum(counts[name] for name in self.less)
        return 100 * sum(counts[name] for name in self.good) / total if total > 0 else None


LEVELS: dict[str, Level] = {
    LevelFormula.DEFAULT: Level(
        ("answered_in_time",), ("answered", "abandoned"), ("short",),
        "Answered within the time ÷ (answered + abandoned − short). As in Genesys Cloud.",
    ),
    LevelFormula.ANSWERED: Level(
        ("answered_in_time",), ("answered",), (),
        "Answered within the time ÷ answered. As in Asterisk and Wazo; blind to those who gave up.",
    ),
    LevelFormula.OVERFLOW: Level(
        ("answered_in_time",), ("answered", "abandoned", "overflow"), ("short",),
        "As the default, with calls that overflowed among those not answered in time.",
    ),
    LevelFormula.ANY_EXIT: Level(
        ("left_in_time",), ("offered",), (),
        "Left the queue in whatever way within the time ÷ offered. As in Amazon Connect.",
    ),
    LevelFormula.SL2: Level(
        ("answered_in_time", "abandoned_in_time"), ("answered", "abandoned"), (),
        "(Answered or abandoned within the time) ÷ (answered + abandoned). The second figure of Asterisk.",
    ),
}  # fmt: skip
"""The formulas to choose from; all read the same rows, so a change applies to the past as well."""


def entries(
    *, queue: Queue | None = None, agent: Agent | None = None, since: datetime | None = None, until: datetime | None = None, **more: Any
) -> QuerySet[Segment]:
    """Segments that entered in [since, until), ready for every condition in `COUNTS`.

    Attempts to call back are work of agents; to the queue the customer came once, and left for the callback.
    """
    if agent is None and not any(name.startswith("agent") for name in more):
        more["callback"] = False
    given = {"queue": queue, "agent": agent, "entered_at__gte": since, "entered_at__lt": until, **more}
    chosen = Segment.objects.filter(**{name: value for name, value in given.items() if value is not None})
    return chosen.annotate(wait=WAIT, talk=TALK, handling=HANDLING, short_limit=SHORT_LIMIT, level_limit=LEVEL_LIMIT)


def level_for(queues: Iterable[Queue]) -> Level:
    """The formula for these queues together: their own if they agree, else the default."""
    chosen = {queue.service_level_formula for queue in queues}
    return LEVELS[chosen.pop() if len(chosen) == 1 else LevelFormula.DEFAULT]


def behind(figure: str, **where: Any) -> QuerySet[Segment]:
    """The entries that a count counts, or several, separated by commas.

    :raises KeyError: no such figure.
    """
    return entries(**where).filter(reduce(operator.or_, (COUNTS[name] for name in figure.split(","))))


def calls_behind(figure: str, **where: Any) -> QuerySet[Call]:
    """The calls behind a figure; fewer than the figure if a call came through the queue twice."""
    return Call.objects.filter(pk__in=behind(figure, **where).values("call"))
