"""The clock of the rows: overdue offers, ended cool-downs, the lease."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from agents.models import Agent
from queues import deadlines, services
from queues.models import Call, Lease, Offer
from queues.states import OfferOutcome

from . import cast

pytestmark = pytest.mark.django_db


def test_an_offer_that_nobody_closed_gives_the_call_its_old_place_back() -> None:
    support = cast.queue(retry_boost=30, cooldown_unreachable=60)
    alice = cast.agent(queues=(support,))
    call = cast.enqueue(support)
    place = call.order_key
    Offer.objects.filter(call=call).update(expires_at=timezone.now() - timedelta(seconds=5))
    services.sweep("test")
    call.refresh_from_db()
    alice.refresh_from_db()
    assert (call.state, call.order_key, call.attempts) == ("queued", place, 1)
    assert (alice.state, alice.misses_in_row, call.offers.get().outcome) == ("available", 0, OfferOutcome.RESCINDED)


def test_an_offer_is_left_alone_until_its_process_had_time_to_report() -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    expires_at = timezone.now() - timedelta(seconds=4)
    Offer.objects.filter(call=call).update(expires_at=expires_at)
    assert services.sweep("test") == expires_at + timedelta(seconds=5)
    assert len(cast.open_offers(call)) == 1


def _unheard_of_for(seconds: float, **fields: object) -> tuple[Call, datetime]:
    support = cast.queue(ring_seconds=60, cooldown_unreachable=60)
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    opened_at = timezone.now() - timedelta(seconds=seconds)
    Offer.objects.filter(call=call).update(opened_at=opened_at, **fields)
    return call, opened_at


def test_an_offer_that_no_process_took_up_goes_back_after_five_seconds() -> None:
    call, opened_at = _unheard_of_for(4)
    assert services.sweep("test") == opened_at + timedelta(seconds=5)
    assert len(cast.open_offers(call)) == 1
    Offer.objects.filter(call=call).update(opened_at=opened_at - timedelta(seconds=1))
    services.sweep("test")
    call.refresh_from_db()
    assert (call.state, [offer.outcome for offer in call.offers.all()]) == ("queued", [OfferOutcome.RESCINDED])


@pytest.mark.parametrize("word", [services.offer_rang, services.offer_dialled])
def test_an_offer_whose_phones_are_called_or_ring_keeps_its_ring_time(word: Callable[[int], None]) -> None:
    call, _ = _unheard_of_for(5)
    word(cast.open_offers(call)[0].pk)
    services.sweep("test")
    assert len(cast.open_offers(call)) == 1


def test_a_word_that_comes_between_the_look_and_the_lock_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    call, _ = _unheard_of_for(5)
    offer = cast.open_offers(call)[0].pk
    look = deadlines.offers_unheard_of

    def look_then_word(now: datetime) -> list[int]:
        found = look(now)
        services.offer_dialled(offer)
        return found

    monkeypatch.setattr(deadlines, "offers_unheard_of", look_then_word)
    services.sweep("test")
    assert len(cast.open_offers(call)) == 1


def test_silence_means_nothing_while_nobody_could_write() -> None:
    call, _ = _unheard_of_for(30)
    back_since = timezone.now() - timedelta(seconds=1)
    assert services.sweep("test", listening_since=back_since) == back_since + timedelta(seconds=5)
    assert len(cast.open_offers(call)) == 1


def test_the_end_of_a_cool_down_is_known_beforehand_and_brings_the_call() -> None:
    support = cast.queue(cooldown_reject=20)
    alice = cast.agent(queues=(support,))
    call = cast.enqueue(support)
    services.offer_failed(cast.open_offers(call)[0].pk, OfferOutcome.REJECTED)
    alice.refresh_from_db()
    assert services.sweep("test") == alice.ready_at
    Agent.objects.update(ready_at=timezone.now())
    services.sweep("test")
    assert [offer.agent for offer in cast.open_offers(call)] == [alice]


def test_a_rest_before_the_next_attempt_is_known_beforehand() -> None:
    support = cast.queue(retry_delay=20)
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    services.offer_failed(cast.open_offers(call)[0].pk, OfferOutcome.NO_ANSWER)
    call.refresh_from_db()
    assert services.sweep("test") == call.not_before


def test_the_opening_of_a_tier_is_known_beforehand() -> None:
    support = cast.queue(tier_wait=60)
    cast.agent("alice", queues=(support,))
    cast.agent("bob", queues=(support,)).memberships.update(tier=1)
    cast.talk(cast.enqueue(support))
    call = cast.enqueue(support)
    assert call.enqueued_at
    assert services.sweep("test") == call.enqueued_at + timedelta(seconds=60)


def test_one_sweeper_at_a_time_and_another_takes_over_when_the_lease_ends() -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    services.sweep("first", ttl=60)
    Offer.objects.filter(call=call).update(expires_at=timezone.now() - timedelta(seconds=9))
    lease = Lease.objects.get(name="sweep")
    assert services.sweep("second") == lease.until
    assert cast.open_offers(call)[0].outcome == OfferOutcome.OPEN
    Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
    services.sweep("second")
    assert Lease.objects.get(name="sweep").owner == "second"
    assert call.offers.filter(outcome=OfferOutcome.RESCINDED).count() == 1
