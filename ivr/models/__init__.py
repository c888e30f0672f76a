"""What callers dial, and what they are led through."""

from .connections import WebConnection as WebConnection
from .flows import Flow as Flow
from .flows import FlowRun as FlowRun
from .flows import FlowTest as FlowTest
from .flows import FlowVersion as FlowVersion
from .flows import FlowVisit as FlowVisit
from .numbers import Number as Number
