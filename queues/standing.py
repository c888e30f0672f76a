"""How queues stand right now, for those who decide by it: flows, rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from callcenter.core import sql

# `available`: who could be rung now, phone in reach and cool-down over; `at_work`: anybody logged in to the queue who is not offline.
STANDING = """
SELECT q.slug,
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
    """By slug: callers waiting, the longest wait in seconds, agents available, agents at work. Unknown queues are left out."""
    return {
        slug: {"waiting": waiting, "longest_wait": int(longest or 0), "available": available, "at_work": at_work}
        for slug, waiting, longest, available, at_work in sql.rows(STANDING, [list(slugs)])
    }
