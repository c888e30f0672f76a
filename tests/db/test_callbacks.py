"""A customer gives up the line and keeps the place: asked for, in line, called, reached or not, given up."""

from __future__ import annotations

import threading
from datetime import time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection
from django.utils import timezone

from agents.models import Agent
from callcenter.core import events
from callcenter.core.errors import Refusal
from queues import deadlines, services
from queues.metrics import queue_figures
from queues.metrics.identity import broken_identities
from queues.models import Call, Callback, Queue
from queues.refusals import CallbackOwedAlready, CallbackUnderWay, CallNotWaiting, TimeHasPassed
from queues.services import attempts
from queues.states import ACTIVE, AGENT_RINGING, DIALLING, ENDED, IVR, LIVE, QUEUED, WRAP_UP, OfferOutcome
from tests.db import cast

pytestmark = pytest.mark.django_db
NUMBER = "+493012345678"
ALWAYS = {"callback_from": time(0), "callback_until": time(0)}


def queue(**fields: Any) -> Queue:
    return cast.queue(**(ALWAYS | fields))


def asked(where: Queue, number: str = NUMBER) -> Callback:
    """A caller waits, asks to be called back and hangs up."""
    call = cast.enqueue(where)
    callback = services.request_callback(call.pk, number)
    services.hang_up(call.pk, by="caller")
    return fresh(callback)


def fresh(callback: Callback) -> Callback:
    return Callback.objects.get(pk=callback.pk)


def attempt(callback: Callback) -> Call:
    """Its call on the way."""
    return Call.objects.get(callback=callback, state__in=LIVE)


def ready(callback: Callback) -> Call:
    """An agent's phone rang for it and was answered, in a process of a node."""
    call = attempt(callback)
    assert services.take_up(call.pk, node="n1", process=f"cb{call.pk}")
    assert services.accept(cast.open_offers(call)[0].pk)
    call.refresh_from_db()
    assert (call.state, fresh(callback).state) == (DIALLING, "dialling")
    return call


def missed(callback: Callback, reason: str = "486") -> None:
    services.hang_up(ready(callback).pk, by="system", reason=reason)


def due(callback: Callback) -> None:
    Callback.objects.filter(pk=callback.pk).update(due_at=timezone.now())
    services.sweep("test")


def state(agent: Agent) -> str:
    agent.refresh_from_db()
    return agent.state


# ---- asked for -------------------------------------------------------------------------------------------------
def test_the_place_in_line_is_kept() -> None:
    support = queue()
    first = cast.enqueue(support)
    asking = cast.enqueue(support)
    last = cast.enqueue(support)
    services.request_callback(asking.pk, NUMBER)
    call = attempt(Callback.objects.get())
    assert call.order_key == asking.order_key
    assert list(Call.objects.waiting()) == [first, call, last]
    agent = cast.agent(queues=(support,))
    assert [offer.call_id for offer in cast.open_offers(agent)] == [first.pk]
    services.hang_up(first.pk, by="caller")
    assert [offer.call_id for offer in cast.open_offers(agent)] == [call.pk]


def test_the_caller_hears_the_good_bye_and_counts_as_callback() -> None:
    support = queue()
    call = cast.enqueue(support)
    services.request_callback(call.pk, NUMBER, name="Ann")
    call.refresh_from_db()
    assert call.state == IVR, "on the line until the last word"
    services.hang_up(call.pk, by="caller")
    call.refresh_from_db()
    assert (call.state, call.outcome) == (ENDED, "callback")
    found = queue_figures(support)
    assert (found.offered, found.callback, found.waiting, found.depth) == (1, 1, 0, 0)
    callback = Callback.objects.get()
    assert (callback.origin, callback.name, callback.state) == (call, "Ann", "due")


def test_an_agent_who_rings_for_the_caller_rings_on_for_the_callback() -> None:
    support = queue()
    agent = cast.agent(queues=(support,))
    call = cast.enqueue(support)
    services.request_callback(call.pk, NUMBER)
    assert [offer.call.callback_id for offer in cast.open_offers(agent)] == [Callback.objects.get().pk]
    assert cast.open_offers(call) == []


def test_who_talks_already_cannot_ask_any_more() -> None:
    support = queue()
    cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    with pytest.raises(CallNotWaiting):
        services.request_callback(call.pk, NUMBER)
    assert not Callback.objects.exists()


