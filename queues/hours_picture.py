"""Several days of a schedule as bars to draw, pure: what holds when, in per cent of each day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from .hours import DAY, Kind, Rules, Stretch


@dataclass(frozen=True, slots=True)
class Bar:
    left: float
    """Per cent of the day, as is `width`. A day on which the clock is changed is drawn as wide as the others."""
    width: float
    kind: Kind
    name: str
    label: str
    """From when to when, by the schedule's clock: 08:00–18:00."""


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    bars: tuple[Bar, ...]
    note: str
    """What is different on this day: names of holidays, closures and openings."""

    @property
    def words(self) -> str:
        """The day for those who do not see the bars."""
        opens = ", ".join(bar.label for bar in self.bars if bar.kind is Kind.OPEN)
        return f"Open {opens}" if opens else "Closed"


def picture(rules: Rules, first: date, days: int) -> list[Day]:
    return [_day(rules, first + ahead * DAY) for ahead in range(days)]


def _day(rules: Rules, day: date) -> Day:
    begins, over = rules.midnight(day), rules.midnight(day + DAY)
    if over <= begins:  # a day that the clock of this place left out altogether
        return Day(day, (), "")
    stretches = list(_joined(rules.stretches(begins, over)))
    names = dict.fromkeys(stretch.name for stretch in stretches if stretch.name)
    return Day(day, tuple(_bar(rules, stretch, begins, over) for stretch in stretches), ", ".join(names))


def _joined(stretches: Iterator[Stretch]) -> Iterator[Stretch]:
    """Neighbours that are alike as one."""
    last = None
    for one in stretches:
        if last and (last.kind, last.name) == (one.kind, one.name):
            last = Stretch(last.starts, one.ends, one.kind, one.name)
            continue
        if last:
            yield last
        last = one
    if last:
        yield last


def _bar(rules: Rules, stretch: Stretch, begins: datetime, over: datetime) -> Bar:
    whole = over - begins
    starts, ends = (_clock(rules, at, over) for at in (stretch.starts, stretch.ends))
    return Bar(
        left=round(100 * ((stretch.starts - begins) / whole), 2), width=round(100 * ((stretch.ends - stretch.starts) / whole), 2),
        kind=stretch.kind, name=stretch.name, label=f"{starts}–{ends}",
    )  # fmt: skip


def _clock(rules: Rules, at: datetime, over: datetime) -> str:
    return "24:00" if at == over else f"{at.astimezone(rules.timezone):%H:%M}"


def two_weeks(rules: Rules, moment: datetime) -> list[Day]:
    """The day of this moment and the 13 that follow, by the schedule's clock."""
    return picture(rules, rules.day_of(moment), 14)
