"""How many statements the transactions of a call may cost at most, so that nobody makes them slow again unnoticed.

A bound that is missed has two honest ways out: do it with fewer, or raise the number here and say why.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents.models import Agent
from ivr.models import Number
from ivr.services import route
from queues import services
from queues.models import Call, Queue
from queues.states import OfferOutcome
from telephony.models import CallProcess, Leg
from telephony.ports import OfferOpened
from telephony.records import LegRecord
from telephony.services import calls, legs, nodes

from . import cast

pytestmark = pytest.mark.django_db(transaction=True)
"""Really committed: BEGIN and COMMIT cost a round trip each and are counted."""

R = TypeVar("R")


def within(most: int, service: Callable[[], R]) -> R:
    with CaptureQueriesContext(connection) as statements:
        answer = service()
    written_out = "\n".join(str(statement["sql"])[:160] for statement in statements)
    assert len(statements) <= most, f"{len(statements)} statements, {most} allowed:\n{written_out}"
    return answer


@pytest.fixture
def support() -> Queue:
    return cast.queue()


@pytest.fixture
def alice(support: Queue) -> Agent:
    return cast.agent("alice", queues=(support, cast.queue("sales")))


def ringing(support: Queue) -> tuple[Call, int]:
    call = cast.enqueue(support)
    return call, cast.open_offers(call)[0].pk


def test_a_call_finds_its_queue_and_an_agent(support: Queue, alice: Agent) -> None:
    """With one statement about the caller's number: its priority, and the place that it gave up a moment ago."""
    Number.objects.create(number="2000", queue=support, public=True)
    within(1, lambda: route("2000", source="public"))
    call = within(1, cast.arrive)
    within(14, lambda: services.enqueue(call.pk, support.pk))
    assert cast.open_offers(call)


def test_a_call_that_waits(support: Queue, alice: Agent) -> None:
    ringing(support)
    call = cast.arrive()
    within(8, lambda: services.enqueue(call.pk, support.pk))


def test_opening_hours_cost_a_call_one_statement(support: Queue, alice: Agent) -> None:
    ringing(support)
    Queue.objects.filter(pk=support.pk).update(schedule=cast.around_the_clock(country="DE"))
    call = cast.arrive()
    within(9, lambda: services.enqueue(call.pk, support.pk))


def test_a_call_that_asks_for_skills_finds_an_agent(support: Queue, alice: Agent) -> None:
    """Seven more: what queue and call ask for, the steps, who is there, both sets as rows, their words, the agents' levels."""
    cast.require(support, (30, "German", 1), German=3)
    cast.skilled(alice, German=5, Invoices=3)
    invoices = cast.needs(Invoices=2)
    services.hang_up(cast.enqueue(support, skills=invoices).pk, by="caller")
    call = cast.arrive()
    within(22, lambda: services.enqueue(call.pk, support.pk, skills=invoices))
    assert cast.open_offers(call)
    waiting = cast.enqueue(support, skills=invoices)
    cast.talk(call)
    within(18, lambda: services.hang_up(call.pk, by="caller"))
    assert cast.open_offers(waiting)


def test_the_node_reads_an_offer_and_its_phones(support: Queue, alice: Agent) -> None:
    _, offer = ringing(support)
    [(_, opened)] = within(1, lambda: calls.open_offers("n1", edge="127.0.0.1:5060", only=[offer]))
    assert isinstance(opened, OfferOpened)
    assert (opened.offer, [target.device for target in opened.targets]) == (offer, [alice.devices.get().pk])


def test_an_agent_answers(support: Queue, alice: Agent) -> None:
    _, offer = ringing(support)
    within(1, lambda: services.offer_rang(offer))
    assert within(9, lambda: services.accept(offer))


def test_an_agent_does_not_answer(support: Queue, alice: Agent) -> None:
    _, offer = ringing(support)
    within(17, lambda: services.offer_failed(offer, OfferOutcome.NO_ANSWER))


def test_a_talk_ends_and_nobody_waits(support: Queue, alice: Agent) -> None:
    call = cast.talk(cast.enqueue(support))
    within(10, lambda: services.hang_up(call.pk, by="caller"))


def test_a_talk_ends_and_the_next_caller_gets_the_agent(support: Queue, alice: Agent) -> None:
    call = cast.talk(cast.enqueue(support))
    waiting = cast.enqueue(support)
    within(16, lambda: services.hang_up(call.pk, by="caller"))
    assert cast.open_offers(waiting)


def test_a_caller_gives_up(support: Queue) -> None:
    call = cast.enqueue(support)
    within(8, lambda: services.hang_up(call.pk, by="caller"))


def test_an_agent_goes_to_work_and_pauses(support: Queue, alice: Agent) -> None:
    lunch = cast.pause().pk
    within(8, lambda: services.take_break(alice.pk, lunch, actor="system:test"))
    within(7, lambda: services.set_available(alice.pk, actor="system:test"))


def test_a_leg(support: Queue) -> None:
    call = cast.arrive()
    leg = LegRecord(number=0, role="caller", began=time.monotonic())
    within(1, lambda: legs.save(call.pk, leg))
    leg.answered = time.monotonic()
    within(1, lambda: legs.save(call.pk, leg))
    assert Leg.objects.get(call=call).answered_at


def test_a_process_that_leaves_in_good_order(support: Queue) -> None:
    nodes.started("n1", pid=1)
    within(1, lambda: nodes.process_claimed("n1", name="p", pid=7, sip_port=5062))
    assert not within(1, lambda: calls.process_ended("n1", "p", 0))
    assert CallProcess.objects.get(name="p").exit_code == 0


def test_a_process_that_leaves_a_call_behind_is_looked_after(support: Queue) -> None:
    nodes.started("n1", pid=1)
    call = cast.arrive(process="p")
    nodes.process_claimed("n1", name="p", pid=7, sip_port=5062)
    assert calls.process_ended("n1", "p", 0)
    call.refresh_from_db()
    assert (call.outcome, CallProcess.objects.get(name="p").exit_code) == ("lost", 0)
