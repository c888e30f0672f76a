"""What becomes of an offer: a phone rings, an agent takes the call, or does not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from callcenter.core import bell, events, sql
from callcenter.core.stateful import advance, write

from .. import engagement, matching
from ..locks import Held, hold, one_transaction
from ..matching import ring_node
from ..models import Call, Offer, Queue
from ..slices import OFFER
from ..states import AGENT_RINGING, MISSES, OfferOutcome
from . import attempts, exits, relaxation

RANG = f"""
WITH rang AS (
  UPDATE queues_offer SET rang_at = %s WHERE id = %s AND outcome = 'open' AND rang_at IS NULL RETURNING id, call_id, agent_id)
{events.APPEND} SELECT 'call.agent_device_rang', 'call', call_id, 'agent:' || agent_id, '',
  jsonb_build_object('agent', agent_id, 'offer', id) FROM rang {events.RING}
"""  # noqa: S608

DIALLED = "UPDATE queues_offer SET dialled_at = %s WHERE id = %s AND outcome = 'open' AND dialled_at IS NULL"

ACCEPTED = """
WITH taken AS (UPDATE queues_offer SET outcome = 'accepted', closed_at = %(now)s WHERE id = %(offer)s RETURNING segment_id, agent_id)
UPDATE queues_segment s SET outcome = 'answered', left_at = %(now)s, answered_at = %(now)s, agent_id = taken.agent_id
FROM taken WHERE s.id = taken.segment_id
"""

OPEN_OFFERS = f"""
SELECT {OFFER.columns("o")} FROM queues_offer o WHERE o.call_id = %s AND o.outcome = 'open' AND o.released_at IS NULL ORDER BY o.agent_id
"""  # noqa: S608


def offer_rang(offer_id: int) -> None:
    """A device of the agent reported that it rings."""
    sql.run(RANG, [timezone.now(), offer_id])


def offer_dialled(offer_id: int) -> None:
    """Devices of the agent are called, but none has reported yet that it rings: the offer is in good hands all the same."""
    sql.run(DIALLED, [timezone.now(), offer_id])


@one_transaction
def accept(offer_id: int) -> bool:
    """The agent answered. False if the offer is over: the call was given to another, withdrawn, or the caller has gone.

    Of several agents who ring for one call the first to come here wins; the others' offers are cancelled
    without a miss, their phones stop, and they are matched anew.
    """
    held = hold(offer_id=offer_id)
    call = held.the_call
    ringing = {offer.pk: offer for offer in _open(call)} if call.state == AGENT_RINGING else {}
    offer = ringing.pop(offer_id, None)
    if offer is None:
        return False
    actor = f"agent:{offer.agent_id}"
    if call.callback_id is None:
        _begin_talk(held, call, offer, actor)
    else:
        _begin_calling_back(held, call, offer, actor)
    engagement.answer(held.agents[offer.agent_id], call_id=call.pk, actor=actor)
    losers = _withdraw(held, call, ringing.values(), OfferOutcome.CANCELLED, actor=actor, cause="answered by another agent")
    matching.match_agents(held, losers)
    return True


def _begin_talk(held: Held, call: Call, offer: Offer, actor: str) -> None:
    sql.run(ACCEPTED, {"offer": offer.pk, "now": held.now})
    answered: dict[str, Any] = {"agent_id": offer.agent_id, "answered_at": call.answered_at or held.now, "not_before": None}
    advance(call, "agent_accept", actor=actor, data={"agent": offer.agent_id, "offer": offer.pk}, **answered)


def _begin_calling_back(held: Held, call: Call, offer: Offer, actor: str) -> None:
    """The agent is on the line; the stay goes on until the customer is."""
    write(offer, outcome=OfferOutcome.ACCEPTED, closed_at=held.now)
    data = {"agent": offer.agent_id, "offer": offer.pk}
    advance(call, "agent_ready", actor=actor, data=data, agent_id=offer.agent_id, not_before=None)
    attempts.began(call, actor=actor)


@one_transaction
def offer_failed(offer_id: int, outcome: OfferOutcome, *, sip_status: int | None = None) -> None:
    """The agent did not take the call. The agent cools down, the call gets its place back with a head start,
    or takes the queue's way out when its attempts are used up; then both are matched anew.

    An offer that is over already is left alone.
    """
    held = hold(offer_id=offer_id, chain=True)
    fail(held, Offer.objects.get(pk=offer_id), OfferOutcome(outcome), sip_status=sip_status)


@one_transaction
def phone_lost(offer_id: int) -> None:
    """The last phone of the agent who is being rung signed off or ran out: the call does not wait for the ring time."""
    held = hold(offer_id=offer_id, chain=True)
    offer = Offer.objects.get(pk=offer_id)
    if offer.outcome == OfferOutcome.OPEN:
        fail(held, offer, OfferOutcome.UNREACHABLE, actor="system:registration")
        ring_node(held.the_call, "withdrawn", offer.pk)


def fail(held: Held, offer: Offer, outcome: OfferOutcome, *, sip_status: int | None = None, actor: str = "", blame: bool = True) -> None:
    """`offer_failed` inside a transaction that holds the call, its agents and its chain.

    :param blame: False when a process of ours failed: no miss, and the call keeps its old place exactly.
    """
    if offer.outcome != OfferOutcome.OPEN:
        return
    queue, actor = held.queue(offer.queue_id), actor or f"agent:{offer.agent_id}"
    close(offer, held, outcome, sip_status=sip_status)
    agent = held.agents[offer.agent_id]
    cooldown = _cooldown(queue, outcome)
    ready_at = held.now + timedelta(seconds=cooldown)
    fields = engagement.count_miss(agent, ready_at=ready_at, actor=actor) if blame and outcome in MISSES else {}
    if not blame:
        fields = {"ready_at": max(agent.ready_at, ready_at)}
    engagement.release(agent, actor=actor, cause=str(outcome), **fields)
    call = held.the_call
    if call.state == AGENT_RINGING and not call.offers.open().exists():
        _back_in_line(held, call, queue, outcome, actor=actor, boost=queue.retry_boost if blame else 0)
    bell.ring_alarm(seconds_away=min(cooldown, queue.retry_delay or cooldown))
    matching.match_agents(held, [offer.agent_id])
    matching.match_call(held, call)


def close(offer: Offer, held: Held, outcome: OfferOutcome, *, sip_status: int | None = None) -> None:
    """End an offer that was not accepted."""
    write(offer, outcome=outcome, closed_at=held.now, released_at=held.now, sip_status=sip_status)


def withdraw(held: Held, call: Call, outcome: OfferOutcome, *, actor: str, cause: str) -> list[int]:
    """Close the call's open offers without blaming anybody; the phones stop. Returns the agents set free."""
    return _withdraw(held, call, _open(call), outcome, actor=actor, cause=cause)


