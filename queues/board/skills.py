"""Skills on the board: who asked for them today, who waits for them, and who is there that has them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from typing import Any

from django.conf import settings

from agents.models import Agent, AgentSkill, Skill
from agents.states import OFFLINE
from queues.metrics import midnight
from queues.models import Queue

from . import links
from .today import today


def skills_of(agents: Collection[Agent], queues: Collection[Queue], staff: dict[str, Any]) -> list[dict[str, Any]]:
    """The skills that calls of these queues asked for today or wait for now, by name; none where nobody asks for any."""
    counts = _counts({queue.pk for queue in queues})
    if not counts:
        return []
    since = midnight(settings.TIME_ZONE)
    have = _who_have(agents, counts)
    skills = Skill.objects.filter(pk__in=counts)
    return [_skill(skill, counts[skill.pk], have[skill.pk], links.of_skill(skill.pk, since, queues, **staff)) for skill in skills]


def _counts(queues: set[int]) -> dict[int, Counter[str]]:
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for (queue, skill), figures in today.skills().items():
        if queue in queues:
            found[skill].update(answered=figures.answered, abandoned=figures.abandoned, waiting=figures.waiting)
    return found


def _who_have(agents: Collection[Agent], skills: Collection[int]) -> dict[int, list[Agent]]:
    known = {agent.pk: agent for agent in agents}
    found: dict[int, list[Agent]] = defaultdict(list)
    for skill, agent in AgentSkill.objects.filter(skill__in=skills, agent__in=known).values_list("skill", "agent"):
        found[skill].append(known[agent])
    return found


def _skill(skill: Skill, counts: Counter[str], have: list[Agent], to: dict[str, str]) -> dict[str, Any]:
    return {
        "id": skill.pk,
        "name": skill.name,
        "agents": len(have),
        "at_work": sum(agent.state != OFFLINE for agent in have),
        "waiting": counts["waiting"],
        "today": {"answered": counts["answered"], "abandoned": counts["abandoned"]},
        "links": to,
    }
