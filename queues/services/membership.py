"""Who serves which queue, and whether just now."""

from __future__ import annotations

from agents.models import Agent, AgentSkill
from callcenter.core import bell, events
from callcenter.core.errors import NotFound

from .. import matching
from ..locks import hold, one_transaction
from ..models import Membership, Queue


@one_transaction
def log_into_queue(agent_id: int, queue_id: int, *, actor: str) -> None:
    """Take calls of this queue from now on.

    :raises NotFound: the agent is not a member of the queue.
    """
    held = hold(agent_ids=[agent_id], queue_ids=[queue_id])
    _log(agent_id, queue_id, True, actor=actor)
    bell.ring_alarm()
    matching.match_agent(held, agent_id)


@one_transaction
def log_out_of_queue(agent_id: int, queue_id: int, *, actor: str) -> None:
    """No more calls of this queue; what rings already goes on ringing."""
    hold(agent_ids=[agent_id], queue_ids=[queue_id])
    _log(agent_id, queue_id, False, actor=actor)
    bell.ring_alarm()


@one_transaction
def rebuild_memberships(queue_id: int) -> None:
    """Make the rows that rules stand for (team, skill, everyone) as the rules and the agents are now.

    Rows of persons listed by name are left alone, and so is who is logged in.
    """
    queue = Queue.objects.filter(pk=queue_id).first()
    if queue is None:
        raise NotFound("There is no such queue.")
    wanted = _by_rule(queue)
    members = dict(Membership.objects.filter(queue=queue).values_list("agent_id", "source"))
    new = wanted.keys() - members.keys()
    held = hold(agent_ids=new, queue_ids=[queue_id])
    by_rule = Membership.objects.filter(queue=queue, source=Membership.Source.RULE)
    by_rule.exclude(agent__in=wanted).delete()
    for agent_id, tier in wanted.items():
        by_rule.filter(agent=agent_id).exclude(tier=tier).update(tier=tier)
    Membership.objects.bulk_create(
        [Membership(queue=queue, agent_id=pk, tier=wanted[pk], source=Membership.Source.RULE) for pk in sorted(new)],
        ignore_conflicts=True,
    )
    bell.ring_alarm()
    matching.match_agents(held, new)


def _by_rule(queue: Queue) -> dict[int, int]:
    """Agent to tier, the lowest of all rules that name the agent."""
    found: dict[int, int] = dict.fromkeys(Agent.objects.values_list("pk", flat=True), 0) if queue.everyone else {}
    for rule in queue.rules.all():
        if rule.team_id:
            agents = list(Agent.objects.filter(team=rule.team_id).values_list("pk", flat=True))
        else:
            skilled = AgentSkill.objects.filter(skill=rule.skill_id, level__gte=rule.minimum_level)
            agents = list(skilled.values_list("agent_id", flat=True))
        for agent in agents:
            found[agent] = min(found.get(agent, rule.tier), rule.tier)
    return found


def _log(agent_id: int, queue_id: int, logged_in: bool, *, actor: str) -> None:
    changed = Membership.objects.filter(agent=agent_id, queue=queue_id).update(logged_in=logged_in)
    if not changed:
        raise NotFound("The agent is not a member of this queue.")
    word = "agent.logged_into_queue" if logged_in else "agent.logged_out_of_queue"
    events.append(word, subject=f"agent:{agent_id}", actor=actor, data={"queue": queue_id})
