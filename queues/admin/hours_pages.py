"""What pages of opening hours show: the state in words, the list of holidays, and what happens at some moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from .. import hours_checks, hours_holidays
from ..hours import ALWAYS_OPEN
from ..hours_holidays import Special
from ..hours_picture import two_weeks
from ..hours_preview import way_of_a_call
from ..hours_reading import hours_at, rules_for, zone_of
from ..models import Queue, Schedule
from .hours_forms import PreviewForm, clock_of
from .hours_words import COLOURS, in_words


@dataclass(frozen=True, slots=True)
class HolidayRow:
    day: date
    name: str
    words: str
    colour: str


def holiday_table(schedule: Schedule) -> list[HolidayRow]:
    """This year's and the next one's: those that count, those that do not, and the schedule's own."""
    special = [Special(day.name, day.month, day.day, day.counts, day.opens, day.closes) for day in schedule.special_days.all()]
    rows: set[tuple[date, str]] = set()
    for year in hours_checks.next_two_years():
        for day, names in hours_holidays.listed(schedule.country, schedule.subdivision, year).items() if schedule.country else ():
            rows |= {(day, name) for name in names}
        rows |= {(own, one.name) for one in special if (own := one.in_year(year))}
    known = {one.name: one for one in special}
    return [_holiday(day, known.get(name, Special(name))) for day, name in sorted(rows)]


def _holiday(day: date, one: Special) -> HolidayRow:
    if not one.counts:
        return HolidayRow(day, one.name, "A day like any other", "grey")
    if one.opens is not None and one.closes is not None:
        return HolidayRow(day, one.name, f"Open {one.opens:%H:%M}–{one.closes:%H:%M}", "green")
    return HolidayRow(day, one.name, "Closed", "violet")


def preview(model_admin: admin.ModelAdmin, request: HttpRequest) -> HttpResponse:
    """A moment goes in; out come state, reason, end, and the way of a call."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    form = PreviewForm(request.GET) if {"date", "time"} <= request.GET.keys() else PreviewForm(initial=_beginning(request))
    context = {
        **model_admin.admin_site.each_context(request),
        "title": "What happens when?", "opts": model_admin.model._meta, "media": model_admin.media, "form": form,
    }  # fmt: skip
    if form.is_bound and form.is_valid():
        context |= _answer(form)
    return TemplateResponse(request, "admin/queues/schedule/preview.html", context)


def _beginning(request: HttpRequest) -> dict[str, Any]:
    """The present moment, for the schedule or queue whose page one comes from."""
    schedule = Schedule.objects.filter(pk=_number(request.GET.get("schedule"))).first()
    queue = Queue.objects.filter(pk=_number(request.GET.get("queue"))).first() if schedule is None else None
    here = timezone.localtime(timezone.now(), zone_of(clock_of(queue, schedule)))
    return {"schedule": schedule, "queue": queue, "date": here.date(), "time": here.time()}


def _number(given: str | None) -> int:
    return int(given) if given and given.isdecimal() else 0


def _answer(form: PreviewForm) -> dict[str, Any]:
    queue, schedule, moment = form.cleaned_data["queue"], form.cleaned_data["schedule"], form.moment
    hours_of = schedule or queue.schedule
    hours = hours_at(hours_of.pk, moment) if hours_of else ALWAYS_OPEN
    return {
        "moment": moment, "zone": clock_of(queue, schedule), "queue": queue, "schedule": hours_of, "hours": hours,
        "hours_words": in_words(hours), "hours_colour": COLOURS[hours.kind],
        "steps": [(step, in_words(step.hours), COLOURS[step.hours.kind]) for step in way_of_a_call(queue, moment)] if queue else [],
        "days": _days(hours_of, moment) if hours_of else [],
    }  # fmt: skip


def _days(schedule: Schedule, moment: datetime) -> Any:
    return two_weeks(rules_for(schedule.pk, moment), moment)
