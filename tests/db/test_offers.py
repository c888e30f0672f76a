"""Offers that are refused, missed or lost: who cools down, where the call goes, who is asked next."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from agents.services import MISSED
from queues import services
from queues.models import Call, Queue
from queues.states import OfferOutcome, SegmentOutcome

from . import cast

pytestmark = pytest.mark.django_db

FAILURES = [
    (OfferOutcome.REJECTED, "cooldown_reject"),
    (OfferOutcome.BUSY, "cooldown_busy"),
    (OfferOutcome.NO_ANSWER, "cooldown_no_answer"),
    (OfferOutcome.UNREACHABLE, "cooldown_unreachable"),
]


def fail_all(call: Call, outcome: OfferOutcome = OfferOutcome.NO_ANSWER) -> Call:
    for offer in cast.open_offers(call):
        services.offer_failed(offer.pk, outcome)
    call.refresh_from_db()
    return call


@pytest.mark.parametrize(("outcome", "cooldown"), FAILURES)
def test_a_failed_offer_cools_the_agent_down_and_gives_the_call_its_place_back(outcome: OfferOutcome, cooldown: str) -> None:
    settings: dict[str, Any] = {cooldown: 40}
    support = cast.queue(retry_boost=10, **settings)
    alice = cast.agent(queues=(support,))
    call = cast.enqueue(support)
    place, offer = call.order_key, cast.open_offers(call)[0]
    assert place
    services.offer_failed(offer.pk, outcome, sip_status=486)
    call.refresh_from_db()
    alice.refresh_from_db()
    offer.refresh_from_db()
    assert (call.state, call.attempts, call.order_key) == ("queued", 1, place - timedelta(seconds=10))
    assert (alice.state, alice.misses_in_row, offer.outcome, offer.sip_status) == ("available", 1, outcome, 486)
    assert offer.closed_at
    assert alice.ready_at - offer.closed_at == timedelta(seconds=40)


def test_a_failed_offer_is_passed_to_the_next_agent_at_once() -> None:
    support = cast.queue(cooldown_reject=10)
    alice, bob = (cast.agent(name, queues=(support,)) for name in ("alice", "bob"))
    call = cast.enqueue(support)
    first = cast.open_offers(call)[0].agent
    fail_all(call, OfferOutcome.REJECTED)
    assert {first, cast.open_offers(call)[0].agent} == {alice, bob}


def test_a_failure_reported_twice_counts_once() -> None:
    support = cast.queue(cooldown_reject=10)
    alice = cast.agent(queues=(support,))
    offer = cast.open_offers(cast.enqueue(support))[0]
    services.offer_failed(offer.pk, OfferOutcome.REJECTED)
    services.offer_failed(offer.pk, OfferOutcome.NO_ANSWER)
    alice.refresh_from_db()
    assert alice.misses_in_row == 1


def test_too_many_misses_in_a_row_put_the_agent_on_a_break() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,), max_misses=2)
    call = cast.enqueue(support)
    fail_all(fail_all(call))
    alice.refresh_from_db()
    assert alice.state == "break"
    assert alice.break_reason
    assert alice.break_reason.code == MISSED


def test_an_answer_ends_the_row_of_misses() -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,), max_misses=2)
    call = cast.talk(fail_all(cast.enqueue(support)))
    services.hang_up(call.pk, by="caller")
    alice.refresh_from_db()
    assert alice.misses_in_row == 0


def test_the_retry_limit_leads_to_the_farewell() -> None:
    support = cast.queue(retry_limit=2)
    cast.agent(queues=(support,))
    call = fail_all(fail_all(cast.enqueue(support)))
    stay = call.segments.get()
    assert (call.state, stay.outcome, stay.exit_reason) == ("ivr", SegmentOutcome.OVERFLOW, "retry_limit")
    services.hang_up(call.pk, by="system", reason="farewell")
    call.refresh_from_db()
    assert (call.state, call.outcome) == ("ended", "overflow")


def test_the_ring_time_shrinks_with_each_attempt_but_not_below_a_ring() -> None:
    support = cast.queue(ring_seconds=20, ring_shrink=25, retry_limit=0)
    cast.agent(queues=(support,))
    call, seconds = cast.enqueue(support), []
    for _ in range(3):
        offer = cast.open_offers(call)[0]
        seconds.append((offer.expires_at - offer.opened_at).total_seconds())
        fail_all(call)
    assert seconds == [20, 5, 3]


def test_a_call_rests_before_it_is_offered_again_and_blocks_nobody_meanwhile() -> None:
    support = cast.queue(retry_delay=30)
    alice = cast.agent(queues=(support,))
    first, second = cast.enqueue(support), cast.enqueue(support)
    fail_all(first)
    assert [offer.call for offer in cast.open_offers(alice)] == [second]


def test_ring_all_rings_everybody_and_the_first_to_answer_wins() -> None:
    support = cast.queue(strategy="ring-all")
    team = [cast.agent(name, queues=(support,), max_misses=1) for name in ("alice", "bob", "carol")]
    call = cast.enqueue(support)
    offers = cast.open_offers(call)
    assert [offer.agent for offer in offers] == team
    assert [services.accept(offer.pk) for offer in offers] == [True, False, False]
    call.refresh_from_db()
    for agent in team:
        agent.refresh_from_db()
    assert (call.agent, [agent.state for agent in team]) == (team[0], ["on_call", "available", "available"])
    assert sorted(call.offers.values_list("outcome", flat=True)) == ["accepted", "cancelled", "cancelled"]
    assert [agent.misses_in_row for agent in team] == [0, 0, 0]


def test_ring_all_goes_on_while_one_phone_still_rings_and_counts_one_attempt() -> None:
    support = cast.queue(strategy="ring-all", cooldown_no_answer=60)
    cast.agent("alice", queues=(support,))
    cast.agent("bob", queues=(support,))
    call = cast.enqueue(support)
    first, second = cast.open_offers(call)
    services.offer_failed(first.pk, OfferOutcome.REJECTED)
    call.refresh_from_db()
    assert (call.state, call.attempts) == ("agent_ringing", 0)
    services.offer_failed(second.pk, OfferOutcome.NO_ANSWER)
    call.refresh_from_db()
    assert call.attempts == 1


def test_the_losers_of_ring_all_get_the_next_call() -> None:
    support = cast.queue(strategy="ring-all")
    cast.agent("alice", queues=(support,))
    bob = cast.agent("bob", queues=(support,))
    first, second = cast.enqueue(support), cast.enqueue(support)
    assert second.state == "queued"
    cast.talk(first)
    assert [offer.agent for offer in cast.open_offers(second)] == [bob]


def test_linear_asks_the_next_agent_for_the_next_attempt_and_begins_again_at_the_end() -> None:
    support = cast.queue(strategy="linear", retry_limit=0)
    team = [cast.agent(name, queues=(support,)) for name in ("alice", "bob", "carol")]
    for position, agent in enumerate(reversed(team)):
        agent.memberships.update(position=position)
    call, asked = cast.enqueue(support), []
    for _ in range(4):
        asked.append(cast.open_offers(call)[0].agent.name)
        fail_all(call)
    assert asked == ["carol", "bob", "alice", "carol"]


def test_round_robin_moves_on_with_each_offer_answered_or_not() -> None:
    support = cast.queue(strategy="round-robin")
    for name in ("alice", "bob", "carol"):
        cast.agent(name, queues=(support,))
    asked = []
    for _ in range(4):
        call = cast.enqueue(support)
        asked.append(cast.open_offers(call)[0].agent.name)
        services.hang_up(call.pk, by="caller")
    assert asked == ["alice", "bob", "carol", "alice"]


def test_round_robin_goes_on_behind_an_agent_whom_a_supervisor_chose() -> None:
    support = cast.queue(strategy="round-robin")
    alice, bob, _ = (cast.agent(name, queues=(support,)) for name in ("alice", "bob", "carol"))
    call = cast.enqueue(support)
    assert cast.open_offers(call)[0].agent == alice
    services.force_assign(call.pk, bob.pk, actor="user:1")
    assert cast.open_offers(call)[0].agent == bob
    services.hang_up(call.pk, by="caller")
    assert cast.open_offers(cast.enqueue(support))[0].agent.name == "carol"


def test_a_newcomer_to_fewest_calls_starts_where_the_others_are() -> None:
    support = cast.queue(strategy="fewest-calls")
    alice = cast.agent("alice", queues=(support,))
    for _ in range(2):
        services.hang_up(cast.talk(cast.enqueue(support)).pk, by="caller")
    bob = cast.agent("bob", queues=(support,))
    assert bob.calls_since_login == 2
    assert cast.open_offers(cast.enqueue(support))[0].agent == alice


def test_a_higher_tier_is_asked_when_the_lower_one_pauses_and_not_while_it_works() -> None:
    support = cast.queue(tier_wait=60)
    cast.agent("alice", queues=(support,))
    bob = cast.agent("bob", queues=(support,))
    bob.memberships.update(tier=1)
    cast.talk(cast.enqueue(support))
    second = cast.enqueue(support)
    assert second.state == "queued"
    cast.age(second, 60)
    services.sweep("test")
    assert cast.open_offers(second)[0].agent == bob


def test_a_higher_tier_takes_over_when_the_last_of_the_lower_one_pauses() -> None:
    support = cast.queue(tier_wait=60)
    alice = cast.agent("alice", queues=(support,), max_concurrent_calls=1)
    bob = cast.agent("bob", queues=(support,))
    bob.memberships.update(tier=1)
    talking, waiting = cast.talk(cast.enqueue(support)), cast.enqueue(support)
    services.take_break(alice.pk, cast.pause().pk, actor="system:test")
    services.force_assign(waiting.pk, bob.pk, actor="user:1")
    services.offer_failed(cast.open_offers(waiting)[0].pk, OfferOutcome.NO_ANSWER)
    assert cast.open_offers(waiting) == []
    services.hang_up(talking.pk, by="caller")
    services.sweep("test")
    assert [offer.agent for offer in cast.open_offers(waiting)] == [bob]


def test_a_higher_tier_serves_at_once_when_nobody_below_is_working() -> None:
    support = cast.queue(tier_wait=60)
    cast.agent("alice", queues=(support,), state="break")
    bob = cast.agent("bob", queues=(support,))
    bob.memberships.update(tier=1)
    assert cast.open_offers(cast.enqueue(support))[0].agent == bob


def test_an_offer_says_why_this_agent_and_why_not_the_others() -> None:
    support = cast.queue()
    alice = cast.agent("alice", queues=(support,))
    bob = cast.agent("bob", queues=(support,), state="break")
    carol = cast.agent("carol", queues=(support,), phone=False)
    dave = cast.agent("dave", queues=(support,))
    dave.memberships.update(logged_in=False)
    why = cast.open_offers(cast.enqueue(support))[0].why
    assert [ranked["agent"] for ranked in why["ranked"]] == [alice.pk]
    assert why["left_out"] == {str(bob.pk): "break", str(carol.pk): "unreachable", str(dave.pk): "logged_out_of_queue"}


def test_the_order_is_one_over_all_queues_of_an_agent() -> None:
    support, sales = cast.queue("support"), cast.queue("sales", weight_seconds=30)
    alice = cast.agent(queues=(support, sales), state="break")
    usual, weighty, urgent = cast.enqueue(support), cast.enqueue(sales), cast.enqueue(support, priority=2)
    services.set_available(alice.pk, actor="system:test")
    served = []
    for _ in range(3):
        call = cast.open_offers(alice)[0].call
        served.append(call)
        services.hang_up(cast.talk(call).pk, by="caller")
    assert served == [urgent, weighty, usual]


def test_a_call_that_nobody_can_take_blocks_no_other() -> None:
    support = cast.queue()
    alice, bob = cast.agent("alice", queues=(support,)), cast.agent("bob", phone=False)
    stuck = cast.enqueue(support, wanted_agent_id=bob.pk)
    call = cast.enqueue(support)
    assert stuck.state == "queued"
    assert cast.open_offers(call)[0].agent == alice


def test_a_wanted_agent_gets_the_call_without_being_a_member() -> None:
    general = cast.queue()
    cast.agent("alice", queues=(general,))
    bob = cast.agent("bob", state="break")
    call = cast.enqueue(general, wanted_agent_id=bob.pk)
    assert call.state == "queued"
    services.set_available(bob.pk, actor="system:test")
    assert [offer.agent for offer in cast.open_offers(call)] == [bob]


def test_a_full_queue_is_not_ranked_but_a_freed_agent_takes_its_head() -> None:
    support: Queue = cast.queue()
    alice = cast.agent(queues=(support,))
    talking = cast.talk(cast.enqueue(support))
    waiting = [cast.enqueue(support) for _ in range(3)]
    services.hang_up(talking.pk, by="agent")
    assert [offer.call for offer in cast.open_offers(alice)] == waiting[:1]
