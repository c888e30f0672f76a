"""Hold, hang-up and loss: how a conversation pauses and ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from callcenter.core import bell, events, sql
from callcenter.core.stateful import advance

from .. import engagement, matching
from ..locks import Held, one_transaction
from ..locks import hold as lock
from ..models import Call, Callback, Segment
from ..states import ACTIVE, AGENT_RINGING, DIALLING, IVR, LIVE, QUEUED, CallOutcome, OfferOutcome, SegmentOutcome
from . import attempts, exits, offers

SERVED = "served by the flow"
"""The reason of a flow that says good-bye: the caller got what there was to be had without an agent."""

RELEASE = """
UPDATE queues_offer SET released_at = %(now)s WHERE call_id = %(call)s AND outcome = 'accepted' AND released_at IS NULL
RETURNING agent_id, closed_at
"""

END_TALK = """
UPDATE queues_segment SET ended_at = %(now)s, hung_up_by = %(by)s, exit_reason = %(reason)s
WHERE call_id = %(call)s AND outcome = 'answered' AND ended_at IS NULL
"""


@one_transaction
def hold(call_id: int) -> None:
    """A party holds the other. Holding twice is holding once."""
    held = lock(call_id=call_id)
    call = held.the_call
    if call.state == ACTIVE and call.held_since is None:
        Call.objects.filter(pk=call.pk).update(held_since=held.now)
        events.append("call.held", subject=f"call:{call.pk}", actor="system:media")


@one_transaction
def resume(call_id: int) -> None:
    held = lock(call_id=call_id)
    if held.the_call.held_since is not None:
        _end_hold(held.the_call, held.now)
        events.append("call.resumed", subject=f"call:{call_id}", actor="system:media")


@one_transaction
def hang_up(call_id: int, *, by: str, reason: str = "") -> None:
    """The caller's line is closed. From every state; a call that is over stays as it is, so both may hang up at once.

    :param by: caller, agent, outside (who was put through to) or system.
    :param reason: for the record ("media lost", "supervisor", …).
    """
    held = lock(call_id=call_id)
    call = held.the_call
    if call.state not in LIVE:
        return
    actor = {"agent": f"agent:{call.agent_id}", "caller": "caller"}.get(by, "system:hang-up")
    over: dict[str, Any] = {"hung_up_by": by, "hung_up_at": held.now, "exit_reason": reason[:40]}
    if call.state == ACTIVE:
        freed = _end_conversation(held, call, over, actor=actor, cause=reason)
    elif call.state == DIALLING:
        freed = _end_calling_back(held, call, over, actor=actor, cause=reason)
    else:
        freed = _give_up(held, call, over, actor=actor, cause=reason)
    matching.match_agents(held, freed)


@one_transaction
def put_through(call_id: int) -> None:
    """A flow connected the caller with a number outside, and somebody answered there."""
    call = lock(call_id=call_id).the_call
    if call.state == IVR:
        Call.objects.filter(pk=call.pk).update(outcome=CallOutcome.OUTSIDE)
        events.append("call.put_through", subject=f"call:{call.pk}", actor="system:flow")


def process_lost(node: str, process: str) -> int:
    """The process that carried these calls died: they end as lost, their agents are free. Returns how many."""
    lost = list(Call.objects.live().filter(node=node, process=process).values_list("pk", flat=True))
    for call_id in lost:
        _lose(call_id)
    return len(lost)


@one_transaction
def _lose(call_id: int) -> None:
    held = lock(call_id=call_id)
    call = held.the_call
    if call.state not in LIVE:
        return
    actor, cause = "system:reaper", "process lost"
    freed = offers.withdraw(held, call, OfferOutcome.RESCINDED, actor=actor, cause=cause)
    freed += _release_talker(held, call, None, actor=actor, cause=cause)[0]
    _end_hold(call, held.now)
    talked = call.state == ACTIVE
    _close_segment(call, held.now, SegmentOutcome.ABANDONED if call.callback_id is None else SegmentOutcome.UNREACHED, "lost", by="system")
    over: dict[str, Any] = {"hung_up_by": "system", "hung_up_at": held.now, "ended_at": held.now, "held_since": None}
    advance(call, "process_lost", actor=actor, cause=cause, outcome=CallOutcome.LOST, exit_reason="lost", **over)
    if call.callback_id is not None:
        attempts.talked(call, held.now) if talked else attempts.failed(call, attempts.LOST, held.now)
    matching.match_agents(held, freed)


def _give_up(held: Held, call: Call, over: dict[str, Any], *, actor: str, cause: str) -> list[int]:
    """The call ends before anybody answered."""
    by, waited = over["hung_up_by"], call.state in (QUEUED, AGENT_RINGING)
    freed = offers.withdraw(held, call, OfferOutcome.RESCINDED, actor=actor, cause=f"{by} hung up")
    outcome = CallOutcome.ABANDONED if waited else _outcome_without_agent(call, by, cause)
    stay = SegmentOutcome.ABANDONED
    if call.callback_id is not None:
        outcome, stay = CallOutcome.UNREACHED, SegmentOutcome.UNREACHED
    _close_segment(call, held.now, stay, cause or f"{by} hung up", by=by)
    advance(call, "hang_up", actor=actor, cause=cause, outcome=outcome, ended_at=held.now, **over)
    if call.callback_id is not None:
        attempts.failed(call, cause, held.now)
    return freed


def _end_calling_back(held: Held, call: Call, over: dict[str, Any], *, actor: str, cause: str) -> list[int]:
    """The customer was not reached. There is nothing to write up: the agent is free at once."""
    freed, _ = _release_talker(held, call, None, actor=actor, cause=cause)
    _close_segment(call, held.now, SegmentOutcome.UNREACHED, cause, by=over["hung_up_by"])
    advance(call, "hang_up", actor=actor, cause=cause, outcome=CallOutcome.UNREACHED, ended_at=held.now, **over)
    attempts.failed(call, cause, held.now)
    return freed


def _outcome_without_agent(call: Call, by: str, cause: str) -> CallOutcome:
    """What the flow, a message that was left, or else the last stay in a queue says about a call that nobody waits with any more."""
    if Call.objects.filter(pk=call.pk, outcome=CallOutcome.OUTSIDE).exists():
        return CallOutcome.OUTSIDE
    if call.messages.exists():
        return CallOutcome.VOICEMAIL
    if by == "system" and cause == SERVED:
        return CallOutcome.SERVED
    last = Segment.objects.filter(call=call).order_by("-number").values_list("outcome", flat=True)[:1]
    known = {
        SegmentOutcome.REFUSED: CallOutcome.REFUSED, SegmentOutcome.OVERFLOW: CallOutcome.OVERFLOWED,
        SegmentOutcome.CALLBACK: CallOutcome.CALLBACK,
    }  # fmt: skip
    stays = set(Segment.objects.filter(call=call).values_list("outcome", flat=True))
    if SegmentOutcome.CALLBACK in stays or Callback.objects.filter(origin=call).exists():
        return CallOutcome.CALLBACK
    if SegmentOutcome.OVERFLOW in stays:  # it was let in once; that a later queue of the chain refused it does not undo that
        return CallOutcome.OVERFLOWED
    return next((known[SegmentOutcome(outcome)] for outcome in last if outcome in known), CallOutcome.ABANDONED)


def _end_conversation(held: Held, call: Call, over: dict[str, Any], *, actor: str, cause: str) -> list[int]:
    """The agent writes the call up if this was the last one in hand and the queue gives time for it."""
    queue = held.queue(call.queue_id or 0)
    until = held.now + timedelta(seconds=queue.wrap_up_seconds) if queue.wrap_up_seconds else None
    _end_hold(call, held.now)
    freed, wraps_up = _release_talker(held, call, until, actor=actor, cause=cause)
    _end_talk(call, held.now, over["exit_reason"], by=over["hung_up_by"])
    over |= {"outcome": CallOutcome.ANSWERED, "held_since": None}
    if wraps_up:
        advance(call, "hang_up_to_wrap_up", actor=actor, cause=cause, wrap_up_until=until, **over)
        bell.ring_alarm(seconds_away=queue.wrap_up_seconds)
    else:
        advance(call, "hang_up", actor=actor, cause=cause, ended_at=held.now, **over)
    if call.callback_id is not None:
        attempts.talked(call, held.now)
    return freed


def _release_talker(held: Held, call: Call, wrap_up_until: datetime | None, *, actor: str, cause: str) -> tuple[list[int], bool]:
    """Free the agent who talks; returns who was freed and whether wrap-up began."""
    released = sql.row(RELEASE, {"call": call.pk, "now": held.now})
    if released is None:
        return [], False
    agent_id, answered_at = released
    agent = held.agents[agent_id]
    talked = int((held.now - answered_at).total_seconds())
    fields = {"last_released_at": held.now, "talk_seconds_since_login": agent.talk_seconds_since_login + talked}
    wraps_up = engagement.release(agent, actor=actor, cause=cause, wrap_up_until=wrap_up_until, **fields)
    return [agent.pk], wraps_up


def _close_segment(call: Call, now: datetime, outcome: SegmentOutcome, reason: str, *, by: str) -> None:
    """The stay that waits gets this outcome; the one that was answered gets its end."""
    exits.close_stay(call, now, outcome, reason, hung_up_by=by)
    _end_talk(call, now, reason, by=by)


def _end_talk(call: Call, now: datetime, reason: str, *, by: str) -> None:
    sql.run(END_TALK, {"call": call.pk, "now": now, "by": by, "reason": reason[:40]})


def _end_hold(call: Call, now: datetime) -> None:
    if call.held_since is None:
        return
    seconds = (now - call.held_since).total_seconds()
    talking = Segment.objects.filter(call=call, outcome=SegmentOutcome.ANSWERED, ended_at__isnull=True)
    talking.update(hold_seconds=F("hold_seconds") + seconds)
    Call.objects.filter(pk=call.pk).update(held_since=None)
    call.held_since = None
