"""The ways into a queue and out of it without an agent: limits, and the chain of fallbacks that follows."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from agents.states import OFFLINE
from callcenter.core import bell, events, sql
from callcenter.core.stateful import IllegalTransition, advance

from ..locks import Held
from ..matching import ring_node
from ..models import Call, FallbackAction, Membership, Offer, Queue, Segment
from ..states import QUEUED, SegmentOutcome
from .callers import known

MOVED = "moved"
"""Exit reason of a stay that a supervisor ended: the chain of fallbacks begins anew after it."""

NEW_STAY = """
INSERT INTO queues_segment (call_id, number, queue_id, outcome, exit_reason, entered_at, hold_seconds, hung_up_by, callback)
SELECT %(call)s, count(*) + 1, %(queue)s, 'waiting', '', %(now)s, 0, '', %(callback)s FROM queues_segment WHERE call_id = %(call)s
"""

CLOSE_STAY = """
UPDATE queues_segment SET outcome = %(outcome)s, left_at = %(now)s, exit_reason = %(reason)s, hung_up_by = %(by)s
WHERE call_id = %(call)s AND outcome = 'waiting' RETURNING id
"""


def enter(held: Held, call: Call, queue_id: int, *, priority: int, wanted_agent_id: int | None) -> str:
    """Put a new call into the queue or, if it refuses, along its fallbacks. Returns why the last one refused, or ""."""
    if "queue_call" not in call.allowed_events():
        raise IllegalTransition(f"Call {call.pk} cannot be queued: it is {call.state}.")
    call.priority = min(max(priority, 0), 10)
    call.wanted_agent_id = wanted_agent_id
    queue: Queue | None = held.queue(queue_id)
    reason = ""
    while queue:
        reason = refusal(held, queue, call)
        if not reason:
            _join_as_known(held, call, queue)
            return ""
        _write_refused(held, call, queue, reason)
        queue = _next_queue(held, call, queue)
        call.wanted_agent_id = None
    Call.objects.filter(pk=call.pk).update(priority=call.priority)
    return reason


def _join_as_known(held: Held, call: Call, queue: Queue) -> None:
    """A new call's first stay: at the end of the line, or at the place that the caller gave up a moment ago."""
    caller = known(call, queue, held.now)
    call.priority = max(call.priority, caller.priority)
    own = place_for(call.priority, queue, held.now)
    join(held, call, queue, actor="caller", order_key=min(own, caller.order_key or own), resumes=caller.resumes)


def leave(held: Held, call: Call, reason: str, *, actor: str) -> None:
    """Take a waiting call out of its queue by the queue's fallback: to the next queue that lets it in, or to the farewell.

    The queues of the chain are held. The caller's process hears of it by the bell: "moved" or "farewell".
    """
    queue = held.queue(call.queue_id or 0)
    stay = close_stay(call, held.now, SegmentOutcome.OVERFLOW, reason)
    following = _next_queue(held, call, queue)
    while following:
        why = refusal(held, following, call, moving=True)
        if not why:
            keep = queue.fallback_keeps_place
            join(held, call, following, actor=actor, cause=reason, order_key=call.order_key if keep else None)
            ring_node(call, "moved", following.pk)
            return
        _write_refused(held, call, following, why)
        following = _next_queue(held, call, following)
    advance(call, "left_queue", actor=actor, cause=reason, data={"queue": queue.pk}, wanted_agent=None, not_before=None)
    ring_node(call, "farewell", stay)


def refusal(held: Held, queue: Queue, call: Call, *, moving: bool = False) -> str:
    """Why this queue does not let the call in now: closed, full or nobody_there. Empty: it does."""
    if not queue.active:
        return "closed"
    if queue.capacity and waiting_in(queue) >= queue.capacity:
        return "full"
    return "" if queue.join_empty or staffed(queue, None if moving else call.wanted_agent_id) else "nobody_there"


