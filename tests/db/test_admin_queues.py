"""What managers enter about queues, music, trunks and numbers: accepted with everything that follows, or refused with the remedy."""

from __future__ import annotations

from html import unescape
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
from queues import requirements, services
from queues.models import Announcement, Membership, MembershipRule, Music, Queue, WayOut
from telephony.models import Trunk
from tests.unit.sounds import encoded, pitch, read, tone

from . import cast
from .forms import change_agent, errors, inlines, new_agent

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
    first = cast.queue("first")
    third = cast.queue("third", next_queue=first)
    second = cast.queue("second")
    cast.way_out(second, "length", 5, next_queue=third)
    assert f"{first} → {second} → {third} → {first}" in refusal(WayOut(queue=first, kind="queue", next_queue=second))
    WayOut(queue=third, when="full", kind="queue", next_queue=cast.queue("elsewhere")).full_clean()


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"timezone": "Berlin"}, "Europe/Berlin"),
        ({"timezone": "nowhere at all"}, "UTC always works"),
        ({"language": "Deutsch!"}, "en, de or en-us"),
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
    assert remedy in refusal(Music(queue=cast.queue(), file=file))


@pytest.mark.parametrize("kind", ["WAV", "MP3", "OGG"])
def test_music_of_any_format_becomes_what_telephones_play(kind: str, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    piece = Music(queue=cast.queue(), file=music(kind))
    piece.full_clean()
    piece.full_clean()
    piece.save()
    stored = read(Path(piece.file.path))
    assert piece.file.name == "music/our_song.wav"
    assert len(stored) == pytest.approx(16000, abs=400)
    assert pitch(stored, 8000) == pytest.approx(440, abs=3)
    assert level.loudness(np.repeat(stored, 2).astype(np.float32)) == pytest.approx(audio.MUSIC_LUFS, abs=1.5)
    piece.full_clean()
    assert piece.file.name == "music/our_song.wav"


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"kind": "queue"}, "Choose the queue that takes over"),
        ({"when": "length"}, "From which number on?"),
        ({"when": "waited", "threshold": 5}, "Make the wait longer"),
        ({"target": "nowhere"}, "takes none: remove it"),
    ],
)
def test_a_way_out_is_refused_with_the_remedy(fields: dict[str, Any], remedy: str) -> None:
    assert remedy in refusal(WayOut(queue=cast.queue(), **fields))


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"kind": "message"}, "Write what is to be said"),
        ({"kind": "message", "text": "Hello", "every": 3}, "10 s or more"),
        ({"kind": "greeting", "text": "Hello", "every": 30}, "said once, on entry"),
        ({"kind": "greeting", "text": "Hello", "first_after": 30}, "said on entry"),
        ({"kind": "position", "every": 30, "language": "fr"}, "composed in English and German only"),
    ],
)
def test_an_announcement_is_refused_with_the_remedy(fields: dict[str, Any], remedy: str) -> None:
    queue = cast.queue(language=fields.pop("language", "en"))
    assert remedy in refusal(Announcement(queue=queue, **fields))


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


# The queue's page


def page_of(manager: Client, queue: Queue) -> str:
    answer = manager.get(reverse("admin:queues_queue_change", args=[queue.pk]))
    return unescape(answer.content.decode())


def test_the_page_reads_back_where_callers_go(manager: Client) -> None:
    other = cast.queue("other")
    queue = cast.queue(next_queue=other)
    cast.way_out(queue, "full", message="Full.")
    shown = page_of(manager, queue)
    assert f"Otherwise: to {other}, keeping the place; there: the standard message and hang up" in shown
    assert "Full: message and hang up" in shown


def test_two_rows_for_one_limit_are_refused(manager: Client) -> None:
    queue = cast.queue()
    form = change_queue(queue) | {"ways_out-TOTAL_FORMS": "2"}
    for number in range(2):
        row = {"when": "full", "kind": "hang_up", "position": number, "message": "x"}
        form |= {f"ways_out-{number}-{name}": str(value) for name, value in row.items()}
    answer = manager.post(reverse("admin:queues_queue_change", args=[queue.pk]), form)
    assert "two rows for “The queue is full”" in unescape(answer.content.decode())
    assert not queue.ways_out.exists()


def change_queue(queue: Queue) -> dict[str, Any]:
    """The page as it is shown, unchanged."""
    given = {field.name: field.value_from_object(queue) for field in queue._meta.concrete_fields if field.editable}
    rows = inlines("announcements", "music_files", "ways_out", "memberships", "rules", "skills", "relaxation_steps")
    return {name: value for name, value in given.items() if value not in (None, False)} | rows


# Skills


def queue_form(queue: Queue, **fields: Any) -> dict[str, Any]:
    """What the browser sends when nobody has changed anything, and these fields."""
    names = [field.name for field in Queue._meta.concrete_fields if field.editable and field.name not in ("id", "slug", "music")]
    plain = {name: getattr(queue, name) for name in names}
    sent = {name: "on" if value is True else value for name, value in plain.items() if value is not None and value is not False}
    return sent | inlines("announcements", "music_files", "ways_out", "memberships", "rules", "skills", "relaxation_steps") | fields


