"""Users, the event log, and the pages of the libraries that we use, in the looks of ours."""

from __future__ import annotations

from typing import Any

from auditlog.models import LogEntry as ConfigurationChange
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as PlainGroupAdmin
from django.contrib.auth.admin import UserAdmin as PlainUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_celery_beat import models as beat

from . import adminbase, naming, roles
from .adminbase import UNFOLD
from .models import Heartbeat, Intent, LogEntry
from .words import chip

if UNFOLD:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
else:
    from django.contrib.auth.forms import AdminPasswordChangeForm, UserChangeForm
    from django.contrib.auth.forms import AdminUserCreationForm as UserCreationForm

admin.site.index_title = "Overview"

for model in (User, Group, ConfigurationChange, AccessAttempt, AccessLog, AccessFailureLog, *beat.__dict__.values()):
    if isinstance(model, type) and admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(User)
class UserAdmin(PlainUserAdmin, adminbase.ModelAdmin):
    """People. A manager gives roles; only a superuser makes superusers or hands out single permissions."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "roles", "active_chip", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    fieldsets = (
        (None, {"fields": ("username", "password", "is_active")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "Role",
            {
                "fields": ("groups",),
                "description": "Managers configure, supervisors watch and steer, auditors read everything, agents take calls. "
                "All but agents may open this admin.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    superuser_fieldsets = (("Superuser", {"fields": ("is_superuser", "user_permissions"), "classes": ("collapse",)}),)
    readonly_fields = ("last_login", "date_joined")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None:
            return self.add_fieldsets
        return self.fieldsets + self.superuser_fieldsets if request.user.is_superuser else self.fieldsets

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Who could change a superuser's password could become one.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        user = form.instance
        user.is_staff = user.is_superuser or user.groups.filter(name__in=roles.STAFF).exists()
        user.save(update_fields=["is_staff"])

    @admin.display(description="name", ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name() or "–"

    @admin.display(description="role")
    def roles(self, user: User) -> SafeString | str:
        names = ["superuser"] * user.is_superuser + [group.name for group in user.groups.all()]
        return ", ".join(names) or "–"

    @admin.display(description="active", ordering="is_active")
    def active_chip(self, user: User) -> SafeString:
        return chip("Active", "green") if user.is_active else chip("Off", "grey")


@admin.register(Group)
class GroupAdmin(PlainGroupAdmin, adminbase.ModelAdmin):
    """Roles are groups of that name; their permissions may be extended here."""


@admin.register(LogEntry)
class LogEntryAdmin(adminbase.RecordAdmin):
    """The event log. Append-only: the database itself refuses to change a row."""

    list_display = ("when", "what", "about", "who", "cause", "particulars")
    list_display_links = ("when",)
    list_filter = ("subject_kind", ("at", admin.DateFieldListFilter))
    search_fields = ("id",)
    search_help_text = "Whom it is about, such as call:17, or an event, such as call.hang_up"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[LogEntry], search_term: str) -> tuple[QuerySet[LogEntry], bool]:
        """Whole values only, answered from the indexes."""
        term = search_term.strip()
        kind, _, pk = term.partition(":")
        if pk.isdigit():
            return queryset.filter(subject_kind=kind, subject_id=int(pk)), False
        return (queryset.filter(type=term) if term else queryset), False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Name everybody on the page at once, not row by row."""
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        names = naming.in_words(reference for row in rows for reference in (row.actor, _subject(row)))
        for row in rows:
            row.names = names
        changelist.result_list = rows
        return changelist

    @admin.display(description="at", ordering="at")
    def when(self, entry: LogEntry) -> SafeString:
        return format_html('<span class="cc-nowrap">{}</span>', f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M:%S.%f}"[:-3])

    @admin.display(description="event", ordering="type")
    def what(self, entry: LogEntry) -> SafeString:
        return format_html('<a href="?q={}">{}</a>', entry.type, entry.type)

    @admin.display(description="about")
    def about(self, entry: Any) -> SafeString:
        return format_html('<a class="cc-nowrap" href="?q={}">{}</a>', _subject(entry), entry.names[_subject(entry)])

    @admin.display(description="by")
    def who(self, entry: Any) -> str:
        return str(entry.names[entry.actor])

    @admin.display(description="particulars")
    def particulars(self, entry: LogEntry) -> str:
        moved = [f"{entry.data['from']} → {entry.data['to']}"] if {"from", "to"} <= entry.data.keys() else []
        return ", ".join(moved + [f"{name} {value}" for name, value in entry.data.items() if name not in ("from", "to")])


def _subject(entry: LogEntry) -> str:
    return f"{entry.subject_kind}:{entry.subject_id}"


@admin.register(ConfigurationChange)
class ConfigurationChangeAdmin(adminbase.RecordAdmin):
    """What was configured, before and after."""

    list_display = ("timestamp", "actor", "action", "content_type", "object_repr", "changes_text")
    list_filter = ("action", "content_type", ("timestamp", admin.DateFieldListFilter))
    list_select_related = ("actor", "content_type")
    search_fields = ("object_repr", "actor__username")

    @admin.display(description="changes")
    def changes_text(self, entry: Any) -> str:
        return "; ".join(f"{name}: {old} → {new}" for name, (old, new) in entry.changes_display_dict.items())[:300]


@admin.register(Intent)
class IntentAdmin(adminbase.RecordAdmin):
    list_display = ("key", "user", "op", "at")
    list_select_related = ("user",)
    ordering = ("-at",)


@admin.register(AccessAttempt, AccessFailureLog)
class FailedLogInAdmin(adminbase.RecordAdmin):
    list_display = ("attempt_time", "username", "ip_address", "user_agent")
    search_fields = ("username", "ip_address")


@admin.register(AccessLog)
class LogInAdmin(adminbase.RecordAdmin):
    list_display = ("attempt_time", "username", "ip_address", "logout_time")
    search_fields = ("username", "ip_address")


@admin.register(beat.PeriodicTask)
class PeriodicTaskAdmin(adminbase.ModelAdmin):
    list_display = ("name", "enabled", "task", "scheduler", "last_run_at", "total_run_count")
    list_filter = ("enabled",)
    search_fields = ("name", "task")


@admin.register(beat.IntervalSchedule, beat.CrontabSchedule, beat.SolarSchedule, beat.ClockedSchedule)
class ScheduleAdmin(adminbase.ModelAdmin):
    pass


@admin.register(Heartbeat)
class HeartbeatAdmin(adminbase.RecordAdmin):
    list_display = ("name", "at", "data")
    ordering = ("name",)
