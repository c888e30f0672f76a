"""What becomes of an offer: a phone rings, an agent takes the call, or does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from callcenter.core import bell, events
from callcenter.core.errors import NotFound
from callcenter.core.stateful import advance

from .. import engagement, matching
from ..locks import Held, hold, one_transaction
from ..matching import ring_node
from ..models import Call, Offer, Queue, Segment
from ..states import AGENT_RINGING, MISSES, OfferOutcome, SegmentOutcome
from . import exits


@transaction.atomic
def offer_rang(offer_id: int) -> None:
    """A device of the agent reported that it rings."""
    if Offer.objects.open().filter(pk=offer_id, rang_at__isnull=True).update(rang_at=timezone.now()):
        offer = Offer.objects.get(pk=offer_id)
        data = {"agent": offer.agent_id, "offer": offer.pk}
        events.append("call.agent_device_rang", subject=f"call:{offer.call_id}", actor=f"agent:{offer.agent_id}", data=data)


@one_transaction
def accept(offer_id: int) -> bool:
    """The agent answered. False if the offer is over: the call was given to another, withdrawn, or the caller has gone.

    Of several agents who ring for one call the first to come here wins; the others' offers are cancelled
    without a miss, their phones stop, and they are matched anew.
    """
    held = hold(call_id=_call_of(offer_id), chain=False)
    call, offer = held.the_call, Offer.objects.get(pk=offer_id)
    if offer.outcome != OfferOutcome.OPEN or call.state != AGENT_RINGING:
        return False
    actor = f"agent:{offer.agent_id}"
    close(offer, held, OfferOutcome.ACCEPTED)
    answered: dict[str, Any] = {"agent_id": offer.agent_id, "answered_at": call.answered_at or held.now, "not_before": None}
    advance(call, "agent_accept", actor=actor, data={"agent": offer.agent_id, "offer": offer.pk}, **answered)
    Segment.objects.filter(pk=offer.segment_id).update(
        outcome=SegmentOutcome.ANSWERED, left_at=held.now, answered_at=held.now, agent=offer.agent_id
    )
    engagement.answer(held.agents[offer.agent_id], call_id=call.pk, actor=actor)
    losers = withdraw(held, call, OfferOutcome.CANCELLED, actor=actor, cause="answered by another agent")
    matching.match_agents(held, losers)
    return True


@one_transaction
def offer_failed(offer_id: int, outcome: OfferOutcome, *, sip_status: int | None = None) -> None:
    """The agent did not take the call. The agent cools down, the call gets its place back with a head start,
    or takes the queue's way out when its attempts are used up; then both are matched anew.

    An offer that is over already is left alone.
    """
    held = hold(call_id=_call_of(offer_id), chain=True)
    fail(held, Offer.objects.get(pk=offer_id), OfferOutcome(outcome), sip_status=sip_status)


@one_transaction
def phone_lost(offer_id: int) -> None:
    """The last phone of the agent who is being rung signed off or ran out: the call does not wait for the ring time."""
    held = hold(call_id=_call_of(offer_id), chain=True)
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
    offer.outcome, offer.closed_at, offer.sip_status = outcome, held.now, sip_status
    offer.released_at = None if outcome == OfferOutcome.ACCEPTED else held.now
    offer.save(update_fields=["outcome", "closed_at", "released_at", "sip_status"])


def withdraw(held: Held, call: Call, outcome: OfferOutcome, *, actor: str, cause: str) -> list[int]:
    """Close the call's open offers without blaming anybody; the phones stop. Returns the agents set free."""
    freed = []
    for offer in call.offers.open().order_by("agent_id"):
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
    advance(call, event, actor=actor, cause=str(outcome), attempts=attempts, order_key=place, not_before=not_before)
    if queue.retry_limit and attempts >= queue.retry_limit:
        exits.leave(held, call, "retry_limit", actor="system:limits")


def _cooldown(queue: Queue, outcome: OfferOutcome) -> int:
    return {
        OfferOutcome.REJECTED: queue.cooldown_reject,
        OfferOutcome.BUSY: queue.cooldown_busy,
        OfferOutcome.NO_ANSWER: queue.cooldown_no_answer,
    }.get(outcome, queue.cooldown_unreachable)


def _call_of(offer_id: int) -> int:
    found = Offer.objects.filter(pk=offer_id).values_list("call_id", flat=True).first()
    if found is None:
        raise NotFound("There is no such offer.")
    return found
