"""Callbacks: a place in line without a line to wait on.

When one is due, a call of its own (`Call.callback`) takes its place in the queue and is matched like any other. It has no
process; the first node that hears of its offer takes it up. The agent is rung first, the customer called when the agent is
there. Whatever ends an attempt ends it in the transaction that closes its call, so a callback is never forgotten, and the
index `call_one_live_per_callback` lets nobody be called by two at once.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import IntegrityError, transaction

from callcenter.core import bell, events
from callcenter.core.errors import NotFound
from callcenter.core.stateful import advance

from .. import callbackstates as states
from .. import chosentimes, matching
from ..callbackhours import is_open, next_open
from ..callbackwindows import Window
from ..locks import Grew, Held, hold, one_transaction
from ..models import Call, Callback, Direction, Queue, Segment
from ..refusals import CallbackOwedAlready, CallbackUnderWay, CallNotWaiting
from ..states import AGENT_RINGING, DIALLING, ENDED, NEW, QUEUED, CallOutcome, OfferOutcome, SegmentOutcome
from . import attempts, exits, offers
from .attempts import settle

CLOCK = "system:clock"


# ---- asked for -------------------------------------------------------------------------------------------------
@one_transaction
def request_callback(call_id: int, number: str, *, name: str = "", at: datetime | None = None) -> Callback:
    """The waiting caller gives up the line and keeps the place: the stay ends as `callback`, the place waits for the callback.

    Asked again for the same number, the earlier of the two places counts, and the time that was said last, unless it is in line.

    :param number: in E.164, and known to be callable.
    :param at: when the window begins that the caller chose; None: as soon as it is the caller's turn.
    :raises CallNotWaiting: an agent was faster, or the call has ended.
    :raises OutsideCallbackHours: there is no such window (any more).
    :raises WindowFull: others were faster.
    """
    held = hold(call_id=call_id)
    call = held.the_call
    queue = Queue.objects.get(pk=call.queue_id or 0)
    window = chosentimes.chosen(queue, at, held.now, number) if at else None
    freed = _out_of_line(held, call)
    order_key = call.order_key or held.now
    exits.close_stay(call, held.now, SegmentOutcome.CALLBACK, "callback", hung_up_by="")
    advance(call, "left_queue", actor="caller", cause="callback", data={"queue": call.queue_id}, wanted_agent=None, not_before=None)
    facts: dict[str, Any] = {"name": name[:120], "priority": call.priority, "origin": call, "requested_by": "caller"}
    callback = _owe(held, queue, number, order_key, window, **facts)
    matching.match_agents(held, freed)
    return callback


@one_transaction
def note_callback(
    call_id: int, queue_id: int, number: str, *, priority: int = 0, name: str = "", at: datetime | None = None,
) -> Callback:  # fmt: skip
    """A caller in a flow leaves this number: the place in line is that of somebody who calls the queue now, or at the chosen time.

    Asked again by the same call, it is owed once.

    :param at: when the window begins that the caller chose; None: as soon as it is the caller's turn.
    :raises OutsideCallbackHours: there is no such window (any more).
    :raises WindowFull: others were faster.
    """
    held = hold(call_id=call_id, queue_ids=[queue_id])
    queue = Queue.objects.get(pk=queue_id)
    window = chosentimes.chosen(queue, at, held.now, number) if at else None
    place = exits.place_for(priority, queue, window.starts if window else held.now)
    facts: dict[str, Any] = {"name": name[:120], "priority": priority, "origin": held.the_call, "requested_by": "caller"}
    return _owe(held, queue, number, place, window, **facts)


@one_transaction
def schedule_callback(
    queue_id: int, number: str, *, at: datetime, actor: str, name: str = "", note: str = "", priority: int = 0, origin: int | None = None,
) -> Callback:  # fmt: skip
    """Owe this number a call at a chosen time, when it takes a place in line like somebody who calls then.

    :param origin: the call whose message is answered so.
    :raises TimeHasPassed: it lies more than a minute back.
    :raises OutsideCallbackHours: nobody is called back then, or the queue is closed.
    :raises WindowFull: as many are promised for that time already.
    :raises CallbackOwedAlready: this queue owes the number one.
    """
    held = hold(queue_ids=[queue_id])
    queue = Queue.objects.filter(pk=queue_id).first()
    if queue is None:
        raise NotFound("There is no such queue.")
    window = chosentimes.window_for(queue, at, held.now)
    if Callback.objects.filter(queue=queue, number=number, state__in=states.OPEN).exists():
        raise CallbackOwedAlready(field="number")
    place = exits.place_for(priority, queue, at)
    facts: dict[str, Any] = {"name": name, "note": note, "priority": priority, "requested_by": actor, "origin_id": origin}
    return _new(held, queue, number, order_key=place, due_at=at, window=window, **facts)


@one_transaction
def reschedule_callback(callback_id: int, *, at: datetime, actor: str) -> None:
    """Another time is agreed with the customer, who keeps the place in line, or gets that of the new time if it is earlier. The
    agent whose phone rings for it is free.

    :raises CallbackUnderWay: the customer is being called, or talks, or it is over.
    :raises TimeHasPassed: it lies more than a minute back.
    :raises OutsideCallbackHours: nobody is called back then, or the queue is closed.
    :raises WindowFull: as many are promised for that time already.
    """
    held, callback = _held(callback_id)
    if callback.state not in (states.SCHEDULED, states.DUE):
        raise CallbackUnderWay
    window = chosentimes.window_for(callback.queue, at, held.now, besides=callback.pk)
    freed = _end_attempt(held, "rescheduled", actor=actor) if held.call else []
    _move(
        held, callback, at, window, actor=actor, order_key=min(callback.order_key, exits.place_for(callback.priority, callback.queue, at))
    )
    matching.match_agents(held, freed)


@one_transaction
def cancel_callback(callback_id: int, *, actor: str) -> None:
    """Take it back; the agent whose phone rings for it is free.

    :raises CallbackUnderWay: the customer is being called, or talks, or it is over.
    """
    held, callback = _held(callback_id)
    if callback.state not in (states.SCHEDULED, states.DUE):
        raise CallbackUnderWay
    freed = _end_attempt(held, "cancelled", actor=actor) if held.call else []
    settle(callback, "was_cancelled", held.now, "cancelled", actor=actor)
    matching.match_agents(held, freed)


@one_transaction
def call_now(callback_id: int, *, actor: str) -> None:
    """Let it take its place in line now, whatever time it was meant for and whatever the hours are.

    :raises CallbackUnderWay: it is in line already, or over.
    """
    held, callback = _held(callback_id)
    if callback.state != states.SCHEDULED:
        raise CallbackUnderWay
    _attempt(held, callback, actor=actor)


def _owe(held: Held, queue: Queue, number: str, order_key: datetime, window: Window | None, **facts: Any) -> Callback:
    """The caller is owed one for this window, or as soon as possible; who is owed one already keeps the earlier of both places."""
    known = Callback.objects.select_for_update(no_key=True).filter(queue=queue, number=number, state__in=states.OPEN).first()
    if known is None:
        due_at = window.starts if window else held.now
        return _new(held, queue, number, order_key=order_key, due_at=due_at, window=window, **facts)
    place = min(order_key, known.order_key)
    if known.state == states.SCHEDULED and window:
        _move(held, known, window.starts, window, actor="caller", order_key=place)
    elif known.state == states.SCHEDULED and known.window_from and known.window_from > held.now:
        soon = next_open(held.now, queue.callback_from, queue.callback_until, queue.timezone)
        _move(held, known, soon, None, actor="caller", order_key=place)
    elif place < known.order_key:
        Callback.objects.filter(pk=known.pk).update(order_key=place)
    return known


def _move(held: Held, callback: Callback, at: datetime, window: Window | None, *, actor: str, order_key: datetime) -> None:
    """To another time; the clock looks when it comes, at once if that is now."""
    expires_at = max(at, held.now) + timedelta(hours=callback.queue.callback_expires_hours)
    times = {"due_at": at, "expires_at": expires_at, **_kept_for(callback.queue, window, besides=callback.pk)}
    advance(callback, "was_rescheduled", actor=actor, data={"due_at": at.isoformat()}, order_key=order_key, **times)
    bell.ring_alarm(seconds_away=max(0.0, (at - held.now).total_seconds()))


def _kept_for(queue: Queue, window: Window | None, *, besides: int | None = None) -> dict[str, Any]:
    """The fields that say which window was promised; empty ones for none."""
    if window is None:
        return {"window_from": None, "window_until": None, "window_place": None}
    place = chosentimes.free_place(queue, window, besides=besides)
    return {"window_from": window.starts, "window_until": window.ends, "window_place": place}


def _new(
    held: Held, queue: Queue, number: str, *, order_key: datetime, due_at: datetime, window: Window | None = None, **facts: Any,
) -> Callback:  # fmt: skip
    latest = max(due_at, held.now) + timedelta(hours=queue.callback_expires_hours)
    opens = next_open(due_at, queue.callback_from, queue.callback_until, queue.timezone)
    times = {"due_at": opens, "expires_at": max(latest, opens + timedelta(hours=1)), **(_kept_for(queue, window) if window else {})}
    callback = Callback(queue=queue, number=number, order_key=order_key, **times, **facts)
    try:
        with transaction.atomic():
            callback.save(force_insert=True)
    except IntegrityError:
        raise CallbackOwedAlready(field="number") from None
    data = {"queue": queue.pk, "due_at": opens.isoformat()}
    events.append("callback.requested", subject=f"callback:{callback.pk}", actor=callback.requested_by, data=data)
    if opens <= held.now:
        _attempt(held, callback, actor=callback.requested_by)
    else:
        bell.ring_alarm(seconds_away=(opens - held.now).total_seconds())
    return callback


# ---- its time comes ----------------------------------------------------------------------------------------------
@one_transaction
def come_due(callback_id: int) -> None:
    """For the clock: take the place in line, or wait for the hours, or give up."""
    held, callback = _held(callback_id)
    if callback.state != states.SCHEDULED or callback.due_at > held.now:
        return
    queue = callback.queue
    opens = next_open(held.now, queue.callback_from, queue.callback_until, queue.timezone)
    if callback.expires_at <= held.now:
        settle(callback, "gave_up", held.now, callback.last_result or "expired", actor=CLOCK)
    elif _answered_since(callback):
        settle(callback, "reached_otherwise", held.now, states.CALLED_AGAIN, actor=CLOCK)
    elif opens > held.now:
        Callback.objects.filter(pk=callback.pk).update(due_at=opens)
    else:
        _attempt(held, callback, actor=CLOCK)


@one_transaction
def leave_line(callback_id: int) -> None:
    """For the clock: the hours are over, it is too late, or the customer called again, while no agent was rung for it."""
    held, callback = _held(callback_id)
    if callback.state != states.DUE or held.call is None or held.call.state != QUEUED:
        return
    queue = callback.queue
    if callback.expires_at <= held.now:
        _end_attempt(held, "expired", actor=CLOCK)
        settle(callback, "gave_up", held.now, "expired", actor=CLOCK)
    elif _answered_since(callback):
        _end_attempt(held, states.CALLED_AGAIN, actor=CLOCK)
        settle(callback, "reached_otherwise", held.now, states.CALLED_AGAIN, actor=CLOCK)
    elif not is_open(held.now, queue.callback_from, queue.callback_until, queue.timezone):
        _end_attempt(held, "outside hours", actor=CLOCK)
        opens = next_open(held.now, queue.callback_from, queue.callback_until, queue.timezone)
        advance(callback, "put_off", actor=CLOCK, cause="outside hours", due_at=opens)


def _answered_since(callback: Callback) -> bool:
    """The customer did not wait for us: since the request an agent of this queue talked to a call from the same number."""
    same = Call.objects.filter(caller_number=callback.number, direction=Direction.INBOUND, queue=callback.queue_id)
    return same.filter(answered_at__gt=callback.requested_at).exists()


def _attempt(held: Held, callback: Callback, *, actor: str) -> None:
    """A call with the callback's place in line; its queue is held."""
    queue = held.queue(callback.queue_id)
    place = min(callback.order_key, held.now)
    call = Call.objects.create(
        public_id=uuid4(), state=NEW, direction=Direction.OUTBOUND, callback=callback, caller_number=callback.number,
        caller_name=callback.name, dialled=queue.slug, priority=callback.priority, arrived_at=held.now,
    )  # fmt: skip
    advance(callback, "came_due", actor=actor, data={"call": call.pk})
    exits.join(held, call, queue, actor=actor, order_key=place)
    matching.match_call(held, call)


