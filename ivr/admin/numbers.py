"""Admin of the numbers that callers dial."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.words import chip

from ..models import Number
from ..resources import NumberResource


@admin.register(Number)
class NumberAdmin(adminbase.SpreadsheetAdmin):
    resource_classes = [NumberResource]
    rings_edge = True
    list_display = ("number", "label", "leads_to", "open_to", "priority", "active_chip")
    list_filter = ("active", "public", "target", "queue")
    list_select_related = ("queue", "agent", "flow")
    search_fields = ("number", "label")
    autocomplete_fields = ("queue", "agent")
    fieldsets = (
        (None, {"fields": ("number", "label", "active")}),
        (
            "Where it leads",
            {
                "fields": ("target", "flow", "queue", "agent", "priority"),
                "description": "Every call is counted in a queue; a call to an agent's extension in “Direct calls”.",
            },
        ),
        (
            "Who may call it",
            {
                "fields": ("public",),
                "description": "A public number can be called by anybody who reaches this server, without a password.",
            },
        ),
    )

    @admin.display(description="leads to", ordering="queue__name")
    def leads_to(self, number: Number) -> str:
        return str({Number.Target.AGENT: number.agent, Number.Target.FLOW: number.flow}.get(Number.Target(number.target), number.queue))

    @admin.display(description="open to", ordering="public")
    def open_to(self, number: Any) -> SafeString:
        return chip("Everybody", "amber") if number.public else chip("Phones and trunks", "grey")