def _open(call: Call) -> list[Offer]:
    return [OFFER.make(row) for row in sql.rows(OPEN_OFFERS, [call.pk])]


def _withdraw(held: Held, call: Call, open_: Iterable[Offer], outcome: OfferOutcome, *, actor: str, cause: str) -> list[int]:
    freed = []
    for offer in open_:
        close(offer, held, outcome)
        engagement.release(held.agents[offer.agent_id], actor=actor, cause=cause)
        ring_node(call, "withdrawn", offer.pk)
        freed.append(offer.agent_id)
    return freed


def _back_in_line(held: Held, call: Call, queue: Queue, outcome: OfferOutcome, *, actor: str, boost: int) -> None:
    event = "agent_reject" if outcome in (OfferOutcome.REJECTED, OfferOutcome.BUSY, OfferOutcome.UNREACHABLE) else "agent_no_answer"
    attempts = call.attempts + 1
    place = (call.order_key or held.now) - timedelta(seconds=boost)
    not_before = held.now + timedelta(seconds=queue.retry_delay) if queue.retry_delay else None
    # Whoever the call was kept for has had the chance.
    free: dict[str, Any] = {"preferred_agent_id": None, "preferred_until": None} if call.preferred_agent_id else {}
    advance(call, event, actor=actor, cause=str(outcome), attempts=attempts, order_key=place, not_before=not_before, **free)
    if call.relax_at and call.relax_at <= held.now:
        relaxation.catch_up(held, call)
    if queue.retry_limit and attempts >= queue.retry_limit and call.callback_id is None:
        exits.leave(held, call, "retry_limit", actor="system:limits")


def _cooldown(queue: Queue, outcome: OfferOutcome) -> int:
    return {
        OfferOutcome.REJECTED: queue.cooldown_reject,
        OfferOutcome.BUSY: queue.cooldown_busy,
        OfferOutcome.NO_ANSWER: queue.cooldown_no_answer,
    }.get(outcome, queue.cooldown_unreachable)
