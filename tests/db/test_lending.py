"""A queue lends its waiting callers to the free agents of another one, and gets them back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from queues import services
from queues.metrics import queues_figures
from queues.models import Call, Queue
from queues.states import OfferOutcome

from . import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def helper() -> Queue:
    return cast.queue("helper")


@pytest.fixture
def support(helper: Queue) -> Queue:
    return cast.queue(helper=helper, lend_after=30)


def ripe(support: Queue) -> Call:
    call = cast.enqueue(support)
    cast.age(call, 30)
    return call


def test_a_free_agent_of_the_helper_is_offered_who_has_waited_long_enough(support: Queue, helper: Queue) -> None:
    alice = cast.agent(queues=(helper,))
    call, early = ripe(support), cast.enqueue(support)
    services.sweep("test")
    [offer] = cast.open_offers(alice)
    assert (offer.call, offer.queue, offer.why["lent_to"]) == (call, support, helper.pk)
    assert not cast.open_offers(early)


def test_the_call_stays_in_its_queue_and_is_counted_there_once(support: Queue, helper: Queue) -> None:
    alice = cast.agent(queues=(helper,))
    call = ripe(support)
    services.sweep("test")
    cast.talk(call)
    services.hang_up(call.pk, by="caller")
    figures = queues_figures([support, helper])
    assert (figures[support.pk].answered, figures[support.pk].offered, figures[helper.pk].offered) == (1, 1, 0)
    assert call.segments.get().agent == alice


def test_who_does_not_take_it_gives_it_back_to_its_place(support: Queue, helper: Queue) -> None:
    alice = cast.agent("alice", queues=(helper,))
    first, second = ripe(support), cast.enqueue(support)
    services.sweep("test")
    services.offer_failed(cast.open_offers(alice)[0].pk, OfferOutcome.REJECTED)
    first.refresh_from_db()
    assert (first.state, first.queue) == ("queued", support)
    own = cast.agent("own", queues=(support,))
    assert cast.open_offers(own)[0].call == first
    assert not cast.open_offers(second)


def test_callers_of_the_helper_come_first(support: Queue, helper: Queue) -> None:
    ripe(support)
    alice = cast.agent(queues=(helper,), state="break")
    own = cast.enqueue(helper)
    services.set_available(alice.pk, actor="system:test")
    services.sweep("test")
    assert [offer.call for offer in cast.open_offers(alice)] == [own]


def test_the_longest_waiting_is_lent_first_and_each_agent_gets_one(support: Queue, helper: Queue) -> None:
    first, second, third = ripe(support), ripe(support), ripe(support)
    cast.age(first, 9)
    agents = [cast.agent(queues=(helper,)) for _ in range(2)]
    services.sweep("test")
    assert {offer.call for agent in agents for offer in cast.open_offers(agent)} == {first, second}
    assert not cast.open_offers(third)


@pytest.mark.parametrize("why_not", ["break", "no phone", "cooling down", "wanted"])
def test_nobody_is_lent_to_who_could_not_take_a_call(support: Queue, helper: Queue, why_not: str) -> None:
    alice = cast.agent(queues=(helper,), state="break" if why_not == "break" else "available", phone=why_not != "no phone")
    if why_not == "cooling down":
        alice.ready_at += timedelta(hours=1)
        alice.save(update_fields=["ready_at"])
    wanted = cast.agent("wanted", state="offline").pk if why_not == "wanted" else None
    call = cast.enqueue(support, wanted_agent_id=wanted)
    cast.age(call, 30)
    services.sweep("test")
    assert not cast.open_offers(call)


def test_the_clock_is_told_when_lending_begins(support: Queue) -> None:
    call = cast.enqueue(support)
    assert call.enqueued_at
    assert services.sweep("test") == call.enqueued_at + timedelta(seconds=30)


def test_two_sweeps_at_once_lend_a_call_once(support: Queue, helper: Queue) -> None:
    from queues.services.lending import lend

    cast.agent(queues=(helper,))
    call = ripe(support)
    assert lend(call.pk)
    assert lend(call.pk) is None
    assert len(cast.open_offers(call)) == 1
