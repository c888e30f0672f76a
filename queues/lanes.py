"""SQL of the lines that calls stand in: in each queue one lane for each requirement that somebody waits with.

An agent may serve a whole lane or none of it, so what an agent may not serve costs one look at a requirement, however many
calls wait there. The lanes of a queue are found by stepping through the index `call_lane`, one probe for each.
"""

from __future__ import annotations

COLUMN = "coalesce(requirement_id, 0)"
"""The number of a call's lane, as the index has it; 0: nothing is asked for."""

IN_A_LANE = "state = 'queued' AND wanted_agent_id IS NULL AND preferred_agent_id IS NULL"
"""Calls that are for whoever may serve the lane; who is kept for one agent stands in that agent's line."""

DUE = "(not_before IS NULL OR not_before <= %(now)s)"


def lanes_of(queue: str) -> str:
    """A subquery of the lanes (`number`) in which calls of this queue wait."""
    waiting = f"SELECT {COLUMN} FROM queues_call WHERE queue_id = {queue} AND {IN_A_LANE}"  # noqa: S608
    return f"""(
  WITH RECURSIVE found (number) AS (
    ({waiting} ORDER BY {COLUMN} LIMIT 1)
    UNION ALL SELECT ({waiting} AND {COLUMN} > found.number ORDER BY {COLUMN} LIMIT 1) FROM found WHERE found.number IS NOT NULL)
  SELECT number FROM found WHERE number IS NOT NULL)"""  # noqa: S608


def meets(agent: str, requirement: str) -> str:
    """A condition: the agent has every skill of the requirement at its level. None and 0 ask for nothing."""
    return f"""NOT EXISTS (
      SELECT 1 FROM queues_requiredskill need WHERE need.requirement_id = {requirement} AND NOT EXISTS (
        SELECT 1 FROM agents_agentskill has WHERE has.agent_id = {agent} AND has.skill_id = need.skill_id AND has.level >= need.level))"""  # noqa: S608


def reachable(agent: str, now: str = "%(now)s") -> str:
    return f"EXISTS (SELECT 1 FROM agents_device d WHERE d.agent_id = {agent} AND d.rings AND d.lease_until > {now})"  # noqa: S608


def comes(agent: str, queue: str, requirement: str) -> str:
    """A condition on an agent's row: at work in this queue, about to stay, with the skills. Such an agent is worth waiting for."""
    return f"""({agent}.active AND {agent}.state = ANY(%(working)s) AND {agent}.next_state = ''
    AND EXISTS (SELECT 1 FROM queues_membership m WHERE m.queue_id = {queue} AND m.agent_id = {agent}.id AND m.logged_in)
    AND {meets(f"{agent}.id", requirement)})"""  # noqa: S608
