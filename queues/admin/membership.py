"""Who serves what, edited on the agent's page and on the queue's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from agents.models import Agent
from callcenter.core import adminbase

from ..models import Membership, MembershipRule, Queue, Strategy
from ..strategies import WEIGHTED


class MembershipForm(forms.ModelForm):
    def save(self, commit: bool = True) -> Any:
        """A row of a rule that somebody edits is listed by name from then on, so that the rule no longer resets it."""
        if self.instance.pk and self.has_changed():
            self.instance.source = Membership.Source.PERSON
        return super().save(commit)


class MembershipInline(adminbase.TabularInline):
    model = Membership
    form = MembershipForm
    extra = 0
    # A queue that everybody serves has a row for each agent; the form of a thousand would be refused by Django.
    per_page = 50
    readonly_fields = ("source",)
    tab = True
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("agent", "queue")

    def columns(self, first: str, queues: QuerySet[Queue]) -> tuple[str, ...]:
        """The capacity score only where a strategy looks at it."""
        looks = Q(strategy__in=WEIGHTED) | Q(strategy=Strategy.STICKY, second_strategy__in=WEIGHTED)
        score = ("weight",) if queues.filter(looks).exists() else ()
        return (first, "tier", "position", *score, "logged_in", "source")


class AgentsQueuesInline(MembershipInline):
    autocomplete_fields = ("queue",)
    verbose_name_plural = "queues"

    def get_fields(self, request: HttpRequest, obj: Agent | None = None) -> tuple[str, ...]:
        return self.columns("queue", Queue.objects.filter(memberships__agent=obj))


class QueuesAgentsInline(MembershipInline):
    autocomplete_fields = ("agent",)
    verbose_name_plural = "members"

    def get_fields(self, request: HttpRequest, obj: Queue | None = None) -> tuple[str, ...]:
        return self.columns("agent", Queue.objects.filter(pk=obj.pk if obj else 0))


class MembershipRuleInline(adminbase.TabularInline):
    model = MembershipRule
    extra = 0
    autocomplete_fields = ("team", "skill")
    hide_title = True
    verbose_name_plural = "members by rule"
    tab = True
