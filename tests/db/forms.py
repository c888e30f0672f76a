"""Who opens the admin, what they fill in, and what it answers."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from agents.models import Agent
from callcenter.core import roles


def client_of(role: str) -> Client:
    user, _ = User.objects.get_or_create(
        username=f"the-{role}", defaults={"is_staff": role in (*roles.STAFF, "root"), "is_superuser": role == "root"}
    )
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def inlines(*prefixes: str) -> dict[str, str]:
    return {f"{prefix}-{name}": "0" for prefix in prefixes for name in ("TOTAL_FORMS", "INITIAL_FORMS")}


AGENT_INLINES = inlines("memberships", "direct_calls", "skills", "devices")


def new_agent(**fields: Any) -> dict[str, Any]:
    given = {"name": "Eve", "extension": "99055", "username": "eve", "password": "correct horse battery", "max_concurrent_calls": "1"}
    return given | {"max_misses": "3", "active": "on"} | AGENT_INLINES | fields


def errors(answer: Any) -> str:
    assert answer.status_code == 200, answer.headers
    form = answer.context["adminform"].form
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def said(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def change_agent(agent: Agent, **fields: Any) -> dict[str, Any]:
    names = ("name", "extension", "sip_username", "max_concurrent_calls", "max_misses")
    return {name: getattr(agent, name) for name in names} | {"active": "on", "team": ""} | AGENT_INLINES | fields
