"""What was published, and who came through it, row by row. Nothing here can be edited."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.figures import CountFilter
from callcenter.core.words import chip, span

from .. import metrics
from ..models import FlowRun, FlowTest, FlowVersion, FlowVisit

OUTCOME_COLOURS = {
    FlowRun.Outcome.RUNNING: "blue",
    FlowRun.Outcome.COMPLETED: "green",
    FlowRun.Outcome.ABANDONED: "amber",
    FlowRun.Outcome.FALLBACK: "violet",
    FlowRun.Outcome.LOST: "red",
}


class FigureFilter(CountFilter):
    counts = metrics.COUNTS


class VisitFigureFilter(CountFilter):
    counts = metrics.VISITS


class VisitInline(adminbase.ReadOnly, adminbase.TabularInline):
    model = FlowVisit
    extra = 0
    can_delete = False
    fields = ("number", "step", "kind", "exit", "note", "entered_at", "left_at")
    readonly_fields = fields


@admin.register(FlowRun)
class FlowRunAdmin(adminbase.RecordAdmin):
    list_display = ("id", "call_link", "version", "outcome_chip", "led_to", "target", "last_step", "language", "began_at", "took")
    list_filter = (FigureFilter, "version__flow", "outcome", "led_to", ("began_at", admin.DateFieldListFilter))
    list_select_related = ("call", "version__flow")
    inlines = [VisitInline]

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Figures of one version, and of one way of an A/B step, lead here."""
        ours = ("version__id__exact", "visits__step__exact", "visits__exit__exact")
        return lookup in ours or super().lookup_allowed(lookup, value, request)

    @admin.display(description="call")
    def call_link(self, run: FlowRun) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:queues_call_change", args=[run.call_id]), run.call)

    @admin.display(description="outcome", ordering="outcome")
    def outcome_chip(self, run: FlowRun) -> SafeString:
        return chip(run.get_outcome_display(), OUTCOME_COLOURS[FlowRun.Outcome(run.outcome)])

    @admin.display(description="time in the flow")
    def took(self, run: FlowRun) -> str:
        return span((run.ended_at - run.began_at).total_seconds() if run.ended_at else None)


@admin.register(FlowVisit)
class FlowVisitAdmin(adminbase.RecordAdmin):
    list_display = ("run_link", "number", "step", "kind", "exit", "note", "entered_at", "took")
    list_filter = (VisitFigureFilter, "run__version__flow", "kind", ("run__began_at", admin.DateFieldListFilter))
    list_select_related = ("run__version__flow", "run__call")
    search_fields = ("=step",)
    search_help_text = "Name of a step, complete"

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        return lookup == "run__version__id__exact" or super().lookup_allowed(lookup, value, request)

    @admin.display(description="caller")
    def run_link(self, visit: FlowVisit) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("admin:ivr_flowrun_change", args=[visit.run_id]), visit.run)

    @admin.display(description="time in the step")
    def took(self, visit: FlowVisit) -> str:
        return span((visit.left_at - visit.entered_at).total_seconds() if visit.left_at else None)


@admin.register(FlowVersion)
class FlowVersionAdmin(adminbase.RecordAdmin):
    """To look at; published and rolled back in the builder."""

    list_display = ("flow", "number", "note", "published_by", "published_at")
    list_filter = ("flow", ("published_at", admin.DateFieldListFilter))
    list_select_related = ("flow", "published_by")


@admin.register(FlowTest)
class FlowTestAdmin(adminbase.ReadOnly, adminbase.ModelAdmin):
    """To look at; made and deleted in the builder, where they can be tried."""

    list_display = ("flow", "name")
    list_filter = ("flow",)
    list_select_related = ("flow",)
    search_fields = ("name",)
