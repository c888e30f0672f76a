"""What changes between the look and the locks is noticed: events lock everybody concerned or begin again."""

from __future__ import annotations

import psycopg
import pytest
from django.db import transaction

from callcenter.core import bell, sql
from queues import locks
from queues.models import Call, Membership, Offer

from . import cast

pytestmark = pytest.mark.django_db(transaction=True)

OFFERED = """
WITH ringing AS (UPDATE queues_call SET state = 'agent_ringing' WHERE id = %(call)s)
INSERT INTO queues_offer (call_id, segment_id, queue_id, agent_id, slot, outcome, opened_at, expires_at, why)
SELECT call_id, id, queue_id, %(agent)s, 0, 'open', now(), now() + interval '1 minute', '{}' FROM queues_segment WHERE call_id = %(call)s
"""


def elsewhere(statement: str, **values: object) -> None:
    """Committed by somebody else."""
    with psycopg.connect(bell.connection_string()) as wire:
        wire.execute(statement, values)


@pytest.fixture
def waiting() -> Call:
    return cast.enqueue(cast.queue())


@pytest.mark.inconsistent_on_purpose
def test_an_agent_who_is_rung_between_look_and_lock_is_not_overlooked(waiting: Call) -> None:
    alice, wanted, held = cast.agent("alice"), locks.Wanted(call=waiting.pk), locks.Held()
    with transaction.atomic():
        seen = locks._look_and_lock(held, wanted)
        elsewhere(OFFERED, call=waiting.pk, agent=alice.pk)
        with pytest.raises(locks.Grew):
            locks._lock_call(held, seen, wanted)
    with transaction.atomic():
        assert list(locks.hold(call_id=waiting.pk).agents) == list(locks.hold(offer_id=Offer.objects.get().pk).agents) == [alice.pk]


def test_a_change_that_brings_nobody_in_is_no_reason_to_begin_again(waiting: Call) -> None:
    wanted, held = locks.Wanted(call=waiting.pk), locks.Held()
    with transaction.atomic():
        seen = locks._look_and_lock(held, wanted)
        elsewhere("UPDATE queues_call SET attempts = 7 WHERE id = %(call)s", call=waiting.pk)
        locks._lock_call(held, seen, wanted)
    assert held.the_call.attempts == 7


def test_a_queue_that_an_agent_joins_between_look_and_lock_is_not_overlooked() -> None:
    alice, sales, held = cast.agent("alice", queues=(cast.queue(),)), cast.queue("sales"), locks.Held()
    with transaction.atomic():
        seen = locks._look_and_lock(held, locks.Wanted(agents=(alice.pk,)))
        Membership.objects.create(queue=sales, agent=alice)
        locks._lock_agents(held, seen.hands)
        assert sql.only_row(locks.ALL_HELD, locks._locked(held)) == (False,)


def test_an_agent_without_a_queue_is_locked_all_the_same() -> None:
    alice = cast.agent("alice")
    with transaction.atomic():
        held = locks.hold(agent_ids=[alice.pk])
    assert (list(held.agents), held.queues) == ([alice.pk], {})
