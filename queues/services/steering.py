"""What supervisors and screens do with calls: assign, prioritise, move, and wish for something on the line."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from callcenter.core import events
from callcenter.core.errors import NotFound
from callcenter.core.stateful import advance

from .. import matching
from ..locks import Held, hold, one_transaction
from ..models import Call, Command, Offer
from ..ranking import not_free
from ..refusals import AgentNotFree, CallIsOver, CallNotWaiting
from ..roster import of
from ..states import AGENT_RINGING, LIVE, QUEUED, OfferOutcome, SegmentOutcome
from . import exits, offers


@one_transaction
def force_assign(call_id: int, agent_id: int, *, actor: str) -> Offer:
    """Offer a waiting call to this agent now, whatever the order, the queue and the cool-down say.

    :raises CallNotWaiting: it talks, has ended, or is not in a queue.
    :raises AgentNotFree: not working, no phone, or no slot free.
    """
    held = hold(call_id=call_id, agent_ids=[agent_id])
    call, agent = held.the_call, held.agents[agent_id]
    freed = _take_back(held, call, actor=actor, but=agent_id)
    candidate = of(agent, reachable=agent.devices.live().exists())
    why_not = not_free(candidate, max(held.now, agent.ready_at))
    if why_not:
        raise AgentNotFree(f"{agent} cannot take a call now: {why_not.replace('_', ' ')}.")
    queue = held.queue(call.queue_id or 0)
    offer = matching.open_offer(held, call, queue, agent, why={"assigned_by": actor}, actor=actor)
    matching.match_agents(held, freed)
    return offer


@one_transaction
def set_priority(call_id: int, priority: int, *, actor: str) -> None:
    """A new place in line at once: each step is worth the queue's `aging` in seconds."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state not in (QUEUED, AGENT_RINGING) or call.order_key is None:
        raise CallNotWaiting
    priority = min(max(priority, 0), 10)
    queue = held.queue(call.queue_id or 0)
    shift = exits.place_for(call.priority, queue, held.now) - exits.place_for(priority, queue, held.now)
    data = {"from": call.priority, "to": priority}
    latest = call.enqueued_at or held.now  # a place brought from a queue with other aging must not end up behind newcomers
    call.priority, call.order_key = priority, min(call.order_key - shift, latest)
    Call.objects.filter(pk=call.pk).update(priority=call.priority, order_key=call.order_key)
    events.append("call.priority_set", subject=f"call:{call.pk}", actor=actor, data=data)
    matching.match_call(held, call)


@one_transaction
def move_to_queue(call_id: int, queue_id: int, *, actor: str) -> None:
    """Move a waiting call to another queue, with the place it has; the queue's limits do not count for supervisors."""
    held = hold(call_id=call_id, queue_ids=[queue_id])
    call = held.the_call
    if queue_id not in held.queues:
        raise NotFound("There is no such queue.")
    freed = _take_back(held, call, actor=actor)
    exits.close_stay(call, held.now, SegmentOutcome.OVERFLOW, exits.MOVED)
    exits.join(held, call, held.queues[queue_id], actor=actor, cause=exits.MOVED, order_key=call.order_key)
    matching.ring_node(call, "moved", queue_id)
    matching.match_call(held, call)
    matching.match_agents(held, freed)


@transaction.atomic
def command(call_id: int, kind: str, *, actor: str, **data: Any) -> Command:
    """Write down a wish about a live call and ring the process that carries it.

    :raises CallIsOver: nobody is on the line any more.
    """
    call = Call.objects.filter(pk=call_id).first()
    if call is None:
        raise NotFound("There is no such call.")
    if call.state not in LIVE:
        raise CallIsOver
    wish = Command.objects.create(call=call, kind=Command.Kind(kind), actor=actor, data=data)
    events.append(f"call.wanted_{kind}", subject=f"call:{call.pk}", actor=actor, data={"command": wish.pk, **data})
    matching.ring_node(call, "command", wish.pk)
    return wish


@transaction.atomic
def settle_command(command_id: int, ok: bool, reason: str = "") -> None:
    """The process obeyed, or says why it could not. Said twice, the first word counts."""
    status = Command.Status.DONE if ok else Command.Status.FAILED
    waiting = Command.objects.filter(pk=command_id, status=Command.Status.REQUESTED)
    if waiting.update(status=status, reason=reason[:200], settled_at=timezone.now()):
        call_id = Command.objects.values_list("call_id", flat=True).get(pk=command_id)
        data = {"command": command_id, "ok": ok}
        events.append("call.command_settled", subject=f"call:{call_id}", actor="system:telephony", cause=reason[:200], data=data)


def _take_back(held: Held, call: Call, *, actor: str, but: int | None = None) -> list[int]:
    """A call that rings agents goes back in line unanswered, nobody blamed. Returns the agents set free."""
    if call.state not in (QUEUED, AGENT_RINGING):
        raise CallNotWaiting
    freed = offers.withdraw(held, call, OfferOutcome.RESCINDED, actor=actor, cause="assigned anew")
    if call.state == AGENT_RINGING:
        advance(call, "agent_no_answer", actor=actor, cause="assigned anew")
    return [agent for agent in freed if agent != but]
