"""Who serves what, edited on the agent's page and on the queue's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from callcenter.core import adminbase

from ..models import Membership, MembershipRule


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


class AgentsQueuesInline(MembershipInline):
    fields = ("queue", "tier", "position", "logged_in", "source")
    autocomplete_fields = ("queue",)
    verbose_name_plural = "queues"


class QueuesAgentsInline(MembershipInline):
    fields = ("agent", "tier", "position", "logged_in", "source")
    autocomplete_fields = ("agent",)
    verbose_name_plural = "members"


class MembershipRuleInline(adminbase.TabularInline):
    model = MembershipRule
    extra = 0
    autocomplete_fields = ("team", "skill")
    hide_title = True
    verbose_name_plural = "members by rule"
    tab = True