def _out_of_line(held: Held, call: Call) -> list[int]:
    """The waiting call rings nobody any more; returns the agents set free."""
    if call.state not in (QUEUED, AGENT_RINGING):
        raise CallNotWaiting
    freed = offers.withdraw(held, call, OfferOutcome.RESCINDED, actor="caller", cause="callback")
    if call.state == AGENT_RINGING:
        advance(call, "agent_no_answer", actor="caller", cause="callback")
    return freed


def _end_attempt(held: Held, reason: str, *, actor: str) -> list[int]:
    """Close the call of an attempt that waits; returns the agents set free."""
    call = held.the_call
    freed = offers.withdraw(held, call, OfferOutcome.RESCINDED, actor=actor, cause=reason)
    exits.close_stay(call, held.now, SegmentOutcome.UNREACHED, reason, hung_up_by="system")
    over: dict[str, Any] = {"hung_up_by": "system", "hung_up_at": held.now, "ended_at": held.now, "exit_reason": reason[:40]}
    advance(call, "hang_up", actor=actor, cause=reason, outcome=CallOutcome.UNREACHED, **over)
    matching.ring_node(call, "closed", call.pk)
    return freed


def _held(callback_id: int) -> tuple[Held, Callback]:
    """Its queue, the call of its attempt with who has it in hand, and the callback itself, locked in this order."""
    found = Callback.objects.filter(pk=callback_id).values_list("queue", flat=True).first()
    if found is None:
        raise NotFound("There is no such callback.")
    live = _on_the_way(callback_id)
    held = hold(call_id=live, queue_ids=[found])
    callback = Callback.objects.select_related("queue").select_for_update(no_key=True, of=("self",)).get(pk=callback_id)
    if _on_the_way(callback_id) != live:  # an attempt began or ended between the look and the locks
        raise Grew
    return held, callback


def _on_the_way(callback_id: int) -> int | None:
    return Call.objects.live().filter(callback=callback_id).values_list("pk", flat=True).first()


# ---- for the process that carries it ---------------------------------------------------------------------------------
@transaction.atomic
def take_up(call_id: int, *, node: str, process: str) -> bool:
    """This process carries the attempt from now on. False: another one does, or nobody is rung for it any more."""
    nobodys = Call.objects.filter(pk=call_id, node="", process="", state=AGENT_RINGING, callback__isnull=False)
    taken = nobodys.update(node=node, process=process) == 1
    if taken:
        events.append("call.taken_up", subject=f"call:{call_id}", actor="system:telephony", data={"node": node, "process": process})
    return taken


@one_transaction
def customer_answered(call_id: int) -> bool:
    """The customer picked up and is bridged. False: the call is over. Said twice it is once."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state == DIALLING:
        stay = Segment.objects.filter(call=call, outcome=SegmentOutcome.WAITING)
        stay.update(outcome=SegmentOutcome.ANSWERED, left_at=held.now, answered_at=held.now, agent=call.agent_id)
        advance(call, "customer_answered", actor="caller", data={"agent": call.agent_id}, answered_at=held.now)
        attempts.answered(call)
    return call.state != ENDED
