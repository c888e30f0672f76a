"""Limits at entry and while waiting, and the fallbacks that follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from queues import services
from queues.models import Call, Queue
from queues.place import among_all
from queues.places import place_of
from queues.states import SegmentOutcome

from . import cast

pytestmark = pytest.mark.django_db


def enter(call: Call, queue: Queue) -> services.Placement:
    placement = services.enqueue(call.pk, queue.pk)
    call.refresh_from_db()
    return placement


def stays(call: Call) -> list[tuple[str, str]]:
    return list(call.segments.values_list("outcome", "exit_reason"))


@pytest.mark.parametrize(
    ("settings", "reason"), [({"active": False}, "closed"), ({"capacity": 1}, "full"), ({"join_empty": False}, "nobody_there")]
)
def test_a_queue_refuses_at_entry_and_the_call_ends_as_refused(settings: dict[str, Any], reason: str) -> None:
    support = cast.queue(**settings)
    if reason == "full":
        cast.enqueue(support)
    call = cast.arrive()
    placement = enter(call, support)
    assert (placement.queued, placement.queue_id, placement.reason) == (False, support.pk, reason)
    assert stays(call) == [(SegmentOutcome.REFUSED, reason)]
    services.hang_up(call.pk, by="system", reason="farewell")
    call.refresh_from_db()
    assert (call.state, call.outcome) == ("ended", "refused")


def test_a_ringing_call_still_counts_for_the_capacity() -> None:
    support = cast.queue(capacity=1)
    cast.agent(queues=(support,))
    cast.agent(queues=(support,))
    assert cast.enqueue(support).state == "agent_ringing"
    assert enter(cast.arrive(), support).reason == "full"


def test_a_break_counts_as_somebody_there() -> None:
    support = cast.queue(join_empty=False)
    cast.agent(queues=(support,), state="break")
    assert enter(cast.arrive(), support).queued


def test_the_chain_of_fallbacks_is_followed_to_the_first_queue_that_lets_the_call_in() -> None:
    third = cast.queue("third")
    second = cast.queue("second", active=False, next_queue=third)
    first = cast.queue("first", active=False, next_queue=second)
    alice = cast.agent(queues=(third,))
    call = cast.arrive()
    assert enter(call, first).queue_id == third.pk
    assert stays(call) == [(SegmentOutcome.REFUSED, "closed"), (SegmentOutcome.REFUSED, "closed"), (SegmentOutcome.WAITING, "")]
    assert cast.open_offers(call)[0].agent == alice


def test_a_chain_that_loops_ends_with_the_farewell() -> None:
    first = cast.queue("first", max_wait=10)
    second = cast.queue("second", max_wait=10, next_queue=first)
    cast.way_out(first, next_queue=second)
    call = cast.enqueue(first)
    for _ in range(2):
        cast.age(call, 10)
        services.sweep("test")
    call.refresh_from_db()
    assert call.state == "ivr"
    assert stays(call) == [(SegmentOutcome.OVERFLOW, "max_wait")] * 2


@pytest.mark.parametrize("keeps", [True, False])
def test_overflow_by_wait_keeps_the_place_if_the_queue_says_so(keeps: bool) -> None:
    second = cast.queue("second")
    first = cast.queue("first", max_wait=30, next_queue=second, keeps_place=keeps)
    earlier = cast.enqueue(first)
    other = cast.enqueue(second)
    cast.age(earlier, 30)
    services.sweep("test")
    alice = cast.agent(queues=(second,))
    assert cast.open_offers(alice)[0].call == (earlier if keeps else other)


def test_overflow_finds_a_free_agent_of_the_next_queue_at_once() -> None:
    second = cast.queue("second")
    first = cast.queue("first", max_wait=30, next_queue=second)
    alice = cast.agent(queues=(second,))
    call = cast.enqueue(first)
    cast.age(call, 30)
    services.sweep("test")
    assert cast.open_offers(call)[0].agent == alice


def test_waiting_without_agents_ends_sooner_than_waiting_for_them() -> None:
    support = cast.queue(max_wait=100, max_wait_no_agent=20)
    alice = cast.agent(queues=(support,), state="break")
    call = cast.enqueue(support)
    cast.age(call, 20)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == "queued"
    services.go_offline(alice.pk, actor="system:test")
    services.sweep("test")
    call.refresh_from_db()
    assert (call.state, stays(call)) == ("ivr", [(SegmentOutcome.OVERFLOW, "no_agent")])


@pytest.mark.parametrize(("alice_is", "state", "reason"), [("offline", "ivr", "no_agent"), ("busy", "queued", "")])
def test_who_wants_one_agent_waits_as_long_as_that_agent_is_there(alice_is: str, state: str, reason: str) -> None:
    direct = cast.queue(max_wait=45, max_wait_no_agent=5)
    alice = cast.agent("alice", queues=(direct,), state="available" if alice_is == "busy" else "offline")
    cast.agent("bob", queues=(direct,))
    if alice_is == "busy":
        cast.talk(cast.enqueue(cast.queue(), wanted_agent_id=alice.pk))
    call = cast.enqueue(direct, wanted_agent_id=alice.pk)
    assert call.enqueued_at
    assert services.sweep("test") == call.enqueued_at + timedelta(seconds=5 if alice_is == "offline" else 45)
    cast.age(call, 5)
    services.sweep("test")
    call.refresh_from_db()
    assert (call.state, call.segments.get().exit_reason) == (state, reason)


def test_an_agent_who_is_there_keeps_the_wanted_call_in_an_unstaffed_queue() -> None:
    direct = cast.queue(max_wait_no_agent=5)
    alice = cast.agent("alice")
    cast.talk(cast.enqueue(direct, wanted_agent_id=alice.pk))
    call = cast.enqueue(direct, wanted_agent_id=alice.pk)
    cast.age(call, 10)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == "queued"


def test_the_clock_is_told_when_the_longest_wait_will_be_over() -> None:
    support = cast.queue(max_wait=30)
    call = cast.enqueue(support)
    assert call.enqueued_at
    due = services.sweep("test")
    assert due == call.enqueued_at + timedelta(seconds=30)
    assert due > timezone.now()


def test_the_place_in_line_is_told() -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    assert [enter(cast.arrive(), support).place.number for _ in range(3)] == [0, 2, 3]


def test_direct_delivery_is_told_only_when_a_phone_rings_at_once() -> None:
    support = cast.queue(deliver_directly=True)
    cast.agent(queues=(support,))
    assert [enter(cast.arrive(), support).direct for _ in range(2)] == [True, False]


def test_the_place_is_the_same_while_those_ahead_ring_and_wait() -> None:
    support = cast.queue()
    first, second, third = (cast.enqueue(support) for _ in range(3))
    assert place_of(third) == among_all(3)
    cast.agent(queues=(support,))
    services.sweep("test")
    assert cast.open_offers(first)
    assert [place_of(call).number for call in (second, third)] == [2, 3]
