"""The hours of schedules as the rows have them now.

One small statement reads everything that was entered for the schedules asked for. What follows from it is kept in the process for
as long as the rows say the same, so no change of them can be forgotten, and an answer costs a call no more than that statement.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils import timezone

from callcenter.core import sql
from callcenter.core.errors import NotFound

from .hours import ALWAYS_OPEN, HORIZON_DAYS, Exceptional, Hours, HoursState, Rules, Span
from .hours_holidays import Special, holidays_of
from .models import Schedule

# Closures longer past or further ahead than anybody looks would only make the answer longer.
READ = """
SELECT s.id, s.slug, s.timezone, s.country, s.subdivision,
  coalesce((SELECT json_agg(json_build_array(o.weekday, o.opens, o.closes) ORDER BY o.weekday, o.opens)
    FROM queues_openingspan o WHERE o.schedule_id = s.id), '[]')::text,
  coalesce((SELECT json_agg(json_build_array(d.name, d.month, d.day, d.counts, d.opens, d.closes) ORDER BY d.id)
    FROM queues_specialday d WHERE d.schedule_id = s.id), '[]')::text,
  coalesce((SELECT json_agg(json_build_array(
      c.name, c.from_date, c.from_time, c.to_date, c.to_time, c.kind = 'open', c.schedule_id IS NOT NULL) ORDER BY c.id)
    FROM queues_closure c
    WHERE (c.schedule_id = s.id OR c.schedule_id IS NULL) AND c.to_date >= %(first)s AND c.from_date <= %(last)s), '[]')::text
FROM queues_schedule s WHERE s.id = ANY (%(ids)s::bigint[]) OR s.slug = %(slug)s
"""

_LOOKED_AT = timedelta(days=HORIZON_DAYS + 1)


def hours_now(schedule_id: int | None) -> HoursState:
    """Whether it is open now, why, and until when; without a schedule always.

    :raises NotFound: there is no such schedule (any more).
    """
    return hours_at(schedule_id, timezone.now())


def hours_at(schedule_id: int | None, moment: datetime) -> HoursState:
    """Whether it is, was or will be open at this moment.

    :raises NotFound: there is no such schedule (any more).
    """
    if schedule_id is None:
        return ALWAYS_OPEN
    found = hours_of([schedule_id], moment)
    if schedule_id not in found:
        raise NotFound("There are no such opening hours.")
    return found[schedule_id]


def hours_by_slug(slug: str, moment: datetime | None = None) -> HoursState:
    """For call flows, which name schedules by their slugs.

    :raises NotFound: there is no schedule of this name.
    """
    moment = moment or timezone.now()
    found = _read([], slug, moment)
    if not found:
        raise NotFound(f"There are no opening hours named “{slug}”.")
    return found[0][1].at(moment)


def hours_of(schedule_ids: Iterable[int], moment: datetime) -> dict[int, HoursState]:
    """By schedule id, in one statement; none if no schedule is asked for."""
    return {pk: hours.at(moment) for pk, hours in _read(sorted(set(schedule_ids)), "", moment)}


def warm_up() -> None:
    """Work out the hours of all schedules, so that no call has to wait for holidays to be looked up."""
    hours_of(Schedule.objects.values_list("pk", flat=True), timezone.now())


def rules_for(schedule_id: int, moment: datetime) -> Rules:
    """The rules themselves, for pictures of several days around the moment.

    :raises NotFound: there is no such schedule (any more).
    """
    for _, hours in _read([schedule_id], "", moment):
        return hours.rules
    raise NotFound("There are no such opening hours.")


def _read(ids: list[int], slug: str, moment: datetime) -> list[tuple[int, Hours]]:
    if not ids and not slug:
        return []
    span = {"first": (moment - _LOOKED_AT).date(), "last": (moment + _LOOKED_AT).date()}
    return [(pk, _hours(moment.year, *entered)) for pk, _, *entered in sql.rows(READ, {"ids": ids, "slug": slug, **span})]


@lru_cache(maxsize=512)
def _hours(year: int, zone: str, country: str, subdivision: str, week: str, special: str, exceptions: str) -> Hours:
    """From the rows as JSON, which is what makes two readings of the same rows the same."""
    rules = Rules(
        timezone=zone_of(zone),
        week=_week(json.loads(week)),
        # A year ahead and back from any day of this one, and a day more for other timezones.
        holidays=holidays_of(country, subdivision, [_special(*row) for row in json.loads(special)], range(year - 2, year + 3)),
        exceptions=tuple(_exceptional(*row) for row in json.loads(exceptions)),
    )
    return Hours(rules)


def zone_of(name: str) -> ZoneInfo:
    """A timezone that the machine no longer knows must not stop calls."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _week(rows: list[Any]) -> dict[int, tuple[Span, ...]]:
    found: dict[int, tuple[Span, ...]] = {}
    for weekday, opens, closes in rows:
        found[weekday] = (*found.get(weekday, ()), Span(time.fromisoformat(opens), time.fromisoformat(closes)))
    return found


def _special(name: str, month: int | None, day: int | None, counts: bool, opens: str | None, closes: str | None) -> Special:
    return Special(name, month, day, counts, _time(opens), _time(closes))


def _exceptional(
    name: str, from_date: str, from_time: str | None, to_date: str, to_time: str | None, opens: bool, own: bool
) -> Exceptional:  # fmt: skip
    last = date.fromisoformat(to_date)
    ends = datetime.combine(last, time.fromisoformat(to_time)) if to_time else datetime.combine(last + timedelta(days=1), time())
    return Exceptional(name, datetime.combine(date.fromisoformat(from_date), _time(from_time) or time()), ends, opens, own)


def _time(given: str | None) -> time | None:
    return time.fromisoformat(given) if given else None
