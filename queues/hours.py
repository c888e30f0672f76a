"""Business hours, pure: rules and a moment go in, whether it is open and until when comes out. No Django, no database.

All times of the rules are those of a clock on the wall. A time on a day means the first moment at which that clock shows it
or a later one: in the hour that a clock leaves out in spring that is the moment of the jump, in the hour that it shows twice
in autumn the first time. So every span has one beginning and one end, whatever the clock does meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property, lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
INSTANT = timedelta(microseconds=1)

HORIZON_DAYS = 400
"""How far a change is looked for: a year, and room for holidays that move. What does not change by then counts as never."""


class Kind(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    HOLIDAY = "holiday"
    CLOSURE = "closure"


@dataclass(frozen=True, slots=True)
class Span:
    """Open from one time to another; an end that is not later than the beginning is on the next day (equal: 24 hours)."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Holiday:
    name: str
    spans: tuple[Span, ...] = ()
    """Special hours of that day; none: closed all day."""


@dataclass(frozen=True, slots=True)
class Exceptional:
    """A closure or an opening out of turn. Both ends are on the clock of the schedule and name no timezone."""

    name: str
    starts: datetime
    ends: datetime
    opens: bool = False
    own: bool = True
    """Made for this schedule alone, so that it goes before those made for all."""


