"""Of which days and of which version figures are asked for, from a page's address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from queues.admin import periods
from queues.admin.periods import PERIODS as PERIODS

from ..models import Flow, FlowVersion


@dataclass(frozen=True, slots=True)
class Asked:
    flow: Flow
    period: periods.Period
    version: FlowVersion | None = None

    @property
    def days(self) -> int:
        return self.period.days

    @property
    def since(self) -> datetime:
        return self.period.since

    @property
    def kept(self) -> str:
        """What stays in the address when another period is chosen."""
        return f"&version={self.version.number}" if self.version else ""

    @property
    def where(self) -> dict[str, Any]:
        """For the functions of `metrics`."""
        return {"version": self.version, "since": self.since} if self.version else {"flow": self.flow, "since": self.since}

    @property
    def link(self) -> dict[str, Any]:
        """For the addresses of the rows."""
        return {"flow": self.flow, "version": self.version, "since": self.since}


def asked(request: HttpRequest, flow: Flow) -> Asked:
    """What the address says, and sensible things where it says nonsense."""
    number = request.GET.get("version", "")
    version = flow.versions.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    return Asked(flow, periods.asked(request), version)
