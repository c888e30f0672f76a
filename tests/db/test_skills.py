"""Skills that calls ask for, and how less and less is asked for: who gets the call, who is passed over, and when."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from agents.models import Agent, AgentSkill, Skill
from queues import deadlines, requirements, roster, services
from queues.models import Call, Queue, RelaxationStep, Requirement
from queues.skills import MOST_NEEDS, Need
from queues.states import OfferOutcome

from . import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Queue:
    return cast.require(cast.queue(), (30, "German", 3), (60, "German", 0), German=5)


def agents_of(call: Call) -> list[str]:
    return [offer.agent.name for offer in cast.open_offers(call)]


def asked(call: Call) -> str:
    call.refresh_from_db()
    return requirements.in_words(call.requirement_id)


def test_a_call_goes_to_who_has_the_skill_and_not_to_who_waits_longest(support: Queue) -> None:
    cast.agent("alice", queues=(support,))
    cast.skilled(cast.agent("bob", queues=(support,)), German=5)
    call = cast.enqueue(support)
    assert agents_of(call) == ["bob"]
    assert (asked(call), requirements.in_words(call.segments.get().requirement_id)) == ("German 5", "German 5")


def test_why_not_me_names_the_skill_and_the_level(support: Queue) -> None:
    alice = cast.skilled(cast.agent("alice", queues=(support,)), German=2)
    cast.skilled(cast.agent("bob", queues=(support,)), German=5)
    [offer] = cast.open_offers(cast.enqueue(support))
    assert offer.why["left_out"] == {str(alice.pk): "skills"}
    assert offer.why["lacks"] == {str(alice.pk): [cast.skill("German").pk, 5, 2]}


def test_a_call_that_nobody_has_the_skills_for_blocks_no_other(support: Queue) -> None:
    cast.skilled(cast.agent("bob", queues=(support,), state="break"), German=5)
    alice = cast.agent("alice", queues=(support,))
    stuck = cast.enqueue(support)
    call = cast.arrive()
    services.enqueue(call.pk, cast.queue().pk)
    other = cast.queue("other")
    services.log_out_of_queue(alice.pk, support.pk, actor="system:test")
    alice.memberships.create(queue=other)
    services.log_into_queue(alice.pk, support.pk, actor="system:test")
    call = cast.enqueue(other)
    assert (stuck.state, agents_of(call)) == ("queued", ["alice"])


def test_in_one_queue_the_line_of_an_agent_passes_over_what_the_agent_cannot_serve() -> None:
    queue = cast.queue()
    alice = cast.skilled(cast.agent("alice", queues=(queue,), state="break"), Spanish=3)
    for _ in range(roster.LINE_LENGTH + 4):
        cast.enqueue(queue, skills=cast.needs(German=1))
    spanish, plain, too_much = (
        cast.enqueue(queue, skills=cast.needs(Spanish=3)), cast.enqueue(queue), cast.enqueue(queue, skills=cast.needs(Spanish=4)),
    )  # fmt: skip
    assert roster.line_for(alice.pk, timezone.now()) == [spanish.pk, plain.pk]
    assert too_much.state == "queued"
    services.set_available(alice.pk, actor="system:test")
    assert [offer.call for offer in cast.open_offers(alice)] == [spanish]


def test_the_order_over_several_requirements_is_the_order_of_the_places() -> None:
    queue = cast.queue()
    alice = cast.skilled(cast.agent("alice", queues=(queue,), state="break"), German=5, Spanish=5)
    calls = [cast.enqueue(queue, skills=cast.needs(**asked)) for asked in ({"German": 1}, {}, {"Spanish": 2}, {"German": 1}, {})]
    assert roster.line_for(alice.pk, timezone.now()) == [call.pk for call in calls]


def test_the_skills_of_a_call_are_added_to_those_of_the_queue_and_stay_with_it(support: Queue) -> None:
    overflow = cast.require(cast.queue("overflow"), English=2)
    cast.way_out(support, next_queue=overflow)
    Queue.objects.filter(pk=support.pk).update(max_wait=20)
    call = cast.enqueue(support, skills=cast.needs(Invoices=2, German=4))
    assert asked(call) == "German 4, Invoices 2"
    cast.age(call, 25)
    services.sweep("test")
    assert (asked(call), call.queue) == ("English 2, German 4, Invoices 2", overflow)
    services.move_to_queue(call.pk, cast.queue("plain").pk, actor="user:1")
    assert asked(call) == "German 4, Invoices 2"


def test_the_same_skills_are_the_same_requirement_in_whatever_order() -> None:
    german, invoices = cast.skill("German").pk, cast.skill("Invoices").pk
    one = requirements.intern([Need(german, 3), Need(invoices, 2)])
    assert requirements.intern([Need(invoices, 2), Need(german, 3)]) == one
    assert requirements.intern([Need(german, 3, 9), Need(invoices, 2)]) != one
    assert requirements.intern([]) is None


def test_a_skill_that_does_not_exist_is_not_asked_for() -> None:
    queue = cast.queue()
    cast.agent("alice", queues=(queue,))
    assert agents_of(cast.enqueue(queue, skills=[Need(987654, 3)])) == ["alice"]


def test_more_skills_than_a_requirement_holds_lose_no_call() -> None:
    queue = cast.queue()
    call = cast.enqueue(queue, skills=cast.needs(**{f"skill {n}": 5 for n in range(MOST_NEEDS + 5)}))
    assert (call.state, len(requirements.needs_of(call.requirement_id)[call.requirement_id or 0])) == ("queued", MOST_NEEDS)


def test_flows_name_skills_and_one_that_is_gone_is_not_asked_for() -> None:
    german = cast.needs(German=3)
    assert requirements.named({"German": 3, "Martian": 2}) == german
    assert requirements.named({}) == []


def test_a_call_for_one_agent_asks_for_no_skills(support: Queue) -> None:
    alice = cast.agent("alice")
    call = cast.enqueue(support, wanted_agent_id=alice.pk)
    assert (agents_of(call), asked(call)) == (["alice"], "")


# Relaxation


def waiting_beside(support: Queue, level: int) -> Call:
    """A call that waits because the one agent with enough German is on a break; alice has `level`."""
    cast.skilled(cast.agent("bob", queues=(support,), state="break"), German=5)
    cast.skilled(cast.agent("alice", queues=(support,)), **({"German": level} if level else {}))
    call = cast.enqueue(support)
    assert call.state == "queued"
    return call


@pytest.mark.parametrize(("level", "seconds"), [(3, 30), (0, 60)])
def test_a_step_opens_the_call_to_who_has_enough_by_then(support: Queue, level: int, seconds: int) -> None:
    call = waiting_beside(support, level)
    assert call.enqueued_at
    assert services.sweep("test") == call.enqueued_at + timedelta(seconds=30), "known beforehand"
    cast.age(call, seconds - 1)
    services.sweep("test")
    assert agents_of(call) == []
    cast.age(call, 1)
    services.sweep("test")
    assert agents_of(call) == ["alice"]


def test_a_step_counts_for_who_becomes_free_after_it(support: Queue) -> None:
    call = waiting_beside(support, 0)
    alice = Agent.objects.get(name="alice")
    services.take_break(alice.pk, cast.pause().pk, actor="system:test")
    cast.age(call, 60)
    services.sweep("test")
    services.set_available(alice.pk, actor="system:test")
    assert agents_of(call) == ["alice"]


def test_a_step_that_nobody_logged_in_could_satisfy_is_passed_over_when_the_call_comes(support: Queue) -> None:
    cast.skilled(cast.agent("bob", queues=(support,), state="offline"), German=5)
    cast.skilled(cast.agent("alice", queues=(support,)), German=3)
    call = cast.enqueue(support)
    assert (agents_of(call), asked(call)) == (["alice"], "German 3")
    assert requirements.in_words(call.segments.get().requirement_id) == "German 5"


def test_a_step_is_passed_over_when_the_last_who_could_satisfy_it_goes(support: Queue) -> None:
    call = waiting_beside(support, 3)
    services.go_offline(Agent.objects.get(name="bob").pk, actor="system:test")
    services.sweep("test")
    assert agents_of(call) == ["alice"]


def test_a_step_is_passed_over_when_somebody_comes_who_can_satisfy_the_next(support: Queue, rings: list[str]) -> None:
    call = cast.enqueue(support)
    services.sweep("test")
    assert asked(call) == "German 5", "nobody is there: time alone counts"
    rings.clear()
    cast.skilled(cast.agent("alice", queues=(support,)), German=3)
    assert "alarms" in rings, "the clock looks at once"
    services.sweep("test")
    assert agents_of(call) == ["alice"]


def test_a_call_that_rang_past_its_step_asks_for_less_when_it_comes_back(support: Queue) -> None:
    cast.skilled(cast.agent("bob", queues=(support,), max_misses=1), German=5)
    cast.agent("alice", queues=(support,))
    call = cast.enqueue(support)
    cast.age(call, 61)
    services.offer_failed(cast.open_offers(call)[0].pk, OfferOutcome.NO_ANSWER)
    assert agents_of(call) == ["alice"]


def test_settings_that_change_count_for_those_who_wait(support: Queue) -> None:
    call = waiting_beside(support, 2)
    RelaxationStep.objects.filter(after_seconds=30).update(after_seconds=10, minimum_level=2)
    cast.age(call, 12)
    services.requirements_changed(support.pk)
    services.sweep("test")
    assert agents_of(call) == ["alice"]


def test_skills_that_a_queue_asks_for_from_now_on_count_for_those_who_wait() -> None:
    queue = cast.queue()
    cast.agent("alice", queues=(queue,), state="break")
    call = cast.enqueue(queue)
    cast.require(queue, German=1)
    services.sweep("test")
    assert asked(call) == "German 1"
    queue.skills.all().delete()
    services.requirements_changed(queue.pk)
    services.sweep("test")
    assert asked(call) == ""


def test_a_skill_that_is_learnt_or_deleted_brings_the_call() -> None:
    queue = cast.require(cast.queue(), German=2, Invoices=1)
    alice = cast.skilled(cast.agent("alice", queues=(queue,)), Invoices=1)
    call = cast.enqueue(queue)
    cast.skilled(alice, German=1)
    services.sweep("test")
    assert agents_of(call) == []
    AgentSkill.objects.filter(agent=alice).update(level=2)
    services.sweep("test")
    assert agents_of(call) == ["alice"]
    services.hang_up(call.pk, by="caller")
    AgentSkill.objects.filter(agent=alice, skill__name="German").delete()
    call = cast.enqueue(queue)
    Skill.objects.filter(name="German").delete()
    services.sweep("test")
    assert agents_of(call) == ["alice"]


def test_at_rest_the_clock_looks_at_nobody_who_lacks_the_skills(support: Queue) -> None:
    waiting_beside(support, 1)
    assert deadlines.agents_with_work(timezone.now()) == []


def test_a_queue_of_a_thousand_requirements_needs_none_of_them_made_twice() -> None:
    queue = cast.require(cast.queue(), German=1)
    before = Requirement.objects.count()
    for _ in range(3):
        cast.enqueue(queue)
    assert Requirement.objects.count() == before
