"""A call arrives and gets its place in line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from callcenter.core import events
from callcenter.core.stateful import advance

from .. import matching
from ..locks import hold, one_transaction
from ..models import Call
from ..states import AGENT_RINGING, ENDED, QUEUED, CallOutcome
from . import exits


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the call is now. Not queued: every queue of the chain refused it, and `queue_id` is the last of them,
    whose fallback message the caller should hear."""

    queued: bool
    queue_id: int
    reason: str = ""
    """Why not: closed, full, nobody_there."""
    position: int = 0
    """Place in line, 1 for the next; 0 when an agent's phone rings already."""
    direct: bool = False
    """A phone rings already and the queue delivers directly: no greeting, no music."""


@transaction.atomic
def arrive(*, node: str, process: str, sip_call_id: str, caller_number: str, caller_name: str, dialled: str) -> Call:
    """Write down a new call. The same process asking again (its first answer was lost) gets the same call."""
    known = Call.objects.live().filter(node=node, process=process).first()
    if known:
        return known
    call = Call.objects.create(
        node=node, process=process, sip_call_id=sip_call_id[:255], caller_number=caller_number[:80],
        caller_name=caller_name[:120], dialled=dialled[:80],
    )  # fmt: skip
    data = {"dialled": call.dialled, "node": node, "process": process}
    events.append("call.arrived", subject=f"call:{call.pk}", actor="caller", data=data)
    return call


@one_transaction
def reject(call_id: int, *, reason: str) -> None:
    """Refuse a call that leads nowhere (unknown number, no permission)."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state != ENDED:
        over: dict[str, Any] = {"outcome": CallOutcome.REJECTED, "exit_reason": reason[:40], "hung_up_by": "system"}
        advance(call, "hang_up", actor="system:routing", cause=reason[:200], hung_up_at=held.now, ended_at=held.now, **over)


@one_transaction
def enqueue(call_id: int, queue_id: int, *, priority: int = 0, wanted_agent_id: int | None = None) -> Placement:
    """Give the call a place in the queue, or in the queue that takes over when this one refuses; then match.

    :param priority: 0 to 10; each step is worth the queue's `aging` in seconds.
    :param wanted_agent_id: only this agent may take it, member of the queue or not.
    :raises IllegalTransition: the call waits already, talks or has ended.
    """
    wanted = [wanted_agent_id] if wanted_agent_id is not None else []
    held = hold(call_id=call_id, agent_ids=wanted, queue_ids=[queue_id], chain=True)
    call = held.the_call
    reason = exits.enter(held, call, queue_id, priority=priority, wanted_agent_id=wanted_agent_id)
    if call.state != QUEUED:
        return Placement(False, exits.last_queue(call), reason)
    matching.match_call(held, call)
    return _placed(held.queues[call.queue_id or queue_id].deliver_directly, call)


def _placed(directly: bool, call: Call) -> Placement:
    ringing = call.state == AGENT_RINGING
    position = 0 if ringing else Call.objects.ahead_of(call).count() + 1
    return Placement(True, call.queue_id or 0, position=position, direct=directly and ringing)
