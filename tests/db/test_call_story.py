"""The story of one call through the services: arrive, wait, ring, talk, hang up, write up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callcenter.core.stateful import IllegalTransition
from queues import services
from queues.models import Call, Offer
from queues.states import CallOutcome, OfferOutcome, SegmentOutcome
from queues.story import considered

from . import cast

pytestmark = pytest.mark.django_db


def test_a_call_is_offered_answered_hung_up_and_written_up() -> None:
    support = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(support,))
    call = cast.enqueue(support)
    assert (call.state, call.queue) == ("agent_ringing", support)
    cast.talk(call)
    alice.refresh_from_db()
    assert (call.state, call.agent, alice.state) == ("active", alice, "on_call")
    services.hang_up(call.pk, by="caller", reason="bye")
    call.refresh_from_db()
    alice.refresh_from_db()
    assert (call.state, alice.state, alice.open_calls) == ("wrap_up", "wrap_up", 0)
    services.finish_wrap_up(call.pk, agent_id=alice.pk, notes="done")
    call.refresh_from_db()
    alice.refresh_from_db()
    assert (call.state, call.outcome, call.notes, alice.state) == ("ended", CallOutcome.ANSWERED, "done", "available")
    stay = call.segments.get()
    assert stay.outcome == SegmentOutcome.ANSWERED
    assert None not in (stay.answered_at, stay.ended_at, stay.wrap_up_ended_at)


def test_a_waiting_call_is_offered_when_an_agent_becomes_available() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,), state="break")
    call = cast.enqueue(support)
    assert call.state == "queued"
    services.set_available(alice.pk, actor=f"agent:{alice.pk}")
    assert [offer.agent for offer in cast.open_offers(call)] == [alice]


def test_calls_are_served_in_the_order_of_arrival() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,))
    first, second, third = (cast.enqueue(support) for _ in range(3))
    for call in (first, second, third):
        assert [offer.call for offer in cast.open_offers(alice)] == [call]
        cast.talk(call)
        services.hang_up(call.pk, by="agent")


@pytest.mark.parametrize("stage", ["new", "queued", "ringing", "active", "wrap_up", "ended"])
def test_hanging_up_twice_is_hanging_up_once(stage: str) -> None:
    support = cast.queue(wrap_up_seconds=30)
    if stage not in ("new", "queued"):
        cast.agent(queues=(support,))
    call = cast.arrive() if stage == "new" else cast.enqueue(support)
    if stage in ("active", "wrap_up", "ended"):
        cast.talk(call)
    if stage in ("wrap_up", "ended"):
        services.hang_up(call.pk, by="caller")
    if stage == "ended":
        services.finish_wrap_up(call.pk, agent_id=Call.objects.get(pk=call.pk).agent_id or 0)
    services.hang_up(call.pk, by="caller")
    call.refresh_from_db()
    seen = (call.state, call.outcome, call.hung_up_by)
    services.hang_up(call.pk, by="agent")
    call.refresh_from_db()
    assert (call.state, call.outcome, call.hung_up_by) == seen


def test_a_caller_who_gives_up_while_an_agent_rings_frees_the_agent_without_a_miss() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,))
    call = cast.enqueue(support)
    services.hang_up(call.pk, by="caller")
    alice.refresh_from_db()
    call.refresh_from_db()
    assert (call.state, call.outcome, alice.state, alice.misses_in_row) == ("ended", CallOutcome.ABANDONED, "available", 0)
    assert call.offers.get().outcome == OfferOutcome.RESCINDED
    assert call.segments.get().outcome == SegmentOutcome.ABANDONED


def test_an_answer_that_comes_too_late_loses() -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    offer = cast.open_offers(call)[0]
    services.hang_up(call.pk, by="caller")
    assert services.accept(offer.pk) is False


def test_a_call_cannot_be_queued_twice() -> None:
    support = cast.queue()
    call = cast.enqueue(support)
    with pytest.raises(IllegalTransition):
        services.enqueue(call.pk, support.pk)


def test_a_lost_process_ends_its_call_and_frees_the_agent() -> None:
    support = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    assert services.process_lost(call.node, call.process) == 1
    call.refresh_from_db()
    alice.refresh_from_db()
    assert (call.state, call.outcome, alice.state) == ("ended", CallOutcome.LOST, "available")


def test_the_same_process_arrives_once() -> None:
    assert cast.arrive(process="same") == cast.arrive(process="same")


def test_of_a_crowd_the_rest_is_counted() -> None:
    offer = Offer(why={"strategy": "random", "ranked": [], "left_out": {}, "others": {"busy": 3, "offline": 40}})
    assert [(one.agent, one.note) for one in considered(offer)] == [("3 more", "had as many calls as allowed"), ("40 more", "were offline")]


def test_what_a_flow_found_out_and_the_way_through_it_are_on_the_page(manager: Client) -> None:
    from ivr import runs
    from ivr.models import Flow, FlowVersion

    call = cast.arrive()
    flow = Flow.objects.create(name="Main menu", slug="main")
    version = FlowVersion.objects.create(flow=flow, number=3, document={})
    came = timezone.now()
    services.start_flow(call.pk, str(version))
    for _ in range(2):  # a clerk who took over from a dead one asks again
        runs.begin(call.pk, version.pk, came)
        runs.visited(call.pk, number=1, step="welcome", kind="menu", exit_name="1", note="", entered=came, left=came + timedelta(seconds=7))
    services.enqueue(call.pk, cast.queue().pk, collected={"customer_number": "4711", "empty": ""})
    runs.ended(call.pk, "completed", came + timedelta(seconds=8), led_to="queue", target="support")
    runs.ended(call.pk, "abandoned", came + timedelta(seconds=9))
    page = manager.get(reverse("admin:queues_call_change", args=[call.pk])).content.decode()
    for shown in ("Main menu v3", "Led to its end: queue support", "welcome", "Customer number", "4711"):
        assert shown in page
    assert "Empty" not in page
