"""The figures on the admin's first page."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString

from agents.models import Agent
from agents.states import AGENT, OFFLINE
from queues.hours import ALWAYS_OPEN
from queues.hours_reading import hours_of
from queues.metrics import QueueFigures, level_for, queues_figures
from queues.models import Call, Queue
from queues.states import ACTIVE, AGENT_RINGING, CALL, LIVE
from telephony.alive import silent
from telephony.models import Node

register = template.Library()

RECENT = 8


@register.simple_tag
def overview() -> dict[str, Any]:
    """Queues with today's figures, agents by state, live calls, nodes, and what needs attention."""
    queues = list(Queue.objects.all())
    figures = queues_figures(queues)
    hours = hours_of((queue.schedule_id for queue in queues if queue.schedule_id), timezone.now())
    rows = [_row(queue, figures[queue.pk]) | {"hours": hours.get(queue.schedule_id or 0, ALWAYS_OPEN)} for queue in queues]
    return {
        "now": timezone.now(),
        "rows": sorted(rows, key=lambda row: (-row["figures"].depth, not row["queue"].active, row["queue"].name)),
        "totals": _totals(figures.values()),
        "live": _live(),
        "agents": _agents(),
        "recent": Call.objects.select_related("queue", "agent").order_by("-id")[:RECENT],
        "troubles": _troubles(),
    }


def _row(queue: Queue, figures: QueueFigures) -> dict[str, Any]:
    return {"queue": queue, "figures": figures, "level": _level_colour(queue, figures.level), "formula": level_for([queue])}


def _totals(figures: Any) -> dict[str, int]:
    names = ("depth", "offered", "answered", "abandoned")
    return {name: sum(getattr(one, name) for one in figures) for name in names}


def _live() -> dict[str, int]:
    return Call.objects.filter(state__in=LIVE).aggregate(
        all=Count("pk"), talking=Count("pk", filter=Q(state=ACTIVE)), ringing=Count("pk", filter=Q(state=AGENT_RINGING))
    )


def _agents() -> list[dict[str, Any]]:
    counted = dict(Agent.objects.filter(active=True).order_by("state").values_list("state").annotate(Count("pk")))
    return [{"state": state, "count": counted.get(state.name, 0)} for state in AGENT.states]


def _troubles() -> list[str]:
    """Sentences about what keeps calls from being answered."""
    nodes = list(Node.objects.all())
    deaf = Agent.objects.filter(active=True).exclude(state=OFFLINE).exclude(pk__in=Agent.objects.reachable())
    running = any(node.heartbeat_at for node in nodes)
    troubles = [] if running else ["No telephony node is running, so no call can arrive. Start “manage.py telephony”."]
    troubles += [f"Node {node} gives no sign of life." for node in nodes if silent(node)]
    troubles += [f"{agent} is {agent.get_state_display().lower()}, but has no reachable phone." for agent in deaf[:5]]
    return troubles


def _level_colour(queue: Queue, level: float | None) -> str:
    if level is None:
        return "grey"
    return "green" if level >= queue.service_level_target else "red"


@register.simple_tag
def figure_link(row: dict[str, Any], figure: str, shown: Any = None) -> SafeString:
    """A number that leads to the rows it counts; or another one, made of the same rows."""
    where = {"figure": figure, "queue__id__exact": row["queue"].pk, "entered_at__gte": row["figures"].since.isoformat()}
    url = f"{reverse('admin:queues_segment_changelist')}?{urlencode(where)}"
    return format_html('<a href="{}">{}</a>', url, getattr(row["figures"], figure) if shown is None else shown)


@register.filter
def call_state(call: Call) -> Any:
    return CALL.state(call.state)
