"""Times that customers may choose to be called back at: windows of the hours for callbacks. Pure: no Django, no database.

The hours of a day are cut into windows of one length, from when they begin; what is left at their end is no window. Times are
those of the clock on the wall: a window that the clock leaves out in spring is none, one in the hour that it shows twice in autumn
lasts for both.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .hours import DAY, Kind, Rules, instant

LEAD = timedelta(minutes=5)
"""A window that begins sooner is not read out any more: choosing and confirming takes a caller a minute or two."""
READ_OUT = 4
"""Windows that are read out at once: more are forgotten before the last one is said. One key each, 1 to 4."""


@dataclass(frozen=True, slots=True)
class Window:
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What is read out at once, all of one day; the others are moments to go on from, if there is anything more to choose."""

    windows: tuple[Window, ...] = ()
    later: datetime | None = None
    """More of the same day."""
    other_day: datetime | None = None
    """The next day that has any; after the last one the first again."""


@dataclass(frozen=True)
class CallTimes:
    """When a queue calls back, and the windows that it offers."""

    zone: ZoneInfo
    opens: time
    closes: time
    """Not later than `opens`: on the next day; the same: all day and night."""
    length: timedelta
    places: int
    """Callbacks that one window takes."""
    days_ahead: int
    """0: today's windows only."""
    rules: Rules | None = None
    """Opening hours of the queue, closures and holidays among them; None: it is always open."""

    # ---- which windows there are ----------------------------------------------------------------------------------
    def windows_on(self, day: date) -> list[Window]:
        """Those that begin on this day while the queue is open from their beginning to their end."""
        whole = (window for eve in (day - DAY, day) for window, complete in self._cut(eve) if complete)
        return [window for window in whole if self.local(window.starts).date() == day and self._open_throughout(window)]

    def window_at(self, moment: datetime) -> Window | None:
        """The window that a moment falls into, the shorter one at the end of the hours included; None: nobody is called then."""
        found = self._cell(moment)
        return found if found and self._kind_at(moment) is Kind.OPEN else None

    def in_hours(self, moment: datetime) -> bool:
        """Within the hours for callbacks, whether or not the queue is open."""
        return self._cell(moment) is not None

    def closed_because(self, moment: datetime) -> str:
        """The holiday or the closure of this moment; empty: there is none, or it has no name."""
        return next(iter(self.rules.stretches(moment, moment + timedelta(seconds=1)))).name if self.rules else ""

    def local(self, moment: datetime) -> datetime:
        return moment.astimezone(self.zone)

    def _cell(self, moment: datetime) -> Window | None:
        today = self.local(moment).date()
        windows = (window for day in (today - DAY, today) for window, _ in self._cut(day))
        return next((window for window in windows if window.starts <= moment < window.ends), None)

    def _cut(self, day: date) -> Iterator[tuple[Window, bool]]:
        """The hours that begin on this day, cut from their beginning. False: only what was left at their end."""
        begins = datetime.combine(day, self.opens)
        over = datetime.combine(day if self.closes > self.opens else day + DAY, self.closes)
        while begins < over:
            ends = begins + self.length
            window = Window(instant(self.zone, begins), instant(self.zone, min(ends, over)))
            if window.starts < window.ends:
                yield window, ends <= over
            begins = ends

    def _open_throughout(self, window: Window) -> bool:
        return self.rules is None or all(stretch.kind is Kind.OPEN for stretch in self.rules.stretches(window.starts, window.ends))

    def _kind_at(self, moment: datetime) -> Kind:
        if self.rules is None:
            return Kind.OPEN
        return next(iter(self.rules.stretches(moment, moment + timedelta(seconds=1)))).kind

    # ---- which are free ---------------------------------------------------------------------------------------------
    def free_on(self, day: date, since: datetime, taken: Sequence[datetime]) -> list[Window]:
        """:param taken: when the windows begin that callbacks are promised for, in order."""
        return [one for one in self.windows_on(day) if one.starts >= since and self.promised(one, taken) < self.places]

    @staticmethod
    def promised(window: Window, taken: Sequence[datetime]) -> int:
        """How many callbacks are promised for it; also those of windows of another length that begin in it."""
        return bisect_left(taken, window.ends) - bisect_left(taken, window.starts)

    def page(self, now: datetime, since: datetime | None, taken: Sequence[datetime]) -> Page:
        """What may be chosen on the first day that has anything free from `since` on.

        :param since: None, or what an earlier page said under `later` or `other_day`.
        """
        earliest = now + LEAD
        days = self._days_with_any(earliest, since or earliest, taken)
        first = next(days, [])
        if not first and since:
            return self.page(now, None, taken)  # all that was there has been taken meanwhile
        shown, rest = tuple(first[:READ_OUT]), first[READ_OUT:]
        return Page(shown, rest[0].starts if rest else None, self._other_day(first, next(days, []), earliest, taken))

    def free(self, now: datetime, since: datetime, taken: Sequence[datetime]) -> Iterator[Window]:
        """All free ones that begin at `since` or later, in order."""
        for windows in self._days_with_any(now, since, taken):
            yield from windows

    def last_day(self, now: datetime) -> date:
        return self.local(now).date() + self.days_ahead * DAY

    def _days_with_any(self, earliest: datetime, since: datetime, taken: Sequence[datetime]) -> Iterator[list[Window]]:
        since = max(earliest, since)
        day, last = self.local(since).date(), self.last_day(earliest)
        while day <= last:
            if free := self.free_on(day, since, taken):
                yield free
            day += DAY

    def _other_day(self, shown: list[Window], following: list[Window], earliest: datetime, taken: Sequence[datetime]) -> datetime | None:
        if following:
            return following[0].starts
        first = next(self._days_with_any(earliest, earliest, taken), [])
        others = first and shown and self.local(first[0].starts).date() != self.local(shown[0].starts).date()
        return first[0].starts if others else None