def test_asking_twice_is_owed_once_at_the_earlier_place() -> None:
    support = queue()
    first = asked(support)
    again = asked(support)
    assert again.pk == first.pk
    assert again.order_key == first.order_key
    assert Call.objects.filter(callback=first).count() == 1


def test_outside_the_hours_the_place_waits_for_the_morning() -> None:
    now = timezone.now()
    closed = {"callback_from": (now + timedelta(hours=2)).time(), "callback_until": (now + timedelta(hours=3)).time()}
    callback = asked(queue(**closed))
    assert callback.state == "scheduled"
    assert timedelta(hours=1, minutes=59) < callback.due_at - now <= timedelta(hours=2)
    assert not Call.objects.filter(callback=callback).exists()


# ---- at a chosen time --------------------------------------------------------------------------------------------
def test_a_scheduled_callback_takes_its_place_when_its_time_comes() -> None:
    support = queue()
    at = timezone.now() + timedelta(hours=1)
    callback = services.schedule_callback(support.pk, NUMBER, at=at, actor="user:1", note="invoice 7")
    services.sweep("test")
    assert fresh(callback).state == "scheduled"
    Callback.objects.update(due_at=timezone.now(), order_key=timezone.now())
    before = cast.enqueue(support)
    services.sweep("test")
    assert fresh(callback).state == "due"
    assert [call.callback_id for call in Call.objects.waiting()] == [callback.pk, None]
    assert before.order_key


def test_the_clock_sleeps_until_a_callback_is_due() -> None:
    at = timezone.now() + timedelta(hours=1)
    services.schedule_callback(queue().pk, NUMBER, at=at, actor="user:1")
    assert deadlines.next_after(timezone.now(), timezone.now()) == at


@pytest.mark.parametrize(("minutes", "refused"), [(-5, TimeHasPassed), (60, CallbackOwedAlready)])
def test_what_cannot_be_scheduled_says_why(minutes: int, refused: type[Refusal]) -> None:
    support = queue()
    services.schedule_callback(support.pk, NUMBER, at=timezone.now() + timedelta(hours=1), actor="user:1")
    with pytest.raises(refused):
        services.schedule_callback(support.pk, NUMBER, at=timezone.now() + timedelta(minutes=minutes), actor="user:1")


def test_call_now_does_not_wait_for_time_or_hours() -> None:
    now = timezone.now()
    closed = {"callback_from": (now + timedelta(hours=2)).time(), "callback_until": (now + timedelta(hours=3)).time()}
    callback = asked(queue(**closed))
    services.call_now(callback.pk, actor="user:1")
    assert fresh(callback).state == "due"
    with pytest.raises(CallbackUnderWay):
        services.call_now(callback.pk, actor="user:1")


# ---- the agent first ---------------------------------------------------------------------------------------------
def test_agent_then_customer_then_both_talk() -> None:
    support = queue(wrap_up_seconds=30)
    agent = cast.agent(queues=(support,))
    callback = asked(support)
    call = attempt(callback)
    assert (call.state, call.node, call.direction) == (AGENT_RINGING, "", "outbound")
    ready(callback)
    assert state(agent) == "on_call"
    assert services.customer_answered(call.pk)
    assert services.customer_answered(call.pk), "said twice it is once"
    assert fresh(callback).state == "talking"
    call.refresh_from_db()
    assert (call.state, call.agent_id) == (ACTIVE, agent.pk)
    assert call.answered_at
    services.hang_up(call.pk, by="caller")
    callback, call = fresh(callback), Call.objects.get(pk=call.pk)
    assert (callback.state, callback.attempts, callback.last_result) == ("done", 1, "answered")
    assert (call.state, call.outcome) == (WRAP_UP, "answered")
    assert state(agent) == "wrap_up"
    found = queue_figures(support)
    assert (found.offered, found.answered, found.callback) == (1, 0, 1), "the customer came once"
    assert broken_identities() == []


