"""How queues stand right now, for those who decide by it: flows, rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callcenter.core import sql

from .estimate import Pace, expect
from .waits import paces

# `available`: who could be rung now, phone in reach and cool-down over; `at_work`: anybody logged in to the queue who is not offline.
STANDING = """
SELECT q.id, q.slug,
  (SELECT count(*) FROM queues_call c WHERE c.queue_id = q.id AND c.state IN ('queued', 'agent_ringing')),
  (SELECT extract(epoch FROM statement_timestamp() - min(c.enqueued_at)) FROM queues_call c
   WHERE c.queue_id = q.id AND c.state IN ('queued', 'agent_ringing')),
  count(a.id) FILTER (WHERE a.state = 'available' AND a.ready_at <= statement_timestamp() AND EXISTS (
    SELECT 1 FROM agents_device d WHERE d.agent_id = a.id AND d.rings AND d.lease_until > statement_timestamp())),
  count(a.id) FILTER (WHERE a.state <> 'offline')
FROM queues_queue q
LEFT JOIN queues_membership m ON m.queue_id = q.id AND m.logged_in LEFT JOIN agents_agent a ON a.id = m.agent_id AND a.active
WHERE q.slug = ANY (%s) GROUP BY q.id, q.slug
"""


def standing(slugs: Iterable[str]) -> dict[str, dict[str, Any]]:
    """By slug: callers waiting, the longest wait in seconds, agents available, agents at work, and how many seconds somebody who
    joined now would wait at most, as far as can be told (0: it cannot). Unknown queues are left out."""
    found = sql.rows(STANDING, [list(slugs)])
    moving = paces(queue for queue, *_ in found)
    return {
        slug: {
            "waiting": waiting, "longest_wait": int(longest or 0), "available": available, "at_work": at_work,
            "expected_wait": _expected(moving.get(queue), waiting, available),
        }
        for queue, slug, waiting, longest, available, at_work in found
    }  # fmt: skip


def _expected(pace: Pace | None, waiting: int, available: int) -> int:
    """Whoever finds a free agent and no line waits for nobody."""
    expected = None if available and not waiting else expect(pace, waiting + 1)
    return int(expected.high) if expected else 0
