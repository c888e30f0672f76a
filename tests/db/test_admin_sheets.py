"""Spreadsheets go out and come in, and undo nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents.models import Agent, Team
from callcenter.core import bell, roles
from callcenter.core.models import LogEntry
from ivr.models import Number
from queues.models import Membership, Queue

from . import cast
from .forms import client_of

pytestmark = pytest.mark.django_db


def test_agents_queues_and_numbers_go_out_and_come_back(manager: Client) -> None:
    from agents.resources import AgentResource
    from ivr.resources import NumberResource
    from queues.resources import AnnouncementResource, QueueResource, WayOutResource

    alice = cast.agent("alice", state="offline", team=Team.objects.create(name="Desk"))
    Number.objects.create(number="4711", queue=Queue.objects.get(slug="sales"), priority=3)
    cast.queue(next_queue=cast.queue())
    for resource in (AgentResource(), QueueResource(), NumberResource(), AnnouncementResource(), WayOutResource()):
        out = resource.export()
        back = resource.import_data(out, raise_errors=True)
        assert set(back.totals) >= {"skip"}
        assert back.totals["skip"] == len(out), (resource, back.totals)
    sheet = AgentResource().export()
    sheet.append(["99077", "nina", "Nina", "Night shift", "nina", "1", "1", "3", "0"])
    AgentResource().import_data(sheet, raise_errors=True)
    nina = Agent.objects.get(extension="99077")
    assert (nina.user.username, str(nina.team), roles.roles_of(nina.user)) == ("nina", "Night shift", frozenset({roles.AGENT}))
    assert not nina.user.has_usable_password()
    alice.refresh_from_db()
    assert str(alice.team) == "Desk"


def test_a_sheet_is_uploaded_confirmed_and_told_to_edges_and_queues(
    manager: Client, rings: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    from agents.resources import AgentResource

    sheet = AgentResource().export()
    sheet.append(["99077", "nina", "Nina", "", "nina", "1", "1", "3", "0"])
    upload = SimpleUploadedFile("agents.csv", sheet.export("csv").encode())
    shown = manager.post(reverse("admin:agents_agent_import"), {"import_file": upload, "format": "0"})
    assert "Nina" in shown.content.decode()
    assert not Agent.objects.exists()
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("admin:agents_agent_process_import"), shown.context["confirm_form"].initial)
    assert Membership.objects.get(agent__extension="99077").queue.slug == "direct"
    assert LogEntry.objects.get(type="agent.imported").data == {"new": 1}
    assert bell.EDGE in rings


def test_a_sheet_undoes_nothing_that_a_call_did_meanwhile() -> None:
    from agents.resources import AgentResource

    support = cast.queue()
    agent = cast.agent("alice", queues=(support,))
    sheet = AgentResource().export()
    before = Agent.objects.get(pk=agent.pk)
    cast.enqueue(support)
    before.name = "Alicia"
    AgentResource().do_instance_save(before, is_create=False)
    agent.refresh_from_db()
    assert (agent.name, agent.state, len(sheet)) == ("Alicia", "ringing", 1)


@pytest.mark.parametrize("page", ["agents_agent", "queues_queue", "ivr_number"])
def test_the_pages_for_spreadsheets_open(manager: Client, page: str) -> None:
    for kind in ("import", "export"):
        assert manager.get(reverse(f"admin:{page}_{kind}")).status_code == 200
    assert client_of(roles.SUPERVISOR).get(reverse(f"admin:{page}_import")).status_code == 403