def test_not_reached_frees_the_agent_at_once_and_is_tried_later() -> None:
    support = queue(wrap_up_seconds=30, callback_retry_minutes=15)
    agent = cast.agent(queues=(support,))
    callback = asked(support)
    place = callback.order_key
    missed(callback)
    assert state(agent) == "available"
    callback = fresh(callback)
    assert (callback.state, callback.attempts, callback.last_result, callback.order_key) == ("scheduled", 1, "486", place)
    assert timedelta(minutes=14) < callback.due_at - timezone.now() <= timedelta(minutes=15)
    due(callback)
    assert attempt(callback).order_key == place
    assert broken_identities() == []


def test_after_the_last_attempt_it_expires() -> None:
    support = queue(callback_attempts=2)
    cast.agent(queues=(support,))
    callback = asked(support)
    missed(callback)
    due(callback)
    missed(callback)
    callback = fresh(callback)
    assert (callback.state, callback.attempts, callback.last_result) == ("expired", 2, "486")
    assert callback.settled_at


def test_a_full_trunk_is_nobodys_attempt() -> None:
    support = queue(callback_attempts=1)
    cast.agent(queues=(support,))
    callback = asked(support)
    missed(callback, attempts.NO_LINE)
    callback = fresh(callback)
    assert (callback.state, callback.attempts) == ("scheduled", 0)


def test_a_number_that_may_not_be_called_is_given_up_at_once() -> None:
    support = queue()
    cast.agent(queues=(support,))
    callback = asked(support)
    missed(callback, attempts.NUMBER_REFUSED)
    assert (fresh(callback).state, fresh(callback).last_result) == ("expired", attempts.NUMBER_REFUSED)


def test_an_agent_who_does_not_answer_gives_the_place_back() -> None:
    support = queue()
    agent, callback = cast.agent(queues=(support,)), asked(support)
    call = attempt(callback)
    services.take_up(call.pk, node="n1", process="p")
    services.offer_failed(cast.open_offers(call)[0].pk, OfferOutcome.NO_ANSWER)
    call.refresh_from_db()
    assert call.order_key == callback.order_key
    assert fresh(callback).state == "due"
    assert fresh(callback).attempts == 0, "the customer was not called"
    assert agent.pk


def test_limits_of_callers_on_the_line_do_not_concern_it() -> None:
    support = queue(max_wait=10, retry_limit=1, capacity=1)
    callback = asked(support)
    cast.age(attempt(callback), 3600)
    services.sweep("test")
    assert attempt(callback).state == QUEUED
    assert cast.enqueue(support).state == QUEUED, "it takes no room"


# ---- it ends otherwise ---------------------------------------------------------------------------------------------
def test_cancelled_in_line_stops_the_phone_that_rings() -> None:
    support = queue()
    agent, callback = cast.agent(queues=(support,)), asked(support)
    call = attempt(callback)
    services.cancel_callback(callback.pk, actor="user:1")
    assert fresh(callback).state == "cancelled"
    call.refresh_from_db()
    assert (call.state, call.outcome) == (ENDED, "unreached")
    assert state(agent) == "available"
    with pytest.raises(CallbackUnderWay):
        services.cancel_callback(callback.pk, actor="user:1")


def test_a_customer_who_is_being_called_cannot_be_cancelled() -> None:
    support = queue()
    cast.agent(queues=(support,))
    callback = asked(support)
    ready(callback)
    with pytest.raises(CallbackUnderWay):
        services.cancel_callback(callback.pk, actor="user:1")


def test_who_calls_again_and_is_answered_is_not_called_back() -> None:
    support = queue()
    callback = asked(support)
    again = cast.arrive(caller_number=NUMBER)
    services.enqueue(again.pk, support.pk, priority=10)
    cast.agent(queues=(support,))
    again.refresh_from_db()
    cast.talk(again)
    services.sweep("test")
    assert (fresh(callback).state, fresh(callback).last_result) == ("done", "called again")
    assert not Call.objects.filter(callback=callback, state__in=LIVE).exists()


def test_when_the_hours_end_it_leaves_the_line_and_keeps_its_place() -> None:
    support = queue()
    callback = asked(support)
    now = timezone.now()
    Queue.objects.update(callback_from=(now + timedelta(hours=2)).time(), callback_until=(now + timedelta(hours=3)).time())
    services.sweep("test")
    later = fresh(callback)
    assert (later.state, later.order_key) == ("scheduled", callback.order_key)
    assert later.due_at > now + timedelta(hours=1)


