"""What the rows must say about calls; asked by all end-to-end tests."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from agents.models import Agent
from agents.states import AVAILABLE, RINGING
from callcenter.core import events
from queues.models import Call, Offer, Queue, Segment
from queues.states import ACTIVE, ENDED, LIVE, QUEUED, CallOutcome, OfferOutcome, SegmentOutcome
from telephony.models import Leg
from telephony.pjsua import quality
from tests.until import until


def calls_of(queue: Queue) -> list[Call]:
    """In the order in which they arrived."""
    return list(Call.objects.filter(queue=queue).order_by("id"))


def only_call(queue: Queue) -> Call:
    return Call.objects.get(queue=queue)


def state_is(queue: Queue, state: str, count: int = 1) -> bool:
    return Call.objects.filter(queue=queue, state=state).count() == count


def until_waiting(queue: Queue, count: int = 1) -> None:
    until(lambda: state_is(queue, QUEUED, count), within=8, what=f"{count} waiting in {queue}")


def until_ringing(queue: Queue) -> Offer:
    """The offer whose phone has reported that it rings."""
    return until(
        lambda: Offer.objects.filter(queue=queue, outcome=OfferOutcome.OPEN, rang_at__isnull=False).last(),
        within=8,
        what=f"an agent of {queue} to be rung",
    )


def until_active(queue: Queue, count: int = 1) -> None:
    until(lambda: state_is(queue, ACTIVE, count), within=10, what=f"{count} talking in {queue}")


def until_available(agents: Iterable[Agent], within: float = 8) -> None:
    ids = [agent.pk for agent in agents]
    until(
        lambda: Agent.objects.filter(pk__in=ids, state=AVAILABLE).count() == len(ids),
        within=within,
        what=f"agents to be available, who are {list(Agent.objects.filter(pk__in=ids).values_list('name', 'state'))}",
    )


def until_all_over(queue: Queue, count: int, within: float = 10) -> list[Call]:
    until(lambda: state_is(queue, ENDED, count), within=within, what=f"{count} calls of {queue} to be over")
    nothing_is_stuck(queue)
    return calls_of(queue)


def nothing_is_stuck(queue: Queue) -> None:
    """No row of the queue is left half way: neither calls nor offers, legs or agents."""
    assert not Call.objects.filter(queue=queue, state__in=LIVE).exists()
    assert not Offer.objects.filter(queue=queue).filter(Q(outcome=OfferOutcome.OPEN) | Q(released_at__isnull=True)).exists()
    assert not Segment.objects.filter(queue=queue, outcome=SegmentOutcome.WAITING).exists()
    agents = Agent.objects.filter(memberships__queue=queue)
    assert not agents.filter(Q(open_calls__gt=0) | Q(state=RINGING)).exists(), list(agents.values("name", "state", "open_calls"))
    until(
        lambda: not Leg.objects.filter(call__queue=queue, ended_at__isnull=True).exists(),
        what=f"legs to be closed: {list(Leg.objects.filter(call__queue=queue, ended_at__isnull=True).values())}",
    )


def history(call: Call) -> list[str]:
    """The call's events without their subject, in order."""
    return [entry.type.removeprefix("call.") for entry in events.about("call", call.pk) if entry.type.startswith("call.")]


def was_answered(call: Call, *, by: Agent | None = None, hung_up_by: str | None = None) -> None:
    """A complete record of a call that was talked: call, segment, offer, legs and events agree."""
    assert (call.state, call.outcome) == (ENDED, CallOutcome.ANSWERED)
    assert by is None or call.agent_id == by.pk
    assert hung_up_by is None or call.hung_up_by == hung_up_by
    assert call.answered_at
    assert call.hung_up_at
    assert call.ended_at
    assert call.arrived_at <= call.answered_at <= call.hung_up_at <= call.ended_at
    segment = call.segments.last()
    assert segment
    assert (segment.outcome, segment.agent_id) == (SegmentOutcome.ANSWERED, call.agent_id)
    accepted = call.offers.get(outcome=OfferOutcome.ACCEPTED)
    assert (accepted.agent_id, accepted.segment_id) == (call.agent_id, segment.pk)
    assert accepted.why
    assert accepted.released_at
    _legs_are_complete(call)
    steps = [step for step in history(call) if step in ("queue_call", "assign_to_agent", "agent_accept")]
    assert steps[0] == "queue_call"
    assert steps[-2:] == ["assign_to_agent", "agent_accept"]


def _legs_are_complete(call: Call) -> None:
    caller = call.legs.get(role=Leg.Role.CALLER)
    # Two phones of an agent may be picked up at the same moment: the one that lost has no talk to show.
    agent = call.legs.filter(role=Leg.Role.AGENT, answered_at__isnull=False).order_by("-rx_packets")[0]
    for leg in (caller, agent):
        assert leg.ended_at
        assert leg.codec.upper().startswith("PCMA"), leg.codec
        assert leg.rx_packets > 0
        assert leg.tx_packets > 0
        _rating_is_right(leg)


def _rating_is_right(leg: Leg) -> None:
    """Good as it was sent; the round trip apart, for most phones of a test send no RTCP."""
    assert leg.mos is not None
    assert leg.loss_percent is not None
    assert leg.jitter_ms is not None
    assert leg.loss_percent < 1
    assert 3.5 < quality.mos(loss_percent=leg.loss_percent, one_way_delay_ms=quality.FIXED_DELAY_MS + 2 * leg.jitter_ms) <= 4.5
    delay = quality.FIXED_DELAY_MS + (leg.rtt_ms or 0) / 2 + 2 * leg.jitter_ms
    assert abs(leg.mos - quality.mos(loss_percent=leg.loss_percent, one_way_delay_ms=delay)) <= 0.02


def was_abandoned(call: Call, *, reason: str = "") -> None:
    assert (call.state, call.outcome, call.hung_up_by) == (ENDED, CallOutcome.ABANDONED, "caller")
    assert call.answered_at is None
    assert not call.segments.exclude(outcome=SegmentOutcome.ABANDONED).exists()


def outcomes(call: Call) -> list[str]:
    """What became of the call's offers, in order."""
    return list(call.offers.order_by("id").values_list("outcome", flat=True))
