"""Callbacks: whom we owe a call, how far each is, and what can be done about it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from callcenter.core import adminbase, roles
from callcenter.core.adminbase import actor_of, for_each
from callcenter.core.e164 import readable
from callcenter.core.errors import Refusal
from callcenter.core.figures import CountFilter
from callcenter.core.words import chip

from .. import chosentimes, metrics, services
from ..callbackstates import DUE, OPEN, SCHEDULED
from ..callbackwindows import Window
from ..models import Call, Callback, VoicemailMessage
from ..refusals import CallbackOwedAlready
from ..states import CallOutcome
from ..voicemail.access import boxes_for
from . import outcomes
from .calls import OUTCOME_COLOURS

MOVABLE = (SCHEDULED, DUE)
"""Nobody is being called yet: another time may be agreed."""


class CallbackForm(forms.ModelForm):
    class Meta:
        model = Callback
        fields = ("queue", "number", "name", "note", "due_at", "priority")

    def clean(self) -> dict[str, Any] | None:
        """What the service would refuse, said at the field; `Callback.clean` brings the number into its one form first."""
        found = super().clean() or self.cleaned_data
        queue = self.instance.queue if self.instance.pk else found.get("queue")
        if queue and found.get("due_at") and (not self.instance.pk or "due_at" in self.changed_data):
            try:
                chosentimes.window_for(queue, found["due_at"], timezone.now(), besides=self.instance.pk)
            except Refusal as refusal:
                self.add_error("due_at", refusal.detail)
        return found

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        queue, number = self.cleaned_data.get("queue"), self.instance.number
        if not self.instance.pk and queue and Callback.objects.filter(queue=queue, number=number, state__in=OPEN).exists():
            self.add_error("number", CallbackOwedAlready().message)


class FigureFilter(CountFilter):
    counts = metrics.CALLBACK_COUNTS


@admin.register(Callback)
class CallbackAdmin(outcomes.WithFigures, adminbase.ModelAdmin):
    form = CallbackForm
    figures_template = "admin/queues/callback/figures.html"
    figures_context = staticmethod(outcomes.of_callbacks)
    list_display = ("shown_number", "name", "state_chip", "queue", "due_at", "window", "tried", "last_result", "requested_at")
    list_filter = (
        FigureFilter, "state", "queue", ("requested_at", admin.DateFieldListFilter), ("due_at", admin.DateFieldListFilter),
    )  # fmt: skip
    list_select_related = ("queue",)
    search_fields = ("number", "name", "note")
    search_help_text = "Number as +49…, name or note"
    autocomplete_fields = ("queue",)
    ordering = ("-id",)
    actions = ["call_now", "cancel"]
    fieldsets = (
        (None, {"fields": (("queue", "number"), ("name", "note"), ("due_at", "priority"))}),
        ("How far it is", {"fields": (("state_chip", "tried"), ("window", "free"), ("last_result", "requested"), "made")}),
    )
    """`due_at` says another time to a customer who is not being called yet."""

    def get_fieldsets(self, request: HttpRequest, obj: Callback | None = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else self.fieldsets[:1]

    def get_readonly_fields(self, request: HttpRequest, obj: Callback | None = None) -> tuple[str, ...]:
        told = ("state_chip", "tried", "window", "free", "last_result", "requested", "made")
        if obj is None:
            return told
        return (*told, "queue", "number", "priority", *(() if obj.state in MOVABLE else ("due_at",)))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        given = {"due_at": timezone.localtime() + timedelta(hours=1), **super().get_changeform_initial_data(request)}
        message = message_asked(request)
        return {**given, **_answer_to(message)} if message else given

    def has_delete_permission(self, request: HttpRequest, obj: Callback | None = None) -> bool:
        return False  # what was promised to a customer stays in the records; it can be cancelled

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return roles.has_role(request.user, roles.MANAGER, roles.SUPERVISOR)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            self._change(request, obj, form)
            return
        message = message_asked(request)
        facts = {"name": obj.name, "note": obj.note, "priority": obj.priority, "origin": message.call_id if message else None}
        made = services.schedule_callback(obj.queue_id, obj.number, at=obj.due_at, actor=actor_of(request), **facts)
        obj.__dict__.update(made.__dict__)

    def _change(self, request: HttpRequest, obj: Callback, form: Any) -> None:
        """A time goes by its service; the words beside it are plain fields."""
        at: datetime = obj.due_at
        words = [name for name in form.changed_data if name in ("name", "note")]
        if words:
            obj.save(update_fields=words)
        if "due_at" in form.changed_data:
            services.reschedule_callback(obj.pk, at=at, actor=actor_of(request))

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What was free when the form was checked may be taken a moment later; then nothing is saved."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refusal as refusal:
            messages.error(request, refusal.detail)
            return HttpResponseRedirect(request.get_full_path())

    @admin.action(description="Call now", permissions=["steer"])
    def call_now(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        for_each(
            request, queryset, lambda one: services.call_now(one.pk, actor=actor_of(request)),
            "{count} callback(s) in line now; the next free agent is rung.",
        )  # fmt: skip

    @admin.action(description="Cancel …", permissions=["steer"])
    @adminbase.confirmed(
        "Cancel these callbacks?", "The customers are not called back. Who is being called or talks already is left alone."
    )
    def cancel(self, request: HttpRequest, queryset: QuerySet[Callback]) -> None:
        for_each(request, queryset, lambda one: services.cancel_callback(one.pk, actor=actor_of(request)), "{count} callback(s) cancelled.")

    @admin.display(description="number", ordering="number")
    def shown_number(self, callback: Callback) -> str:
        return readable(callback.number)

    @admin.display(description="attempts", ordering="attempts")
    def tried(self, callback: Callback) -> str:
        return f"{callback.attempts} of {callback.queue.callback_attempts}" if callback.pk else "–"

    @admin.display(description="promised for", ordering="window_from")
    def window(self, callback: Callback) -> str:
        if callback.window_from is None or callback.window_until is None:
            return "as soon as possible"
        zone = chosentimes.zone(callback.queue)
        return chosentimes.told(Window(callback.window_from, callback.window_until), zone)

    @admin.display(description="next free times")
    def free(self, callback: Callback) -> SafeString | str:
        """What may be agreed with the customer instead; by the clock of the queue, as all of it."""
        if callback.pk is None or callback.state not in MOVABLE:
            return "–"
        windows, zone = chosentimes.page(callback.queue, timezone.now()).windows, chosentimes.zone(callback.queue)
        return format_html_join("", "<div>{}</div>", [(chosentimes.told(one, zone),) for one in windows]) or "None."

    @admin.display(description="asked for")
    def requested(self, callback: Callback) -> SafeString | str:
        when = f"{timezone.localtime(callback.requested_at):%Y-%m-%d %H:%M}"
        if callback.origin_id is None:
            return when
        return format_html('{} in <a href="{}">call {}</a>', when, _page(callback.origin_id), callback.origin_id)

    @admin.display(description="calls made")
    def made(self, callback: Callback) -> SafeString | str:
        calls = Call.objects.filter(callback=callback).select_related("agent").order_by("pk") if callback.pk else []
        rows = [(_page(call.pk), f"{timezone.localtime(call.arrived_at):%H:%M}", _result(call), call.agent or "") for call in calls]
        return format_html_join("", '<div><a href="{}">{}</a> {} {}</div>', rows) or "None yet."


def message_asked(request: HttpRequest) -> VoicemailMessage | None:
    """The message that the callback is promised for, if the page was opened from one that this person may see."""
    given = request.GET.get("message", "")
    assert isinstance(request.user, User)
    known = VoicemailMessage.objects.filter(box__in=boxes_for(request.user).values("pk")).select_related("box", "call")
    return known.filter(pk=int(given)).first() if given.isdecimal() and len(given) < 19 else None


def _answer_to(message: VoicemailMessage) -> dict[str, Any]:
    queue = message.box.queue_id or (message.call.queue_id if message.call else None)
    left = f"{timezone.localtime(message.left_at):%Y-%m-%d %H:%M}"
    return {"queue": queue, "number": message.caller_number, "name": message.caller_name, "note": f"Left a message on {left}."}


def _page(call: int) -> str:
    return reverse("admin:queues_call_change", args=[call])


def _result(call: Call) -> SafeString:
    if call.outcome:
        return chip(call.get_outcome_display(), OUTCOME_COLOURS.get(CallOutcome(call.outcome), "grey"))
    state = call.machine.state(call.state)
    return chip(state.label, state.colour, state.meaning)
