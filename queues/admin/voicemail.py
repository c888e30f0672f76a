"""Voicemail boxes, and the messages in them: to be heard, sorted and searched."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.adminbase import actor_of
from callcenter.core.figures import CountFilter
from callcenter.core.naming import in_words
from callcenter.core.words import chip, moment, span

from .. import metrics, services
from ..models import VoicemailBox, VoicemailMessage
from ..voicemail.access import boxes_for
from ..voicemail.states import NEW
from . import outcomes

NO_MAIL_SERVER = "Nobody will get a mail: this site has no mail server. Set EMAIL_URL, as docs/operations.md tells."


@admin.register(VoicemailBox)
class VoicemailBoxAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "mailbox"
    list_display = ("name", "active_chip", "belongs_to", "new_messages", "kept_for", "mails")
    list_filter = ("active", "language", "queue")
    list_select_related = ("queue", "agent")
    search_fields = ("name", "slug")
    autocomplete_fields = ("queue", "agent")
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("queue", "agent"), "active")}),
        (
            "What callers hear",
            {
                "classes": ["tab"],
                "fields": ("language", "greeting", "greeting_file", "review"),
                "description": "After the greeting comes a tone; from there on it is recorded. Callers end "
                "with the # key, by falling silent, or by hanging up.",
            },
        ),
        (
            "Limits",
            {
                "classes": ["tab"],
                "fields": (("max_seconds", "min_seconds"), "silence_seconds", "retention_days"),
                "description": "One minute of sound takes one megabyte of disk.",
            },
        ),
        (
            "Mail",
            {
                "classes": ["tab"],
                "fields": ("notify", "attach_audio"),
                "description": "Mails go out once for each message, when the site has a mail server (EMAIL_URL).",
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoicemailBox]:
        return super().get_queryset(request).annotate(new_count=Count("messages", filter=Q(messages__state=NEW)))

    def get_prepopulated_fields(self, request: HttpRequest, obj: VoicemailBox | None = None) -> dict[str, Any]:
        return {} if obj else {"slug": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: VoicemailBox | None = None) -> tuple[str, ...]:
        return ("slug",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.notify.strip() and not settings.EMAIL_URL:
            messages.warning(request, NO_MAIL_SERVER)

    @admin.display(description="belongs to")
    def belongs_to(self, box: VoicemailBox) -> str:
        return str(box.queue or box.agent or "everybody who watches the floor")

    @admin.display(description="new", ordering="new_count")
    def new_messages(self, box: Any) -> SafeString:
        url = f"{reverse('admin:queues_voicemailmessage_changelist')}?box__id__exact={box.pk}&state__exact={NEW}"
        return format_html('<a href="{}">{}</a>', url, chip(str(box.new_count), "blue" if box.new_count else "grey"))

    @admin.display(description="kept", ordering="retention_days")
    def kept_for(self, box: VoicemailBox) -> str:
        return f"{box.retention_days} days" if box.retention_days else "until deleted"

    @admin.display(description="mail", boolean=True)
    def mails(self, box: VoicemailBox) -> bool:
        return bool(box.notify.strip())


def _sorts(description: str, service: Callable[..., None], done: str) -> Any:
    @admin.action(description=description, permissions=["sort"])
    def action(self: Any, request: HttpRequest, queryset: QuerySet[VoicemailMessage]) -> None:
        actor = actor_of(request)
        adminbase.for_each(request, queryset, lambda message: service(message.pk, actor=actor), done)

    action.__name__ = service.__name__
    return action


class FigureFilter(CountFilter):
    counts = metrics.VOICEMAIL_COUNTS


@admin.register(VoicemailMessage)
class VoicemailMessageAdmin(outcomes.WithFigures, adminbase.RecordAdmin):
    """What callers left. Nothing is typed here; the actions put messages in order."""

    figures_template = "admin/queues/voicemailmessage/figures.html"
    figures_context = staticmethod(outcomes.of_voicemail)
    list_display = ("id", "state_chip", "caller", "box", "left", "length", "heard", "noted")
    list_filter = (FigureFilter, "state", "box", "partial", ("left_at", admin.DateFieldListFilter))
    list_select_related = ("box",)
    search_fields = ("caller_number",)
    search_help_text = "Caller's number, complete"
    actions: Any = (
        _sorts("Mark as heard", services.mark_heard, "{count} marked as heard."),
        _sorts("Mark as new", services.mark_new, "{count} marked as new."),
        _sorts("Archive", services.archive_message, "{count} archived."),
        _sorts("Delete (can be taken back for a week)", services.delete_message, "{count} deleted."),
        _sorts("Put back into the box", services.restore_message, "{count} put back."),
    )
    fieldsets = (
        (None, {"fields": ("player", ("state_chip", "length"), ("caller", "box"), ("left_at", "ended_by"), "notes")}),
        ("What became of it", {"fields": (("heard", "notice"), ("call", "erased_at"), "promised")}),
    )
    readonly_fields = ("player", "state_chip", "length", "caller", "heard", "promised")
    change_form_template = "admin/queues/voicemailmessage/change_form.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[VoicemailMessage]:
        assert isinstance(request.user, User)
        return super().get_queryset(request).filter(box__in=boxes_for(request.user).values("pk"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[VoicemailMessage], search_term: str
    ) -> tuple[QuerySet[VoicemailMessage], bool]:
        term = search_term.strip()
        return (queryset.filter(caller_number=term) if term else queryset), False

    def has_sort_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("queues.change_voicemailmessage")

    @admin.display(description="message")
    def player(self, message: VoicemailMessage) -> SafeString | str:
        if message.erased_at:
            return "The sound has been erased."
        url = reverse("message-audio", args=[message.pk])
        return format_html('<audio class="cc-player" controls preload="none" src="{}">{}</audio>', url, "This browser plays no sound.")

    @admin.display(description="caller", ordering="caller_number")
    def caller(self, message: VoicemailMessage) -> str:
        return " ".join(filter(None, (message.caller_name, message.caller_number))) or "unknown"

    @admin.display(description="left", ordering="left_at")
    def left(self, message: VoicemailMessage) -> SafeString:
        return moment(message.left_at)

    @admin.display(description="length", ordering="seconds")
    def length(self, message: VoicemailMessage) -> str:
        return span(message.seconds) + (" (end missing)" if message.partial else "")

    @admin.display(description="heard first by")
    def heard(self, message: VoicemailMessage) -> str:
        return in_words([message.heard_by])[message.heard_by] if message.heard_by else "–"

    @admin.display(description="callbacks promised")
    def promised(self, message: VoicemailMessage) -> SafeString | str:
        owed = metrics.promised_for(message).order_by("pk")
        rows = [(reverse("admin:queues_callback_change", args=[one.pk]), one, self.state_chip(one)) for one in owed]
        return format_html_join(" ", '<a href="{}">{}</a> {}', rows) or "None."

    @admin.display(description="notes")
    def noted(self, message: VoicemailMessage) -> str:
        return shorten(message.notes, 60, placeholder=" …") or "–"
