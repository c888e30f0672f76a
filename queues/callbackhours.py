"""When people may be called back: a span of the local day. Pure."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo


def is_open(moment: datetime, opens: time, closes: time, zone: str) -> bool:
    """Within the span; one that closes before it opens lasts over midnight, one that closes when it opens is the whole day."""
    local = moment.astimezone(ZoneInfo(zone)).time()
    if opens < closes:
        return opens <= local < closes
    return opens == closes or local >= opens or local < closes


def next_open(moment: datetime, opens: time, closes: time, zone: str) -> datetime:
    """`moment` itself if it lies within the span, else when the span opens next."""
    if is_open(moment, opens, closes, zone):
        return moment
    local = moment.astimezone(ZoneInfo(zone))
    opening = datetime.combine(local.date(), opens, ZoneInfo(zone))
    if opening <= moment:
        opening = datetime.combine(local.date() + timedelta(days=1), opens, ZoneInfo(zone))
    # Where clocks go forward this wall time may not exist; the instant that it names is an hour later, and open all the same.
    return opening.astimezone(moment.tzinfo)