@pytest.mark.parametrize("in_line", [True, False])
def test_too_late_is_given_up(in_line: bool) -> None:
    support = queue()
    callback = (
        asked(support) if in_line else services.schedule_callback(support.pk, NUMBER, at=timezone.now() + timedelta(hours=1), actor="a")
    )
    Callback.objects.update(expires_at=timezone.now(), due_at=timezone.now())
    services.sweep("test")
    assert fresh(callback).state == "expired"


# ---- processes ------------------------------------------------------------------------------------------------------
def test_one_process_takes_it_up() -> None:
    support = queue()
    cast.agent(queues=(support,))
    call = attempt(asked(support))
    assert services.take_up(call.pk, node="n1", process="a")
    assert not services.take_up(call.pk, node="n2", process="b")
    call.refresh_from_db()
    assert (call.node, call.process) == ("n1", "a")


def test_nobody_takes_up_what_rings_no_agent() -> None:
    assert not services.take_up(attempt(asked(queue())).pk, node="n1", process="a")


@pytest.mark.parametrize("when", ["ringing", "dialling", "talking"])
def test_a_killed_process_loses_no_callback(when: str) -> None:
    support = queue()
    agent, callback = cast.agent(queues=(support,)), asked(support)
    call = attempt(callback)
    if when == "ringing":
        services.take_up(call.pk, node="n1", process=f"cb{call.pk}")
    else:
        ready(callback)
    if when == "talking":
        services.customer_answered(call.pk)
    services.process_lost("n1", f"cb{call.pk}")
    call.refresh_from_db()
    assert (call.state, call.outcome) == (ENDED, "lost")
    callback = fresh(callback)
    expected = {"ringing": ("scheduled", 0), "dialling": ("scheduled", 1), "talking": ("done", 1)}[when]
    assert (callback.state, callback.attempts) == expected, "a customer who was reached is not called again"
    assert state(agent) == "available"
    if when != "talking":
        due(callback)
        assert attempt(callback).state == AGENT_RINGING
    assert broken_identities() == []


@pytest.mark.inconsistent_on_purpose
def test_the_database_lets_nobody_be_called_by_two() -> None:
    callback = asked(queue())
    with pytest.raises(IntegrityError):
        Call.objects.create(callback=callback, direction="outbound")


@pytest.mark.django_db(transaction=True)
def test_many_clocks_make_one_call() -> None:
    support = queue()
    callback = services.schedule_callback(support.pk, NUMBER, at=timezone.now() + timedelta(hours=1), actor="user:1")
    Callback.objects.update(due_at=timezone.now())
    gate = threading.Barrier(4)

    def come_due() -> None:
        from queues.services import callbacks

        gate.wait()
        callbacks.come_due(callback.pk)
        connection.close()

    threads = [threading.Thread(target=come_due) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Call.objects.filter(callback=callback).count() == 1


# ---- told -------------------------------------------------------------------------------------------------------------
def test_its_story_is_in_the_event_log() -> None:
    support = queue()
    cast.agent(queues=(support,))
    callback = asked(support)
    missed(callback)
    told = [entry.type for entry in events.about("callback", callback.pk)]
    assert told == ["callback.requested", "callback.came_due", "callback.began_dialling", "callback.not_reached"]


def test_a_number_is_kept_in_one_form_or_refused() -> None:
    callback = Callback(queue=queue(), number="0049 (30) 12345678", due_at=timezone.now())
    callback.clean()
    assert callback.number == NUMBER
    with pytest.raises(ValidationError) as refused:
        Callback(number="112").clean()
    assert "number" in refused.value.message_dict


# ---- out of a flow ------------------------------------------------------------------------------------------------------
def test_a_flow_takes_down_a_number_and_the_call_counts_as_callback() -> None:
    support = queue()
    earlier = cast.enqueue(support)
    call = cast.arrive()
    services.start_flow(call.pk, "Main 1")
    first = services.note_callback(call.pk, support.pk, NUMBER, name="Ann")
    assert services.note_callback(call.pk, support.pk, NUMBER).pk == first.pk, "asked again it is owed once"
    services.hang_up(call.pk, by="system", reason="callback")
    call.refresh_from_db()
    assert (call.state, call.outcome) == (ENDED, "callback")
    assert list(Call.objects.waiting()) == [earlier, attempt(first)]
