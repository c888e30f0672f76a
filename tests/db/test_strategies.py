"""Strategies that remember: the last agent of a caller, the calls of a day, one more phone each few seconds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from agents.models import Agent
from queues import services
from queues.models import Call, Membership, Offer, Queue
from queues.states import OfferOutcome

from . import cast

pytestmark = pytest.mark.django_db


def agents_of(call: Call) -> list[str]:
    return [offer.agent.name for offer in cast.open_offers(call)]


def calls(number: str, queue: Queue, **how: Any) -> Call:
    call = cast.arrive(caller_number=number)
    services.enqueue(call.pk, queue.pk, **how)
    call.refresh_from_db()
    return call


def talked(number: str, agent: Agent) -> None:
    """The agent talked to this caller a moment ago."""
    call = calls(number, cast.queue(), wanted_agent_id=agent.pk)
    services.hang_up(cast.talk(call).pk, by="caller")


# Sticky


@pytest.fixture
def team() -> tuple[Queue, Agent, Agent]:
    queue = cast.queue(strategy="sticky", second_strategy="longest-idle", sticky_seconds=20, sticky_days=30)
    return queue, cast.agent("alice", queues=(queue,)), cast.agent("bob", queues=(queue,))


def test_a_caller_gets_the_agent_of_last_time_though_another_waits_longer(team: tuple[Queue, Agent, Agent]) -> None:
    queue, _, bob = team
    talked("555", bob)
    again, stranger = calls("555", queue), calls("777", queue)
    assert (agents_of(again), agents_of(stranger)) == (["bob"], ["alice"])
    why = cast.open_offers(again)[0].why
    assert (why["strategy"], why["left_out"]) == ("sticky", {str(Agent.objects.get(name="alice").pk): "kept_for_another"})
    assert cast.open_offers(stranger)[0].why["strategy"] == "longest-idle"


def test_a_call_is_kept_for_that_agent_while_others_serve_those_behind(team: tuple[Queue, Agent, Agent]) -> None:
    queue, _, bob = team
    talked("555", bob)
    busy = cast.talk(calls("1", queue, wanted_agent_id=bob.pk))
    kept, next_ = calls("555", queue), calls("777", queue)
    assert (kept.state, agents_of(next_)) == ("queued", ["alice"])
    services.hang_up(busy.pk, by="caller")
    assert agents_of(kept) == ["bob"]


def test_after_so_many_seconds_the_second_strategy_decides(team: tuple[Queue, Agent, Agent]) -> None:
    queue, _, bob = team
    talked("555", bob)
    cast.talk(calls("1", queue, wanted_agent_id=bob.pk))
    kept = calls("555", queue)
    assert services.sweep("test") == kept.preferred_until, "known beforehand"
    cast.age(kept, 19)
    services.sweep("test")
    assert agents_of(kept) == []
    cast.age(kept, 1)
    services.sweep("test")
    assert agents_of(kept) == ["alice"]


@pytest.mark.parametrize("what", ["break", "offline", "logs out", "wishes"])
def test_nobody_waits_for_an_agent_who_is_not_coming(team: tuple[Queue, Agent, Agent], what: str) -> None:
    queue, _, bob = team
    talked("555", bob)
    if what == "wishes":
        cast.talk(calls("1", queue, wanted_agent_id=bob.pk))
    if what == "logs out":
        services.log_out_of_queue(bob.pk, queue.pk, actor="system:test")
    elif what == "offline":
        services.go_offline(bob.pk, actor="system:test")
    else:
        services.take_break(bob.pk, cast.pause().pk, actor="system:test")
    assert agents_of(calls("555", queue)) == ["alice"]


def test_the_agent_who_goes_while_a_call_is_kept_lets_it_go(team: tuple[Queue, Agent, Agent]) -> None:
    queue, _, bob = team
    talked("555", bob)
    cast.talk(calls("1", queue, wanted_agent_id=bob.pk))
    kept = calls("555", queue)
    services.go_offline(bob.pk, actor="system:test")
    services.sweep("test")
    assert agents_of(kept) == ["alice"]


def test_an_agent_who_does_not_answer_is_not_waited_for_again(team: tuple[Queue, Agent, Agent]) -> None:
    queue, _, bob = team
    talked("555", bob)
    again = calls("555", queue)
    services.take_break(Agent.objects.get(name="alice").pk, cast.pause().pk, actor="system:test")
    Queue.objects.filter(pk=queue.pk).update(cooldown_no_answer=30)
    services.offer_failed(cast.open_offers(again)[0].pk, OfferOutcome.NO_ANSWER)
    again.refresh_from_db()
    assert (again.state, again.preferred_agent) == ("queued", None)


@pytest.mark.parametrize(("days", "number"), [(31, "555"), (1, "anonymous")])
def test_too_long_ago_or_nameless_is_a_stranger(team: tuple[Queue, Agent, Agent], days: int, number: str) -> None:
    queue, _, bob = team
    talked(number, bob)
    Call.objects.update(answered_at=timezone.now() - timedelta(days=days))
    assert calls(number, queue).preferred_agent is None


def test_the_last_agent_needs_the_skills_as_well(team: tuple[Queue, Agent, Agent]) -> None:
    queue, alice, bob = team
    cast.skilled(alice, German=3)
    talked("555", bob)
    assert agents_of(calls("555", queue, skills=cast.needs(German=3))) == ["alice"]


def test_the_last_agent_is_asked_whatever_the_tier() -> None:
    queue = cast.queue(strategy="sticky", tier_wait=60)
    cast.agent("alice", queues=(queue,))
    bob = cast.agent("bob", queues=(queue,))
    bob.memberships.update(tier=1)
    talked("555", bob)
    assert agents_of(calls("555", queue)) == ["bob"]


# Counting strategies


def test_fewest_today_counts_over_log_ins_and_forgets_yesterday() -> None:
    queue = cast.queue(strategy="fewest-today")
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob", queues=(queue,))
    for _ in range(2):
        services.hang_up(cast.talk(calls("1", queue, wanted_agent_id=alice.pk)).pk, by="caller")
    services.hang_up(cast.talk(calls("1", queue, wanted_agent_id=bob.pk)).pk, by="caller")
    services.go_offline(alice.pk, actor="system:test")
    services.set_available(alice.pk, actor="system:test")
    call = cast.enqueue(queue)
    assert (agents_of(call), cast.open_offers(call)[0].why["ranked"][1]["key"]) == (["bob"], [2.0])
    services.hang_up(call.pk, by="caller")
    Agent.objects.filter(pk=alice.pk).update(answered_on=date(2026, 1, 1))
    assert agents_of(cast.enqueue(queue)) == ["alice"]


def test_least_talk_time_looks_at_the_seconds() -> None:
    queue = cast.queue(strategy="least-talk-time")
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob", queues=(queue,))
    Agent.objects.filter(pk=alice.pk).update(talk_seconds_since_login=300)
    Agent.objects.filter(pk=bob.pk).update(talk_seconds_since_login=200)
    assert agents_of(cast.enqueue(queue)) == ["bob"]
    carol = cast.agent("carol", queues=(queue,), state="offline")
    Membership.objects.filter(agent=carol).update(weight=20)
    services.set_available(carol.pk, actor="system:test")
    carol.refresh_from_db()
    assert carol.talk_seconds_since_login == 400, "where the least busy is, in proportion"


def test_a_capacity_score_of_half_gets_half_the_calls() -> None:
    queue = cast.queue(strategy="fewest-calls")
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob", queues=(queue,))
    Membership.objects.filter(agent=bob).update(weight=5)
    for _ in range(9):
        services.hang_up(cast.talk(cast.enqueue(queue)).pk, by="caller")
    alice.refresh_from_db()
    bob.refresh_from_db()
    assert (alice.calls_since_login, bob.calls_since_login) == (6, 3)


def test_best_skills_still_prefers_what_is_no_longer_demanded() -> None:
    queue = cast.require(cast.queue(strategy="skills-weighted"), (10, "German", 0), German=5)
    cast.agent("alice", queues=(queue,), state="break")
    cast.skilled(cast.agent("bob", queues=(queue,), state="break"), German=2)
    call = cast.enqueue(queue)
    cast.age(call, 11)
    services.sweep("test")
    Agent.objects.update(state="available", break_reason=None)
    services.sweep("test")
    assert agents_of(call) == ["bob"]
    assert [one["key"][0] for one in cast.open_offers(call)[0].why["ranked"]] == [-2, 0]


# Ring progressively


@pytest.fixture
def ringing() -> tuple[Call, list[Agent]]:
    queue = cast.queue(strategy="ring-progressively", progressive_seconds=5, cooldown_no_answer=60)
    agents = [cast.agent(name, queues=(queue,)) for name in ("alice", "bob", "carol")]
    return cast.enqueue(queue), agents


def rang_for(call: Call, seconds: float) -> None:
    """All phones of the call ring that much longer."""
    for offer in cast.open_offers(call):
        Offer.objects.filter(pk=offer.pk).update(opened_at=offer.opened_at - timedelta(seconds=seconds), rang_at=timezone.now())


def test_one_more_agent_is_rung_each_few_seconds_and_all_go_on(ringing: tuple[Call, list[Agent]]) -> None:
    call, _ = ringing
    assert agents_of(call) == ["alice"]
    assert services.sweep("test") == cast.open_offers(call)[0].opened_at + timedelta(seconds=5)
    for before, after in ((1, 2), (2, 3), (3, 3)):
        for seconds, ring in ((4, before), (1, after)):
            rang_for(call, seconds)
            services.sweep("test")
            assert agents_of(call) == ["alice", "bob", "carol"][:ring]


def test_when_nobody_is_left_to_ring_the_clock_looks_a_step_later(ringing: tuple[Call, list[Agent]]) -> None:
    call, agents = ringing
    for agent in agents[1:]:
        services.take_break(agent.pk, cast.pause().pk, actor="system:test")
    rang_for(call, 12)
    due = services.sweep("test")
    assert agents_of(call) == ["alice"]
    assert due == cast.open_offers(call)[0].opened_at + timedelta(seconds=15)
    services.set_available(agents[1].pk, actor="system:test")
    services.sweep("test")
    assert agents_of(call) == ["alice", "bob"]


def test_the_first_to_answer_wins_and_nobody_has_missed_anything(ringing: tuple[Call, list[Agent]]) -> None:
    call, agents = ringing
    rang_for(call, 5)
    services.sweep("test")
    assert services.accept(cast.open_offers(call)[1].pk)
    for agent in agents:
        agent.refresh_from_db()
    assert [agent.state for agent in agents] == ["available", "on_call", "available"]
    assert [agent.misses_in_row for agent in agents] == [0, 0, 0]
    assert services.sweep("test") is None or agents_of(call) == []


def test_an_agent_who_has_another_call_waiting_is_not_rung_for_this_one(ringing: tuple[Call, list[Agent]]) -> None:
    call, agents = ringing
    for agent in agents[1:]:
        services.take_break(agent.pk, cast.pause().pk, actor="system:test")
    assert call.queue
    waiting = cast.enqueue(call.queue)
    services.set_available(agents[1].pk, actor="system:test")
    assert agents_of(waiting) == ["bob"]
    rang_for(call, 5)
    services.sweep("test")
    assert agents_of(call) == ["alice"]