@dataclass(frozen=True, slots=True)
class HoursState:
    """How it stands at one moment."""

    kind: Kind
    name: str = ""
    """Of the holiday, the closure or the opening; empty for the weekly hours."""
    since: datetime | None = None
    """Since when kind and name are these. None: for longer than a year."""
    until: datetime | None = None
    """The next moment at which kind or name changes, such as from closed to holiday at midnight. None: not within a year."""
    turned_at: datetime | None = None
    """When it last opened (if it is open) or closed (if it is not)."""
    turns_at: datetime | None = None
    """When it closes (if it is open) or opens (if it is not). None: not within a year."""

    @property
    def open(self) -> bool:
        return self.kind is Kind.OPEN


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of time in which nothing changes."""

    starts: datetime
    ends: datetime
    kind: Kind
    name: str


ALWAYS_OPEN = HoursState(Kind.OPEN)
"""Of who has no schedule."""


@dataclass(frozen=True)
class Rules:
    """What holds for one schedule. A span belongs to the day on which it begins: one that began on the eve of a holiday goes on
    into it. Exceptions go before holidays, holidays before the week; among exceptions the schedule's own go before those for
    all, and closures before openings."""

    timezone: ZoneInfo
    week: Mapping[int, tuple[Span, ...]]
    """By weekday, 0 for Monday."""
    holidays: Mapping[date, Holiday]
    exceptions: tuple[Exceptional, ...] = ()

    def state_at(self, moment: datetime) -> HoursState:
        kind, name = here = self._what(moment)
        until, turns_at = self._first_change(self._forward(moment), here)
        since, turned_at = self._first_change(self._backward(moment), here)
        return HoursState(kind, name, since, until, turned_at, turns_at)

    def stretches(self, starts: datetime, ends: datetime) -> Iterator[Stretch]:
        """What holds from one moment to another, in order and without a gap; neighbours may be alike."""
        inside = [edge for edge in self._edges_between(starts, ends) if starts < edge < ends]
        for begins, over in pairwise([starts, *inside, ends]):
            yield Stretch(begins, over, *self._what(begins))

    def midnight(self, day: date) -> datetime:
        """When the day begins."""
        return instant(self.timezone, datetime.combine(day, time()))

    def day_of(self, moment: datetime) -> date:
        """The latest day that the clock has shown; where it is put back over midnight, that is not the day that it shows."""
        shown = moment.astimezone(self.timezone).date()
        return shown + DAY if self.midnight(shown + DAY) <= moment else shown

    def _what(self, moment: datetime) -> tuple[Kind, str]:
        for starts, ends, kind, name in self._exceptions:
            if starts <= moment < ends:
                return kind, name
        today = self.day_of(moment)
        for day in (today, today - DAY):
            if any(starts <= moment < ends for starts, ends in self._spans(day)):
                return Kind.OPEN, self.holidays[day].name if day in self.holidays else ""
        holiday = self.holidays.get(today)
        return (Kind.HOLIDAY, holiday.name) if holiday else (Kind.CLOSED, "")

    @cached_property
    def _exceptions(self) -> list[tuple[datetime, datetime, Kind, str]]:
        """First the one that counts where several hold."""
        ordered = sorted(self.exceptions, key=lambda one: (not one.own, one.opens))
        return [
            (instant(self.timezone, one.starts), instant(self.timezone, one.ends), Kind.OPEN if one.opens else Kind.CLOSURE, one.name)
            for one in ordered
        ]

    def _spans(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """The spans that begin on this day."""
        holiday = self.holidays.get(day)
        for span in holiday.spans if holiday else self.week.get(day.weekday(), ()):
            last = day if span.closes > span.opens else day + DAY
            yield (
                instant(self.timezone, datetime.combine(day, span.opens)),
                instant(self.timezone, datetime.combine(last, span.closes)),
            )

    # ---- where something may change -----------------------------------------------------------------------------
    def _edges(self, day: date) -> list[datetime]:
        """In order: the beginning of the day, and every moment of it at which a span or an exception begins or ends."""
        begins, over = self.midnight(day), self.midnight(day + DAY)
        spans = [edge for one in (day - DAY, day) for span in self._spans(one) for edge in span]
        exceptions = [edge for starts, ends, _, _ in self._exceptions for edge in (starts, ends)]
        return sorted({begins, *(edge for edge in (*spans, *exceptions) if begins <= edge < over)})

    def _edges_between(self, starts: datetime, ends: datetime) -> Iterator[datetime]:
        day = self.day_of(starts)
        while self.midnight(day) < ends:
            yield from self._edges(day)
            day += DAY

    def _forward(self, moment: datetime) -> Iterator[tuple[datetime, tuple[Kind, str]]]:
        """Every edge after the moment, with what holds from then on."""
        today = self.day_of(moment)
        for ahead in range(HORIZON_DAYS):
            yield from ((edge, self._what(edge)) for edge in self._edges(today + ahead * DAY) if edge > moment)

    def _backward(self, moment: datetime) -> Iterator[tuple[datetime, tuple[Kind, str]]]:
        """Every edge up to the moment, the latest first, with what held just before it."""
        today = self.day_of(moment)
        for back in range(HORIZON_DAYS):
            edges = self._edges(today - back * DAY)
            yield from ((edge, self._what(edge - INSTANT)) for edge in reversed(edges) if edge <= moment)

    @staticmethod
    def _first_change(
        edges: Iterator[tuple[datetime, tuple[Kind, str]]], here: tuple[Kind, str]
    ) -> tuple[datetime | None, datetime | None]:
        """The first edge beyond which something else holds, and the first beyond which open is not open or the other way round."""
        changed = None
        for edge, there in edges:
            if there != here:
                changed = changed or edge
                if (there[0] is Kind.OPEN) != (here[0] is Kind.OPEN):
                    return changed, edge
        return changed, None


class Hours:
    """Rules that remember their last answer: it holds until the next change, and looking for that takes longer than a call may wait."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._known: tuple[datetime, datetime, HoursState] | None = None

    def at(self, moment: datetime) -> HoursState:
        known = self._known
        if known is None or not known[0] <= moment < known[1]:
            state = self.rules.state_at(moment)
            # What seems not to change at all is looked at again the next day, when the horizon has moved.
            known = self._known = (state.since or moment, state.until or moment + DAY, state)
        return known[2]


@lru_cache(maxsize=8192)
def instant(timezone: ZoneInfo, wall: datetime) -> datetime:
    """The first moment at which a clock in this timezone shows `wall` or a later time. In UTC."""
    found = wall.replace(tzinfo=timezone, fold=0).astimezone(UTC)
    if _shown(timezone, found) == wall:
        return found
    return _jump(timezone, wall, wall.replace(tzinfo=timezone, fold=1).astimezone(UTC), found)


def _jump(timezone: ZoneInfo, wall: datetime, before: datetime, after: datetime) -> datetime:
    """The moment, to the second, at which the clock leaves `wall` out; it lies between two others."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=int((after - before).total_seconds()) // 2)
        before, after = (before, middle) if _shown(timezone, middle) >= wall else (middle, after)
    return after


def _shown(timezone: ZoneInfo, moment: datetime) -> datetime:
    return moment.astimezone(timezone).replace(tzinfo=None, fold=0)
