"""Closing time, and what callers are told who came too late for it."""

from __future__ import annotations

from datetime import datetime

from .. import deadlines, matching
from ..hours import Kind
from ..hours_reading import hours_at
from ..locks import hold, one_transaction
from ..models import ClosingAction, Queue, Segment
from ..states import QUEUED
from . import exits

CLOSED = "closed"
"""Why a stay was refused or ended: the queue was not open (or takes no calls at all)."""


@one_transaction
def send_away(call_id: int) -> None:
    """A waiting call takes the fallback of its queue, which has closed."""
    held = hold(call_id=call_id, chain=True)
    call = held.the_call
    if call.state != QUEUED or call.enqueued_at is None:
        return
    queue = held.queue(call.queue_id or 0)
    hours = hours_at(queue.schedule_id, held.now)
    # Looked at again under the lock: somebody may have moved the call, or opened the queue.
    if queue.closing_action == ClosingAction.FALLBACK and deadlines.closed_upon(call.enqueued_at, hours):
        exits.leave(held, call, CLOSED, actor="system:hours")
        matching.match_call(held, call)


def words(queue_id: int, moment: datetime) -> str:
    """What who was turned away at this moment because the queue was closed is told; empty: what the fallback says anyway.

    A queue that takes no calls although its hours say open has nothing of its own to say.
    """
    queue = Queue.objects.only("schedule", "closed_message", "holiday_message").get(pk=queue_id)
    hours = hours_at(queue.schedule_id, moment)
    if hours.open:
        return ""
    holiday = queue.holiday_message if hours.kind is Kind.HOLIDAY else ""
    return holiday.strip() or queue.closed_message.strip()


def closed_words(call_id: int, queue_id: int) -> str:
    """What a call hears that this queue refused or sent away: empty unless that was for its hours."""
    stays = Segment.objects.filter(call=call_id, queue=queue_id).order_by("-number")
    reason, moment = stays.values_list("exit_reason", "left_at").first() or ("", None)
    return words(queue_id, moment) if reason == CLOSED and moment else ""
