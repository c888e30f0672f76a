"""The caller card: who is calling, about what, and what happened before."""

from __future__ import annotations

from typing import Any

from callcenter.core.chips import chip
from queues.models import Call
from queues.states import CALL, ENDED, WAITING
from queues.story import collected

EARLIER_SHOWN = 5


def call_card(call: Call) -> dict[str, Any]:
    return {
        "id": call.pk,
        "number": call.caller_number,
        "name": call.caller_name,
        "dialled": call.dialled,
        "queue": {"id": call.queue_id, "name": call.queue.name if call.queue else ""},
        "priority": call.priority,
        "attempts": call.attempts,
        "arrived_at": call.arrived_at,
        "enqueued_at": call.enqueued_at,
        "collected": collected(call),
        "callback": _callback(call),
        **chip(CALL, call.state),
    }


def _callback(call: Call) -> dict[str, Any] | None:
    """What the agent should know before the customer is called back."""
    owed = call.callback
    if owed is None:
        return None
    failed = owed.attempts - (call.state not in WAITING)  # this attempt counts as soon as an agent has taken it
    return {"id": owed.pk, "note": owed.note, "failed": max(0, failed), "requested_at": owed.requested_at}


def earlier_calls(call: Call) -> list[dict[str, Any]]:
    """The last finished calls from the same number, newest first."""
    if not call.caller_number:
        return []
    same = Call.objects.filter(caller_number=call.caller_number, pk__lt=call.pk, state=ENDED)
    found = same.select_related("queue", "agent", "disposition").order_by("-pk")[:EARLIER_SHOWN]
    return [_earlier(each) for each in found]


def _earlier(call: Call) -> dict[str, Any]:
    return {
        "id": call.pk,
        "at": call.arrived_at,
        "queue": call.queue.name if call.queue else "",
        "agent": call.agent.name if call.agent else "",
        "outcome": call.get_outcome_display(),
        "result": call.disposition.label if call.disposition else "",
        "notes": call.notes[:200],
    }
