"""The rules of overflow: ways out with a threshold, for those who come and for those who wait. Reads only.

A rule speaks of a place in line, 1 for the next caller. At entry it is the place that the newcomer would get; among those
who wait, the last in line go first, and whom an agent's phone rings for is left alone.

length      the place is beyond the threshold
per_agent   the place divided by the working agents is above the threshold; without agents it always is
longest     the first in line has waited that long: newcomers go elsewhere, those in line stay
waited      the caller has waited that long; nobody has at entry
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from .attendance import working
from .models import Call, Offer, Queue
from .states import QUEUED, WAITING
from .ways import RULES, Way


def at_entry(queue: Queue, ways: tuple[Way, ...], now: datetime) -> Way | None:
    """The first rule that sends a newcomer elsewhere. No statement for a queue without rules."""
    return next((way for way in ways if way.when in RULES and _turns_away(way, queue, now)), None)


def _turns_away(way: Way, queue: Queue, now: datetime) -> bool:
    if way.when == "longest":
        return _waits_since(queue, now - timedelta(seconds=way.threshold))
    return way.when != "waited" and waiting_in(queue) >= places(way, queue)


def places(way: Way, queue: Queue) -> int:
    """How many places in line the rule of length or of callers per agent leaves."""
    return math.floor(way.threshold * (working(queue) if way.when == "per_agent" else 1))


def beyond(queue: Queue, many: int) -> list[int]:
    """Those who wait behind the first so many of the line, and for whom no phone rings."""
    line = Call.objects.waiting().filter(queue=queue, callback__isnull=True).values_list("pk", "state", "wanted_agent")[many:]
    return [pk for pk, state, wanted in line if state == QUEUED and wanted is None]


def waiting_in(queue: Queue) -> int:
    """Callers on the line; who waits for a callback takes no room."""
    ringing = Offer.objects.open().filter(queue=queue, call__callback__isnull=True).values("call").distinct().count()
    return Call.objects.filter(queue=queue, state=QUEUED, callback__isnull=True).count() + ringing


def _waits_since(queue: Queue, moment: datetime) -> bool:
    return Call.objects.filter(
        queue=queue, callback__isnull=True, state__in=WAITING, order_key__lte=moment, enqueued_at__lte=moment
    ).exists()
