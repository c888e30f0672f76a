"""Admin of what callers dial, are led through and hear."""

from .connections import WebConnectionAdmin as WebConnectionAdmin
from .flow_records import FlowRunAdmin as FlowRunAdmin
from .flows import FlowAdmin as FlowAdmin
from .numbers import NumberAdmin as NumberAdmin
from .prompts import PromptAdmin as PromptAdmin
from .recordings import RecordingAdmin as RecordingAdmin
from .recordings import RecordingCodeAdmin as RecordingCodeAdmin
from .rules import RuleAdmin as RuleAdmin
