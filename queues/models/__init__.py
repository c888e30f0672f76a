"""Queues and what passes through them.

`Call` is a customer with a place in line; SIP is only how they reached us. `Segment` is one stay in one
queue with the agent who took it, `Offer` one attempt to hand it to an agent, `Command` a wish about a
call that the process owning it obeys.
"""

from agents.models import Skill as Skill

from .callbacks import Callback as Callback
from .configuration import AnswerMode as AnswerMode
from .configuration import CallbackOffer as CallbackOffer
from .configuration import CallerPriority as CallerPriority
from .configuration import Disposition as Disposition
from .configuration import LevelFormula as LevelFormula
from .configuration import Membership as Membership
from .configuration import MembershipRule as MembershipRule
from .configuration import MusicOrder as MusicOrder
from .configuration import Queue as Queue
from .configuration import Strategy as Strategy
from .direct import DirectCalls as DirectCalls
from .hours import ClosingAction as ClosingAction
from .hours import Closure as Closure
from .hours import OpeningSpan as OpeningSpan
from .hours import Schedule as Schedule
from .hours import SpecialDay as SpecialDay
from .hours import Weekday as Weekday
from .skills import QueueSkill as QueueSkill
from .skills import RelaxationStep as RelaxationStep
from .skills import RequiredSkill as RequiredSkill
from .skills import Requirement as Requirement
from .traffic import Call as Call
from .traffic import Command as Command
from .traffic import Direction as Direction
from .traffic import Offer as Offer
from .traffic import Segment as Segment
from .upkeep import AgentStatePeriod as AgentStatePeriod
from .upkeep import Lease as Lease
from .voicemail import VoicemailBox as VoicemailBox
from .voicemail import VoicemailMessage as VoicemailMessage
from .waiting import Announcement as Announcement
from .waiting import Music as Music
from .waiting import WayOut as WayOut
