"""A call and an agent who appear at the same instant in different processes must find each other."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from agents.models import Agent, AgentSkill, Device, Skill
from queues import invariants, requirements, services
from queues.models import Call, Membership, Queue
from queues.skills import Need

from . import processes

pytestmark = pytest.mark.django_db(transaction=True)

PAIRS = 2000
LANES = 2
"""So many pairs race at the same time; one for each core of a small machine."""
STRATEGIES = ("longest-idle", "skills-weighted", "sticky")
"""A third of the queues is plain, a third asks for a skill, a third keeps calls for the agent of last time."""


def given_pairs() -> tuple[list[int], list[int], list[int]]:
    """A queue, an agent who is offline and a call that is new, `PAIRS` times; some with skills, some sticky."""
    n = range(PAIRS)
    german = [Need(Skill.objects.create(name="German").pk, 3)]
    users = get_user_model().objects.bulk_create([get_user_model()(username=f"u{i}") for i in n])
    agents = Agent.objects.bulk_create([Agent(user=users[i], name=f"a{i}", extension=str(100000 + i), sip_username=f"a{i}") for i in n])
    AgentSkill.objects.bulk_create([AgentSkill(agent=agent, skill_id=german[0].skill, level=3) for agent in agents])
    asked = requirements.intern(german)
    queues = Queue.objects.bulk_create(
        [Queue(name=f"q{i}", slug=f"q{i}", requirement_id=asked if i % 3 == 1 else None, strategy=STRATEGIES[i % 3]) for i in n]
    )
    Membership.objects.bulk_create([Membership(queue=queues[i], agent=agents[i]) for i in n])
    now = timezone.now()
    lease_until = now + timedelta(hours=1)
    Device.objects.bulk_create([Device(agent=agents[i], key=f"k{i}", lease_until=lease_until) for i in n])
    calls = Call.objects.bulk_create([Call(node="n", process=f"p{i}", caller_number=f"0{i}") for i in n])
    # Every third caller has talked to the agent before: the call is kept if the agent is seen at work, and open if not.
    over: dict[str, Any] = {"state": "ended", "outcome": "answered", "hung_up_by": "caller", "hung_up_at": now, "ended_at": now}
    Call.objects.bulk_create(
        [Call(caller_number=f"0{i}", agent=agents[i], answered_at=now, **over) for i in n if i % 3 == 2]
    )  # fmt: skip
    return [call.pk for call in calls], [queue.pk for queue in queues], [agent.pk for agent in agents]


def callers(barrier: Any, calls: list[int], queues: list[int]) -> None:
    for call, queue in zip(calls, queues, strict=True):
        barrier.wait(60)
        services.enqueue(call, queue)


def agents_come(barrier: Any, agents: list[int]) -> None:
    for agent in agents:
        barrier.wait(60)
        services.set_available(agent, actor="system:test")


def test_of_2000_pairs_that_appear_at_the_same_instant_none_is_missed() -> None:
    calls, queues, agents = given_pairs()
    children = []
    for lane in range(LANES):
        barrier = processes.context.Barrier(2)
        mine = slice(lane, None, LANES)
        children.append(processes.start(callers, barrier, calls[mine], queues[mine]))
        children.append(processes.start(agents_come, barrier, agents[mine]))
    for child in children:
        child.join(300)
    assert [child.exitcode for child in children] == [0] * len(children)
    ringing = Call.objects.filter(state="agent_ringing")
    assert ringing.count() == PAIRS
    assert ringing.filter(requirement__isnull=False).count() == len(range(1, PAIRS, 3))
    assert invariants.broken() == []
