"""Where the calls behind a number are: filtered lists in the admin, by plain look-ups that can be read and changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from agents.models import Agent, Team
from agents.states import AGENT, OFFLINE
from queues.models import Queue
from queues.states import AGENT_RINGING, MISSES, QUEUED


def listing(model: str, *, app: str = "queues", **lookups: Any) -> str:
    """Address of the admin's list of `model` with these filters; empty if the admin has no such list."""
    try:
        address = reverse(f"admin:{app}_{model}_changelist")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode(lookups)}" if lookups else address


def call(pk: int) -> str:
    return _page("call", pk)


def callback(pk: int) -> str:
    return _page("callback", pk)


def _page(model: str, pk: int) -> str:
    try:
        return reverse(f"admin:queues_{model}_change", args=[pk])
    except NoReverseMatch:
        return ""


def agents(*states: str, **lookups: Any) -> str:
    """The agents in one of these states, or in any but offline if none is given."""
    chosen = states or [state.name for state in AGENT.states if state.name != OFFLINE]
    return listing("agent", app="agents", state__in=",".join(chosen), **lookups)


def waiting(queues: Iterable[Queue]) -> str:
    return listing("call", state__in=f"{QUEUED},{AGENT_RINGING}", queue__id__in=_ids(queues), callback__isnull="True")


def entries(figure: str, since: datetime, queue: Queue) -> str:
    """The entries into a queue since a moment that this figure, one of `metrics.COUNTS`, counts."""
    return listing("segment", figure=figure, entered_at__gte=since.isoformat(), queue__id__exact=queue.pk)


def entries_today(figure: str, queues: Iterable[Queue]) -> str:
    """The same of several queues. No moment is named: each queue has a midnight of its own."""
    return listing("segment", figure=figure, day="today", queue__id__in=_ids(queues))


def missed(since: datetime, queue: Queue) -> str:
    """The offers of the queue's entries since a moment that no agent took."""
    return listing("offer", outcome__in=",".join(MISSES), segment__entered_at__gte=since.isoformat(), queue__id__exact=queue.pk)


def spent_today(agent: Agent) -> str:
    """What the agent did since midnight, one row for each state."""
    return listing("agentstateperiod", agent__id__exact=agent.pk, day="today")


def of_team(team: Team, since: datetime) -> dict[str, str]:
    """What the team's present agents did since a moment of today: entries that they answered or handled to the end, offers
    that they missed, and how they spent their time."""
    done: dict[str, Any] = {"agent__team__id__exact": team.pk, "entered_at__gte": since.isoformat()}
    missed: dict[str, Any] = {"agent__team__id__exact": team.pk, "opened_at__gte": since.isoformat(), "outcome__in": ",".join(MISSES)}
    return {
        "answered": listing("segment", figure="answered", **done),
        "handled": listing("segment", figure="handled", **done),
        "missed": listing("offer", **missed),
        "spent": listing("agentstateperiod", agent__team__id__exact=team.pk, day="today"),
    }


def of_skill(skill: int, since: datetime, queues: Iterable[Queue], **staff: Any) -> dict[str, str]:
    """Entries of these queues that asked for a skill, those who wait whenever they came; and the agents who have it."""
    asked: dict[str, Any] = {"requirement__needs__skill__id__exact": skill, "queue__id__in": _ids(queues)}
    came = {name: listing("segment", figure=name, entered_at__gte=since.isoformat(), **asked) for name in ("answered", "abandoned")}
    has: dict[str, Any] = {"skills__skill__id__exact": skill, **staff}
    return {
        **came,
        "waiting": listing("segment", figure="waiting", **asked),
        "at_work": agents(**has),
        "agents": listing("agent", app="agents", **has),
    }


def _ids(queues: Iterable[Queue]) -> str:
    return ",".join(str(queue.pk) for queue in queues)
