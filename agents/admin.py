"""Admin of agents, teams, skills and breaks. What queues add to the agent's page is in `queues.admin`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.adminbase import actor_of
from callcenter.core.words import chip, moment

from . import defaults, people
from .forms import AgentForm, NewAgentForm
from .models import Agent, AgentSkill, BreakReason, Device, Skill, Team
from .resources import AgentResource
from .services import set_sip_password


class AgentSkillInline(adminbase.TabularInline):
    model = AgentSkill
    extra = 0
    autocomplete_fields = ("skill",)
    hide_title = True
    verbose_name_plural = "skills"
    tab = True


class DeviceInline(adminbase.ReadOnly, adminbase.TabularInline):
    """The phones that registered; the phones decide, not the admin."""

    model = Device
    extra = 0
    fields = ("label", "kind", "key", "reachable", "since", "lease_until")
    readonly_fields = fields
    verbose_name_plural = "phones"
    tab = True

    @admin.display(description="reachable", boolean=True)
    def reachable(self, device: Device) -> bool:
        return device.rings and device.lease_until > timezone.now()


@admin.register(Team)
class TeamAdmin(adminbase.ModelAdmin):
    list_display = ("name", "size")
    search_fields = ("name",)
    autocomplete_fields = ("supervisors",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        return super().get_queryset(request).annotate(size=Count("agents"))

    @admin.display(description="agents", ordering="size")
    def size(self, team: Any) -> SafeString:
        return format_html('<a href="{}?team__id__exact={}">{}</a>', reverse("admin:agents_agent_changelist"), team.pk, team.size)


@admin.register(Skill)
class SkillAdmin(adminbase.KeptWhileNamed, adminbase.ModelAdmin):
    named_as = "skill"
    name_field = "name"
    list_display = ("name", "holders")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Skill]:
        return super().get_queryset(request).annotate(holders=Count("agents"))

    @admin.display(description="agents", ordering="holders")
    def holders(self, skill: Any) -> SafeString:
        url = f"{reverse('admin:agents_agent_changelist')}?skills__skill__id__exact={skill.pk}"
        return format_html('<a href="{}">{}</a>', url, skill.holders)


@admin.register(BreakReason)
class BreakReasonAdmin(adminbase.ModelAdmin):
    list_display = ("name", "code", "paid", "max_minutes", "selectable", "position")
    list_editable = ("position",)
    list_filter = ("paid", "selectable")
    search_fields = ("name", "code")

    def get_prepopulated_fields(self, request: HttpRequest, obj: BreakReason | None = None) -> dict[str, Any]:
        return {} if obj else {"code": ("name",)}

    def get_readonly_fields(self, request: HttpRequest, obj: BreakReason | None = None) -> tuple[str, ...]:
        return ("code",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: BreakReason | None = None) -> bool:
        # The system itself puts agents on this break; without it a missed call could not be recorded.
        return super().has_delete_permission(request, obj) and (obj is None or obj.code != defaults.MISSED)


class ReachableFilter(admin.SimpleListFilter):
    """Whether a phone of the agent can ring now."""

    title = "phone"
    parameter_name = "reachable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Reachable"), ("no", "No phone")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        can_ring = Q(pk__in=Agent.objects.reachable().values("pk"))
        conditions = {"yes": can_ring, "no": ~can_ring}
        return queryset.filter(conditions.get(self.value() or "", Q()))


@admin.register(Agent)
class AgentAdmin(adminbase.KeptWhileNamed, adminbase.SpreadsheetAdmin):
    named_as = "agent"
    name_field = "extension"
    form = AgentForm
    resource_classes = [AgentResource]
    rings_edge = True
    list_display = ("name", "extension", "state_chip", "phone_chip", "since", "team", "sip_username", "active_chip")
    list_filter: ClassVar[tuple[Any, ...]] = ("state", ReachableFilter, "active", "team", "skills__skill", "ready_when_registered")
    list_select_related = ("team", "break_reason")
    search_fields = ("name", "extension", "sip_username", "user__username")
    autocomplete_fields = ("team",)
    readonly_fields = ("user", "phone_setup", "state_chip", "phone_chip", "since", "logged_in_at", "open_calls")
    inlines = [AgentSkillInline, DeviceInline]
    actions = ["new_sip_passwords"]
    change_form_template = "admin/agents/agent/change_form.html"
    fieldsets = (
        (None, {"fields": (("name", "extension"), ("team", "user"), "active")}),
        (
            "Phone",
            {
                "fields": ("phone_setup", ("sip_username", "sip_password"), "ready_when_registered"),
                "description": "What to enter in the agent's SIP phone.",
            },
        ),
        (
            "Calls",
            {
                "fields": (("max_concurrent_calls", "max_misses"),),
                "description": "How much work the agent gets. Which queues the agent serves is under Queues above.",
            },
        ),
        (
            "Now",
            {
                "fields": (("state_chip", "since"), ("phone_chip", "open_calls"), "logged_in_at"),
                "description": "To be changed by the agent, on the dashboard, or by the actions of the list.",
            },
        ),
    )
    add_fieldsets = (
        (
            None,
            {
                "fields": (("name", "extension"), "team", ("username", "password")),
                "description": "A person who takes calls, together with the log-in for the agent panel.",
            },
        ),
        ("Phone", fieldsets[1][1] | {"description": "Both may stay empty: then the phone gets the log-in name and a strong password."}),
        fieldsets[2],
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Agent]:
        return Agent.objects.with_reachable()

    def get_form(self, request: HttpRequest, obj: Agent | None = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": NewAgentForm}), **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Agent | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_readonly_fields(self, request: HttpRequest, obj: Agent | None = None) -> tuple[str, ...]:
        return self.readonly_fields if obj else ("phone_setup",)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.user = people.user_for(form.cleaned_data["username"], form.cleaned_data["password"])
        super().save_model(request, obj, form, change)
        people.let_in(obj)
        password = form.cleaned_data.get("sip_password") or ("" if change else people.strong_password())
        if password:
            self.set_password(request, obj, password, shown=not form.cleaned_data.get("sip_password"))

    def set_password(self, request: HttpRequest, agent: Agent, password: str, *, shown: bool) -> None:
        set_sip_password(agent, password, actor=actor_of(request))
        if shown:
            messages.warning(
                request,
                f"SIP user {agent.sip_username}, password {password} — enter it in the phone now; it is kept nowhere and not shown again.",
            )

    @admin.action(description="Make new SIP passwords, shown once", permissions=["change"])
    @adminbase.confirmed(
        "Make new SIP passwords?",
        "Each of these phones stops working when its registration runs out, until it is given the new password.",
    )
    def new_sip_passwords(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        for agent in queryset:
            self.set_password(request, agent, people.strong_password(), shown=True)

    def get_urls(self) -> list[Any]:
        new_password = path(
            "<int:pk>/new-sip-password/", self.admin_site.admin_view(self.new_sip_password), name="agents_agent_new_sip_password"
        )
        return [new_password, *super().get_urls()]

    def new_sip_password(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Make a strong SIP password and show it once."""
        agent: Agent | None = self.get_object(request, str(pk))
        if agent is not None and request.method == "POST" and self.has_change_permission(request, agent):
            self.set_password(request, agent, people.strong_password(), shown=True)
        return HttpResponseRedirect(reverse("admin:agents_agent_change", args=[pk]))

    @admin.display(description="state", ordering="state")
    def state_chip(self, obj: Agent) -> SafeString:  # type: ignore[override]
        state = obj.machine.state(obj.state)
        reason = f" · {obj.break_reason}" if obj.break_reason else ""
        return chip(state.label + reason, state.colour, state.meaning)

    @admin.display(description="phone", ordering="reachable")
    def phone_chip(self, agent: Any) -> SafeString:
        return chip("Reachable", "green") if agent.reachable else chip("No phone", "grey", "No phone is registered.")

    @admin.display(description="Server")
    def phone_setup(self, agent: Agent) -> str:
        host = settings.SIP_PUBLIC_ADDRESS or settings.BIND_ADDRESS
        return f"{host}, port {settings.SIP_PORT}, UDP; realm {settings.SIP_REALM}"

    @admin.display(description="since", ordering="state_since")
    def since(self, agent: Agent) -> SafeString:
        return moment(agent.state_since)


@admin.register(Device)
class DeviceAdmin(adminbase.RecordAdmin):
    list_display = ("label", "agent", "kind", "reachable", "since", "lease_until")
    list_filter = ("kind", "agent__team")
    list_select_related = ("agent",)
    search_fields = ("label", "key", "agent__name")

    @admin.display(description="reachable", boolean=True)
    def reachable(self, device: Device) -> bool:
        return device.rings and device.lease_until > timezone.now()
