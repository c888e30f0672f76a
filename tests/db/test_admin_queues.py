"""What managers enter about queues, music, trunks and numbers: accepted with everything that follows, or refused with the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from agents.models import Agent, AgentSkill, Skill, Team
from callcenter.core import audio
from callcenter.core.audio import level
from ivr.models import Number
from queues.models import Membership, MembershipRule, Queue
from telephony.models import Trunk
from tests.unit.sounds import encoded, pitch, read, tone

from . import cast
from .forms import change_agent, errors, new_agent

pytestmark = pytest.mark.django_db


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
        "memberships-0-queue": queue.pk, "memberships-0-tier": "2", "memberships-0-position": "0",
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


def music(kind: str, loud: float = 0.25, rate: int = 44100) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"our song.{kind.lower()}", encoded(tone(440, 2, rate=rate, level=loud), rate, kind, channels=2).getvalue())


@pytest.mark.parametrize(
    ("file", "remedy"),
    [
        (SimpleUploadedFile("music.wav", b"not a sound"), "Save it as WAV, MP3"),
        (SimpleUploadedFile("film.mp4", b"\0\0\0\x20ftypisom" + bytes(900)), "Save its sound alone"),
        (music("WAV", loud=0), "only silence"),
    ],
)
def test_music_that_cannot_be_used_is_refused(file: SimpleUploadedFile, remedy: str) -> None:
    assert remedy in refusal(Queue(name="Q", slug="q", music=file))


@pytest.mark.parametrize("kind", ["WAV", "MP3", "OGG"])
def test_music_of_any_format_becomes_what_telephones_play(kind: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    queue = Queue(name="Q", slug="q", music=music(kind))
    queue.full_clean()
    queue.full_clean()
    queue.save()
    stored = read(Path(queue.music.path))
    assert queue.music.name == "music/our_song.wav"
    assert len(stored) == pytest.approx(16000, abs=400)
    assert pitch(stored, 8000) == pytest.approx(440, abs=3)
    assert level.loudness(np.repeat(stored, 2).astype(np.float32)) == pytest.approx(audio.MUSIC_LUFS, abs=1.5)
    queue.full_clean()
    assert queue.music.name == "music/our_song.wav"


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
