"""What callers dial, what they are led through, and what they hear."""

from .connections import WebConnection as WebConnection
from .flows import Flow as Flow
from .flows import FlowRun as FlowRun
from .flows import FlowTest as FlowTest
from .flows import FlowVersion as FlowVersion
from .flows import FlowVisit as FlowVisit
from .numbers import Number as Number
from .prompts import Prompt as Prompt
from .prompts import Recording as Recording
from .prompts import RecordingCode as RecordingCode
from .prompts import Source as Source
from .rules import Rule as Rule
from .rules import RuleCase as RuleCase
