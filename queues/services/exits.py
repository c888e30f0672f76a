"""The ways into a queue and out of it without an agent: limits, and the chain of next steps that follows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from callcenter.core import bell, events, sql
from callcenter.core.stateful import IllegalTransition, advance

from .. import attendance, direct, overflow, requirements
from ..hours_reading import hours_at
from ..locks import Held
from ..matching import ring_node
from ..models import Call, Queue, Segment
from ..overflow import waiting_in
from ..states import QUEUED, SegmentOutcome
from ..ways import ToQueue, Way, kind_of
from .callers import known, preference

MOVED = "moved"
"""Exit reason of a stay that a supervisor ended: the chain of ways out begins anew after it."""

NEW_STAY = """
INSERT INTO queues_segment
  (call_id, number, queue_id, requirement_id, outcome, exit_reason, entered_at, hold_seconds, hung_up_by, callback)
SELECT %(call)s, count(*) + 1, %(queue)s, %(asked)s::bigint, 'waiting', '', %(now)s, 0, '', %(callback)s
FROM queues_segment WHERE call_id = %(call)s
"""

CLOSE_STAY = """
UPDATE queues_segment SET outcome = %(outcome)s, left_at = %(now)s, exit_reason = %(reason)s, hung_up_by = %(by)s
WHERE call_id = %(call)s AND outcome = 'waiting' RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Exit:
    """Why a queue does not take a caller, or keeps one no longer, and what comes next."""

    reason: str
    way: Way
    outcome: SegmentOutcome = SegmentOutcome.REFUSED
    """Of the stay that this makes at entry: who overflows was offered, who is refused was not."""


def enter(held: Held, call: Call, queue_id: int, *, priority: int, wanted_agent_id: int | None) -> Exit | None:
    """Put a new call into the queue or, if it does not take it, along its ways out. Returns why the last one did not."""
    if "queue_call" not in call.allowed_events():
        raise IllegalTransition(f"Call {call.pk} cannot be queued: it is {call.state}.")
    call.priority = min(max(priority, 0), 10)
    call.wanted_agent_id = wanted_agent_id
    queue = held.queue(queue_id)
    while gone := turned_away(held, queue, call):
        _write_turned_away(held, call, queue, gone)
        following = _next_queue(held, call, gone.way)
        if following is None:
            return _end_chain(held, call, gone)
        call.wanted_agent_id = None
        queue = following
    _join_as_known(held, call, queue)
    return None


def _end_chain(held: Held, call: Call, gone: Exit) -> Exit:
    """No queue takes the call: the last way out says what becomes of it."""
    kind_of(gone.way.kind).begin(held, call, gone.way)
    Call.objects.filter(pk=call.pk).update(priority=call.priority, way_out=gone.way.id, wanted_agent=call.wanted_agent_id)
    return gone


def _join_as_known(held: Held, call: Call, queue: Queue) -> None:
    """A new call's first stay: at the end of the line, or at the place that the caller gave up a moment ago."""
    caller = known(call, queue, held.now)
    call.priority = max(call.priority, caller.priority)
    own = place_for(call.priority, queue, held.now)
    join(held, call, queue, actor="caller", order_key=min(own, caller.order_key or own), resumes=caller.resumes)


def leave(held: Held, call: Call, reason: str, *, actor: str, way: Way | None = None) -> None:
    """Take a waiting call out of its queue: to the next queue that lets it in, or to the step that ends the chain.

    The queues of the chain are held. The caller's process hears of it by the bell: "moved" or "farewell".

    :param way: the rule that says so; None: what the queue does for this reason.
    """
    if call.callback_id is not None:
        return  # nobody is on the line whom it could lead anywhere; a callback waits as long as it takes
    queue = held.queue(call.queue_id or 0)
    way = way or direct.way_out(held.ways_of(queue.pk), reason, call.wanted_agent_id)
    stay = close_stay(call, held.now, kind_of(way.kind).outcome, reason)
    keeps = way.keeps_place
    while following := _next_queue(held, call, way):
        call.wanted_agent_id = None
        gone = turned_away(held, following, call, moving=True)
        if gone is None:
            join(held, call, following, actor=actor, cause=reason, order_key=call.order_key if keeps else None)
            ring_node(call, "moved", following.pk)
            return
        _write_turned_away(held, call, following, gone)
        way, keeps = gone.way, keeps and gone.way.keeps_place
    kind_of(way.kind).begin(held, call, way)
    data = {"queue": queue.pk, "step": way.kind}
    left: dict[str, Any] = {"wanted_agent_id": call.wanted_agent_id, "not_before": None, "way_out": way.id}
    advance(call, "left_queue", actor=actor, cause=reason, data=data, **left)
    ring_node(call, "farewell", stay)


