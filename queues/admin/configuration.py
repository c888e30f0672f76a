"""Queues, dispositions and VIP callers: what a manager sets up."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from callcenter.core import adminbase
from callcenter.core.words import chip

from .. import defaults, readback, services
from ..hours_reading import hours_now
from ..models import CallerPriority, Disposition, Queue, WayOut
from ..resources import QueueResource
from ..roster_keeping import rebuild_soon
from ..states import WAITING
from .conditions import SHOWN_WHEN, shown
from .hours_words import COLOURS, WORDS
from .membership import MembershipRuleInline, QueuesAgentsInline
from .skills import QueueSkillInline, RelaxationStepInline, changed, in_words
from .waiting import AnnouncementInline, MusicInline, WayOutInline


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
class QueueAdmin(adminbase.KeptWhileNamed, adminbase.SpreadsheetAdmin):
    named_as = "queue"
    resource_classes = [QueueResource]
    list_display = ("name", "active_chip", "strategy", "members", "in_line", "hours", "ring_seconds", "wrap_up_seconds", "way_out")
    list_filter = ("active", "strategy", "everyone", "schedule")
    search_fields = ("name", "slug")
    autocomplete_fields = ("helper", "dispositions", "schedule")
    inlines = [
        AnnouncementInline,
        MusicInline,
        WayOutInline,
        QueuesAgentsInline,
        MembershipRuleInline,
        QueueSkillInline,
        RelaxationStepInline,
    ]
    conditional_fields = SHOWN_WHEN
    actions = ["drain", "reopen"]
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "slug"), ("timezone", "strategy"), ("second_strategy", "progressive_seconds"),
                    ("sticky_days", "sticky_seconds"), "asks_for", ("active", "everyone"),
                )
            },
        ),
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
                "fields": (("answer_mode", "language"), "music_order"),
                "description": "Announcements and pieces of music have tabs of their own. Texts are spoken by the built-in voice.",
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
            "Limits",
            {
                "classes": ["tab"],
                "fields": (
                    "capacity", ("max_wait", "max_wait_no_agent"), ("join_empty", "leave_empty"),
                    ("absent_paused", "absent_unreachable"), ("absent_wrapping_up", "absent_busy"), "read_back",
                ),
                "description": "Capacity counts when a caller enters, all others also while callers wait. Who reaches a limit takes a way "
                "out: those have a tab of their own. Nobody is there when every member logged in to the queue is offline or counts as "
                "absent.",
            },
        ),
        (
            "Help from another queue",
            {
                "classes": ["tab"],
                "fields": (("helper", "lend_after"),),
                "description": "When callers of this queue have waited so long, free agents of the helper are offered them as well, as "
                "long as nobody waits for those agents in a queue of their own. The caller stays in line here and loses nothing: an agent "
                "who does not answer gives the call back to its place.",
            },
        ),
        (
            "Opening hours",
            {
                "classes": ["tab"],
                "fields": ("schedule", "closing_action", "closed_message", "holiday_message"),
                "description": "When the queue is closed, callers take the way out of the tab “Limits and ways out”; "
                "who is hung up on there hears these words.",
            },
        ),
        (
            "Callbacks",
            {
                "classes": ["tab"],
                "fields": (
                    ("callback_offer", "callback_after"), "callback_key", ("callback_from", "callback_until"),
                    ("callback_choose_time", "callback_days_ahead"), ("callback_window_minutes", "callback_window_places"),
                    ("callback_attempts", "callback_retry_minutes"), ("callback_expires_hours", "callback_ring_seconds"),
                ),
                "description": "Who waits may hang up and be called back: the place in line is kept, an agent is rung when it is its "
                "turn, and then the customer. With chosen times, callers may also pick one of the next free windows of these hours while "
                "the queue is open. Calls go out through the trunks by the dial rules.",
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
            "waiting_count": Count("calls", filter=Q(calls__state__in=WAITING, calls__callback__isnull=True), distinct=True),
        }
        ways = WayOut.objects.select_related("next_queue")
        return super().get_queryset(request).annotate(**counted).prefetch_related(Prefetch("ways_out", ways))

    def get_prepopulated_fields(self, request: HttpRequest, obj: Queue | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_fieldsets(self, request: HttpRequest, obj: Queue | None = None) -> Any:
        """Who may only look gets a page on which nothing moves: there the fields of other strategies are left out."""
        (_, first), *rest = super().get_fieldsets(request, obj)
        if obj is None or self.has_change_permission(request, obj):
            return self.fieldsets
        lines = (tuple(name for name in line if shown(name, obj)) if isinstance(line, tuple) else line for line in first["fields"])
        return ((None, {"fields": tuple(line for line in lines if line)}), *rest)

    def get_readonly_fields(self, request: HttpRequest, obj: Queue | None = None) -> tuple[str, ...]:
        return ("slug", "asks_for", "read_back") if obj else ("asks_for", "read_back")

    def has_delete_permission(self, request: HttpRequest, obj: Queue | None = None) -> bool:
        # Calls to extensions are counted in the direct queue; without it they could not be delivered.
        return super().has_delete_permission(request, obj) and (obj is None or obj.slug != defaults.DIRECT)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rebuild_soon([form.instance.pk])
        if changed(formsets):
            transaction.on_commit(partial(services.requirements_changed, form.instance.pk))

    @admin.action(description="Drain (no new calls) …", permissions=["change"])
    @adminbase.confirmed(
        "Drain these queues?",
        "They refuse new calls from now on, with the ways out of each. Callers who wait already are still served.",
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

    @admin.display(description="skills")
    def asks_for(self, queue: Queue) -> str:
        return in_words(queue) if queue.pk else "To be listed under “required skills” and “relaxation”."

    @admin.display(description="members", ordering="member_count")
    def members(self, queue: Any) -> str:
        return f"{queue.member_count}" + (" (everyone)" if queue.everyone else "")

    @admin.display(description="waiting", ordering="waiting_count")
    def in_line(self, queue: Any) -> SafeString:
        url = f"{reverse('admin:queues_segment_changelist')}?queue__id__exact={queue.pk}&figure=waiting"
        colour = "red" if queue.waiting_count >= queue.warn_waiting > 0 else "grey"
        return format_html('<a href="{}">{}</a>', url, chip(str(queue.waiting_count), colour))

    @admin.display(description="hours", ordering="schedule")
    def hours(self, queue: Queue) -> SafeString:
        """How it stands now; leads to the page that tells it for any moment."""
        if queue.schedule_id is None:
            return mark_safe("–")
        state = hours_now(queue.schedule_id)
        shown = chip(WORDS[state.kind], COLOURS[state.kind], state.name)
        return format_html('<a href="{}?queue={}">{}</a>', reverse("admin:queues_schedule_preview"), queue.pk, shown)

    @admin.display(description="way out")
    def way_out(self, queue: Queue) -> str:
        return readback.short(queue)

    @admin.display(description="What happens")
    def read_back(self, queue: Queue) -> SafeString | str:
        """The ways out as they are stored, in words."""
        if queue.pk is None:
            return "Told here once the queue is saved."
        lines = format_html_join("", "<li>{}</li>", ((sentence,) for sentence in readback.sentences(queue)))
        return format_html('<ul class="cc-rows">{}</ul>', lines)
