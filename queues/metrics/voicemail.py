"""What became of voicemail. A number and the list of rows behind it are made by the same condition.

Messages are counted when they were left, in the days of the house. A message whose sound was erased is counted on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Avg, Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate

from agents.models import Agent
from queues.direct import Unanswered
from queues.models import Call, Callback, Segment, VoicemailBox, VoicemailMessage, WayOut
from queues.states import ENDED, CallOutcome, SegmentOutcome
from queues.voicemail.states import ARCHIVED, DELETED, HEARD, NEW
from queues.voicemail.way import ToVoicemail

from .durations import Took, between, measures, took
from .queues import share

PROMISED = Callback.objects.exclude(requested_by="caller")
"""Those that one of us promised. What callers ask for by keys in a call that ends with a message is no answer to it."""

COUNTS: dict[str, Q] = {
    "left": Q(),
    "new": Q(state=NEW),
    "heard": Q(state=HEARD),
    "archived": Q(state=ARCHIVED),
    "deleted": Q(state=DELETED),
    "listened_to": Q(heard_at__isnull=False),
    "never_heard": Q(heard_at__isnull=True, state__in=(ARCHIVED, DELETED)),
    "partial": Q(partial=True),
    "called_back": Q(call__isnull=False) & Q(Exists(PROMISED.filter(origin=OuterRef("call")))),
}
"""Every count of messages by its name.

New, heard, archived and deleted are where they are now. Listened to: somebody heard it, or said so, whatever became of it then. Never
heard: put away or deleted, by somebody or by age, without that. Partial: our process died, the end may be missing. Called back: one of
us promised the caller a callback because of it."""

STATES = ("new", "heard", "archived", "deleted")
"""Left is the sum of these, always."""

TO_VOICEMAIL = WayOut.objects.filter(pk=OuterRef("way_out"), kind=ToVoicemail.name)
LED_ON = Segment.objects.filter(call=OuterRef("pk"), outcome__in=(SegmentOutcome.OVERFLOW, SegmentOutcome.REFUSED))
WITH_OWN_BOX = Agent.objects.filter(
    Q(direct_calls__isnull=True) | Q(direct_calls__unanswered=Unanswered.BOX), pk=OuterRef("wanted_agent"), voicemail_box__active=True
)
TO_OWN_BOX = Q(way_out__isnull=True, wanted_agent__isnull=False) & Q(Exists(LED_ON)) & Q(Exists(WITH_OWN_BOX))
"""Who wanted one agent and was led on from there by the agent's setting, as it is now."""

CALLS: dict[str, Q] = {
    "said_nothing": Q(state=ENDED, messages__isnull=True) & ~Q(outcome=CallOutcome.LOST) & (Q(Exists(TO_VOICEMAIL)) | TO_OWN_BOX),
}
"""Counts of calls. Said nothing: a queue's way out, or the setting of the agent who was called, led the caller to voicemail, and the call
ended without a message: hung up before the tone, or kept silent. Of callers whom a flow led there the flow's figures tell. A way out
that was removed since is not known any more."""


@dataclass(frozen=True, slots=True)
class VoicemailFigures:
    """Counts by `COUNTS`.

    :ivar seconds: mean length of a message.
    :ivar until_heard: from the message to the first time that it was listened to, of those that were.
    """

    counts: Mapping[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    seconds: float | None = None
    until_heard: Took = field(default_factory=Took)

    @property
    def listened(self) -> float | None:
        """Per cent of the messages that somebody listened to."""
        return share(self.counts["listened_to"], self.counts["left"])


def voicemail(
    *, box: VoicemailBox | None = None, since: datetime | None = None, until: datetime | None = None, **more: Any
) -> QuerySet[VoicemailMessage]:
    """Messages that were left in [since, until)."""
    given = {"box": box, "left_at__gte": since, "left_at__lt": until, **more}
    return VoicemailMessage.objects.filter(**{name: value for name, value in given.items() if value is not None})


def voicemail_figures(**where: Any) -> VoicemailFigures:
    """One query over the messages that `voicemail` finds."""
    return _figures(voicemail(**where).aggregate(**_measures()))


def voicemail_by_box(**where: Any) -> dict[int, VoicemailFigures]:
    """Of each box with any, by id, in one query."""
    rows = voicemail(**where).order_by("box").values("box").annotate(**_measures())
    return {row["box"]: _figures(row) for row in rows}


def voicemail_by_day(**where: Any) -> dict[date, VoicemailFigures]:
    """Of each day on which any was left."""
    day = TruncDate("left_at", tzinfo=ZoneInfo(settings.TIME_ZONE))
    rows = voicemail(**where).annotate(day=day).order_by("day").values("day").annotate(**_measures())
    return {row["day"]: _figures(row) for row in rows}


def voicemail_behind(figure: str, **where: Any) -> QuerySet[VoicemailMessage]:
    """
    :raises KeyError: no such figure.
    """
    return voicemail(**where).filter(COUNTS[figure])


def said_nothing(since: datetime | None = None, until: datetime | None = None) -> QuerySet[Call]:
    """Calls that arrived in [since, until), were led to voicemail and ended without a message."""
    given = {"arrived_at__gte": since, "arrived_at__lt": until}
    return Call.objects.filter(CALLS["said_nothing"], **{name: value for name, value in given.items() if value is not None})


def promised_for(message: VoicemailMessage) -> QuerySet[Callback]:
    """The callbacks that were promised because of the message."""
    return PROMISED.filter(origin=message.call_id) if message.call_id else PROMISED.none()


def _measures() -> dict[str, Any]:
    counts: dict[str, Any] = {f"n_{name}": Count("pk", filter=condition) for name, condition in COUNTS.items()}
    return {**counts, "length": Avg("seconds"), **measures("heard", between("left_at", "heard_at"))}


def _figures(row: Mapping[str, Any]) -> VoicemailFigures:
    return VoicemailFigures({name: row[f"n_{name}"] for name in COUNTS}, row["length"], took("heard", row))
