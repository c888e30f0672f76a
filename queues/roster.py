"""The two reads that matching stands on: who might take a call, and which calls an agent may take."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils import timezone

from agents.models import Agent
from callcenter.core import sql

from . import ranking, requirements
from .demand import NONE
from .lanes import COLUMN, DUE, IN_A_LANE, lanes_of, meets, reachable
from .models import Call, Offer, Queue, Segment
from .ranking import WORKING, Candidate, Demand, Ranking
from .skills import Needs
from .slices import CALL
from .states import AGENT_RINGING, SegmentOutcome

LINE_LENGTH = 16
"""Calls read at a time; usually the first is taken, the others are there for when other processes are at it."""

# One index probe for each lane of the agent's queues that the agent may serve (index `call_lane`), whatever the length of
# the lines. A membership in a higher tier sees only calls that have waited long enough, unless nobody of a lower tier works
# within reach who may serve them; order_key is never later than enqueued_at, so the same bound cuts the index range.
LINE = f"""
WITH mine AS MATERIALIZED (
  SELECT m.queue_id, lane.number, CASE WHEN m.tier = 0 OR NOT EXISTS (
      SELECT 1 FROM queues_membership l JOIN agents_agent a ON a.id = l.agent_id
      WHERE l.queue_id = m.queue_id AND l.tier < m.tier AND l.logged_in AND a.active AND a.state = ANY(%(working)s)
        AND {reachable("a.id")} AND {meets("a.id", "lane.number")})
    THEN 'infinity'::timestamptz ELSE %(now)s - make_interval(secs => m.tier * q.tier_wait) END AS open_to
  FROM queues_membership m JOIN queues_queue q ON q.id = m.queue_id CROSS JOIN LATERAL {lanes_of("m.queue_id")} lane
  WHERE m.agent_id = %(agent)s AND m.logged_in AND (lane.number = 0 OR {meets("m.agent_id", "lane.number")})
), phone AS (
  SELECT 1 FROM agents_device d WHERE d.agent_id = %(agent)s AND d.rings AND d.lease_until > %(now)s LIMIT 1
)
(SELECT c.id, c.order_key FROM phone CROSS JOIN mine CROSS JOIN LATERAL (
  SELECT id, order_key FROM queues_call
  WHERE queue_id = mine.queue_id AND {COLUMN} = mine.number AND {IN_A_LANE} AND order_key <= mine.open_to
    AND enqueued_at <= mine.open_to AND {DUE} AND NOT id = ANY(%(but)s)
  ORDER BY order_key, id LIMIT %(length)s) c)
UNION ALL
(SELECT id, order_key FROM phone CROSS JOIN queues_call
  WHERE wanted_agent_id = %(agent)s AND state = 'queued' AND {DUE} AND NOT id = ANY(%(but)s)
  ORDER BY order_key, id LIMIT %(length)s)
UNION ALL
(SELECT id, order_key FROM phone CROSS JOIN queues_call c
  WHERE preferred_agent_id = %(agent)s AND state = 'queued' AND {DUE} AND NOT id = ANY(%(but)s)
    AND EXISTS (SELECT 1 FROM queues_membership m WHERE m.queue_id = c.queue_id AND m.agent_id = %(agent)s AND m.logged_in)
    AND {meets("c.preferred_agent_id", "c.requirement_id")}
  ORDER BY order_key, id LIMIT %(length)s)
ORDER BY 2, 1 LIMIT %(length)s
"""  # noqa: S608


TAKE_FIRST = f"""
WITH line AS MATERIALIZED ({LINE})
SELECT {CALL.columns("c")} FROM line JOIN queues_call c ON c.id = line.id AND c.state = 'queued'
ORDER BY line.order_key, line.id LIMIT 1 FOR NO KEY UPDATE OF c SKIP LOCKED
"""  # noqa: S608


def line_for(agent_id: int, now: datetime) -> list[int]:
    """The first calls that this agent may take, in the one order over all queues.

    None for an agent without a phone in reach; the agent's own state is not asked.
    """
    return [row[0] for row in sql.rows(LINE, _of_line(agent_id, now, ()))]


def take_first(agent_id: int, now: datetime, *, but: Collection[int] = ()) -> Call | None:
    """Lock the first call of the agent's line that is not in `but` and that no other process is at."""
    found = sql.row(TAKE_FIRST, _of_line(agent_id, now, but))
    return CALL.make(found) if found else None


def _of_line(agent_id: int, now: datetime, but: Collection[int]) -> dict[str, Any]:
    return {"agent": agent_id, "now": now, "but": list(but), "length": LINE_LENGTH, "working": list(WORKING)}


LOADS = {
    "fewest-calls": "a.calls_since_login",
    "fewest-today": "CASE WHEN a.answered_on = %(today)s THEN a.answered_today ELSE 0 END",
    "least-talk-time": "a.talk_seconds_since_login",
}
"""What `Candidate.load` is; other strategies compare no loads."""


