"""Queues and what passes through them.

`Call` is a customer with a place in line; SIP is only how they reached us. `Segment` is one stay in one
queue with the agent who took it, `Offer` one attempt to hand it to an agent, `Command` a wish about a
call that the process owning it obeys.
"""

from agents.models import Skill as Skill

from .configuration import AnswerMode as AnswerMode
from .configuration import CallerPriority as CallerPriority
from .configuration import Disposition as Disposition
from .configuration import FallbackAction as FallbackAction
from .configuration import LevelFormula as LevelFormula
from .configuration import Membership as Membership
from .configuration import MembershipRule as MembershipRule
from .configuration import Queue as Queue
from .configuration import Strategy as Strategy
from .traffic import Call as Call
from .traffic import Command as Command
from .traffic import Offer as Offer
from .traffic import Segment as Segment
from .upkeep import AgentStatePeriod as AgentStatePeriod
from .upkeep import Lease as Lease
from .voicemail import VoicemailBox as VoicemailBox
from .voicemail import VoicemailMessage as VoicemailMessage
