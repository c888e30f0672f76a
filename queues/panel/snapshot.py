"""What one agent's panel shows: reads only.

Moments are sent, never durations, so that the picture changes only when a fact does; the browser counts.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q

from agents.models import Agent, BreakReason, Device
from agents.states import AGENT, AVAILABLE
from callcenter.core.chips import chip
from queues.metrics import agent_figures, midnight
from queues.models import Call, Membership, Offer
from queues.states import ACTIVE, DIALLING, MISSES, WAITING, WRAP_UP, OfferOutcome

from .cards import call_card, earlier_calls
from .later import later
from .mailbox import mailbox

MISSED_SHOWN = 8


def panel_snapshot(agent_id: int, *, promises: bool = False) -> dict[str, Any]:
    """Everything on the panel of this agent.

    :param promises: whose user may promise callbacks also sees when that is possible for the customers of the calls in hand.
    :raises Agent.DoesNotExist: if there is no such agent, or it was switched off.
    """
    agent = Agent.objects.select_related("break_reason", "next_break_reason", "team").get(pk=agent_id, active=True)
    calls = list(_own_calls(agent))
    return {
        "agent": _agent(agent),
        "devices": _devices(agent),
        "offers": [_offer(offer) for offer in _open_offers(agent)],
        "calls": [{**_live_call(call), **_later(call, promises)} for call in calls if call.state in (DIALLING, ACTIVE)],
        "wrap_ups": [{**_wrap_up(call), **_later(call, promises)} for call in calls if call.state == WRAP_UP],
        "queues": _queues(agent),
        "breaks": list(BreakReason.objects.filter(selectable=True).values("id", "name", "max_minutes", "paid")),
        "missed": _missed(agent),
        "mailbox": mailbox(agent),
        "figures": _figures(agent),
    }


def _agent(agent: Agent) -> dict[str, Any]:
    reachable = Device.objects.live().filter(agent=agent).exists()
    return {
        "id": agent.pk,
        "name": agent.name,
        "extension": agent.extension,
        "team": agent.team.name if agent.team else "",
        **chip(AGENT, agent.state),
        "since": agent.state_since,
        "reason": _reason(agent.break_reason),
        "wish": {**chip(AGENT, agent.next_state), "reason": _reason(agent.next_break_reason)} if agent.next_state else None,
        "reachable": reachable,
        # The state that looks like work and is none: nobody notices it unless it is shown.
        "unreachable_but_available": agent.state == AVAILABLE and not reachable,
        "ready_at": agent.ready_at,
        "ready_when_registered": agent.ready_when_registered,
        "logged_in_at": agent.logged_in_at,
    }


def _reason(reason: BreakReason | None) -> dict[str, Any] | None:
    return {"id": reason.pk, "name": reason.name, "max_minutes": reason.max_minutes} if reason else None


def _devices(agent: Agent) -> list[dict[str, Any]]:
    live = Device.objects.live().filter(agent=agent).order_by("since", "pk")
    return [{"id": device.pk, "label": str(device), "kind": device.get_kind_display(), "since": device.since} for device in live]


def _open_offers(agent: Agent) -> Any:
    return Offer.objects.open().filter(agent=agent).select_related("call__queue", "call__callback", "queue").order_by("opened_at", "pk")


def _own_calls(agent: Agent) -> Any:
    return (
        Call.objects.filter(agent=agent, state__in=[DIALLING, ACTIVE, WRAP_UP])
        .select_related("queue", "callback")
        .order_by("answered_at", "pk")
    )


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "id": offer.pk,
        "opened_at": offer.opened_at,
        "rang_at": offer.rang_at,
        "expires_at": offer.expires_at,
        "call": {**call_card(offer.call), "earlier": earlier_calls(offer.call)},
    }


def _live_call(call: Call) -> dict[str, Any]:
    return {
        **call_card(call),
        "since": call.state_since,
        "answered_at": call.answered_at,
        "held_since": call.held_since,
        "notes": call.notes,
        "disposition": call.disposition_id,
        "earlier": earlier_calls(call),
    }


def _later(call: Call, promises: bool) -> dict[str, Any]:
    return {"later": later(call) if promises else None}


def _wrap_up(call: Call) -> dict[str, Any]:
    queue = call.queue
    choices = queue.dispositions.filter(active=True).values("id", "label") if queue else []
    return {
        **call_card(call),
        "since": call.state_since,
        "until": call.wrap_up_until,
        "answered_at": call.answered_at,
        "hung_up_at": call.hung_up_at,
        "hung_up_by": call.hung_up_by,
        "dispositions": list(choices),
        "disposition_required": bool(queue and queue.disposition_required),
        "extension_seconds": queue.wrap_up_extension if queue else 0,
        "disposition": call.disposition_id,
        "notes": call.notes,
        "earlier": earlier_calls(call),
    }


def _queues(agent: Agent) -> list[dict[str, Any]]:
    memberships = Membership.objects.filter(agent=agent, queue__active=True).select_related("queue")
    waiting = _waiting([membership.queue_id for membership in memberships])
    return [
        {
            "id": membership.queue_id,
            "name": membership.queue.name,
            "logged_in": membership.logged_in,
            "waiting": waiting.get(membership.queue_id, {}).get("waiting", 0),
            "oldest": waiting.get(membership.queue_id, {}).get("oldest"),
        }
        for membership in memberships.order_by("queue__name")
    ]


def _waiting(queue_ids: list[int]) -> dict[int, dict[str, Any]]:
    rows = (
        Call.objects.filter(state__in=WAITING, queue__in=queue_ids)
        .order_by("queue")
        .values("queue")
        .annotate(waiting=Count("pk"), oldest=Min("enqueued_at"))
    )
    return {row["queue"]: dict(row) for row in rows}


def _missed(agent: Agent) -> list[dict[str, Any]]:
    today = Q(agent=agent, outcome__in=MISSES, opened_at__gte=midnight(settings.TIME_ZONE))
    offers = Offer.objects.filter(today).select_related("call", "queue").order_by("-opened_at")
    return [
        {
            "id": offer.pk,
            "at": offer.opened_at,
            "outcome": OfferOutcome(offer.outcome).label,
            "number": offer.call.caller_number,
            "name": offer.call.caller_name,
            "queue": offer.queue.name,
        }
        for offer in offers[:MISSED_SHOWN]
    ]


def _figures(agent: Agent) -> dict[str, Any]:
    figures = agent_figures(agent)
    return {
        "since": figures.since,
        "answered": figures.answered,
        "missed": figures.missed,
        "handling_seconds": round(figures.aht) if figures.aht is not None else None,
        "talk_seconds": round(figures.talk),
        # Whole per cent, so that the passing of time alone seldom changes the picture.
        "occupancy": round(figures.occupancy) if figures.occupancy is not None else None,
    }
