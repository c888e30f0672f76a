"""Agents come, pause, go, and are interrupted by calls; phones appear and vanish."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Agent, Device
from callcenter.core.models import LogEntry
from queues import services
from queues.models import Call, Disposition
from queues.refusals import (
    AgentNotFree,
    CallNotWaiting,
    DispositionMissing,
    DispositionNotOffered,
    MayNotExtend,
    NotLoggedIn,
    NotYourCall,
    WrapUpIsOver,
)

from . import cast

pytestmark = pytest.mark.django_db
ME = "agent:me"


def state(agent: Agent) -> str:
    agent.refresh_from_db()
    return agent.state


def in_wrap_up(**queue: Any) -> tuple[Call, Agent]:
    support = cast.queue(**({"wrap_up_seconds": 30} | queue))
    alice = cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    services.hang_up(call.pk, by="caller")
    call.refresh_from_db()
    return call, alice


def test_the_wish_for_a_break_waits_for_the_end_of_wrap_up() -> None:
    support = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    services.take_break(alice.pk, cast.pause().pk, actor=ME)
    assert (state(alice), alice.next_state) == ("on_call", "break")
    services.hang_up(call.pk, by="caller")
    assert state(alice) == "wrap_up"
    services.finish_wrap_up(call.pk, agent_id=alice.pk)
    assert (state(alice), alice.break_reason, alice.next_state) == ("break", cast.pause(), "")


def test_the_wish_to_go_is_taken_back() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    services.go_offline(alice.pk, actor=ME)
    services.set_available(alice.pk, actor=ME)
    services.hang_up(call.pk, by="caller")
    assert state(alice) == "available"


def test_an_agent_who_wants_to_go_after_this_call_gets_no_other() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,), max_concurrent_calls=2)
    call = cast.talk(cast.enqueue(support))
    services.go_offline(alice.pk, actor=ME)
    assert cast.enqueue(support).state == "queued"
    services.hang_up(call.pk, by="caller")
    assert state(alice) == "offline"


def test_one_cannot_pause_before_coming_to_work() -> None:
    with pytest.raises(NotLoggedIn):
        services.take_break(cast.agent(state="offline").pk, cast.pause().pk, actor=ME)


def test_every_state_is_one_period() -> None:
    support = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(support,))
    services.hang_up(cast.talk(cast.enqueue(support)).pk, by="caller")
    assert list(alice.periods.order_by("pk").values_list("state", flat=True)) == ["available", "ringing", "on_call", "wrap_up"]
    assert alice.periods.filter(ended_at__isnull=True).count() == 1


def test_wrap_up_is_extended_finished_and_written_up_late() -> None:
    call, alice = in_wrap_up(wrap_up_extension=60)
    until = call.wrap_up_until
    assert until
    services.extend_wrap_up(call.pk, agent_id=alice.pk)
    call.refresh_from_db()
    assert call.wrap_up_until == until + timedelta(seconds=60)
    services.finish_wrap_up(call.pk, agent_id=alice.pk)
    services.save_wrap_up(call.pk, agent_id=alice.pk, disposition_id=None, notes="late")
    call.refresh_from_db()
    assert call.notes == "late"
    with pytest.raises(WrapUpIsOver):
        services.finish_wrap_up(call.pk, agent_id=alice.pk)


def test_wrap_up_refuses_what_the_queue_does_not_allow() -> None:
    call, alice = in_wrap_up(wrap_up_extension=0, disposition_required=True)
    with pytest.raises(MayNotExtend):
        services.extend_wrap_up(call.pk, agent_id=alice.pk)
    with pytest.raises(DispositionMissing):
        services.finish_wrap_up(call.pk, agent_id=alice.pk)
    with pytest.raises(NotYourCall):
        services.finish_wrap_up(call.pk, agent_id=cast.agent("bob").pk)


def test_a_result_must_be_on_the_list_of_the_queue() -> None:
    call, alice = in_wrap_up()
    sold, elsewhere, old = (
        Disposition.objects.create(code=code, label=code, active=code != "old") for code in ("sold", "elsewhere", "old")
    )
    assert call.queue
    call.queue.dispositions.set([sold, old])
    services.save_wrap_up(call.pk, agent_id=alice.pk, disposition_id=sold.pk, notes="first")
    for wrong in (elsewhere.pk, old.pk, 0, 999_999):
        with pytest.raises(DispositionNotOffered) as refused:
            services.save_wrap_up(call.pk, agent_id=alice.pk, disposition_id=wrong, notes="second")
        assert refused.value.field == "disposition"
        with pytest.raises(DispositionNotOffered):
            services.finish_wrap_up(call.pk, agent_id=alice.pk, disposition_id=wrong)
    call.refresh_from_db()
    assert (call.disposition, call.notes, call.state) == (sold, "first", "wrap_up")


def test_a_stored_result_stays_when_it_is_taken_off_the_list() -> None:
    call, alice = in_wrap_up(disposition_required=True)
    sold = Disposition.objects.create(code="sold", label="Sold")
    assert call.queue
    call.queue.dispositions.add(sold)
    services.save_wrap_up(call.pk, agent_id=alice.pk, disposition_id=sold.pk, notes="")
    Disposition.objects.update(active=False)
    services.finish_wrap_up(call.pk, agent_id=alice.pk, disposition_id=sold.pk, notes="done")
    call.refresh_from_db()
    assert (call.disposition, call.notes, call.state) == (sold, "done", "ended")


def test_wrap_up_is_ended_by_the_clock_and_the_next_call_comes() -> None:
    call, alice = in_wrap_up()
    assert call.queue
    waiting = cast.enqueue(call.queue)
    past = timezone.now() - timedelta(seconds=1)
    Call.objects.filter(pk=call.pk).update(wrap_up_until=past)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == "ended"
    assert [offer.call for offer in cast.open_offers(alice)] == [waiting]


def test_an_agent_with_two_slots_gets_two_calls_and_no_third() -> None:
    support = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(support,), max_concurrent_calls=2)
    first, second, third = (cast.enqueue(support) for _ in range(3))
    assert sorted(offer.slot for offer in cast.open_offers(alice)) == [0, 1]
    assert third.state == "queued"
    cast.talk(first)
    cast.talk(second)
    services.hang_up(first.pk, by="caller")
    first.refresh_from_db()
    assert (first.state, state(alice)) == ("ended", "on_call")
    assert [offer.call for offer in cast.open_offers(alice)] == [third]
    services.hang_up(second.pk, by="caller")
    assert state(alice) == "ringing"
    cast.talk(third)
    services.hang_up(third.pk, by="agent")
    assert state(alice) == "wrap_up"


def test_a_phone_that_registers_brings_the_agent_to_work_and_takes_the_waiting_call() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,), state="offline", phone=False, ready_when_registered=True)
    call = cast.enqueue(support)
    until = timezone.now() + timedelta(seconds=60)
    device = services.device_appeared(alice.pk, kind="sip", key="sip:alice@10.0.0.1", label="desk", lease_until=until)
    assert [offer.agent for offer in cast.open_offers(call)] == [alice]
    services.hang_up(call.pk, by="caller")
    services.device_gone(device.pk, cause="unregistered")
    assert state(alice) == "offline"


def phone_off_and_on_in_a_talk() -> tuple[Call, Agent, Callable[[], None], Callable[[], None]]:
    support = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(support,), ready_when_registered=True)
    until = timezone.now() + timedelta(seconds=60)

    def off() -> None:
        services.device_gone(alice.devices.get().pk, cause="unregistered")

    def on() -> None:
        services.device_appeared(alice.pk, kind="sip", key="k", label="", lease_until=until)

    return cast.talk(cast.enqueue(support)), alice, off, on


@pytest.mark.parametrize("when", ["talk", "wrap_up"])
def test_a_phone_that_comes_back_during_the_call_takes_back_its_own_wish_to_go(when: str) -> None:
    call, alice, off, on = phone_off_and_on_in_a_talk()
    if when == "wrap_up":
        services.hang_up(call.pk, by="caller")
    off()
    alice.refresh_from_db()
    assert alice.next_state == "offline"
    on()
    services.hang_up(call.pk, by="caller")
    services.finish_wrap_up(call.pk, agent_id=alice.pk)
    assert (state(alice), alice.next_state) == ("available", "")


@pytest.mark.parametrize("said", ["before", "after"])
def test_a_phone_that_comes_back_leaves_the_wish_of_the_agent(said: str) -> None:
    call, alice, off, on = phone_off_and_on_in_a_talk()
    steps = [lambda: services.go_offline(alice.pk, actor=ME), off]
    for step in steps if said == "before" else reversed(steps):
        step()
    on()
    services.hang_up(call.pk, by="caller")
    services.finish_wrap_up(call.pk, agent_id=alice.pk)
    assert state(alice) == "offline"


def test_a_phone_takes_back_nothing_for_an_agent_who_does_not_follow_it() -> None:
    _, alice, off, on = phone_off_and_on_in_a_talk()
    off()
    Agent.objects.filter(pk=alice.pk).update(ready_when_registered=False)
    on()
    alice.refresh_from_db()
    assert alice.next_state == "offline"


def test_a_phone_that_is_lost_leaves_the_agent_visibly_out_of_reach() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,), ready_when_registered=True)
    Device.objects.filter(agent=alice).update(lease_until=timezone.now() - timedelta(seconds=1))
    call = cast.enqueue(support)
    services.sweep("test")
    assert (call.state, state(alice)) == ("queued", "available")
    assert LogEntry.objects.filter(type="agent.device_gone", cause="expired").count() == 1
    services.device_appeared(alice.pk, kind="sip", key="k", label="", lease_until=timezone.now() + timedelta(seconds=60))
    assert [offer.agent for offer in cast.open_offers(call)] == [alice]


def test_a_phone_that_registers_does_not_end_a_break() -> None:
    alice = cast.agent(state="break", phone=False, ready_when_registered=True)
    services.device_appeared(alice.pk, kind="sip", key="k", label="", lease_until=timezone.now() + timedelta(seconds=60))
    assert state(alice) == "break"


def test_logging_into_a_queue_brings_its_calls() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,))
    services.log_out_of_queue(alice.pk, support.pk, actor=ME)
    call = cast.enqueue(support)
    assert call.state == "queued"
    services.log_into_queue(alice.pk, support.pk, actor=ME)
    assert [offer.agent for offer in cast.open_offers(call)] == [alice]


def test_rules_make_members_who_get_calls_at_once() -> None:
    support = cast.queue(everyone=True)
    alice = cast.agent()
    call = cast.enqueue(support)
    services.rebuild_memberships(support.pk)
    assert [offer.agent for offer in cast.open_offers(call)] == [alice]
    type(support).objects.filter(pk=support.pk).update(everyone=False)
    services.rebuild_memberships(support.pk)
    assert not support.memberships.exists()


def test_a_supervisor_assigns_a_call_past_the_line_and_past_other_queues() -> None:
    support, sales = cast.queue(), cast.queue("sales")
    alice, bob = cast.agent("alice", queues=(support,)), cast.agent("bob", queues=(sales,))
    ringing = cast.enqueue(support)
    services.force_assign(ringing.pk, bob.pk, actor="user:1")
    assert [offer.agent for offer in cast.open_offers(ringing)] == [bob]
    assert state(alice) == "available"
    with pytest.raises(AgentNotFree):
        services.force_assign(ringing.pk, cast.agent("carol", state="break").pk, actor="user:1")
    cast.talk(ringing)
    with pytest.raises(CallNotWaiting):
        services.force_assign(ringing.pk, alice.pk, actor="user:1")


def test_priority_counts_from_the_next_match_on() -> None:
    support = cast.queue(aging=60)
    alice = cast.agent(queues=(support,), state="break")
    first, second = cast.enqueue(support), cast.enqueue(support)
    services.set_priority(second.pk, 3, actor="user:1")
    services.set_available(alice.pk, actor=ME)
    assert [offer.call for offer in cast.open_offers(alice)] == [second]
    assert first.state == "queued"


def test_moving_a_call_keeps_its_place_and_opens_a_new_stay() -> None:
    support, sales = cast.queue(), cast.queue("sales", capacity=1)
    call = cast.enqueue(support)
    later = cast.enqueue(sales)
    services.move_to_queue(call.pk, sales.pk, actor="user:1")
    alice = cast.agent(queues=(sales,))
    assert [offer.call for offer in cast.open_offers(alice)] == [call]
    assert list(call.segments.values_list("outcome", "exit_reason")) == [("overflow", "moved"), ("waiting", "")]
    assert later.state == "queued"


def test_hold_time_of_a_lost_call_counts_until_its_end() -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    services.hold(call.pk)
    Call.objects.filter(pk=call.pk).update(held_since=timezone.now() - timedelta(seconds=7))
    services.process_lost(call.node, call.process)
    call.refresh_from_db()
    assert (call.held_since, round(call.segments.get().hold_seconds)) == (None, 7)


def test_hold_time_is_added_up() -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    services.hold(call.pk)
    Call.objects.filter(pk=call.pk).update(held_since=timezone.now() - timedelta(seconds=7))
    services.resume(call.pk)
    services.hang_up(call.pk, by="caller")
    assert 7 <= call.segments.get().hold_seconds < 8
