"""What managers enter about agents and users: accepted with everything that follows from it, or refused with the remedy named."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse

from agents.models import Agent, BreakReason, Team
from callcenter.core import bell, roles
from callcenter.core.models import LogEntry
from queues.models import Queue

from . import cast
from .forms import change_agent, client_of, errors, new_agent, said

pytestmark = pytest.mark.django_db


def test_a_new_agent_comes_with_log_in_role_and_a_phone_password_shown_once(manager: Client, rings: list[str]) -> None:
    answer = manager.post(reverse("admin:agents_agent_add"), new_agent(), follow=True)
    eve = Agent.objects.get(extension="99055")
    assert (eve.user.username, eve.sip_username) == ("eve", "eve")
    assert eve.user.check_password("correct horse battery")
    assert roles.roles_of(eve.user) == {roles.AGENT}
    assert not eve.user.is_staff
    assert eve.sip_ha1_md5
    assert eve.sip_ha1_sha256
    assert "SIP user eve, password" in said(answer)
    assert bell.EDGE in rings
    assert "password" not in str(list(LogEntry.objects.filter(subject_kind="agent").values_list("data", flat=True)))


def test_an_existing_user_becomes_the_agent_and_keeps_the_password(manager: Client) -> None:
    User.objects.create_user("eve", password="her own")
    manager.post(reverse("admin:agents_agent_add"), new_agent(password=""))
    assert Agent.objects.get(extension="99055").user.check_password("her own")


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"password": ""}, "give a password"),
        ({"password": "12345"}, "too short"),
        ({"sip_password": "1234"}, "makes a strong one"),
        ({"extension": "12a"}, "2 to 10 digits"),
        ({"username": "alice"}, "Choose another log-in name"),
    ],
)
def test_a_new_agent_is_refused_with_the_remedy(manager: Client, fields: dict[str, str], remedy: str) -> None:
    taken = cast.agent("alice", state="offline")
    User.objects.filter(pk=taken.user_id).update(username="alice")
    assert remedy in errors(manager.post(reverse("admin:agents_agent_add"), new_agent(**fields)))
    assert not Agent.objects.filter(extension="99055").exists()


def test_saving_an_agent_undoes_nothing_that_a_call_did_meanwhile(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    support = cast.queue()
    agent = cast.agent(queues=(support,))
    save = Agent.save

    def save_late(self: Agent, *args: Any, **kwargs: Any) -> None:
        """The call is offered between the reading of the form and the writing."""
        if not agent.offers.exists():
            cast.enqueue(support)
        save(self, *args, **kwargs)

    monkeypatch.setattr(Agent, "save", save_late)
    manager.post(reverse("admin:agents_agent_change", args=[agent.pk]), change_agent(agent, name="Alicia"))
    agent.refresh_from_db()
    assert (agent.name, agent.state, agent.open_calls) == ("Alicia", "ringing", 1)


def test_a_new_sip_user_name_needs_the_password_anew(manager: Client) -> None:
    agent = cast.agent(state="offline")
    url = reverse("admin:agents_agent_change", args=[agent.pk])
    assert "hashed together with the SIP user name" in errors(manager.post(url, change_agent(agent, sip_username="other")))
    manager.post(url, change_agent(agent, sip_username="other", sip_password="long enough"))
    agent.refresh_from_db()
    assert agent.sip_username == "other"
    assert agent.sip_ha1_md5


def test_fewer_calls_than_the_agent_has_are_refused(manager: Client) -> None:
    support = cast.queue()
    agent = cast.agent(queues=(support,), max_concurrent_calls=2)
    cast.enqueue(support), cast.enqueue(support)
    answer = manager.post(reverse("admin:agents_agent_change", args=[agent.pk]), change_agent(agent, max_concurrent_calls=1))
    assert "Try again when they are over" in errors(answer)


def test_a_deactivated_agent_goes_offline_once_the_page_is_committed(manager: Client, django_capture_on_commit_callbacks: Any) -> None:
    agent = cast.agent()
    with django_capture_on_commit_callbacks() as later:
        manager.post(reverse("admin:agents_agent_change", args=[agent.pk]), {**change_agent(agent), "active": ""})
    agent.refresh_from_db()
    assert (agent.active, agent.state) == (False, "available")
    for callback in later:
        callback()
    agent.refresh_from_db()
    assert (agent.active, agent.state, agent.user.is_active) == (False, "offline", False)
    manager.post(reverse("admin:agents_agent_change", args=[agent.pk]), {**change_agent(agent), "active": "on"})
    assert User.objects.get(pk=agent.user_id).is_active


def test_a_new_sip_password_is_made_and_shown_once(manager: Client) -> None:
    agent = cast.agent(state="offline")
    url = reverse("admin:agents_agent_new_sip_password", args=[agent.pk])
    answer = manager.post(url, follow=True)
    assert "not shown again" in said(answer)
    agent.refresh_from_db()
    first = agent.sip_ha1_md5
    assert first
    assert client_of(roles.SUPERVISOR).post(url).status_code in (302, 403)
    manager.get(url)
    agent.refresh_from_db()
    assert agent.sip_ha1_md5 == first


def test_a_change_of_configuration_is_in_the_event_log_and_audited(manager: Client) -> None:
    team = Team.objects.create(name="Desk")
    manager.post(reverse("admin:agents_team_change", args=[team.pk]), {"name": "Front desk"})
    entry = LogEntry.objects.get(type="team.changed")
    manager_id = User.objects.get(username="the-manager").pk
    assert (entry.subject_id, entry.actor, entry.data["changed"]) == (team.pk, f"user:{manager_id}", ["Name"])
    from auditlog.models import LogEntry as Change

    change = Change.objects.get_for_object(team).latest("timestamp")
    assert change.changes_dict["name"] == ["Desk", "Front desk"]


def test_the_audit_masks_what_is_secret_and_ignores_what_moves_with_calls() -> None:
    from auditlog.models import LogEntry as Change

    agent = cast.agent(state="offline")
    agent.sip_ha1_md5, agent.open_calls, agent.name = "f" * 32, 0, "Alicia"
    agent.save()
    changes = Change.objects.get_for_object(agent).latest("timestamp").changes_dict
    assert "name" in changes
    assert "f" * 32 not in str(changes)
    assert "state" not in changes


# Roles and what must stay


def test_a_manager_cannot_become_a_superuser(manager: Client) -> None:
    root = User.objects.create_superuser("root2", password="x")
    assert manager.post(reverse("admin:auth_user_change", args=[root.pk]), {"username": "mine"}).status_code == 403
    assert manager.get(reverse("admin:auth_user_password_change", args=[root.pk])).status_code == 403
    me = User.objects.get(username="the-manager")
    form = {"username": me.username, "is_active": "on", "is_superuser": "on", "groups": [Group.objects.get(name=roles.MANAGER).pk]}
    manager.post(reverse("admin:auth_user_change", args=[me.pk]), form)
    me.refresh_from_db()
    assert not me.is_superuser


def test_the_role_decides_who_may_open_the_admin(manager: Client) -> None:
    user = User.objects.create_user("vera")
    url = reverse("admin:auth_user_change", args=[user.pk])
    for role, staff in ((roles.SUPERVISOR, True), (roles.AGENT, False)):
        manager.post(url, {"username": "vera", "is_active": "on", "groups": [Group.objects.get(name=role).pk]})
        user.refresh_from_db()
        assert user.is_staff is staff


def test_what_the_system_itself_needs_cannot_be_deleted(manager: Client) -> None:
    for url in (
        reverse("admin:queues_queue_delete", args=[Queue.objects.get(slug="direct").pk]),
        reverse("admin:agents_breakreason_delete", args=[BreakReason.objects.get(code="missed").pk]),
    ):
        assert manager.post(url, {"post": "yes"}).status_code == 403
