"""Queues, dispositions and VIP callers: what a manager sets up."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.words import chip

from .. import defaults
from ..models import CallerPriority, Disposition, FallbackAction, Queue
from ..resources import QueueResource
from ..roster_keeping import rebuild_soon
from ..states import WAITING
from .membership import MembershipRuleInline, QueuesAgentsInline


@admin.register(Disposition)
class DispositionAdmin(adminbase.ModelAdmin):
    list_display = ("label", "code", "active_chip", "position")
    list_editable = ("position",)
    list_filter = ("active",)
    search_fields = ("label", "code")

    def get_prepopulated_fields(self, request: HttpRequest, obj: Disposition | None = None) -> dict[str, Any]:
        return {} if obj else {"code": ("label",)}


@admin.register(CallerPriority)
class CallerPriorityAdmin(adminbase.ModelAdmin):
    list_display = ("number", "priority", "note")
    search_fields = ("number", "note")


@admin.register(Queue)
class QueueAdmin(adminbase.SpreadsheetAdmin):
    resource_classes = [QueueResource]
    list_display = ("name", "active_chip", "strategy", "members", "in_line", "ring_seconds", "wrap_up_seconds", "way_out")
    list_filter = ("active", "strategy", "everyone")
    list_select_related = ("fallback_queue", "voicemail_box")
    search_fields = ("name", "slug")
    autocomplete_fields = ("fallback_queue", "voicemail_box", "dispositions")
    inlines = [QueuesAgentsInline, MembershipRuleInline]
    actions = ["drain", "reopen"]
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("timezone", "strategy"), ("active", "everyone"))}),
        (
            "Order",
            {
                "classes": ["tab"],
                "fields": (("weight_seconds", "aging"), ("tier_wait", "deliver_directly"), "resume_seconds"),
                "description": "Calls are served in one order over all queues of an agent: the time of arrival, "
                "brought forward by the priority of the call and the weight of the queue.",
            },
        ),
        (
            "What callers hear",
            {
                "classes": ["tab"],
                "fields": (("answer_mode", "music"), "greeting", "comfort", ("comfort_every", "announce_position")),
                "description": "Texts are spoken by the built-in voice.",
            },
        ),
        (
            "Ringing",
            {
                "classes": ["tab"],
                "fields": (
                    ("ring_seconds", "ring_shrink"), ("retry_limit", "retry_delay"), "retry_boost",
                    ("cooldown_reject", "cooldown_busy"), ("cooldown_no_answer", "cooldown_unreachable"),
                ),
                "description": "A call that an agent does not take keeps its place and goes to the next agent; "
                "the agent is left in peace for the cool-down.",
            },
        ),
        (
            "Limits and ways out",
            {
                "classes": ["tab"],
                "fields": (
                    ("capacity", "join_empty"), ("max_wait", "max_wait_no_agent"), ("fallback", "fallback_queue"),
                    "voicemail_box", "fallback_keeps_place", "fallback_message",
                ),
                "description": "When the queue is full, the wait too long or nobody there, the call takes the fallback. "
                "Queues may pass calls on one to the next, but not in a circle.",
            },
        ),
        (
            "After the call",
            {
                "classes": ["tab"],
                "fields": (("wrap_up_seconds", "wrap_up_extension"), "dispositions", "disposition_required"),
                "description": "Time and form for the paperwork.",
            },
        ),
        (
            "Targets",
            {
                "classes": ["tab"],
                "fields": (
                    ("service_level_seconds", "service_level_target"), "service_level_formula",
                    ("warn_waiting", "warn_wait_seconds"), "short_abandon_seconds",
                ),
                "description": "Used by figures and colours only; changes apply to the past as well.",
            },
        ),
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Queue]:
        counted = {
            "member_count": Count("memberships", distinct=True),
            "waiting_count": Count("calls", filter=Q(calls__state__in=WAITING), distinct=True),
        }
        return super().get_queryset(request).annotate(**counted)

    def get_prepopulated_fields(self, request: HttpRequest, obj: Queue | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Queue | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Queue | None = None) -> bool:
        # Calls to extensions are counted in the direct queue; without it they could not be delivered.
        return super().has_delete_permission(request, obj) and (obj is None or obj.slug != defaults.DIRECT)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rebuild_soon([form.instance.pk])

    @admin.action(description="Drain (no new calls) …", permissions=["change"])
    @adminbase.confirmed(
        "Drain these queues?",
        "They refuse new calls from now on, with the fallback of each. Callers who wait already are still served.",
    )
    def drain(self, request: HttpRequest, queryset: QuerySet[Queue]) -> None:
        self._set_active(request, queryset, False)

    @admin.action(description="Open again for new calls", permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Queue]) -> None:
        self._set_active(request, queryset, True)

    def _set_active(self, request: HttpRequest, queryset: QuerySet[Queue], active: bool) -> None:
        for queue in queryset.exclude(active=active):
            Queue.objects.filter(pk=queue.pk).update(active=active)
            self.log_change(request, queue, [{"changed": {"fields": ["Active"]}}])
        self.message_user(request, "Open for calls." if active else "Draining: no new calls are taken.")

    @admin.display(description="members", ordering="member_count")
    def members(self, queue: Any) -> str:
        return f"{queue.member_count}" + (" (everyone)" if queue.everyone else "")

    @admin.display(description="waiting", ordering="waiting_count")
    def in_line(self, queue: Any) -> SafeString:
        url = f"{reverse('admin:queues_segment_changelist')}?queue__id__exact={queue.pk}&figure=waiting"
        colour = "red" if queue.waiting_count >= queue.warn_waiting > 0 else "grey"
        return format_html('<a href="{}">{}</a>', url, chip(str(queue.waiting_count), colour))

    @admin.display(description="way out")
    def way_out(self, queue: Queue) -> str:
        if queue.fallback == FallbackAction.VOICEMAIL:
            return f"→ {queue.voicemail_box}"
        return f"→ {queue.fallback_queue}" if queue.fallback_queue else "hang up"
