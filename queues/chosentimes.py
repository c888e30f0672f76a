"""The times at which a queue's customers may choose to be called back, from its rows. Whoever promises one holds the queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from .callbackstates import OPEN
from .callbackwindows import CallTimes, Page, Window
from .hours_reading import rules_for, zone_of
from .models import Callback, Queue
from .refusals import OutsideCallbackHours, TimeHasPassed, WindowFull

GRACE = timedelta(minutes=1)
"""So long a time that has passed is still taken for now: a form is filled in to the minute, and filling it in takes a while."""


def call_times(queue: Queue, now: datetime) -> CallTimes:
    return CallTimes(
        zone=zone(queue),
        opens=queue.callback_from,
        closes=queue.callback_until,
        length=timedelta(minutes=queue.callback_window_minutes),
        places=queue.callback_window_places,
        days_ahead=queue.callback_days_ahead,
        rules=rules_for(queue.schedule_id, now) if queue.schedule_id else None,
    )


def zone(queue: Queue) -> ZoneInfo:
    """By whose clock its times are meant and said."""
    return zone_of(queue.timezone)


def page(queue: Queue, now: datetime, since: datetime | None = None) -> Page:
    """What a caller may choose from now; see `CallTimes.page`."""
    return call_times(queue, now).page(now, since, _taken(queue))


def free(queue: Queue, now: datetime) -> Iterator[Window]:
    """Every window that may still be promised, in order."""
    return call_times(queue, now).free(now, now, _taken(queue))


def chosen(queue: Queue, starts: datetime, now: datetime, number: str) -> Window:
    """The window that a caller chose, as long as it has room and is not over.

    :param number: whom to call; what this number is owed already takes no room from it.
    :raises OutsideCallbackHours: it is none (any more).
    :raises WindowFull: others were faster.
    """
    times = call_times(queue, now)
    found = next((one for one in times.windows_on(times.local(starts).date()) if one.starts == starts), None)
    if found is None or found.ends <= now or times.local(starts).date() > times.last_day(now):
        raise OutsideCallbackHours(field="due_at")
    _refuse_if_full(times, found, now, _taken(queue, number=number))
    return found


def window_for(queue: Queue, at: datetime, now: datetime, *, besides: int | None = None) -> Window | None:
    """The window that a moment falls into at which somebody wants to promise a callback. Room counts if callers may choose as well.
    None: that is now, so as soon as it can be, in no window.

    :param besides: a callback that is to be moved: its present place is free for itself.
    :raises TimeHasPassed: it lies more than a minute back.
    :raises OutsideCallbackHours: nobody is called back then.
    :raises WindowFull: as many are promised already.
    """
    if at < now - GRACE:
        raise TimeHasPassed(field="due_at")
    if at <= now:
        return None
    times = call_times(queue, at)
    found = times.window_at(at)
    if found is None:
        raise OutsideCallbackHours(_why_not(queue, times, at), field="due_at")
    if queue.callback_choose_time:
        _refuse_if_full(times, found, now, _taken(queue, pk=besides))
    return found


def free_place(queue: Queue, window: Window, *, besides: int | None = None) -> int:
    """The lowest place of the window that no open callback has."""
    same = Callback.objects.filter(queue=queue, state__in=OPEN, window_from=window.starts).exclude(pk=besides or 0)
    used = set(same.values_list("window_place", flat=True))
    return next(place for place in range(len(used) + 1) if place not in used)


def _taken(queue: Queue, **but: Any) -> list[datetime]:
    """When the windows of the open callbacks begin, in order.

    :param but: which of them does not count.
    """
    promised = Callback.objects.filter(queue=queue, state__in=OPEN, window_from__isnull=False).exclude(**but)
    return [begins for begins in promised.order_by("window_from").values_list("window_from", flat=True) if begins]


def _refuse_if_full(times: CallTimes, window: Window, now: datetime, taken: list[datetime]) -> None:
    if times.promised(window, taken) < times.places:
        return
    free = next(times.free(now, window.ends, taken), None)
    many = "One callback is" if times.places == 1 else f"{times.places} callbacks are"
    remedy = f"The next free time is {told(free, times.zone)}." if free else "Choose an earlier time, or let a window take more."
    raise WindowFull(f"{many} promised for {told(window, times.zone)} already, as many as the queue takes. {remedy}", field="due_at")


def _why_not(queue: Queue, times: CallTimes, at: datetime) -> str:
    local = times.local(at)
    if times.in_hours(at):
        name = times.closed_because(at)
        because = f" ({name})" if name else ""
        return f"The queue is closed on {local:%a %Y-%m-%d at %H:%M}{because}. Choose a time within its opening hours."
    hours = f"from {queue.callback_from:%H:%M} to {queue.callback_until:%H:%M} ({queue.timezone})"
    return f"Nobody is called back at {local:%H:%M}: the queue calls {hours}. Choose a time within these hours."


def shown(window: Window, where: ZoneInfo) -> str:
    """For screens: Tue 2026-11-24 15:00–16:00."""
    return f"{window.starts.astimezone(where):%a %Y-%m-%d %H:%M}–{window.ends.astimezone(where):%H:%M}"


def told(window: Window, where: ZoneInfo) -> str:
    """As `shown`, and by which clock that is, if not by that of the screen."""
    named = "" if where.key == timezone.get_current_timezone_name() else f" ({where.key})"
    return f"{shown(window, where)}{named}"
