"""Figures of skills: entries that asked for them, relaxed later or not. An entry that asked for two is counted with both."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Count, QuerySet

from queues.models import Segment

from .definitions import COUNTS, entries
from .queues import midnight

SKILL = "requirement__needs__skill"
COUNTED = ("offered", "answered", "abandoned")


@dataclass(frozen=True, slots=True)
class SkillFigures:
    """One skill in one queue since `since`, by the names of `COUNTS`."""

    since: datetime
    offered: int = 0
    answered: int = 0
    abandoned: int = 0
    waiting: int = 0
    """Callers in line at this moment, whenever they came."""


def skills_figures(since: datetime | None = None) -> dict[tuple[int, int], SkillFigures]:
    """By the ids of queue and skill, since the installation's midnight or a given moment; only where somebody asked."""
    start = since or midnight(settings.TIME_ZONE)
    came = _counted(entries(since=start, requirement__isnull=False), COUNTED)
    waits = _counted(Segment.objects.filter(COUNTS["waiting"], requirement__isnull=False), ("waiting",))
    found: dict[tuple[int, int], dict[str, int]] = defaultdict(dict)
    for queue, skill, counts in (*came, *waits):
        found[queue, skill] |= counts
    return {pair: SkillFigures(since=start, **counts) for pair, counts in found.items()}


def _counted(chosen: QuerySet[Segment], names: tuple[str, ...]) -> Iterator[tuple[int, int, dict[str, int]]]:
    """Queue, skill and the counts of each pair that the entries have."""
    counts: dict[str, Any] = {name: Count("pk", filter=COUNTS[name]) for name in names}
    # order_by: the model's default order would become part of the grouping.
    rows = chosen.filter(**{f"{SKILL}__isnull": False}).order_by("queue", SKILL).values("queue", SKILL).annotate(**counts)
    for row in rows:
        yield row["queue"], row[SKILL], {name: row[name] for name in names}
