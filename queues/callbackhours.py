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
    today = moment.astimezone(ZoneInfo(zone)).date()
    # A wall time that clocks show twice opens twice; one that they leave out opens an hour later by the clock.
    openings = (
        datetime.combine(day, opens, ZoneInfo(zone)).replace(fold=fold).astimezone(moment.tzinfo)
        for day in (today, today + timedelta(days=1))
        for fold in (0, 1)
    )
    return next(opening for opening in openings if opening > moment)
