"""Flows and the ways of callers through them, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from callcenter.core import adminbase

from ..models import Flow, FlowRun, FlowTest, FlowVersion, FlowVisit


@admin.register(Flow)
class FlowAdmin(adminbase.ReadOnly, adminbase.ModelAdmin):
    list_display = ("name", "slug", "published", "active_chip")
    search_fields = ("name", "slug")


@admin.register(FlowVersion)
class FlowVersionAdmin(adminbase.RecordAdmin):
    list_display = ("flow", "number", "note", "published_by", "published_at")


@admin.register(FlowRun)
class FlowRunAdmin(adminbase.RecordAdmin):
    list_display = ("call", "version", "outcome", "led_to", "target", "last_step", "began_at", "ended_at")


@admin.register(FlowVisit)
class FlowVisitAdmin(adminbase.RecordAdmin):
    list_display = ("run", "number", "step", "kind", "exit", "entered_at", "left_at")


@admin.register(FlowTest)
class FlowTestAdmin(adminbase.RecordAdmin):
    list_display = ("flow", "name")
