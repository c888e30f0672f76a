"""Admin of what callers dial and are led through."""

from .connections import WebConnectionAdmin as WebConnectionAdmin
from .flow_records import FlowRunAdmin as FlowRunAdmin
from .flows import FlowAdmin as FlowAdmin
from .numbers import NumberAdmin as NumberAdmin
