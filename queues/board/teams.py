"""Teams on the board: who of them is at work, and what they did today."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from agents.models import Agent, Team
from agents.states import OFFLINE
from queues.metrics import AgentFigures

from . import links
from .today import today


def teams_of(agents: Iterable[Agent]) -> list[dict[str, Any]]:
    """The teams that these agents belong to, by name."""
    members: dict[Team, list[Agent]] = defaultdict(list)
    for agent in agents:
        if agent.team:
            members[agent.team].append(agent)
    figures = today.teams() if members else {}
    return [_team(team, members[team], figures.get(team.pk, AgentFigures())) for team in sorted(members, key=lambda team: team.name)]


def _team(team: Team, members: list[Agent], figures: AgentFigures) -> dict[str, Any]:
    return {
        "id": team.pk,
        "name": team.name,
        "agents": len(members),
        "at_work": sum(agent.state != OFFLINE for agent in members),
        "today": {
            "answered": figures.answered,
            "handled": figures.handled,
            "missed": figures.missed,
            "aht": _whole(figures.aht),
            "occupancy": _whole(figures.occupancy),
            "utilization": _whole(figures.utilization),
        },
        "links": {
            "agents": links.listing("agent", app="agents", team__id__exact=team.pk, active__exact=1),
            "at_work": links.agents(team__id__exact=team.pk, active__exact=1),
            **(links.of_team(team, figures.since) if figures.since else {}),
        },
    }


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
