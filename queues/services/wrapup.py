"""The paperwork after a call: save it, take longer, finish it; or the timer does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from callcenter.core import events
from callcenter.core.stateful import advance

from .. import engagement, matching
from ..locks import Held, hold, one_transaction
from ..models import Call, Disposition, Segment
from ..refusals import DispositionMissing, DispositionNotOffered, MayNotExtend, NotYourCall, WrapUpIsOver
from ..states import WRAP_UP


@one_transaction
def save_wrap_up(call_id: int, *, agent_id: int, disposition_id: int | None, notes: str) -> None:
    """Keep what the agent wrote: during the call, in wrap-up, and when the timer was faster than the agent.

    :raises NotYourCall: another agent had the call.
    :raises DispositionNotOffered: the result is not one of the queue's; nothing is saved.
    """
    held = hold(call_id=call_id)
    _check_owner(held.the_call, agent_id)
    _save(held.the_call, disposition_id, notes)
    events.append("call.written_up", subject=f"call:{call_id}", actor=f"agent:{agent_id}", data={"disposition": disposition_id})


@one_transaction
def extend_wrap_up(call_id: int, *, agent_id: int) -> None:
    """More time for the paperwork, as much as the queue gives with one press."""
    held = hold(call_id=call_id)
    call = _writing(held, agent_id)
    seconds = held.queue(call.queue_id or 0).wrap_up_extension
    if not seconds:
        raise MayNotExtend
    until = (call.wrap_up_until or held.now) + timedelta(seconds=seconds)
    Call.objects.filter(pk=call.pk).update(wrap_up_until=until)
    agent = held.agents[agent_id]
    type(agent).objects.filter(pk=agent_id).update(wrap_up_until=until)
    events.append("call.wrap_up_extended", subject=f"call:{call_id}", actor=f"agent:{agent_id}", data={"seconds": seconds})


@one_transaction
def finish_wrap_up(call_id: int, *, agent_id: int, disposition_id: int | None = None, notes: str | None = None) -> None:
    """The agent is done; a result and notes given here are saved first. Then the next call.

    :raises DispositionMissing: the queue wants a result and there is none.
    :raises DispositionNotOffered: the result is not one of the queue's; nothing is saved.
    :raises WrapUpIsOver: the timer was faster; what was written is to be saved with `save_wrap_up`.
    """
    held = hold(call_id=call_id)
    call = _writing(held, agent_id)
    if disposition_id is not None or notes is not None:
        _save(call, disposition_id if disposition_id is not None else call.disposition_id, call.notes if notes is None else notes)
    if held.queue(call.queue_id or 0).disposition_required and call.disposition_id is None:
        raise DispositionMissing
    complete(held, "complete_wrap_up", actor=f"agent:{agent_id}", cause="")


@one_transaction
def time_out(call_id: int) -> None:
    """The timer ends the paperwork, if it still runs and has not been extended meanwhile."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state == WRAP_UP and call.wrap_up_until and call.wrap_up_until <= held.now:
        complete(held, "wrap_up_timeout", actor="system:clock", cause="time over")


def complete(held: Held, event: str, *, actor: str, cause: str) -> None:
    """The call is complete, the agent free again or wherever the agent wished to be."""
    call = held.the_call
    advance(call, event, actor=actor, cause=cause, ended_at=held.now, wrap_up_until=None)
    Segment.objects.filter(call=call, ended_at__isnull=False, wrap_up_ended_at__isnull=True).update(wrap_up_ended_at=held.now)
    agent = held.agents[call.agent_id or 0]
    done: dict[str, Any] = {"wrap_up_until": None, "last_released_at": held.now}
    engagement.move(agent, "wrap_up_ended", actor=actor, cause=cause, **done)
    engagement.settle_wish(agent, actor=actor)
    matching.match_agents(held, [agent.pk])


def _writing(held: Held, agent_id: int) -> Call:
    call = held.the_call
    _check_owner(call, agent_id)
    if call.state != WRAP_UP:
        raise WrapUpIsOver
    return call


def _check_owner(call: Call, agent_id: int) -> None:
    if call.agent_id != agent_id:
        raise NotYourCall


def _check_on_list(call: Call, disposition_id: int | None) -> None:
    """None is always allowed: the agent has not chosen yet."""
    if disposition_id is not None and not Disposition.objects.filter(pk=disposition_id, active=True, queues=call.queue_id).exists():
        raise DispositionNotOffered(field="disposition")


def _save(call: Call, disposition_id: int | None, notes: str) -> None:
    if disposition_id != call.disposition_id:  # what is stored stays valid, though it was taken off the list meanwhile
        _check_on_list(call, disposition_id)
    call.disposition_id, call.notes = disposition_id, notes
    call.save(update_fields=["disposition", "notes"])