# Nobody at all unless somebody has a slot free who may serve the call: in a full queue, the common case, no arrival ranks a
# thousand members in vain. Phone and cool-down are left to the ranking, which also says of whom they are the reason. A phone
# is looked for only of those who work, and with LIMIT, which keeps PostgreSQL from hashing the phones of the whole house. The
# columns are those of `Candidate`; moments that decide nothing are left out, because reading one costs more than finding the row.
@functools.cache
def _members(rule: str, *, skilled: bool) -> str:
    able = f" AND {meets('b.id', '%(requirement)s')}" if skilled else ""
    return f"""
SELECT m.agent_id, a.state, a.state = ANY (%(working)s) AND (
    SELECT true FROM agents_device d WHERE d.agent_id = m.agent_id AND d.rings AND d.lease_until > statement_timestamp() LIMIT 1
  ) IS NOT NULL, a.open_calls, a.max_concurrent_calls,
  CASE WHEN a.ready_at > %(now)s THEN a.ready_at END, a.next_state <> '', a.active, m.logged_in, m.tier, m.position,
  CASE WHEN a.open_calls < a.max_concurrent_calls THEN greatest(a.last_released_at, a.last_offered_at) END,
  {LOADS.get(rule, "0")}, m.weight
FROM queues_membership m JOIN agents_agent a ON a.id = m.agent_id
WHERE m.queue_id = %(queue)s AND (
  SELECT EXISTS (
    SELECT 1 FROM queues_membership n JOIN agents_agent b ON b.id = n.agent_id
    WHERE n.queue_id = %(queue)s AND n.logged_in AND b.active AND b.next_state = ''
      AND b.state IN ('available', 'ringing', 'on_call') AND b.open_calls < b.max_concurrent_calls{able}))
"""  # noqa: S608


LEVELS = """
SELECT has.agent_id, has.skill_id, has.level FROM queues_membership m JOIN agents_agentskill has ON has.agent_id = m.agent_id
WHERE m.queue_id = %(queue)s AND has.skill_id = ANY (%(skills)s)
"""


def candidates(queue: Queue, call: Call, demand: Demand) -> list[Candidate]:
    """The queue's members, none if nobody is free; or only the agent whom the caller wants, member or not."""
    if call.wanted_agent_id is not None:
        wanted = Agent.objects.get(pk=call.wanted_agent_id)
        return [of(wanted, reachable=wanted.devices.live().exists())]
    values = {"queue": queue.pk, "now": demand.now, "working": list(WORKING), "requirement": call.requirement_id}
    statement = _members(demand.rule, skilled=call.requirement_id is not None)
    members = [Candidate._make((*row, NONE)) for row in sql.rows(statement, {**values, "today": timezone.localdate(demand.now)})]
    skills = {need.skill for need in (*demand.needs, *demand.asked)}
    return _with_levels(members, queue, skills) if members and skills else members


def _with_levels(members: list[Candidate], queue: Queue, skills: set[int]) -> list[Candidate]:
    levels: dict[int, dict[int, int]] = defaultdict(dict)
    for agent, skill, level in sql.rows(LEVELS, {"queue": queue.pk, "skills": sorted(skills)}):
        levels[agent][skill] = level
    return [member._replace(levels=levels[member.agent]) if member.agent in levels else member for member in members]


def of(agent: Agent, *, reachable: bool) -> Candidate:
    """The agent apart from any queue."""
    return Candidate(
        agent=agent.pk, state=agent.state, reachable=reachable, open_calls=agent.open_calls, max_calls=agent.max_concurrent_calls,
        ready_at=agent.ready_at, leaving=bool(agent.next_state), active=agent.active,
        idle_since=_later(agent.last_released_at, agent.last_offered_at),
    )  # fmt: skip


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def ranked(queue: Queue, call: Call, now: datetime) -> Ranking:
    demand = demand_of(queue, call, now)
    return ranking.rank(candidates(queue, call, demand), demand)


def demand_of(queue: Queue, call: Call, now: datetime) -> Demand:
    waited = (now - call.enqueued_at).total_seconds() if call.enqueued_at else 0.0
    rule = queue.usual_strategy
    needs, asked = _asked_for(call, rule)
    return Demand(
        now=now, strategy=queue.strategy, second=queue.second_strategy, waited=waited, tier_wait=queue.tier_wait,
        pointer=queue.rr_pointer, last_tried=_last_tried(call) if rule == "linear" and call.attempts else None,
        wanted=call.wanted_agent_id, preferred=call.preferred_agent_id, needs=needs, asked=asked,
        ringing=_ringing(call) if call.state == AGENT_RINGING else frozenset(),
    )  # fmt: skip


def _asked_for(call: Call, rule: str) -> tuple[Needs, Needs]:
    """The needs of now; and those of the call's stay before any relaxation, where the strategy looks at them."""
    if rule == "skills-weighted":
        full = Segment.objects.filter(call=call, outcome=SegmentOutcome.WAITING).values_list("requirement", flat=True).first()
        needs = requirements.needs_of(full, call.requirement_id)
        return needs.get(call.requirement_id or 0, ()), needs.get(full or 0, ())
    return requirements.needs_of(call.requirement_id).get(call.requirement_id or 0, ()), ()


def _last_tried(call: Call) -> int | None:
    tried = Offer.objects.filter(call=call, queue=call.queue_id).order_by("-id").values_list("agent_id", flat=True)
    return tried.first()


def _ringing(call: Call) -> frozenset[int]:
    return frozenset(Offer.objects.open().filter(call=call).values_list("agent_id", flat=True))
