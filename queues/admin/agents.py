"""Agents with what queues know about them: memberships, and the actions that need the services of calls."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin import helpers
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from agents import admin as base
from agents.models import Agent, BreakReason, Skill, Team
from agents.states import OFFLINE
from callcenter.core import adminbase, roles
from callcenter.core.adminbase import actor_of, for_each

from .. import services
from ..models import Membership, Queue
from ..roster_keeping import rebuild_all_soon
from .direct import DirectCallsInline
from .membership import AgentsQueuesInline


class Rostered(adminbase.ModelAdmin):
    """A change here may change who is a member of a queue by a rule."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        rebuild_all_soon()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        super().delete_model(request, obj)
        rebuild_all_soon()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        super().delete_queryset(request, queryset)
        rebuild_all_soon()


for model in (Agent, Team, Skill):
    admin.site.unregister(model)


@admin.register(Team)
class TeamAdmin(Rostered, base.TeamAdmin):
    pass


@admin.register(Skill)
class SkillAdmin(Rostered, base.SkillAdmin):
    pass


class ServesFilter(admin.SimpleListFilter):
    """Who is logged in to a queue, whatever else the agent does."""

    title = "logged in to"
    parameter_name = "serves"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Queue.objects.values_list("pk", "name")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Agent]) -> QuerySet[Agent]:
        chosen = self.value() or ""
        serving = Membership.objects.filter(queue=int(chosen) if chosen.isdecimal() else 0, logged_in=True)
        return queryset.filter(pk__in=serving.values("agent")) if chosen else queryset


@admin.register(Agent)
class AgentAdmin(Rostered, base.AgentAdmin):
    list_filter = (*base.AgentAdmin.list_filter, ServesFilter)
    inlines = [AgentsQueuesInline, DirectCallsInline, *base.AgentAdmin.inlines]
    actions = ["make_available", "send_on_break", "log_out", *base.AgentAdmin.actions]

    def has_steer_permission(self, request: HttpRequest) -> bool:
        """Supervisors change what agents do; only managers change what they are."""
        return roles.has_role(request.user, roles.MANAGER, roles.SUPERVISOR)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and "active" in form.changed_data and not obj.active and obj.state != OFFLINE:
            # After the commit: it locks queues before agents, and this page's transaction has the agent's row already.
            transaction.on_commit(partial(services.go_offline, obj.pk, actor=actor_of(request)))

    def process_result(self, result: Any, request: HttpRequest) -> HttpResponse:
        rebuild_all_soon()
        return super().process_result(result, request)

    @admin.action(description="Make available", permissions=["steer"])
    def make_available(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        for_each(
            request, queryset, lambda agent: services.set_available(agent.pk, actor=actor_of(request)), "{count} agent(s) made available."
        )

    @admin.action(description="Log out …", permissions=["steer"])
    @adminbase.confirmed(
        "Log out these agents?",
        "They get no further calls until they log in again. Who is on a call finishes it first, paperwork included.",
    )
    def log_out(self, request: HttpRequest, queryset: QuerySet[Agent]) -> None:
        for_each(request, queryset, lambda agent: services.go_offline(agent.pk, actor=actor_of(request)), "{count} agent(s) logged out.")

    @admin.action(description="Send on a break …", permissions=["steer"])
    def send_on_break(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponse | None:
        reason = BreakReason.objects.filter(pk=request.POST.get("reason") or 0).first()
        if reason is None:
            return self._ask_reason(request, queryset)
        pause = reason.pk
        for_each(
            request,
            queryset,
            lambda agent: services.take_break(agent.pk, pause, actor=actor_of(request)),
            "{count} agent(s) sent on a break.",
        )
        return None

    def _ask_reason(self, request: HttpRequest, queryset: QuerySet[Agent]) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": "Send these agents on a break?",
            "consequence": "They get no calls until the break is over. Who is on a call finishes it first, paperwork included.",
            "rows": queryset,
            "action": "send_on_break",
            "reasons": BreakReason.objects.filter(selectable=True),
            "action_checkbox_name": helpers.ACTION_CHECKBOX_NAME,
            "opts": self.model._meta,
            "media": self.media,
        }
        return TemplateResponse(request, "admin/confirm_action.html", context)
