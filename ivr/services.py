"""Which number leads where."""

from __future__ import annotations

from dataclasses import dataclass

from .models import Number


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
    numbers = Number.objects.filter(number=dialled, active=True)
    if source == "public":
        numbers = numbers.filter(public=True)
    found = numbers.first()
    if found is None or found.queue_id is None:
        return None
    wanted = found.agent_id if found.target == Number.Target.AGENT else None
    return Route(found.queue_id, found.priority, wanted)