def waiting_in(queue: Queue) -> int:
    """Callers on the line; who waits for a callback takes no room."""
    ringing = Offer.objects.open().filter(queue=queue, call__callback__isnull=True).values("call").distinct().count()
    return Call.objects.filter(queue=queue, state=QUEUED, callback__isnull=True).count() + ringing


def staffed(queue: Queue, wanted_agent_id: int | None = None) -> bool:
    """Somebody is logged in who could take the call sooner or later; breaks count, offline does not."""
    members = Membership.objects.filter(queue=queue, logged_in=True, agent__active=True)
    if wanted_agent_id is not None:
        members = Membership.objects.filter(agent=wanted_agent_id, agent__active=True)
    return members.exclude(agent__state=OFFLINE).exists()


def join(
    held: Held, call: Call, queue: Queue, *, actor: str, cause: str = "", order_key: datetime | None = None, resumes: int | None = None,
) -> None:  # fmt: skip
    """A new stay in this queue, at the end of the line as priority and weight see it or at the place brought along.

    :param resumes: the abandoned call whose place this one brings along; nobody else gets it then.
    """
    moved = call.state == QUEUED
    place: dict[str, Any] = {
        "queue": queue, "enqueued_at": held.now, "attempts": 0, "not_before": None, "priority": call.priority,
        "order_key": order_key or place_for(call.priority, queue, held.now),
        "wanted_agent_id": None if moved else call.wanted_agent_id,
    }  # fmt: skip
    data: dict[str, Any] = {"queue": queue.pk, "priority": call.priority}
    if resumes:
        place, data = {**place, "resumes_id": resumes}, {**data, "resumed": True}
    sql.run(NEW_STAY, {"call": call.pk, "queue": queue.pk, "now": held.now, "callback": call.callback_id is not None})
    event = "overflowed" if moved else "queue_call"
    advance(call, event, actor=actor, cause=cause, data=data, **place)
    bell.ring_alarm(seconds_away=min([limit for limit in (queue.max_wait, queue.tier_wait) if limit], default=math.inf))


def place_for(priority: int, queue: Queue, enqueued_at: datetime) -> datetime:
    """Lower is earlier. Priority and weight are a head start in seconds, so nothing is ever sorted again."""
    return enqueued_at - timedelta(seconds=priority * queue.aging + queue.weight_seconds)


def close_stay(call: Call, now: datetime, outcome: SegmentOutcome, reason: str, *, hung_up_by: str = "") -> int:
    """End the stay that still waits; returns its id, 0 if there is none."""
    stay = sql.row(CLOSE_STAY, {"call": call.pk, "now": now, "outcome": outcome, "reason": reason[:40], "by": hung_up_by})
    return int(stay[0]) if stay else 0


def last_queue(call: Call) -> int:
    stay = Segment.objects.filter(call=call).order_by("-number").values_list("queue_id", flat=True).first()
    return stay or call.queue_id or 0


def _next_queue(held: Held, call: Call, queue: Queue) -> Queue | None:
    """Where the fallback leads. A queue that the call has been through in this chain would make it a loop."""
    if queue.fallback != FallbackAction.QUEUE or queue.fallback_queue_id is None:
        return None
    stays = Segment.objects.filter(call=call).order_by("-number").values_list("queue_id", "exit_reason")
    for visited, reason in stays:
        if reason == MOVED:
            break
        if visited == queue.fallback_queue_id:
            return None
    return held.queue(queue.fallback_queue_id)


def _write_refused(held: Held, call: Call, queue: Queue, reason: str) -> None:
    number = Segment.objects.filter(call=call).count() + 1
    Segment.objects.create(
        call=call, number=number, queue=queue, entered_at=held.now, left_at=held.now, outcome=SegmentOutcome.REFUSED, exit_reason=reason
    )
    events.append("call.refused", subject=f"call:{call.pk}", actor="system:limits", cause=reason, data={"queue": queue.pk})
