"""Which number leads where."""

from __future__ import annotations

from dataclasses import dataclass

from callcenter.core import sql

ROUTE = """
SELECT n.queue_id, n.priority, CASE WHEN n.target = 'agent' THEN n.agent_id END, CASE WHEN n.target = 'flow' THEN f.published_id END
FROM ivr_number n LEFT JOIN ivr_flow f ON f.id = n.flow_id AND f.active
WHERE n.number = %(number)s AND n.active AND (n.public OR NOT %(stranger)s) AND n.queue_id IS NOT NULL
"""

PUBLISHED = "SELECT published_id FROM ivr_flow WHERE slug = %s AND active AND published_id IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Route:
    queue_id: int
    priority: int = 0
    wanted_agent_id: int | None = None
    """Set for an agent's extension: nobody else may take the call."""
    flow_version_id: int | None = None
    """Set if a flow comes first; then the queue is for callers whom it cannot lead on."""


def route(dialled: str, *, source: str) -> Route | None:
    """Where a call to `dialled` goes, or None if nobody may know that number from there.

    :param source: "public", "trunk:<id>" or "agent:<id>". Strangers reach public numbers only.
    """
    found = sql.row(ROUTE, {"number": dialled, "stranger": source == "public"})
    return Route(*found) if found else None


def published(slug: str) -> int | None:
    """The version of this flow that callers get now; None if there is none, or it is off."""
    found = sql.row(PUBLISHED, [slug])
    return int(found[0]) if found else None