def turned_away(held: Held, queue: Queue, call: Call, *, moving: bool = False) -> Exit | None:
    """Why this queue does not take the call now, and what it does with it. None: it takes it."""
    ways = held.ways_of(queue.pk)
    if reason := refusal(held, queue, call, moving=moving):
        return Exit(reason, direct.way_out(ways, reason, None if moving else call.wanted_agent_id))
    rule = overflow.at_entry(queue, ways, held.now)
    return Exit(rule.when, rule, kind_of(rule.kind).outcome) if rule else None


def refusal(held: Held, queue: Queue, call: Call, *, moving: bool = False) -> str:
    """Why this queue does not let the call in now: closed, full or nobody_there. Empty: it does."""
    if not queue.active or not hours_at(queue.schedule_id, held.now).open:
        return "closed"
    if queue.capacity and waiting_in(queue) >= queue.capacity:
        return "full"
    return "" if queue.join_empty or _somebody_there(queue, call, None if moving else call.wanted_agent_id) else "nobody_there"


def _somebody_there(queue: Queue, call: Call, wanted_agent_id: int | None) -> bool:
    """A call for one agent asks for nothing else."""
    needs = requirements.least(queue, call.own_requirement_id) if wanted_agent_id is None else ()
    return attendance.staffed(queue, needs, wanted_agent_id=wanted_agent_id)


def join(
    held: Held, call: Call, queue: Queue, *, actor: str, cause: str = "", order_key: datetime | None = None, resumes: int | None = None,
) -> None:  # fmt: skip
    """A new stay in this queue, at the end of the line as priority and weight see it or at the place brought along.

    :param resumes: the abandoned call whose place this one brings along; nobody else gets it then.
    """
    moved = call.state == QUEUED
    call.wanted_agent_id = None if moved else call.wanted_agent_id
    fit = requirements.fit(queue, call, entered=held.now, now=held.now)
    place: dict[str, Any] = {
        "queue": queue, "enqueued_at": held.now, "attempts": 0, "not_before": None, "priority": call.priority,
        "order_key": order_key or place_for(call.priority, queue, held.now), "wanted_agent_id": call.wanted_agent_id,
        "own_requirement_id": call.own_requirement_id, "requirement_id": fit.present, "relax_at": fit.relax_at,
        **preference(call, queue, fit.present, held.now),
    }  # fmt: skip
    data: dict[str, Any] = {"queue": queue.pk, "priority": call.priority}
    if fit.present:
        data["skills"] = requirements.in_words(fit.present)
    if resumes:
        place, data = {**place, "resumes_id": resumes}, {**data, "resumed": True}
    stay = {"call": call.pk, "queue": queue.pk, "asked": fit.asked, "now": held.now, "callback": call.callback_id is not None}
    sql.run(NEW_STAY, stay)
    event = "overflowed" if moved else "queue_call"
    advance(call, event, actor=actor, cause=cause, data=data, **place)
    bell.ring_alarm(seconds_away=min([limit for limit in (queue.max_wait, queue.tier_wait) if limit], default=math.inf))
    moments = [moment for moment in (place["relax_at"], place["preferred_until"]) if moment]
    if moments:
        bell.ring_alarm(seconds_away=(min(moments) - held.now).total_seconds())


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


def _next_queue(held: Held, call: Call, way: Way) -> Queue | None:
    """Where the way leads. A queue that the call has been through in this chain would make it a loop."""
    if way.kind != ToQueue.name or way.next_queue is None:
        return None
    stays = Segment.objects.filter(call=call).order_by("-number").values_list("queue_id", "exit_reason")
    for visited, reason in stays:
        if reason == MOVED:
            break
        if visited == way.next_queue:
            return None
    return held.queue(way.next_queue)


def _write_turned_away(held: Held, call: Call, queue: Queue, gone: Exit) -> None:
    number = Segment.objects.filter(call=call).count() + 1
    Segment.objects.create(
        call=call, number=number, queue=queue, entered_at=held.now, left_at=held.now, outcome=gone.outcome, exit_reason=gone.reason
    )
    fact = "refused" if gone.outcome == SegmentOutcome.REFUSED else "turned_away"
    events.append(f"call.{fact}", subject=f"call:{call.pk}", actor="system:limits", cause=gone.reason, data={"queue": queue.pk})
