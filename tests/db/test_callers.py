"""What a caller's number brings: the place given up a moment ago, and the priority of the list."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from callcenter.core.models import LogEntry
from queues import services, story
from queues.models import Call, CallerPriority, Queue
from queues.numbers import plain_number

from . import cast
from .forms import errors

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Queue:
    return cast.queue(resume_seconds=60, aging=60)


def calls(number: str, queue: Queue, **how: Any) -> Call:
    call = cast.arrive(caller_number=number)
    services.enqueue(call.pk, queue.pk, **how)
    call.refresh_from_db()
    return call


def gave_up(number: str, queue: Queue, *, ago: float = 0, **how: int) -> Call:
    """Waited for a minute and hung up."""
    call = calls(number, queue, **how)
    cast.age(call, 60 + ago)
    services.hang_up(call.pk, by="caller")
    call.refresh_from_db()
    assert call.ended_at
    Call.objects.filter(pk=call.pk).update(ended_at=call.ended_at - timedelta(seconds=ago))
    return call


def resumed(call: Call) -> bool:
    return call.order_key != call.enqueued_at


def test_who_calls_again_gets_the_old_place_and_waits_from_now_on(support: Queue) -> None:
    old, other = gave_up("0301", support), calls("0302", support)
    cast.age(other, 30)
    call = calls("0301", support)
    assert (call.order_key, call.resumes) == (old.order_key, old)
    assert call.enqueued_at == call.segments.get().entered_at >= call.arrived_at
    alice = cast.agent(queues=(support,))
    assert [offer.call for offer in cast.open_offers(alice)] == [call]


def test_the_time_line_tells_that_the_place_was_resumed(support: Queue) -> None:
    gave_up("0301", support)
    call, other = calls("0301", support), calls("0302", support)
    assert LogEntry.objects.get(type="call.queue_call", subject_id=call.pk).data["resumed"] is True
    assert "resumed" not in LogEntry.objects.get(type="call.queue_call", subject_id=other.pk).data
    assert ("resumed", "yes") in [detail for line in story.timeline(call) for detail in line.details]


def test_after_the_window_the_place_is_gone(support: Queue) -> None:
    gave_up("0301", support, ago=59)
    assert resumed(calls("0301", support))
    gave_up("0302", support, ago=61)
    assert not resumed(calls("0302", support))


def test_a_queue_without_a_window_knows_nobody_again() -> None:
    support = cast.queue(resume_seconds=0)
    gave_up("0301", support)
    assert not resumed(calls("0301", support))


def test_a_place_in_another_queue_is_no_place_here(support: Queue) -> None:
    gave_up("0301", cast.queue("sales", resume_seconds=60))
    assert not resumed(calls("0301", support))


def test_a_place_for_another_agent_is_no_place_here(support: Queue) -> None:
    alice, bob = cast.agent("alice", state="offline"), cast.agent("bob", state="offline")
    gave_up("0301", support, wanted_agent_id=alice.pk)
    assert not resumed(calls("0301", support, wanted_agent_id=bob.pk))
    assert resumed(calls("0301", support, wanted_agent_id=alice.pk))


@pytest.mark.parametrize("number", ["", "anonymous", "Anonymous", "unknown"])
def test_who_withholds_the_number_is_not_known_again(support: Queue, number: str) -> None:
    gave_up(number, support)
    assert not resumed(calls(number, support))


def test_who_was_served_begins_anew(support: Queue) -> None:
    alice = cast.agent(queues=(support,))
    call = cast.talk(calls("0301", support))
    services.hang_up(call.pk, by="caller")
    services.go_offline(alice.pk, actor="system:test")
    assert not resumed(calls("0301", support))


def test_a_place_is_resumed_once(support: Queue) -> None:
    gave_up("0301", support)
    first, second = calls("0301", support), calls("0301", support)
    assert (resumed(first), resumed(second)) == (True, False)


def test_who_gives_up_again_keeps_the_place_again(support: Queue) -> None:
    old = gave_up("0301", support)
    services.hang_up(calls("0301", support).pk, by="caller")
    assert calls("0301", support).order_key == old.order_key


def test_nobody_loses_by_calling_again_with_a_higher_priority(support: Queue) -> None:
    old = gave_up("0301", support)
    call = calls("0301", support, priority=5)
    assert old.order_key
    assert call.enqueued_at
    assert call.order_key == call.enqueued_at - timedelta(seconds=5 * support.aging) < old.order_key


@pytest.mark.parametrize(("dialled", "listed", "priority"), [(0, 7, 7), (3, 7, 7), (8, 7, 8)])
def test_the_higher_priority_of_number_and_list_counts(support: Queue, dialled: int, listed: int, priority: int) -> None:
    CallerPriority.objects.create(number="+4930123456", priority=listed)
    call = calls("+4930123456", support, priority=dialled)
    assert call.enqueued_at
    assert call.priority == priority
    assert call.order_key == call.enqueued_at - timedelta(seconds=priority * support.aging)


def test_the_list_changes_nothing_for_others(support: Queue) -> None:
    CallerPriority.objects.create(number="+4930123456", priority=7)
    assert calls("+4930123457", support, priority=2).priority == 2


def test_a_number_is_listed_as_networks_send_it(manager: Client, support: Queue) -> None:
    form = {"number": " +49 (30) 12-34.56 ", "priority": "7", "note": "Our best customer"}
    assert manager.post(reverse("admin:queues_callerpriority_add"), form).status_code == 302
    assert CallerPriority.objects.get().number == "+4930123456"
    assert calls("+49-30-123456", support).priority == 7
    again = manager.post(reverse("admin:queues_callerpriority_add"), {**form, "number": "+49 30 123456"})
    assert "already exists" in errors(again)


@pytest.mark.parametrize("fields", [{"number": "anonymous"}, {"priority": "11"}])
def test_a_wrong_entry_is_refused(manager: Client, fields: dict[str, str]) -> None:
    form = {"number": "+4930123456", "priority": "7", "note": ""} | fields
    assert errors(manager.post(reverse("admin:queues_callerpriority_add"), form))


@pytest.mark.parametrize(
    ("written", "plain"),
    [("+49 30 12", "+493012"), ("(030) 12/3", "030123"), (" 2000 ", "2000"), ("alice-b.c", "alice-b.c"), ("7-eleven", "7-eleven")],
)
def test_separators_are_left_out_of_numbers_only(written: str, plain: str) -> None:
    assert plain_number(written) == plain
