"""What the installation has that flows may name: for the checks before publishing, and to choose from in the builder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db.models import Max, Model, Q

from agents.models import Agent, Skill
from queues.models import Queue

from ..flow.check import Known
from ..models import Flow

Choice = dict[str, str]


def known() -> Known:
    """What a flow may name. None where the installation has no such thing at all: then nobody can say."""
    return Known(
        queues=set(Queue.objects.values_list("slug", flat=True)),
        agents=set(Agent.objects.filter(active=True).values_list("extension", flat=True)),
        flows=set(Flow.objects.filter(published__isnull=False).values_list("slug", flat=True)),
        schedules=_slugs("queues", "Schedule"),
        mailboxes=_slugs("queues", "VoicemailBox"),
        connections=_slugs("ivr", "WebConnection"),
        rules=_slugs("ivr", "Rule"),
        prompts=_prompts(),
        skills=_skills(),
    )


def choices() -> dict[str, list[Choice] | None]:
    """What to choose from, by kind of field. None: there is no list, the name is typed."""
    return {
        "queue": _choices(Queue.objects.order_by("name").values_list("slug", "name")),
        "agent": _choices(Agent.objects.filter(active=True).order_by("name").values_list("extension", "name")),
        "flow": _choices(Flow.objects.filter(published__isnull=False).values_list("slug", "name")),
        "skill": _choices((name, name) for name in Skill.objects.values_list("name", flat=True)),
        "schedule": _named("queues", "Schedule"),
        "mailbox": _named("queues", "VoicemailBox"),
        "connection": _named("ivr", "WebConnection"),
        "rule": _named("ivr", "Rule"),
        "prompt": _named("ivr", "Prompt"),
    }


def _skills() -> dict[str, int]:
    best = Max("agents__level", filter=Q(agents__agent__active=True))
    return {name: level or 0 for name, level in Skill.objects.order_by().annotate(best=best).values_list("name", "best")}


def _choices(rows: Iterable[tuple[str, str]]) -> list[Choice]:
    return [{"value": value, "label": label} for value, label in rows]


def _model(app: str, name: str) -> type[Model] | None:
    """A model that not every installation has."""
    return apps.all_models[app].get(name.lower())


def _slugs(app: str, name: str) -> set[str] | None:
    model = _model(app, name)
    return None if model is None else set(model._default_manager.values_list("slug", flat=True))


def _named(app: str, name: str) -> list[Choice] | None:
    model = _model(app, name)
    return None if model is None else _choices(model._default_manager.order_by("name").values_list("slug", "name"))


def _prompts() -> dict[str, Any] | None:
    """The languages in which each prompt can be heard: recorded, or its text spoken."""
    prompt, recording = _model("ivr", "Prompt"), _model("ivr", "Recording")
    if prompt is None or recording is None:
        return None
    found: dict[str, set[str]] = {
        slug: {language} if text else set() for slug, language, text in prompt._default_manager.values_list("slug", "language", "text")
    }
    for slug, language in recording._default_manager.filter(retired_at__isnull=True).values_list("prompt__slug", "language"):
        found.setdefault(slug, set()).add(language)
    return found
