"""The two reads that matching stands on: who might take a call, and which calls an agent may take."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from agents.models import Agent
from callcenter.core import sql

from . import ranking
from .models import Call, Offer, Queue
from .ranking import WORKING, Candidate, Demand, Ranking
from .slices import CALL

LINE_LENGTH = 16
"""Calls read at a time; usually the first is taken, the others are there for when other processes are at it."""

# One index probe per queue of the agent (index `call_line`), whatever the length of the lines. A membership in a
# higher tier sees only calls that have waited long enough, unless nobody of a lower tier works within reach;
# order_key is never later than enqueued_at, so the same bound cuts the index range.
LINE = """
WITH mine AS MATERIALIZED (
  SELECT m.queue_id, CASE WHEN m.tier = 0 OR NOT EXISTS (
      SELECT 1 FROM queues_membership l JOIN agents_agent a ON a.id = l.agent_id
      WHERE l.queue_id = m.queue_id AND l.tier < m.tier AND l.logged_in AND a.active AND a.state = ANY(%(working)s)
        AND EXISTS (SELECT 1 FROM agents_device d WHERE d.agent_id = a.id AND d.rings AND d.lease_until > %(now)s))
    THEN 'infinity'::timestamptz ELSE %(now)s - make_interval(secs => m.tier * q.tier_wait) END AS open_to
  FROM queues_membership m JOIN queues_queue q ON q.id = m.queue_id
  WHERE m.agent_id = %(agent)s AND m.logged_in
), phone AS (
  SELECT 1 FROM agents_device d WHERE d.agent_id = %(agent)s AND d.rings AND d.lease_until > %(now)s LIMIT 1
)
(SELECT c.id, c.order_key FROM phone CROSS JOIN mine CROSS JOIN LATERAL (
  SELECT id, order_key FROM queues_call
  WHERE queue_id = mine.queue_id AND state = 'queued' AND order_key <= mine.open_to AND enqueued_at <= mine.open_to
    AND (not_before IS NULL OR not_before <= %(now)s) AND wanted_agent_id IS NULL AND NOT id = ANY(%(but)s)
  ORDER BY order_key, id LIMIT %(length)s) c)
UNION ALL
(SELECT id, order_key FROM phone CROSS JOIN queues_call
  WHERE wanted_agent_id = %(agent)s AND state = 'queued' AND (not_before IS NULL OR not_before <= %(now)s) AND NOT id = ANY(%(but)s)
  ORDER BY order_key, id LIMIT %(length)s)
ORDER BY 2, 1 LIMIT %(length)s
"""


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


# Nobody at all unless somebody has a slot free: in a full queue, the common case, no arrival ranks a thousand members
# in vain. Phone and cool-down are left to the ranking, which also says of whom they are the reason. A phone is looked for
# only of those who work, and with LIMIT, which keeps PostgreSQL from hashing the phones of the whole house. The columns are
# those of `Candidate`; moments that decide nothing are left out, because reading one costs more than finding the row.
MEMBERS = """
SELECT m.agent_id, a.state, a.state = ANY (%(working)s) AND (
    SELECT true FROM agents_device d WHERE d.agent_id = m.agent_id AND d.rings AND d.lease_until > statement_timestamp() LIMIT 1
  ) IS NOT NULL, a.open_calls, a.max_concurrent_calls,
  CASE WHEN a.ready_at > %(now)s THEN a.ready_at END, a.next_state <> '', a.active, m.logged_in, m.tier, m.position,
  CASE WHEN a.open_calls < a.max_concurrent_calls THEN greatest(a.last_released_at, a.last_offered_at) END, a.calls_since_login
FROM queues_membership m JOIN agents_agent a ON a.id = m.agent_id
WHERE m.queue_id = %(queue)s AND (
  SELECT EXISTS (
    SELECT 1 FROM queues_membership n JOIN agents_agent b ON b.id = n.agent_id
    WHERE n.queue_id = %(queue)s AND n.logged_in AND b.active AND b.next_state = ''
      AND b.state IN ('available', 'ringing', 'on_call') AND b.open_calls < b.max_concurrent_calls))
"""


def candidates(queue: Queue, call: Call, now: datetime) -> list[Candidate]:
    """The queue's members, none if nobody is free; or only the agent whom the caller wants, member or not."""
    if call.wanted_agent_id is not None:
        wanted = Agent.objects.get(pk=call.wanted_agent_id)
        return [of(wanted, reachable=wanted.devices.live().exists())]
    values = {"queue": queue.pk, "now": now, "working": list(WORKING)}
    return [Candidate._make(row) for row in sql.rows(MEMBERS, values)]


def of(agent: Agent, *, reachable: bool) -> Candidate:
    """The agent apart from any queue."""
    return Candidate(
        agent=agent.pk, state=agent.state, reachable=reachable, open_calls=agent.open_calls, max_calls=agent.max_concurrent_calls,
        ready_at=agent.ready_at, leaving=bool(agent.next_state), active=agent.active,
        idle_since=_later(agent.last_released_at, agent.last_offered_at), calls=agent.calls_since_login,
    )  # fmt: skip


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(one, other) if one and other else one or other


def ranked(queue: Queue, call: Call, now: datetime) -> Ranking:
    waited = (now - call.enqueued_at).total_seconds() if call.enqueued_at else 0.0
    demand = Demand(
        now=now, strategy=queue.strategy, waited=waited, tier_wait=queue.tier_wait, pointer=queue.rr_pointer,
        last_tried=_last_tried(call) if queue.strategy == "linear" and call.attempts else None, wanted=call.wanted_agent_id,
    )  # fmt: skip
    return ranking.rank(candidates(queue, call, now), demand)


def _last_tried(call: Call) -> int | None:
    tried = Offer.objects.filter(call=call, queue=call.queue_id).order_by("-id").values_list("agent_id", flat=True)
    return tried.first()
