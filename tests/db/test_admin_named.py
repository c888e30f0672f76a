"""What only a flow or a way out names is not deleted or renamed under its callers' feet, on any page that could."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from agents.models import Agent, Skill
from callcenter.core import usage
from ivr import flowservices
from ivr.flow.naming import KINDS_NAMED, of_document
from ivr.models import Flow, FlowVersion, Prompt, Rule, WebConnection
from ivr.refusals import FlowIncomplete
from queues.models import VoicemailBox

from . import cast
from .forms import AGENT_INLINES, client_of

pytestmark = pytest.mark.django_db

BYE: dict[str, Any] = {"kind": "hang_up"}
STEPS: dict[str, Callable[[str], dict[str, Any]]] = {
    "queue": lambda name: {"kind": "queue", "queue": name},
    "schedule": lambda name: {"kind": "hours", "schedule": name, "exits": {"open": "bye", "closed": "bye"}},
    "mailbox": lambda name: {"kind": "voicemail", "box": name},
    "skill": lambda name: {"kind": "set", "skills": {name: 2}, "exits": {"next": "bye"}},
    "connection": lambda name: {"kind": "web", "connection": name, "url": "/x", "exits": {"next": "bye"}},
    "agent": lambda name: {"kind": "transfer", "agent": name},
    "rule": lambda name: {"kind": "rule", "rule": name, "variable": "tier", "exits": {"next": "bye"}},
    "flow": lambda name: {"kind": "flow", "flow": name},
    "prompt": lambda name: {"kind": "play", "say": [{"prompt": name}], "exits": {"next": "bye"}},
}
"""A step that names such a thing."""


def made(kind: str) -> tuple[Any, str]:
    """Such a thing that nothing else refers to, and the name by which flows know it."""
    makers: dict[str, Callable[[], Any]] = {
        "queue": cast.queue,
        "schedule": cast.schedule,
        "mailbox": lambda: VoicemailBox.objects.create(name="Night", slug="night-box"),
        "skill": lambda: cast.skill("Martian"),
        "connection": lambda: WebConnection.objects.create(name="CRM", slug="crm", base_url="https://crm.example.org"),
        "rule": lambda: Rule.objects.create(name="Tier", slug="tier"),
        "agent": lambda: cast.agent("zoe", state="offline", phone=False),
        "flow": lambda: Flow.objects.create(name="Other", slug="other"),
        "prompt": lambda: Prompt.objects.create(slug="hello", name="Hello", text="Hello."),
    }
    thing = makers[kind]()
    return thing, getattr(thing, {"skill": "name", "agent": "extension"}.get(kind, "slug"))


def drafted(kind: str, name: str) -> Flow:
    steps = {"it": {"label": "The step", **STEPS[kind](name)}, "bye": BYE}
    return Flow.objects.create(name="Main", slug="main", draft={"format": 1, "start": "it", "fallback_queue": "", "steps": steps})


def published(flow: Flow) -> Flow:
    flow.published = FlowVersion.objects.create(flow=flow, number=1, document=flow.draft)
    flow.draft = {**flow.draft, "steps": {"bye": BYE}}
    flow.save()
    return flow


def page(thing: Any, what: str) -> str:
    name = f"admin:{thing._meta.app_label}_{thing._meta.model_name}_{what}"
    return reverse(name) if what == "changelist" else reverse(name, args=[thing.pk])


def still_there(thing: Any) -> bool:
    return bool(type(thing)._default_manager.filter(pk=thing.pk).exists())


@pytest.mark.parametrize("live", [True, False], ids=["published", "draft"])
@pytest.mark.parametrize("kind", sorted(STEPS))
def test_what_a_flow_names_is_not_deleted_and_the_flow_and_its_step_are_named(kind: str, live: bool) -> None:
    root = client_of("root")
    thing, name = made(kind)
    flow = published(drafted(kind, name)) if live else drafted(kind, name)
    said = "Flow Main, step “The step”" + ("" if live else " (draft)")
    builder = reverse("admin:ivr_flow_builder", args=[flow.pk])
    assert f'<a href="{builder}">{said}</a>' in root.get(page(thing, "delete")).content.decode()
    assert said in root.post(page(thing, "delete"), {"post": "yes"}).content.decode()
    selected = {"action": "delete_selected", "_selected_action": [thing.pk], "post": "yes"}
    assert said in root.post(page(thing, "changelist"), selected).content.decode()
    assert still_there(thing)
    Flow.objects.filter(pk=flow.pk).update(draft={}, published=None)
    assert root.post(page(thing, "delete"), {"post": "yes"}).status_code == 302
    assert not still_there(thing)


def test_every_kind_of_name_that_a_flow_can_hold_is_looked_after() -> None:
    assert set(STEPS) == set(KINDS_NAMED)


def test_queues_are_named_by_expressions_and_as_the_last_resort() -> None:
    queue = cast.queue()
    steps = {
        "rules": {"kind": "branch", "cases": [{"name": "full", "when": f"queues['{queue.slug}'].waiting > 9"}]},
        "says": {"kind": "play", "label": "Numbers", "say": {"en": f"{{{{queues['{queue.slug}'].waiting}}}} wait in our queues. Now."}},
        "half": {"kind": "no such"}, "skills": {"kind": "set", "skills": [["x", 1, 2]]}, "none": None,
    }  # fmt: skip
    Flow.objects.create(name="Main", slug="main", draft={"fallback_queue": queue.slug, "steps": steps})
    (found,) = usage.of("queue", queue.slug)
    assert found.what == "Flow Main, fallback queue, step “Numbers” and step “rules” (draft)"
    assert list(of_document([])) == list(of_document({"steps": []})) == []


def test_a_skill_keeps_the_name_that_a_flow_knows(manager: Client) -> None:
    skill, name = made("skill")
    flow = drafted("skill", name)
    answer = manager.post(page(skill, "change"), {"name": "Marsian"}).content.decode()
    assert "known by this name to Flow Main, step “The step” (draft)" in answer
    assert manager.post(page(skill, "change"), {"name": name}).status_code == 302
    flow.delete()
    assert manager.post(page(skill, "change"), {"name": "Marsian"}).status_code == 302
    assert Skill.objects.get(pk=skill.pk).name == "Marsian"


def test_an_agent_keeps_the_extension_that_a_flow_knows(manager: Client) -> None:
    agent, extension = made("agent")
    drafted("agent", extension)
    form = {
        "name": agent.name, "extension": "4711", "sip_username": agent.sip_username, "active": "on", "max_concurrent_calls": "1",
        "max_misses": "0", **AGENT_INLINES,
    }  # fmt: skip
    assert "known by this name to Flow Main" in manager.post(page(agent, "change"), form).content.decode()
    assert Agent.objects.get(pk=agent.pk).extension == extension


def test_a_flow_that_names_a_skill_that_is_gone_is_not_published_and_told_where() -> None:
    queue, vera = cast.queue(), User.objects.create(username="vera")
    flow = drafted("skill", cast.skill("Martian").name)
    Flow.objects.filter(pk=flow.pk).update(draft={**flow.draft, "fallback_queue": queue.slug})
    assert [one.warning for one in flowservices.checks(Flow.objects.get(pk=flow.pk).draft)] == [True], "nobody has it yet"
    Skill.objects.all().delete()
    with pytest.raises(FlowIncomplete) as refused:
        flowservices.publish(flow, by=vera)
    (complaint,) = refused.value.complaints
    assert (complaint.step, complaint.field) == ("it", "skills.Martian")
    assert "Choose another one, or create it first" in complaint.message
    cast.skilled(cast.agent(phone=False), Martian=2)
    assert flowservices.publish(flow, by=vera).number == 1


def test_an_agent_who_is_switched_off_does_not_count_for_a_level() -> None:
    agent = cast.skilled(cast.agent(phone=False, state="offline"), Martian=2)
    assert flowservices.known().skills == {"Martian": 2}
    Agent.objects.filter(pk=agent.pk).update(active=False)
    assert flowservices.known().skills == {"Martian": 0}
