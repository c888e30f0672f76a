"""Whether somebody is there for a caller who asks for skills: at entry, while waiting, and after all relaxation."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agents.models import AgentSkill, Skill
from queues import attendance, services
from queues.models import Call, Queue
from queues.skills import Need

from . import cast

pytestmark = pytest.mark.django_db

SPANISH = {"Spanish": 3}


@pytest.fixture
def support() -> Queue:
    """With alice, who speaks no Spanish and has a break, so that calls wait."""
    queue = cast.queue(leave_empty=True)
    cast.agent("alice", queues=(queue,), state="break")
    return queue


def closed_to_nobody(queue: Queue) -> Queue:
    Queue.objects.filter(pk=queue.pk).update(join_empty=False)
    queue.refresh_from_db()
    return queue


def reason(queue: Queue, **asked: int) -> str:
    return services.enqueue(cast.arrive().pk, queue.pk, skills=cast.needs(**asked)).reason


def waits_on(call: Call, seconds: float = 6) -> bool:
    cast.age(call, seconds)
    services.sweep("test")
    call.refresh_from_db()
    return call.state == "queued"


@pytest.mark.parametrize(("level", "why_not"), [(0, "nobody_there"), (2, "nobody_there"), (3, "")])
def test_a_caller_joins_only_if_somebody_there_has_the_skills(support: Queue, level: int, why_not: str) -> None:
    closed_to_nobody(support)
    if level:
        cast.skilled(cast.agent("bob", queues=(support,), state="break"), Spanish=level)
    assert reason(support, **SPANISH) == why_not
    assert reason(support) == ""


def test_what_the_queue_itself_asks_for_counts_as_well(support: Queue) -> None:
    cast.require(closed_to_nobody(support), Invoices=1)
    assert reason(support) == "nobody_there"
    cast.skilled(cast.agent("bob", queues=(support,), state="break"), Invoices=1)
    assert (reason(support), reason(support, **SPANISH)) == ("", "nobody_there")


def test_who_will_be_enough_after_all_steps_is_somebody(support: Queue) -> None:
    cast.require(closed_to_nobody(support), (30, "Spanish", 2), (60, "Spanish", 1))
    assert reason(support, **SPANISH) == "nobody_there"
    cast.skilled(cast.agent("bob", queues=(support,), state="break"), Spanish=1)
    assert reason(support, **SPANISH) == ""


def test_somebody_who_has_one_skill_and_another_who_has_the_other_are_nobody_for_both(support: Queue) -> None:
    closed_to_nobody(support)
    cast.skilled(cast.agent("bob", queues=(support,), state="break"), Spanish=5)
    cast.skilled(cast.agent("carol", queues=(support,), state="break"), Invoices=5)
    assert reason(support, **SPANISH, Invoices=1) == "nobody_there"


def test_callers_leave_when_the_last_who_has_the_skills_goes(support: Queue) -> None:
    bob = cast.skilled(cast.agent("bob", queues=(support,), state="break"), Spanish=3)
    spanish, plain = cast.enqueue(support, skills=cast.needs(**SPANISH)), cast.enqueue(support)
    assert waits_on(spanish)
    services.go_offline(bob.pk, actor="system:test")
    assert not waits_on(spanish, 0)
    assert waits_on(plain)
    assert spanish.segments.get().exit_reason == "nobody_there"


def test_callers_for_whom_a_step_will_bring_somebody_stay(support: Queue) -> None:
    """Bob has the skill but a break, which this queue does not count; carol will do after the step."""
    Queue.objects.filter(pk=support.pk).update(absent_paused=True)
    cast.require(support, (30, "Spanish", 1))
    cast.skilled(cast.agent("bob", queues=(support,), state="break"), Spanish=3)
    carol = cast.skilled(cast.agent("carol", queues=(support,)), Spanish=1)
    call = cast.enqueue(support, skills=cast.needs(**SPANISH))
    assert waits_on(call)
    services.take_break(carol.pk, cast.pause().pk, actor="system:test")
    assert not waits_on(call, 0)


def test_the_limit_for_waiting_without_anybody_counts_skills_too(support: Queue) -> None:
    Queue.objects.filter(pk=support.pk).update(leave_empty=False, max_wait_no_agent=20)
    call = cast.enqueue(support, skills=cast.needs(**SPANISH))
    assert waits_on(call, 19)
    assert not waits_on(call, 1)
    assert call.segments.get().exit_reason == "no_agent"


def test_a_call_that_is_kept_for_one_agent_asks_for_the_same() -> None:
    queue = cast.queue(leave_empty=True, absent_busy=True)
    bob = cast.skilled(cast.agent("bob", queues=(queue,)), Spanish=3)
    cast.talk(cast.enqueue(queue))
    call = cast.enqueue(queue, skills=cast.needs(**SPANISH))
    Call.objects.filter(pk=call.pk).update(preferred_agent=bob, preferred_until=timezone.now() + timedelta(minutes=1))
    assert len(attendance.unserved(queue)) == 1


def test_without_skills_it_costs_no_statement_more(support: Queue) -> None:
    cast.enqueue(support)
    with CaptureQueriesContext(connection) as statements:
        assert attendance.unserved(support) == []
    assert len(statements) == 1
    with CaptureQueriesContext(connection) as statements:
        assert attendance.staffed(support)
    assert len(statements) == 1


LEVELS = some.dictionaries(some.sampled_from(["Spanish", "Invoices"]), some.integers(1, 3))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crew=some.lists(LEVELS, max_size=3), asked=some.lists(LEVELS, min_size=1, max_size=4))
def test_the_lanes_of_which_nobody_is_master_are_those_that_a_plain_look_finds(
    crew: list[dict[str, int]], asked: list[dict[str, int]]
) -> None:
    queue = cast.queue()
    for levels in crew:
        cast.skilled(cast.agent(queues=(queue,), state="break", phone=False), **levels)
    calls = [cast.enqueue(queue, skills=cast.needs(**needs)) for needs in asked]
    alone = [
        call.requirement_id or 0
        for call, needs in zip(calls, asked, strict=True)
        if not any(all(levels.get(name, 0) >= level for name, level in needs.items()) for levels in crew)
    ]
    assert sorted(attendance.unserved(queue)) == sorted(set(alone))
    for needs in asked:
        has = [all(levels.get(name, 0) >= level for name, level in needs.items()) for levels in crew]
        assert attendance.staffed(queue, [Need(Skill.objects.get(name=name).pk, level) for name, level in needs.items()]) == any(has)
    AgentSkill.objects.all().delete()
