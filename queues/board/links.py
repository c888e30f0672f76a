"""Where the calls behind a number are: filtered lists in the admin, by plain look-ups that can be read and changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from queues.models import Queue
from queues.states import AGENT_RINGING, QUEUED


def listing(model: str, *, app: str = "queues", **lookups: Any) -> str:
    """Address of the admin's list of `model` with these filters; empty if the admin has no such list."""
    try:
        address = reverse(f"admin:{app}_{model}_changelist")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(lookups)}" if lookups else address


def call(pk: int) -> str:
    try:
        return reverse("admin:queues_call_change", args=[pk])
    except NoReverseMatch:
        return ""


def agents(state: str) -> str:
    return listing("agent", app="agents", state__exact=state)


def waiting(queue: Queue | None = None) -> str:
    mine: dict[str, Any] = {"queue__id__exact": queue.pk} if queue else {}
    return listing("call", state__in=f"{QUEUED},{AGENT_RINGING}", **mine)


def entries(figure: str, since: datetime, queue: Queue | None = None) -> str:
    """The entries since a moment that this figure, one of `metrics.COUNTS`, counts."""
    lookups: dict[str, Any] = {"figure": figure, "entered_at__gte": since.isoformat()}
    if queue:
        lookups["queue__id__exact"] = queue.pk
    return listing("segment", **lookups)
