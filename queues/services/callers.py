"""Who calls again: a place in line given up a moment ago, and the priority of a number on the list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from callcenter.core import sql

from ..lanes import comes, reachable
from ..models import Call, Queue, Strategy
from ..numbers import anonymous, plain_number
from ..ranking import WORKING

RECENT = 20
"""Calls of a number that are looked at: behind a company's one number there may be thousands."""

# Both answers in one round trip. A place that another call has taken over is gone (index `call_resumed_once`).
KNOWN = """
SELECT (SELECT priority FROM queues_callerpriority WHERE number = %(listed)s), old.id, old.order_key
FROM (SELECT 1) AS one LEFT JOIN LATERAL (
  SELECT id, order_key FROM (
    SELECT id, order_key, state, outcome, queue_id, wanted_agent_id, ended_at FROM queues_call
    WHERE caller_number = %(number)s ORDER BY id DESC LIMIT %(recent)s) c
  WHERE state = 'ended' AND outcome = 'abandoned' AND queue_id = %(queue)s AND ended_at >= %(since)s::timestamptz
    AND wanted_agent_id IS NOT DISTINCT FROM %(wanted)s::bigint
    AND NOT EXISTS (SELECT 1 FROM queues_call n WHERE n.resumes_id = c.id)
  ORDER BY id DESC LIMIT 1) old ON true
"""


# Who talked to the caller last, be it on a call that still lasts; nobody else's place is asked about if that agent is not at
# work in this queue, able to serve the call and about to stay.
LAST_AGENT = f"""
WITH last AS (
  SELECT agent_id FROM (
    SELECT id, agent_id, answered_at FROM queues_call WHERE caller_number = %(number)s ORDER BY id DESC LIMIT %(recent)s) c
  WHERE id <> %(call)s AND agent_id IS NOT NULL AND answered_at >= %(since)s ORDER BY answered_at DESC LIMIT 1
)
SELECT a.id FROM last JOIN agents_agent a ON a.id = last.agent_id
WHERE {comes("a", "%(queue)s", "%(requirement)s::bigint")} AND {reachable("a.id")}
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Known:
    """What the number says about a call that is about to get its place."""

    priority: int = 0
    """Of the list of VIP callers; 0 for everybody else."""
    resumes: int | None = None
    """The abandoned call whose place is free to be taken over …"""
    order_key: datetime | None = None
    """… and that place."""


def known(call: Call, queue: Queue, now: datetime) -> Known:
    """The queue is held, so of two calls of one number only one finds the place."""
    if anonymous(call.caller_number):
        return Known()
    since = now - timedelta(seconds=queue.resume_seconds) if queue.resume_seconds else None
    asked = {"number": call.caller_number, "listed": plain_number(call.caller_number), "queue": queue.pk, "since": since}
    priority, resumes, order_key = sql.only_row(KNOWN, {**asked, "wanted": call.wanted_agent_id, "recent": RECENT})
    return Known(priority or 0, resumes, order_key)


# So many days back, of so many calls at most: it says whether this is a regular caller, not how many calls there were ever.
HISTORY = """
SELECT coalesce((SELECT priority FROM queues_callerpriority WHERE number = %(listed)s), 0),
  (SELECT count(*) FROM (SELECT arrived_at FROM queues_call WHERE caller_number = %(number)s ORDER BY id DESC LIMIT 100) c
   WHERE c.arrived_at > statement_timestamp() - interval '30 days')
"""


def facts_of(number: str) -> dict[str, int]:
    """What flows know of a caller beforehand: the priority on the list of VIP callers, and the calls of the last 30 days."""
    if anonymous(number):
        return {"priority": 0, "calls": 0}
    priority, calls = sql.only_row(HISTORY, {"number": number, "listed": plain_number(number)})
    return {"priority": priority, "calls": calls}


def preference(call: Call, queue: Queue, requirement: int | None, now: datetime) -> dict[str, Any]:
    """The fields that keep the call for the agent who talked to the caller last, in a sticky queue; empty ones for nobody."""
    agent = last_agent(call, queue, requirement, now) if queue.strategy == Strategy.STICKY and call.wanted_agent_id is None else None
    until = now + timedelta(seconds=queue.sticky_seconds) if agent else None
    return {"preferred_agent_id": agent, "preferred_until": until}


def last_agent(call: Call, queue: Queue, requirement: int | None, now: datetime) -> int | None:
    """Who talked to this caller last within `sticky_days`, if it makes sense to wait for that agent."""
    if anonymous(call.caller_number):
        return None
    asked = {"number": call.caller_number, "call": call.pk, "since": now - timedelta(days=queue.sticky_days), "recent": RECENT}
    staffed = {"queue": queue.pk, "requirement": requirement, "working": list(WORKING), "now": now}
    found = sql.row(LAST_AGENT, {**asked, **staffed})
    return int(found[0]) if found else None
