"""What managers enter: accepted with everything that follows from it, or refused with the remedy named."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents.models import Agent, AgentSkill, BreakReason, Skill, Team
from callcenter.core import bell, roles
from callcenter.core.models import LogEntry
from ivr.models import Number
from queues.models import Membership, MembershipRule, Queue
from telephony.models import Trunk

from . import cast
from .test_admin_pages import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Client:
    return client_of(roles.MANAGER)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    ring = bell.ring

    def overhear(channel: str, **note: Any) -> None:
        heard.append(channel)
        ring(channel, **note)

    monkeypatch.setattr(bell, "ring", overhear)
    return heard


def inlines(*prefixes: str) -> dict[str, str]:
    return {f"{prefix}-{name}": "0" for prefix in prefixes for name in ("TOTAL_FORMS", "INITIAL_FORMS")}


AGENT_INLINES = inlines("memberships", "skills", "devices")


def new_agent(**fields: Any) -> dict[str, Any]:
    given = {"name": "Eve", "extension": "99055", "username": "eve", "password": "correct horse battery", "max_concurrent_calls": "1"}
    return given | {"max_misses": "3", "active": "on"} | AGENT_INLINES | fields


def errors(answer: Any) -> str:
    assert answer.status_code == 200, answer.headers
    form = answer.context["adminform"].form
    return " ".join(str(text) for texts in form.errors.values() for text in texts)


def said(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


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


def change_agent(agent: Agent, **fields: Any) -> dict[str, Any]:
    names = ("name", "extension", "sip_username", "max_concurrent_calls", "max_misses")
    return {name: getattr(agent, name) for name in names} | {"active": "on", "team": ""} | AGENT_INLINES | fields


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


def test_a_deactivated_agent_goes_offline(manager: Client) -> None:
    agent = cast.agent()
    manager.post(reverse("admin:agents_agent_change", args=[agent.pk]), {**change_agent(agent), "active": ""})
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


# Memberships by rule


def test_members_by_rule_follow_what_is_edited(manager: Client, django_capture_on_commit_callbacks: Any) -> None:
    team, skill = Team.objects.create(name="Desk"), Skill.objects.create(name="Spanish")
    desk, spanish, everyone = cast.queue("desk"), cast.queue("spanish"), cast.queue("all", everyone=True)
    MembershipRule.objects.create(queue=desk, team=team)
    MembershipRule.objects.create(queue=spanish, skill=skill, minimum_level=2)
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("admin:agents_agent_add"), new_agent(team=team.pk))
    eve = Agent.objects.get(extension="99055")
    serves = Membership.objects.filter(agent=eve).exclude(queue__slug="direct").values_list("queue", flat=True)
    assert set(serves.all()) == {desk.pk, everyone.pk}
    AgentSkill.objects.create(agent=eve, skill=skill, level=3)
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("admin:agents_agent_change", args=[eve.pk]), change_agent(eve))
    assert set(serves.all()) == {spanish.pk, everyone.pk}


def test_a_membership_by_rule_that_is_edited_is_listed_by_name_from_then_on(manager: Client) -> None:
    queue = cast.queue(everyone=True)
    agent = cast.agent(state="offline")
    member = Membership.objects.create(queue=queue, agent=agent, source="rule")
    form = {
        "memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1", "memberships-0-id": member.pk, "memberships-0-agent": agent.pk,
        "memberships-0-queue": queue.pk, "memberships-0-tier": "2", "memberships-0-position": "0", "memberships-0-weight": "1",
        "memberships-0-logged_in": "on",
    }  # fmt: skip
    manager.post(reverse("admin:agents_agent_change", args=[agent.pk]), change_agent(agent) | form)
    member.refresh_from_db()
    assert (member.tier, member.source) == (2, "person")


# Validation of queues, numbers, trunks


def refusal(row: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        row.full_clean()
    return " ".join(caught.value.messages)


def test_queues_may_not_pass_calls_in_a_circle() -> None:
    first, second = cast.queue("first"), cast.queue("second")
    second.fallback, second.fallback_queue = "queue", first
    second.save()
    first.fallback, first.fallback_queue = "queue", second
    assert f"{first} → {second} → {first}" in refusal(first)


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"timezone": "Berlin"}, "Europe/Berlin"),
        ({"timezone": "nowhere at all"}, "UTC always works"),
        ({"fallback": "queue"}, "Choose the queue that takes over"),
        ({"comfort": "Hello", "comfort_every": 3}, "10 s or more"),
        ({"max_wait": 5, "ring_seconds": 20}, "Make the wait longer"),
        ({"ring_seconds": 1}, "greater than or equal to 3"),
    ],
)
def test_a_queue_is_refused_with_the_remedy(fields: dict[str, Any], remedy: str) -> None:
    queue = Queue(name="Q", slug="q", **fields)
    assert remedy in refusal(queue)


def wav(rate: int, channels: int = 1, subtype: str = "PCM_16") -> SimpleUploadedFile:
    sound = io.BytesIO()
    soundfile.write(sound, np.zeros((rate // 10, channels)), rate, format="WAV", subtype=subtype)
    return SimpleUploadedFile("music.wav", sound.getvalue())


@pytest.mark.parametrize(
    ("music", "remedy"),
    [
        (wav(44100), "44100 Hz"),
        (wav(8000, channels=2), "2 channels"),
        (wav(8000, subtype="FLOAT"), "16 bit"),
        (SimpleUploadedFile("music.wav", b"not a sound"), "Save it as WAV"),
    ],
)
def test_music_that_phones_cannot_play_is_refused(music: SimpleUploadedFile, remedy: str) -> None:
    assert remedy in refusal(Queue(name="Q", slug="q", music=music))


def test_music_that_phones_can_play_is_taken() -> None:
    Queue(name="Q", slug="q", music=wav(16000)).full_clean()


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"addresses": "sip.example.org"}, "no names, no ports"),
        ({"addresses": "0.0.0.0/0"}, "anybody could call"),
        ({"addresses": ""}, "How is the trunk known?"),
        ({"addresses": "203.0.113.9"}, "overlaps 203.0.113.0/28 of trunk “First”"),
    ],
)
def test_a_trunk_is_refused_with_the_remedy(fields: dict[str, str], remedy: str) -> None:
    Trunk.objects.create(name="First", addresses="203.0.113.0/28")
    assert remedy in refusal(Trunk(name="Second", **fields))


def test_a_trunk_keeps_only_the_hash_of_its_password(manager: Client) -> None:
    url = reverse("admin:telephony_trunk_add")
    form = {"name": "Provider", "active": "on", "addresses": "", "username": "us", "max_calls": "0"}
    assert "Give the password" in errors(manager.post(url, form))
    manager.post(url, form | {"password": "a secret"})
    trunk = Trunk.objects.get(name="Provider")
    assert len(trunk.ha1_md5) == 32
    assert "a secret" not in str(vars(trunk))


def test_a_number_may_not_be_anothers_extension() -> None:
    alice = cast.agent(state="offline")
    assert f"is the extension of {alice}" in refusal(Number(number=alice.extension, queue=cast.queue()))
    extension = Number(number=alice.extension, target="agent", agent=alice)
    extension.full_clean()
    assert extension.queue is not None
    assert extension.queue.slug == "direct"


def test_a_rule_names_a_team_or_a_skill() -> None:
    assert "add two rules" in refusal(MembershipRule(queue=cast.queue()))


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


# Spreadsheets


def test_agents_queues_and_numbers_go_out_and_come_back(manager: Client) -> None:
    from agents.resources import AgentResource
    from ivr.resources import NumberResource
    from queues.resources import QueueResource

    alice = cast.agent("alice", state="offline", team=Team.objects.create(name="Desk"))
    Number.objects.create(number="4711", queue=Queue.objects.get(slug="sales"), priority=3)
    for resource in (AgentResource(), QueueResource(), NumberResource()):
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
