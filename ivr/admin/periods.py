"""Of which days and of which version figures are asked for, from a page's address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from .. import metrics
from ..models import Flow, FlowVersion

PERIODS = {1: "Today", 7: "7 days", 30: "30 days", 365: "A year"}


@dataclass(frozen=True, slots=True)
class Asked:
    """:ivar days: today and so many days before it, less one."""

    flow: Flow
    days: int
    since: datetime
    version: FlowVersion | None = None

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
    days = request.GET.get("days", "")
    chosen = int(days) if days.isdecimal() and len(days) < 4 and int(days) in PERIODS else 7
    number = request.GET.get("version", "")
    version = flow.versions.filter(number=int(number)).first() if number.isdecimal() and len(number) < 9 else None
    return Asked(flow, chosen, metrics.midnight(settings.TIME_ZONE) - timedelta(days=chosen - 1), version)
