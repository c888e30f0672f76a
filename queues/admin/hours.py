"""Opening hours and what interrupts them: what managers set up, and where supervisors close the lines."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.words import chip

from .. import hours_checks, hours_holidays
from ..hours_picture import two_weeks
from ..hours_reading import hours_now, rules_for, zone_of
from ..models import Closure, OpeningSpan, Schedule, SpecialDay
from ..resources import ClosureResource
from .hours_forms import ClosureForm, OpeningSpanFormSet, ScheduleForm, SpecialDayFormSet, holiday_names
from .hours_pages import holiday_table, preview
from .hours_words import COLOURS, in_words

USUAL_WEEK = [{"weekday": day, "opens": "08:00", "closes": "18:00"} for day in range(5)]
"""What a new schedule begins with: less to type, and it shows how a row is meant."""


class OpeningSpanInline(adminbase.TabularInline):
    model = OpeningSpan
    formset = OpeningSpanFormSet
    fields = ("weekday", "opens", "closes")
    ordering = ("weekday", "opens")
    hide_title = True
    verbose_name = "span"
    verbose_name_plural = "weekly hours"

    def get_extra(self, request: HttpRequest, obj: Schedule | None = None, **kwargs: Any) -> int:
        return 0 if obj else len(USUAL_WEEK)

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("opens", "closes"):
            kwargs["widget"] = adminbase.time_input()
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class SpecialDayInline(adminbase.TabularInline):
    model = SpecialDay
    formset = SpecialDayFormSet
    fields = ("name", "month", "day", "counts", "opens", "closes")
    extra = 0
    hide_title = True
    verbose_name_plural = "holidays with hours of their own, holidays that do not count, and yearly days of your own"

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in ("opens", "closes"):
            kwargs["widget"] = adminbase.time_input()
        if db_field.name == "name":
            kwargs["widget"] = adminbase.TextInput(attrs={"list": "cc-holidays"})
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Schedule)
class ScheduleAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "schedule"
    form = ScheduleForm
    list_display = ("name", "now_chip", "changes", "timezone", "holidays_of", "queue_count")
    search_fields = ("name", "slug")
    inlines = [OpeningSpanInline, SpecialDayInline]
    fieldsets = (
        (
            None,
            {
                "fields": (("name", "slug"), "timezone", ("country", "subdivision")),
                "description": "When queues are open. A queue without opening hours always is. "
                "Exceptional closures and openings have a page of their own.",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        return super().get_queryset(request).annotate(queue_total=Count("queues"))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Schedule | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        # When the form comes back there is no such beginning, so that rows nobody touched are saved as well.
        if request.method == "GET" and isinstance(inline, OpeningSpanInline) and not obj.pk:
            kwargs["initial"] = USUAL_WEEK
        return kwargs

    def get_urls(self) -> list[Any]:
        page = path("preview/", self.admin_site.admin_view(self.preview), name="queues_schedule_preview")
        return [page, *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """What happens at some moment."""
        return preview(self, request)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> HttpResponse:
        schedule: Schedule | None = context.get("original")
        context |= {"timezones": sorted(available_timezones())}
        if schedule is not None:
            context |= _shown(schedule)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="now")
    def now_chip(self, schedule: Schedule) -> SafeString:
        hours = hours_now(schedule.pk)
        return chip(in_words(hours), COLOURS[hours.kind])

    @admin.display(description="until")
    def changes(self, schedule: Schedule) -> str:
        hours = hours_now(schedule.pk)
        return f"{hours.turns_at.astimezone(zone_of(schedule.timezone)):%a %Y-%m-%d %H:%M}" if hours.turns_at else "for good"

    @admin.display(description="holidays")
    def holidays_of(self, schedule: Schedule) -> str:
        if not schedule.country:
            return "–"
        region = f", {hours_holidays.regions(schedule.country).get(schedule.subdivision, '')}" if schedule.subdivision else ""
        return hours_holidays.countries().get(schedule.country, schedule.country) + region

    @admin.display(description="queues", ordering="queue_total")
    def queue_count(self, schedule: Any) -> SafeString:
        url = f"{reverse('admin:queues_queue_changelist')}?schedule__id__exact={schedule.pk}"
        return format_html('<a href="{}">{}</a>', url, schedule.queue_total)


@admin.register(Closure)
class ClosureAdmin(adminbase.SpreadsheetAdmin):
    form = ClosureForm
    resource_classes = [ClosureResource]
    list_display = ("name", "kind_chip", "for_whom", "begins", "ends", "when_chip")
    list_filter = ("kind", "schedule")
    list_select_related = ("schedule",)
    search_fields = ("name",)
    date_hierarchy = "from_date"
    fieldsets = (
        (
            None,
            {
                "fields": (("name", "kind"), "schedule", ("from_date", "from_time"), ("to_date", "to_time")),
                "description": "For once: a staff outing, a burst pipe, a Sunday before Christmas on which you are open. "
                "It takes effect at once. "
                "To end one sooner, enter the present time as its end.",
            },
        ),
    )

    @admin.display(description="what", ordering="kind")
    def kind_chip(self, closure: Closure) -> SafeString:
        return chip("Open", "green") if closure.kind == Closure.Kind.OPEN else chip("Closed", "red")

    @admin.display(description="for", ordering="schedule")
    def for_whom(self, closure: Closure) -> str:
        return str(closure.schedule) if closure.schedule else "all opening hours"

    @admin.display(description="from", ordering="from_date")
    def begins(self, closure: Closure) -> str:
        return f"{closure.from_date:%a %Y-%m-%d}" + (f" {closure.from_time:%H:%M}" if closure.from_time else "")

    @admin.display(description="to", ordering="to_date")
    def ends(self, closure: Closure) -> str:
        return f"{closure.to_date:%a %Y-%m-%d}" + (f" {closure.to_time:%H:%M}" if closure.to_time else "")

    @admin.display(description="when")
    def when_chip(self, closure: Closure) -> SafeString:
        """By the clock of its schedule; what is for all may begin elsewhere at another moment."""
        zone = zone_of(closure.schedule.timezone) if closure.schedule else timezone.get_current_timezone()
        now = timezone.localtime(timezone.now(), zone).replace(tzinfo=None)
        if now < closure.starts:
            return chip("To come", "blue")
        return chip("Now", "amber") if now < closure.ends else chip("Over", "grey")


def _shown(schedule: Schedule) -> dict[str, Any]:
    """What the page of a schedule shows below its form."""
    now = timezone.now()
    hours = hours_now(schedule.pk)
    return {
        "hours": hours,
        "hours_words": in_words(hours),
        "hours_colour": COLOURS[hours.kind],
        "zone": schedule.timezone,
        "days": two_weeks(rules_for(schedule.pk, now), now),
        "holidays": holiday_table(schedule),
        "holiday_names": holiday_names(schedule, hours_checks.next_two_years()),
        "regions": hours_holidays.regions(schedule.country) if schedule.country else {},
    }
