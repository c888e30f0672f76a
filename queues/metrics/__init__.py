"""The figures: one definition each, for live screens, reports and the calls behind a number alike."""

from .agents import AgentFigures, agent_figures, agents_figures, periods, team_figures, teams_figures
from .callbacks import COUNTS as CALLBACK_COUNTS
from .callbacks import OUTCOMES as CALLBACK_OUTCOMES
from .callbacks import (
    CallbackFigures,
    callback_figures,
    callbacks_behind,
    callbacks_by_day,
    callbacks_by_queue,
    expired_because,
)
from .definitions import COUNTS, LEVELS, OUTCOMES, Level, behind, calls_behind, entries, level_for
from .durations import Took
from .identity import broken_identities, check_identity
from .queues import Interval, QueueFigures, by_interval, entered_today, figures, midnight, queue_figures, queues_figures, share
from .voicemail import CALLS as CALLS_TO_VOICEMAIL
from .voicemail import COUNTS as VOICEMAIL_COUNTS
from .voicemail import STATES as VOICEMAIL_STATES
from .voicemail import (
    VoicemailFigures,
    promised_for,
    said_nothing,
    voicemail_behind,
    voicemail_by_box,
    voicemail_by_day,
    voicemail_figures,
)

__all__ = [
    "CALLBACK_COUNTS",
    "CALLBACK_OUTCOMES",
    "CALLS_TO_VOICEMAIL",
    "COUNTS",
    "LEVELS",
    "OUTCOMES",
    "VOICEMAIL_COUNTS",
    "VOICEMAIL_STATES",
    "AgentFigures",
    "CallbackFigures",
    "Interval",
    "Level",
    "QueueFigures",
    "Took",
    "VoicemailFigures",
    "agent_figures",
    "agents_figures",
    "behind",
    "broken_identities",
    "by_interval",
    "callback_figures",
    "callbacks_behind",
    "callbacks_by_day",
    "callbacks_by_queue",
    "calls_behind",
    "check_identity",
    "entered_today",
    "entries",
    "expired_because",
    "figures",
    "level_for",
    "midnight",
    "periods",
    "promised_for",
    "queue_figures",
    "queues_figures",
    "said_nothing",
    "share",
    "team_figures",
    "teams_figures",
    "voicemail_behind",
    "voicemail_by_box",
    "voicemail_by_day",
    "voicemail_figures",
]
from .skills import SkillFigures as SkillFigures
from .skills import skills_figures as skills_figures
