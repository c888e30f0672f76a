"""The clock of the rows: does what a passed deadline asks for, repairs what a dead process left behind, and
says when to look next, so that whoever runs it sleeps no longer than that (bell `ALARMS`: look again now).

One process at a time works, by a lease row with a short life; each piece of work is a transaction of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.utils import timezone

from agents.models import Device
from callcenter.core.errors import Refusal

from .. import deadlines, matching, roster
from ..locks import Held, hold, one_transaction
from ..models import Offer
from ..states import QUEUED, OfferOutcome
from . import callbacks, closing, devices, exits, lending, offers, relaxation, wrapup

log = logging.getLogger(__name__)

TAKE_LEASE = """
INSERT INTO queues_lease (name, owner, until) VALUES ('sweep', %(owner)s, clock_timestamp() + make_interval(secs => %(ttl)s))
ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until
WHERE queues_lease.owner = excluded.owner OR queues_lease.until < clock_timestamp()
RETURNING until
"""

SHORTEST_SLEEP = timedelta(milliseconds=50)
"""A deadline that cannot be met must not keep the clock busy."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)

BATCH = 200
"""Pieces of work of one kind in one sweep; what is left is due at once again."""


def sweep(owner: str, ttl: float = 5, *, listening_since: datetime = LONG_AGO) -> datetime | None:
    """Do what is due if `owner` has or gets the lease, which lasts `ttl` seconds.

    :param listening_since: since when the rows could be written without a break. Before that nobody could say a word
        about an offer, so silence means nothing.
    :returns: when to look next: the earliest deadline, or the end of another owner's lease. None: nothing is pending.
    """
    if not _take_lease(owner, ttl):
        return deadlines.lease_ends()
    now = timezone.now()
    _each(deadlines.offers_overdue(now)[:BATCH], _take_back)
    if now >= listening_since + deadlines.UNMOVED:
        _each(deadlines.offers_unheard_of(now)[:BATCH], _take_back_unheard_of)
    _each(deadlines.wrap_ups_over(now)[:BATCH], wrapup.time_out)
    _each(deadlines.devices_expired(now)[:BATCH], _expire)
    _each(deadlines.waits_over(now)[:BATCH], _give_up_waiting)
    _each(deadlines.callbacks_due(now)[:BATCH], callbacks.come_due)
    _each(deadlines.callbacks_out_of_time(now)[:BATCH], callbacks.leave_line)
    _each(deadlines.closings_due(now)[:BATCH], closing.send_away)
    _each(deadlines.relaxations_due(now)[:BATCH], relaxation.relax)
    _each(deadlines.preferences_over(now)[:BATCH], relaxation.stop_waiting_for)
    _each(deadlines.progress_due(now)[:BATCH], relaxation.ring_one_more)
    _each([pk for pk in deadlines.agents_with_work(now)[:BATCH] if roster.line_for(pk, now)], _match)
    _each(deadlines.calls_to_lend(now)[:BATCH], lending.lend)
    due = deadlines.next_after(now, listening_since)
    return max(due, now + SHORTEST_SLEEP) if due else None


def _take_lease(owner: str, ttl: float) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(TAKE_LEASE, {"owner": owner[:80], "ttl": ttl})
        return cursor.fetchone() is not None


def _each(ids: Iterable[int], work: Callable[[int], object]) -> None:
    for pk in ids:
        try:
            work(pk)
        except Refusal as refusal:  # it was settled between the look and the lock
            log.info("sweep: %s of %s was not needed: %s", work.__name__, pk, refusal.code)


@one_transaction
def _take_back(offer_id: int) -> None:
    """An offer that its process did not close: the call goes back to its old place, nobody is blamed."""
    _rescind(*_held(offer_id))


@one_transaction
def _take_back_unheard_of(offer_id: int) -> None:
    """An offer that its process did not take up."""
    held, offer = _held(offer_id)
    if offer.rang_at is None and offer.dialled_at is None:  # else a word came between the look and the lock
        _rescind(held, offer)


def _held(offer_id: int) -> tuple[Held, Offer]:
    offer = Offer.objects.get(pk=offer_id)
    held = hold(call_id=offer.call_id, chain=True)
    offer.refresh_from_db()
    return held, offer


def _rescind(held: Held, offer: Offer) -> None:
    offers.fail(held, offer, OfferOutcome.RESCINDED, actor="system:reaper", blame=False)
    matching.ring_node(held.the_call, "withdrawn", offer.pk)


def _expire(device_id: int) -> None:
    if Device.objects.filter(pk=device_id).exists():
        devices.device_gone(device_id, cause="expired")


@one_transaction
def _give_up_waiting(call_id: int) -> None:
    held = hold(call_id=call_id, chain=True)
    call, queue = held.the_call, held.queue(held.the_call.queue_id or 0)
    over = deadlines.wait_over(queue, call, held.now, held.ways_of(queue.pk)) if call.state == QUEUED else None
    if over:
        exits.leave(held, call, over.reason, actor="system:limits", way=over.way)
        matching.match_call(held, call)


@one_transaction
def _match(agent_id: int) -> None:
    held = hold(agent_ids=[agent_id])
    matching.match_agent(held, agent_id)
