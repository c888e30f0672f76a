"""The figures: one definition each, for live screens, reports and the calls behind a number alike."""

from .agents import AgentFigures, agent_figures, agents_figures, periods, team_figures, teams_figures
from .definitions import COUNTS, LEVELS, OUTCOMES, Level, behind, calls_behind, entries, level_for
from .identity import broken_identities, check_identity
from .queues import Interval, QueueFigures, by_interval, entered_today, figures, midnight, queue_figures, queues_figures

__all__ = [
    "COUNTS",
    "LEVELS",
    "OUTCOMES",
    "AgentFigures",
    "Interval",
    "Level",
    "QueueFigures",
    "agent_figures",
    "agents_figures",
    "behind",
    "broken_identities",
    "by_interval",
    "calls_behind",
    "check_identity",
    "entered_today",
    "entries",
    "figures",
    "level_for",
    "midnight",
    "periods",
    "queue_figures",
    "queues_figures",
    "team_figures",
    "teams_figures",
]
from .skills import SkillFigures as SkillFigures
from .skills import skills_figures as skills_figures
