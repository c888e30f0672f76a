"""What a supervisor's board shows: reads only, and moments instead of durations, so that the browser counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from agents.models import Agent, BreakReason
from agents.states import AGENT, AVAILABLE, OFFLINE, ON_CALL, RINGING, WRAP_UP
from callcenter.core.chips import chip
from queues import overflow, requirements
from queues.estimate import expect
from queues.hours import ALWAYS_OPEN, HoursState
from queues.hours_reading import hours_of
from queues.metrics import AgentFigures, QueueFigures, level_for
from queues.models import Call, Membership, Offer, Queue, WayOut
from queues.phrases import short_wait
from queues.states import ACTIVE, CALL, DIALLING
from queues.states import WRAP_UP as CALL_WRAP_UP
from queues.ways import RULES, Way, kind_of

from . import links
from .scope import lookups_of, visible_queues, visible_to
from .skills import skills_of
from .teams import teams_of
from .today import today

WAITING_SHOWN = 200
DRILLED = ("offered", "answered", "abandoned", "short", "callback", "overflow", "voicemail", "refused", "handled")
"""Figures of a queue that lead to their entries."""


def board_snapshot(user: User, *, may_steer: bool) -> dict[str, Any]:
    """The floor as this person may see it."""
    agents = list(visible_to(user).with_reachable().select_related("team", "break_reason", "next_break_reason"))
    queues = list(visible_queues(user))
    waiting = list(_waiting(queues))
    served = _served(agents)
    figures = today.figures()
    shown = [queue for queue in queues if queue.active or any(call.queue_id == queue.pk for call in waiting)]
    staff = lookups_of(user)
    hours = hours_of((queue.schedule_id for queue in shown if queue.schedule_id), timezone.now())
    overflowing = _overflowing(shown)
    return {
        "may_steer": may_steer,
        "scope": sorted({agent.team.name for agent in agents if agent.team}) if agents else [],
        "tiles": {**_line_tiles(waiting, shown), **_agent_tiles(agents, staff), **_day_tiles(shown, figures)},
        "queues": [
            _queue(queue, waiting, agents, served, figures.get(queue.pk, QueueFigures()), staff, hours, overflowing) for queue in shown
        ],
        "waiting": _line(waiting),
        "agents": _agents(agents, served),
        "teams": teams_of(agents),
        "skills": skills_of(agents, shown, staff),
        "agents_link": links.listing("agent", app="agents", **staff),
        "breaks": list(BreakReason.objects.filter(selectable=True).values("id", "name")),
    }


def _waiting(queues: list[Queue]) -> Iterable[Call]:
    return Call.objects.waiting().filter(queue__in=queues).select_related("queue", "wanted_agent", "preferred_agent")


def _served(agents: list[Agent]) -> dict[int, list[Membership]]:
    """The memberships of each agent by agent id."""
    found: dict[int, list[Membership]] = defaultdict(list)
    for membership in Membership.objects.filter(agent__in=agents).select_related("queue"):
        found[membership.agent_id].append(membership)
    return found


# Tiles


def _line_tiles(waiting: list[Call], shown: list[Queue]) -> dict[str, Any]:
    callers = _on_the_line(waiting)
    oldest = min((call.enqueued_at for call in callers if call.enqueued_at), default=None)
    link = links.waiting(shown)
    return {"waiting": {"value": len(callers), "link": link}, "longest": {"since": oldest, "link": link}}


def _on_the_line(waiting: list[Call]) -> list[Call]:
    """Callers, without those who hung up and wait to be called back."""
    return [call for call in waiting if call.callback_id is None]


def _agent_tiles(agents: list[Agent], staff: dict[str, Any]) -> dict[str, Any]:
    at_work = [agent for agent in agents if agent.state != OFFLINE]
    available, unreachable = sum(_takes_calls(agent) for agent in at_work), sum(_unreachable(agent) for agent in at_work)
    all_of_them = {"of": len(at_work), "of_link": links.agents(**staff)}
    return {
        "available": {"value": available, "link": links.agents(AVAILABLE, reachable="yes", **staff), **all_of_them},
        "talking": {"value": sum(agent.state == ON_CALL for agent in at_work), "link": links.agents(ON_CALL, **staff)},
        "unreachable": {"value": unreachable, "link": links.agents(AVAILABLE, reachable="no", **staff)},
    }


def _day_tiles(shown: list[Queue], figures: dict[int, QueueFigures]) -> dict[str, Any]:
    """Each queue counts from its own midnight, and so do the lists behind the sums; nothing if no queue is shown."""
    counted = [queue for queue in shown if queue.pk in figures]
    counts: Counter[str] = Counter()
    for queue in counted:
        counts.update({name: value for name, value in asdict(figures[queue.pk]).items() if isinstance(value, int)})
    return _sums(counts, counted) if counted else {}


def _sums(counts: Counter[str], counted: list[Queue]) -> dict[str, Any]:
    level, link = level_for(counted), {name: links.entries_today(name, counted) for name in DRILLED}
    return {
        "offered": {"value": counts["offered"], "link": link["offered"]},
        "answered": {"value": counts["answered"], "link": link["answered"], "of": counts["offered"], "of_link": link["offered"]},
        "abandoned": {"value": counts["abandoned"], "link": link["abandoned"]},
        "level": {"value": _whole(level.of(counts)), "link": links.entries_today(level.rows, counted), "meaning": level.meaning},
    }


def _takes_calls(agent: Any) -> bool:
    return bool(agent.state == AVAILABLE and agent.reachable)


def _unreachable(agent: Any) -> bool:
    return bool(agent.state == AVAILABLE and not agent.reachable)


# Queues


def _queue(
    queue: Queue,
    waiting: list[Call],
    agents: list[Agent],
    served: dict[int, list[Membership]],
    figures: QueueFigures,
    staff: dict[str, Any],
    hours: dict[int, HoursState],
    overflowing: dict[int, str],
) -> dict[str, Any]:
    line = [call for call in _on_the_line(waiting) if call.queue_id == queue.pk]
    serving = [agent for agent in agents if any(m.queue_id == queue.pk and m.logged_in for m in served[agent.pk])]
    staffing = _staffing(serving)
    return {
        "id": queue.pk,
        "name": queue.name,
        "active": queue.active,
        "closed": _closed(hours.get(queue.schedule_id or 0, ALWAYS_OPEN)),
        "waiting": len(line),
        "oldest": min((call.enqueued_at for call in line if call.enqueued_at), default=None),
        "warn_waiting": queue.warn_waiting,
        "warn_wait_seconds": queue.warn_wait_seconds,
        "expected": "at once" if staffing["available"] and not line else short_wait(expect(today.pace(queue.pk), len(line) + 1)),
        "overflowing": overflowing.get(queue.pk, ""),
        "agents": staffing,
        "today": _today(figures),
        "target": queue.service_level_target,
        "target_seconds": queue.service_level_seconds,
        "level_meaning": level_for([queue]).meaning,
        "links": _links(queue, figures, {**staff, "serves": queue.pk}),
    }


def _closed(hours: HoursState) -> dict[str, Any] | None:
    """Why, and until when; nothing while the queue is open."""
    return None if hours.open else {"kind": hours.kind, "name": hours.name, "opens_at": hours.turns_at}


def _overflowing(shown: list[Queue]) -> dict[int, str]:
    """For queues whose rules send new callers elsewhere now: where to."""
    rows = {row.pk: row for row in WayOut.objects.filter(queue__in=shown, when__in=RULES).select_related("next_queue", "queue")}
    found: dict[int, str] = {}
    for queue in {row.queue_id: row.queue for row in rows.values()}.values():
        ways = tuple(Way.of(row) for row in rows.values() if row.queue_id == queue.pk)
        way = overflow.at_entry(queue, ways, timezone.now())
        if way and way.id:
            found[queue.pk] = kind_of(way.kind).sentence(rows[way.id])
    return found


def _staffing(serving: list[Agent]) -> dict[str, int]:
    """Of the agents logged in to the queue: who could take a call, who is busy, who is at work at all."""
    return {
        "available": sum(_takes_calls(agent) for agent in serving),
        "busy": sum(agent.state in (RINGING, ON_CALL, WRAP_UP) for agent in serving),
        "at_work": sum(agent.state != OFFLINE for agent in serving),
    }


def _today(figures: QueueFigures) -> dict[str, Any]:
    return {
        "offered": figures.offered,
        "answered": figures.answered,
        "abandoned": figures.abandoned,
        "short": figures.short,
        "callback": figures.callback,
        "overflow": figures.overflow,
        "voicemail": figures.voicemail,
        "refused": figures.refused,
        "missed": figures.missed,
        "asa": _whole(figures.asa),
        "aht": _whole(figures.aht),
        "level": _whole(figures.level),
    }


def _links(queue: Queue, figures: QueueFigures, staff: dict[str, Any]) -> dict[str, str]:
    found = {
        "waiting": links.waiting([queue]),
        "available": links.agents(AVAILABLE, reachable="yes", **staff),
        "at_work": links.agents(**staff),
    }
    if figures.since:
        found.update({name: links.entries(name, figures.since, queue) for name in DRILLED})
        found["missed"] = links.missed(figures.since, queue)
        found["level"] = links.entries(level_for([queue]).rows, figures.since, queue)
    return found


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


# Calls in line


def _line(waiting: list[Call]) -> dict[str, Any]:
    rung = _rung([call.pk for call in waiting[:WAITING_SHOWN]])
    skills = requirements.words_of(call.requirement_id for call in waiting[:WAITING_SHOWN])
    places: Counter[int] = Counter()
    rows = []
    for call in waiting[:WAITING_SHOWN]:
        places[call.queue_id or 0] += 1
        rows.append(_in_line(call, places[call.queue_id or 0], rung.get(call.pk, []), skills.get(call.requirement_id or 0, [])))
    return {"total": len(waiting), "rows": rows}


def _in_line(call: Call, place: int, rung: list[str], skills: list[str]) -> dict[str, Any]:
    return {
        "id": call.pk,
        "place": place,
        "number": call.caller_number,
        "name": call.caller_name,
        "queue": {"id": call.queue_id, "name": call.queue.name if call.queue else ""},
        "priority": call.priority,
        "enqueued_at": call.enqueued_at,
        "attempts": call.attempts,
        "wanted": call.wanted_agent.name if call.wanted_agent else "",
        "kept_for": call.preferred_agent.name if call.preferred_agent and not rung else "",
        "skills": skills,
        "callback": links.callback(call.callback_id) if call.callback_id else "",
        "rung": rung,
        "link": links.call(call.pk),
        **chip(CALL, call.state),
    }


def _rung(calls: list[int]) -> dict[int, list[str]]:
    """Whose phones ring for each call."""
    found: dict[int, list[str]] = defaultdict(list)
    for call, agent in Offer.objects.open().filter(call__in=calls).order_by("pk").values_list("call", "agent__name"):
        found[call].append(agent)
    return found


# Agents


def _agents(agents: list[Agent], served: dict[int, list[Membership]]) -> list[dict[str, Any]]:
    with_caller = _callers(agents)
    figures = today.agents()
    rows = [_agent(agent, served[agent.pk], with_caller.get(agent.pk), figures.get(agent.pk, AgentFigures())) for agent in agents]
    return sorted(rows, key=lambda row: (row["state"] == OFFLINE, row["name"], row["id"]))


def _agent(agent: Any, memberships: list[Membership], caller: dict[str, Any] | None, figures: AgentFigures) -> dict[str, Any]:
    return {
        "id": agent.pk,
        "name": agent.name,
        "extension": agent.extension,
        "team": agent.team.name if agent.team else "",
        **chip(AGENT, agent.state),
        "since": agent.state_since,
        "reason": agent.break_reason.name if agent.break_reason else "",
        "max_minutes": agent.break_reason.max_minutes if agent.break_reason else None,
        "wish": AGENT.state(agent.next_state).label if agent.next_state else "",
        "wish_reason": agent.next_break_reason.name if agent.next_break_reason else "",
        "reachable": agent.reachable,
        "caller": caller,
        "queues": [{"id": m.queue_id, "name": m.queue.name, "logged_in": m.logged_in} for m in memberships],
        "misses": agent.misses_in_row,
        "today": {"occupancy": _whole(figures.occupancy), "utilization": _whole(figures.utilization), "link": links.spent_today(agent)},
    }


def _callers(agents: list[Agent]) -> dict[int, dict[str, Any]]:
    """The call that each agent has in hand, ringing ones included."""
    found: dict[int, dict[str, Any]] = {}
    ringing = Offer.objects.open().filter(agent__in=agents).select_related("call__queue")
    for offer in ringing:
        found[offer.agent_id] = _caller(offer.call, offer.opened_at)
    talking = Call.objects.filter(agent__in=agents, state__in=[DIALLING, ACTIVE, CALL_WRAP_UP]).select_related("queue")
    for call in talking:
        if call.agent_id:
            found[call.agent_id] = _caller(call, call.answered_at or call.state_since)
    return found


def _caller(call: Call, since: datetime | None) -> dict[str, Any]:
    return {
        "id": call.pk,
        "number": call.caller_number,
        "name": call.caller_name,
        "queue": call.queue.name if call.queue else "",
        "since": since,
        "held_since": call.held_since,
        "link": links.call(call.pk),
    }
