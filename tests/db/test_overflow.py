"""Rules of overflow, who counts as there, and what each kind of next step does to the call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agents.models import Agent, Device
from queues import overflow, readback, services, ways
from queues.locks import Held
from queues.models import Call, Queue
from queues.states import OfferOutcome
from queues.states import SegmentOutcome as Outcome
from queues.ways import Way

from . import cast

pytestmark = pytest.mark.django_db


def stays(call: Call) -> list[tuple[int, str, str]]:
    return list(call.segments.order_by("number").values_list("queue", "outcome", "exit_reason"))


def waited(call: Call, seconds: float) -> Call:
    cast.age(call, seconds)
    return swept(call)


def swept(call: Call) -> Call:
    services.sweep("test")
    call.refresh_from_db()
    return call


# At entry


def test_the_first_rule_that_applies_names_the_next_step() -> None:
    many, more = cast.queue("many"), cast.queue("more")
    support = cast.queue()
    for _ in range(5):
        cast.enqueue(support)
    cast.way_out(support, "length", 9, next_queue=cast.queue("never"))
    rule = cast.way_out(support, "length", 4, next_queue=more)
    cast.way_out(support, "length", 2, next_queue=many)
    assert cast.enqueue(support).queue_id == more.pk
    rule.delete()
    assert cast.enqueue(support).queue_id == many.pk


def test_as_many_are_let_in_as_the_threshold_says() -> None:
    other = cast.queue("other")
    support = cast.queue()
    cast.way_out(support, "length", 2, next_queue=other)
    assert [cast.enqueue(support).queue_id for _ in range(4)] == [support.pk] * 2 + [other.pk] * 2


def test_who_overflows_at_entry_was_offered_and_not_refused() -> None:
    support = cast.queue()
    rule = cast.way_out(support, "length", 0, message="Too many.")
    call = cast.arrive()
    placement = services.enqueue(call.pk, support.pk)
    assert (placement.queued, placement.reason, placement.way_out) == (False, "length", rule.pk)
    assert stays(call) == [(support.pk, Outcome.OVERFLOW, "length")]
    services.hang_up(call.pk, by="system")
    call.refresh_from_db()
    assert call.outcome == "overflow"


def test_the_longest_wait_sends_newcomers_elsewhere_and_leaves_the_line_alone() -> None:
    other = cast.queue("other")
    support = cast.queue()
    cast.way_out(support, "longest", 60, next_queue=other)
    first = cast.enqueue(support)
    assert cast.enqueue(support).queue_id == support.pk
    assert waited(first, 60).queue_id == support.pk
    assert cast.enqueue(support).queue_id == other.pk


@pytest.mark.parametrize(("agents", "let_in"), [(0, 0), (1, 1), (3, 4)])
def test_callers_for_each_working_agent(agents: int, let_in: int) -> None:
    other = cast.queue("other")
    support = cast.queue()
    for _ in range(agents):
        cast.talk(cast.enqueue(support, wanted_agent_id=cast.agent(queues=(support,)).pk))
    cast.agent(queues=(support,), state="break")
    cast.agent(queues=(support,), phone=False)
    cast.way_out(support, "per_agent", 1.5, next_queue=other)
    assert [cast.enqueue(support).queue_id for _ in range(let_in + 1)] == [support.pk] * let_in + [other.pk]


def test_a_queue_without_rules_asks_nothing_more() -> None:
    support = cast.queue(next_queue=cast.queue())
    found = tuple(Way.of(row) for row in support.ways_out.all())
    with CaptureQueriesContext(connection) as statements:
        assert overflow.at_entry(support, found, timezone.now()) is None
    assert not statements


# While waiting


def test_each_rule_of_the_own_wait_has_its_next_step() -> None:
    soon, late = cast.queue("soon"), cast.queue("late")
    support = cast.queue()
    cast.way_out(support, "waited", 120, next_queue=late)
    cast.way_out(support, "waited", 30, next_queue=soon)
    call = cast.enqueue(support)
    assert waited(call, 29).queue_id == support.pk
    assert waited(call, 1).queue_id == soon.pk
    assert stays(call)[0] == (support.pk, Outcome.OVERFLOW, "waited")
    assert call.order_key is not None
    assert call.order_key < timezone.now() - timedelta(seconds=29), "the place was kept"


def test_the_last_in_line_leave_when_the_line_may_be_no_longer() -> None:
    other = cast.queue("other")
    support = cast.queue()
    first, second, third = (cast.enqueue(support) for _ in range(3))
    cast.way_out(support, "length", 1, next_queue=other)
    assert [swept(call).queue_id for call in (first, second, third)] == [support.pk, other.pk, other.pk]


def test_agents_who_leave_take_their_share_of_the_line_with_them() -> None:
    other = cast.queue("other")
    support = cast.queue()
    cast.way_out(support, "per_agent", 1, next_queue=other)
    alice, bob = (cast.agent(queues=(support,)) for _ in range(2))
    for agent in (alice, bob):
        talking(agent)
    first, second = cast.enqueue(support), cast.enqueue(support)
    without_phone(bob)
    assert swept(second).queue_id == support.pk, "an agent whose phone is lost for a moment must not empty the line"
    cast.age(first, 6)
    cast.age(second, 5)
    assert swept(second).queue_id == other.pk
    assert swept(first).queue_id == support.pk


def test_the_clock_is_told_of_every_rule() -> None:
    support = cast.queue()
    cast.way_out(support, "waited", 40)
    call = cast.enqueue(support)
    assert call.enqueued_at
    assert services.sweep("test") == call.enqueued_at + timedelta(seconds=40)


# Nobody there


def on_break(alice: Agent) -> None:
    services.take_break(alice.pk, cast.pause().pk, actor="system:test")


def without_phone(alice: Agent) -> None:
    Device.objects.filter(agent=alice).update(lease_until=timezone.now())


def talking(alice: Agent) -> None:
    cast.talk(cast.enqueue(cast.queue(), wanted_agent_id=alice.pk))


def in_wrap_up(alice: Agent) -> None:
    call = cast.talk(cast.enqueue(cast.queue(wrap_up_seconds=60), wanted_agent_id=alice.pk))
    services.hang_up(call.pk, by="caller")


FACTORS = [
    ("absent_paused", on_break), ("absent_unreachable", without_phone), ("absent_busy", talking), ("absent_wrapping_up", in_wrap_up),
]  # fmt: skip


@pytest.mark.parametrize("counts", [True, False])
@pytest.mark.parametrize(("factor", "becomes"), FACTORS, ids=[name for name, _ in FACTORS])
def test_what_counts_as_nobody_there_is_chosen_by_factor(factor: str, becomes: Any, counts: bool) -> None:
    """At entry and while waiting alike."""
    settings: dict[str, Any] = {factor: counts}
    support = cast.queue(leave_empty=True, **settings)
    alice = cast.agent(queues=(support,), state="offline")
    waiting = cast.enqueue(support)
    Call.objects.filter(pk=waiting.pk).update(not_before=timezone.now() + timedelta(hours=1))
    Queue.objects.filter(pk=support.pk).update(join_empty=False)
    services.set_available(alice.pk, actor="system:test")
    becomes(alice)
    assert waited(waiting, 5).state == ("ivr" if counts else "queued")
    placement = services.enqueue(cast.arrive().pk, support.pk)
    assert placement.reason == ("nobody_there" if counts else "")


def test_a_newcomer_of_an_empty_queue_is_given_five_seconds() -> None:
    support = cast.queue(leave_empty=True)
    call = cast.enqueue(support)
    assert swept(call).state == "queued"
    assert call.enqueued_at
    assert services.sweep("test") == call.enqueued_at + timedelta(seconds=5)
    assert waited(call, 5).state == "ivr"
    assert stays(call)[-1][1:] == (Outcome.OVERFLOW, "nobody_there")


def test_who_can_take_another_call_is_not_busy() -> None:
    support = cast.queue(join_empty=False, absent_busy=True)
    alice = cast.agent(queues=(support,), max_concurrent_calls=2)
    talking(alice)
    assert services.enqueue(cast.arrive().pk, support.pk).queued


# Next steps


@pytest.mark.parametrize(("reason", "settings"), [("closed", {"active": False}), ("nobody_there", {"join_empty": False})])
def test_each_limit_may_have_a_next_step_of_its_own(reason: str, settings: dict[str, Any]) -> None:
    usual, special = cast.queue("usual"), cast.queue("special")
    support = cast.queue(next_queue=usual, **settings)
    cast.way_out(support, "full", next_queue=usual)
    cast.way_out(support, reason, next_queue=special)
    assert cast.enqueue(support).queue_id == special.pk


def test_attempts_used_up_have_their_way_too() -> None:
    support = cast.queue(retry_limit=1, next_queue=cast.queue("usual"))
    row = cast.way_out(support, "retry_limit", message="Nobody answers.")
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    services.offer_failed(cast.open_offers(call)[0].pk, OfferOutcome.NO_ANSWER)
    call.refresh_from_db()
    assert (call.state, call.way_out) == ("ivr", row.pk)


def test_the_last_way_of_the_chain_is_the_one_that_is_heard() -> None:
    second = cast.queue("second", capacity=1)
    row = cast.way_out(second, message="Both are full.")
    first = cast.queue("first", max_wait=30, next_queue=second)
    cast.enqueue(second)
    call = waited(cast.enqueue(first), 30)
    assert (call.state, call.way_out) == ("ivr", row.pk)
    assert stays(call) == [(first.pk, Outcome.OVERFLOW, "max_wait"), (second.pk, Outcome.REFUSED, "full")]


class Letter(ways.Kind):
    """A step that another app might add."""

    name = "letter"
    label = "Write a letter"
    outcome = Outcome.VOICEMAIL
    reads = frozenset({"target"})
    begun: list[tuple[int, str]] = []

    def sentence(self, way: Any) -> str:
        return f"a letter to {way.target}"

    def complaints(self, way: Any) -> dict[str, str]:
        return {} if way.target else {"target": "Whom shall it be sent to?"}

    def begin(self, held: Held, call: Call, way: Way) -> None:
        self.begun.append((call.pk, way.target))


@pytest.fixture
def letters() -> Iterator[list[tuple[int, str]]]:
    ways.register(Letter())
    yield Letter.begun
    del ways.KINDS["letter"]
    Letter.begun.clear()


def test_a_kind_of_next_step_is_one_class(letters: list[tuple[int, str]]) -> None:
    support = cast.queue(max_wait=30, capacity=1)
    row = cast.way_out(support, kind="letter", target="the mayor")
    row.full_clean()
    assert readback.sentences(support) == ["Otherwise: a letter to the mayor"]
    waiting = cast.enqueue(support)
    refused = cast.arrive()
    assert services.enqueue(refused.pk, support.pk).way_out == row.pk
    assert waited(waiting, 30).way_out == row.pk
    assert letters == [(refused.pk, "the mayor"), (waiting.pk, "the mayor")]
    assert stays(waiting) == [(support.pk, Outcome.VOICEMAIL, "max_wait")]
    with pytest.raises(ValueError, match="named 'letter' already"):
        ways.register(type("Other", (Letter,), {})())


def test_a_kind_whose_app_is_gone_hangs_up() -> None:
    support = cast.queue(max_wait=30)
    cast.way_out(support, kind="letter", target="the mayor")
    assert waited(cast.enqueue(support), 30).state == "ivr"


def test_the_ways_are_read_back_as_sentences_to_their_end() -> None:
    last = cast.queue("last")
    cast.way_out(last, message="Good-bye.")
    second = cast.queue("second", next_queue=last, keeps_place=False)
    support = cast.queue()
    cast.way_out(support, "length", 8, next_queue=second)
    rule = cast.way_out(support, "per_agent", 1.5)
    assert str(rule) == "Overflow: more than 1.5 callers in line per working agent: Say the message and hang up"
    assert readback.sentences(support) == [
        f"More than 8 in line: to {second}, keeping the place; there: to {last}, at the end of its line; there: message and hang up",
        "More than 1.5 in line per working agent: hang up",
        "Otherwise: the standard message and hang up",
    ]
    assert readback.short(support) == "message and hang up"
    assert readback.short(second) == f"→ {last}"


def test_every_reason_has_words_to_be_read_back() -> None:
    from queues.models import WayOut

    assert set(readback.WHEN) == set(WayOut.When.values)
    assert set(ways.RULES) <= set(WayOut.When.values)


def test_the_rows_say_what_is_held_of_them() -> None:
    """Read with the locks and read alone are one."""
    from queues.locks import hold

    other = cast.queue("other")
    support = cast.queue(next_queue=other, keeps_place=False)
    cast.way_out(support, "per_agent", 1.5, message="x")
    with_locks = hold(queue_ids=[support.pk], chain=True)
    assert set(with_locks.queues) == {support.pk, other.pk}
    assert with_locks.ways_of(support.pk) == Held().ways_of(support.pk)
    assert with_locks.ways_of(other.pk) == ()
    assert Queue.objects.get(pk=support.pk).ways_out.count() == 2
