"""What the calls of a queue ask for, edited on the queue's page; and every set of skills that calls ever asked for."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from agents.models import Skill
from callcenter.core import adminbase

from .. import skills
from ..models import Queue, QueueSkill, RelaxationStep, RequiredSkill, Requirement
from ..states import WAITING


class QueueSkillInline(adminbase.TabularInline):
    model = QueueSkill
    extra = 0
    fields = ("skill", "minimum_level", "weight")
    autocomplete_fields = ("skill",)
    hide_title = True
    tab = True
    verbose_name_plural = "required skills"


class RelaxationForms(BaseInlineFormSet):
    """All the steps of a queue together: each must ask for less than those before it."""

    def clean(self) -> None:
        super().clean()
        kept = (form for form in self.forms if form not in self.deleted_forms)
        given = {step: form for form in kept if (step := _step_of(form))}
        useless = skills.useless_step(given)
        if useless:
            given[useless].add_error(
                "minimum_level", "By then no more than this is asked for anyway. Lower the level, or remove this step."
            )


def _step_of(form: Any) -> skills.Step | None:
    found = getattr(form, "cleaned_data", None)
    if not found or form.errors or "after_seconds" not in found:
        return None
    skill: Skill | None = found.get("skill")
    return skills.Step(found["after_seconds"], skill.pk if skill else None, found.get("minimum_level") or 0)


class RelaxationStepInline(adminbase.TabularInline):
    model = RelaxationStep
    formset = RelaxationForms
    extra = 0
    fields = ("after_seconds", "skill", "minimum_level")
    autocomplete_fields = ("skill",)
    hide_title = True
    tab = True
    verbose_name_plural = "relaxation"


def in_words(queue: Queue) -> str:
    """The queue's demands and how they shrink, as sentences."""
    listed = list(queue.skills.select_related("skill"))
    steps = list(queue.relaxation_steps.select_related("skill"))
    names = {step.skill.pk: step.skill.name for step in steps if step.skill}
    asked = ", ".join(f"{row.skill} {row.minimum_level}" for row in listed)
    first = f"Every call asks for {asked}." if asked else "Only what a call brings along is asked for."
    return f"{first} {skills.path_in_words((step.as_step() for step in steps), names)}".strip()


def changed(formsets: Any) -> bool:
    """Whether the page that was saved asks for something else than before."""
    return any(formset.model in (QueueSkill, RelaxationStep) and formset.has_changed() for formset in formsets)


class RequiredSkillInline(adminbase.ReadOnly, adminbase.TabularInline):
    model = RequiredSkill
    extra = 0
    fields = ("skill", "level", "weight")
    verbose_name_plural = "skills"


@admin.register(Requirement)
class RequirementAdmin(adminbase.RecordAdmin):
    """One row for each set of skills, however many calls asked for it."""

    list_display = ("in_words", "waiting")
    inlines = [RequiredSkillInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Requirement]:
        calls = Count("calls", filter=Q(calls__state__in=WAITING))
        return super().get_queryset(request).annotate(waiting_count=calls).prefetch_related("needs__skill")

    @admin.display(description="skills")
    def in_words(self, requirement: Requirement) -> str:
        return ", ".join(map(str, requirement.needs.all())) or "nothing any more"

    @admin.display(description="calls waiting")
    def waiting(self, requirement: Any) -> int:
        return int(requirement.waiting_count)
