"""Of which days figures are asked for, from a page's address. Days are those of the house."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from .. import metrics

PERIODS = {1: "Today", 7: "7 days", 30: "30 days", 365: "A year"}
LONGEST_DRAWN = 31
"""More days than these are drawn without those on which nothing was."""


@dataclass(frozen=True, slots=True)
class Period:
    """:ivar days: today and so many days before it, less one."""

    days: int
    since: datetime

    def drawn(self, found: Iterable[date]) -> list[date]:
        """The days of a chart: all of them, of a long period those that were found."""
        first = timezone.localdate(self.since)
        return [first + timedelta(days=n) for n in range(self.days)] if self.days <= LONGEST_DRAWN else sorted(found)


def asked(request: HttpRequest) -> Period:
    """What the address says, and a week where it says nonsense."""
    days = request.GET.get("days", "")
    chosen = int(days) if days.isdecimal() and len(days) < 4 and int(days) in PERIODS else 7
    return Period(chosen, metrics.midnight(settings.TIME_ZONE) - timedelta(days=chosen - 1))


def bounds(day: date) -> tuple[datetime, datetime]:
    """The first moment of a day, and that of the next one."""
    zone = ZoneInfo(settings.TIME_ZONE)
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)