def rows(prefix: str, *given: dict[str, Any]) -> dict[str, Any]:
    form = {f"{prefix}-{n}-{name}": value for n, row in enumerate(given) for name, value in row.items()}
    return {f"{prefix}-TOTAL_FORMS": len(given), f"{prefix}-INITIAL_FORMS": 0, **form}


def test_the_skills_of_a_queue_are_read_back_and_count_at_once(manager: Client, django_capture_on_commit_callbacks: Any) -> None:
    queue, german = cast.queue(), cast.skill("German").pk
    waiting = cast.enqueue(queue)
    page = reverse("admin:queues_queue_change", args=[queue.pk])
    skills = rows("skills", {"skill": german, "minimum_level": 5, "weight": 1})
    steps = rows(
        "relaxation_steps",
        {"after_seconds": 60, "skill": german, "minimum_level": 0},
        {"after_seconds": 30, "skill": german, "minimum_level": 3},
    )
    with django_capture_on_commit_callbacks(execute=True):
        assert manager.post(page, queue_form(queue, **skills, **steps)).status_code == 302
    said_ = "Every call asks for German 5. After 30 s German 3 is enough, after 60 s German is not asked for."
    assert said_ in manager.get(page).content.decode()
    services.sweep("test")
    waiting.refresh_from_db()
    assert requirements.in_words(waiting.requirement_id) == "German 5"


def test_a_step_that_changes_nothing_is_refused_with_the_remedy(manager: Client) -> None:
    queue, german = cast.queue(), cast.skill("German").pk
    steps = rows(
        "relaxation_steps",
        {"after_seconds": 30, "skill": german, "minimum_level": 3},
        {"after_seconds": 60, "skill": german, "minimum_level": 3},
    )
    answer = manager.post(reverse("admin:queues_queue_change", args=[queue.pk]), queue_form(queue, **steps))
    assert "no more than this is asked for anyway" in answer.content.decode()
    assert not queue.relaxation_steps.exists()


def test_a_changed_level_brings_and_takes_a_membership_by_skill(manager: Client, django_capture_on_commit_callbacks: Any) -> None:
    queue, spanish = cast.queue(), cast.skill("Spanish")
    MembershipRule.objects.create(queue=queue, skill=spanish, minimum_level=3)
    alice = cast.skilled(cast.agent("alice", state="offline"), Spanish=2)
    row = AgentSkill.objects.get(agent=alice)
    for has, member in ((4, True), (2, False)):
        skills = rows("skills", {"id": row.pk, "agent": alice.pk, "skill": spanish.pk, "level": has}) | {"skills-INITIAL_FORMS": 1}
        with django_capture_on_commit_callbacks(execute=True):
            manager.post(reverse("admin:agents_agent_change", args=[alice.pk]), change_agent(alice) | skills)
        assert Membership.objects.filter(queue=queue, agent=alice).exists() == member


def test_a_skill_that_an_agent_learns_brings_the_waiting_call(
    manager: Client, rings: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    queue, spanish = cast.queue(), cast.skill("Spanish")
    alice = cast.agent("alice", queues=(queue,))
    call = cast.enqueue(queue, skills=cast.needs(Spanish=2))
    rings.clear()
    skills = rows("skills", {"agent": alice.pk, "skill": spanish.pk, "level": 3})
    with django_capture_on_commit_callbacks(execute=True):
        manager.post(reverse("admin:agents_agent_change", args=[alice.pk]), change_agent(alice) | skills)
    assert "alarms" in rings
    services.sweep("test")
    assert cast.open_offers(call)


def test_a_skill_that_calls_asked_for_may_be_deleted_and_is_asked_for_no_longer(
    manager: Client, rings: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    queue, spanish = cast.require(cast.queue(), (30, "Spanish", 1), Spanish=4), cast.skill("Spanish")
    cast.agent("alice", queues=(queue,))
    call = cast.enqueue(queue)
    rings.clear()
    with django_capture_on_commit_callbacks(execute=True):
        assert manager.post(reverse("admin:agents_skill_delete", args=[spanish.pk]), {"post": "yes"}).status_code == 302
    assert "alarms" in rings
    services.sweep("test")
    assert cast.open_offers(call)


@pytest.mark.parametrize(("strategy", "second", "shown"), [("longest-idle", "random", False), ("sticky", "fewest-today", True)])
def test_the_capacity_score_is_shown_where_a_strategy_looks_at_it(manager: Client, strategy: str, second: str, shown: bool) -> None:
    queue = cast.queue(strategy=strategy, second_strategy=second)
    cast.agent("alice", queues=(queue,), state="offline")
    answer = manager.get(reverse("admin:queues_queue_change", args=[queue.pk])).content.decode()
    assert ("memberships-0-weight" in answer) == shown


def test_the_call_page_tells_the_skills_and_who_lacked_which(manager: Client) -> None:
    queue = cast.require(cast.queue(), German=4)
    cast.skilled(cast.agent("alice", queues=(queue,)), German=2)
    cast.skilled(cast.agent("bob", queues=(queue,)), German=5)
    call = cast.enqueue(queue)
    page = manager.get(reverse("admin:queues_call_change", args=[call.pk])).content.decode()
    assert "lacks German 4, has level 2" in page
    assert "<dt>Skills asked for</dt><dd>German 4</dd>" in page
