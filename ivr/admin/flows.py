"""Flows: the list with what becomes of their callers, the few settings beside the document, and the way into the builder."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import BooleanField, Case, Count, F, QuerySet, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from callcenter.core import adminbase
from callcenter.core.words import chip, moment

from .. import flowservices, metrics
from ..models import Flow
from . import figures
from .builder import Builder
from .links import rows

GOAL = 80
"""Per cent of callers whom a flow should lead to its end (SPEC D6)."""


@admin.register(Flow)
class FlowAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "flow"
    list_display = ("name_link", "state", "published_at", "numbers_leading_here", "callers_today", "completion_today", "figures_link")
    list_display_links = None
    list_filter = ("active",)
    list_select_related = ("published__published_by",)
    search_fields = ("name", "slug")
    fields = ("name", "slug", "active")
    change_form_template = "admin/ivr/flow/change_form.html"

    def get_prepopulated_fields(self, request: HttpRequest, obj: Flow | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_urls(self) -> list[URLPattern]:
        builder = Builder(self)
        return [
            path("<int:pk>/builder/", self.admin_site.admin_view(builder.page), name="ivr_flow_builder"),
            path("<int:pk>/builder/<slug:name>/", self.admin_site.admin_view(builder.answer), name="ivr_flow_builder_do"),
            path("<int:pk>/figures/", self.admin_site.admin_view(figures.page(self)), name="ivr_flow_figures"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Flow]:
        unpublished = Case(When(published__document=F("draft"), then=Value(False)), default=Value(True), output_field=BooleanField())
        counted = super().get_queryset(request).annotate(ahead=unpublished, number_count=Count("numbers", distinct=True))
        return counted.defer("draft", "published__document")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return _ListWithFigures

    def response_add(self, request: HttpRequest, obj: Flow, post_url_continue: str | None = None) -> HttpResponse:
        """What comes next is drawing it."""
        return redirect("admin:ivr_flow_builder", obj.pk)

    @admin.display(description="flow", ordering="name")
    def name_link(self, flow: Flow) -> SafeString:
        return format_html('<a href="{}"><strong>{}</strong></a>', reverse("admin:ivr_flow_builder", args=[flow.pk]), flow.name)

    @admin.display(description="callers get")
    def state(self, flow: Any) -> SafeString:
        if not flow.active:
            return chip("Off", "grey", "Callers go to the fallback queue at once.")
        if flow.published is None:
            return chip("Not published", "amber", "Callers go to the queue of the number they dialled.")
        shown = chip(f"Version {flow.published.number}", "green")
        return format_html("{} {}", shown, chip("Draft differs", "blue")) if flow.ahead else shown

    @admin.display(description="published", ordering="published__published_at")
    def published_at(self, flow: Flow) -> SafeString:
        if flow.published is None:
            return mark_safe("–")
        by = flow.published.published_by
        return format_html("{} by {}", moment(flow.published.published_at), (by.get_full_name() or by.username) if by else "somebody")

    @admin.display(description="numbers")
    def numbers_leading_here(self, flow: Any) -> SafeString:
        address = reverse("admin:ivr_number_changelist")
        return format_html('<a href="{}?flow__id__exact={}">{}</a>', address, flow.pk, flow.number_count)

    @admin.display(description="callers today")
    def callers_today(self, flow: Any) -> SafeString:
        return format_html('<a href="{}">{}</a>', rows("callers", flow=flow, since=flow.since), flow.figures.counts.get("callers", 0))

    @admin.display(description="led to the end")
    def completion_today(self, flow: Any) -> SafeString:
        if not flow.figures.counts.get("ended"):
            return mark_safe("–")
        share = flow.figures.completion
        text = chip(f"{share:.0f} %", "green" if share >= GOAL else "amber", f"The goal is {GOAL} %.")
        return format_html('<a href="{}">{}</a>', rows("completed", flow=flow, since=flow.since), text)

    @admin.display(description="")
    def figures_link(self, flow: Flow) -> SafeString:
        ways = (("Figures", "admin:ivr_flow_figures"), ("Settings", "admin:ivr_flow_change"))
        links = [format_html('<a href="{}">{}</a>', reverse(name, args=[flow.pk]), text) for text, name in ways]
        return format_html('<span class="cc-nowrap">{} · {}</span>', *links)


class _ListWithFigures(ChangeList):
    """One query for the figures of all flows on the page."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        flows: list[Any] = list(self.result_list)
        since = metrics.midnight(settings.TIME_ZONE)
        found = metrics.figures_by_flow(flows, since)
        for flow in flows:
            flow.figures, flow.since = found.get(flow.pk, metrics.FlowFigures()), since
        _forget_moves(flows)
        self.result_list: Any = flows


def _forget_moves(flows: list[Any]) -> None:
    """A step that only stands elsewhere on the canvas makes no draft that differs."""
    differing = Flow.objects.filter(pk__in=[flow.pk for flow in flows if flow.ahead], published__isnull=False).select_related("published")
    ahead = {flow.pk for flow in differing if flowservices.diff(flow)}
    for flow in flows:
        flow.ahead = flow.pk in ahead
