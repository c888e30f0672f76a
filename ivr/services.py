"""Which number leads where."""

from __future__ import annotations

from dataclasses import dataclass

from callcenter.core import sql

ROUTE = """
SELECT queue_id, priority, CASE WHEN target = 'agent' THEN agent_id END FROM ivr_number
WHERE number = %(number)s AND active AND (public OR NOT %(stranger)s) AND queue_id IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Route:
    queue_id: int
    priority: int = 0
    wanted_agent_id: int | None = None
    """Set for an agent's extension: nobody else may take the call."""


def route(dialled: str, *, source: str) -> Route | None:
    """Where a call to `dialled` goes, or None if nobody may know that number from there.

    :param source: "public", "trunk:<id>" or "agent:<id>". Strangers reach public numbers only.
    """
    found = sql.row(ROUTE, {"number": dialled, "stranger": source == "public"})
    return Route(*found) if found else None
