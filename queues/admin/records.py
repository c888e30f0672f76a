"""What happened, row by row: for those who want to know exactly. Nothing here can be edited."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from callcenter.core import adminbase

from .. import metrics
from ..models import AgentStatePeriod, Command, Lease, Membership, Offer, Queue, Segment


class FigureFilter(admin.SimpleListFilter):
    """The rows behind a figure, or behind several separated by commas: by the very conditions that count them."""

    title = "figure"
    parameter_name = "figure"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.replace("_", " ").capitalize()) for name in metrics.COUNTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Segment]) -> QuerySet[Segment]:
        figure = self.value() or ""
        known = set(figure.split(",")) <= metrics.COUNTS.keys()
        return queryset.filter(pk__in=metrics.behind(figure).values("pk")) if known else queryset


class TodayFilter(admin.SimpleListFilter):
    """The entries that figures of today count, whatever the timezones of their queues."""

    title = "day"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today, from the midnight of each queue")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Segment]) -> QuerySet[Segment]:
        return queryset.filter(metrics.entered_today(Queue.objects.all())) if self.value() == "today" else queryset


@admin.register(Segment)
class SegmentAdmin(adminbase.RecordAdmin):
    list_display = ("call", "number", "queue", "skills", "agent", "outcome", "exit_reason", "entered_at", "left_at", "ended_at")
    list_filter = (
        FigureFilter, TodayFilter, "outcome", "queue", "agent__team", ("entered_at", admin.DateFieldListFilter),
        "requirement__needs__skill",
    )  # fmt: skip
    list_select_related = ("call", "queue", "agent")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        return super().get_queryset(request).prefetch_related("requirement__needs__skill")

    @admin.display(description="skills", empty_value="–")
    def skills(self, segment: Segment) -> str:
        return ", ".join(map(str, segment.requirement.needs.all())) if segment.requirement else ""


@admin.register(Offer)
class OfferAdmin(adminbase.RecordAdmin):
    list_display = ("call", "agent", "queue", "outcome", "sip_status", "opened_at", "closed_at")
    list_filter = (
        "outcome", "queue", "agent__team", ("opened_at", admin.DateFieldListFilter), ("segment__entered_at", admin.DateFieldListFilter),
    )  # fmt: skip
    list_select_related = ("call", "queue", "agent")


@admin.register(Command)
class CommandAdmin(adminbase.RecordAdmin):
    list_display = ("call", "kind", "status", "reason", "actor", "at", "settled_at")
    list_filter = ("status", "kind")
    list_select_related = ("call",)


class PeriodTodayFilter(admin.SimpleListFilter):
    """The periods that shares of today are made of, also the one that midnight fell into."""

    title = "day"
    parameter_name = "day"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("today", "Today, from midnight")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AgentStatePeriod]) -> QuerySet[AgentStatePeriod]:
        of_today = metrics.periods(metrics.midnight(settings.TIME_ZONE)).values("pk")
        return queryset.filter(pk__in=of_today) if self.value() == "today" else queryset


@admin.register(AgentStatePeriod)
class AgentStatePeriodAdmin(adminbase.RecordAdmin):
    list_display = ("agent", "state", "break_reason", "began_at", "ended_at")
    list_filter = (PeriodTodayFilter, "state", "agent__team", ("began_at", admin.DateFieldListFilter))
    list_select_related = ("agent",)


@admin.register(Membership)
class MembershipAdmin(adminbase.RecordAdmin):
    """All memberships in one list; edited on the pages of agents and queues."""

    list_display = ("queue", "agent", "tier", "position", "logged_in", "source")
    list_filter = ("queue", "source", "logged_in", "agent__team")
    list_select_related = ("queue", "agent")
    search_fields = ("agent__name", "queue__name")
    ordering = ("queue", "tier", "position", "agent")


@admin.register(Lease)
class LeaseAdmin(adminbase.RecordAdmin):
    list_display = ("name", "owner", "until")
    ordering = ("name",)
