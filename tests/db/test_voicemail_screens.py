"""Who hears which messages, in the panel and in the administration."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from agents.models import Team
from callcenter.core import events, roles
from callcenter.core.errors import NotFound
from callcenter.core.intents import Arguments
from queues import services
from queues.models import VoicemailBox
from queues.panel.intents import PanelIntents
from queues.panel.snapshot import panel_snapshot
from queues.voicemail import files
from queues.voicemail.access import boxes_for
from tests.unit.sounds import encoded, pitch, read, tone

from . import cast
from .forms import client_of, said
from .mailbox import box, message

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("voicemail_folder")]


# ---- who may hear it ----------------------------------------------------------------------------------------------------
def test_who_may_hear_which_boxes() -> None:
    support, sales = cast.queue(), cast.queue()
    team = Team.objects.create(name="Team")
    alice = cast.agent("alice", queues=(support,), team=team)
    bob = cast.agent("bob", queues=(sales,))
    boxes = {"support": box(queue=support), "sales": box(queue=sales), "alice": box(agent=alice), "bob": box(agent=bob), "house": box()}

    def heard_by(user: Any) -> set[str]:
        mine = set(boxes_for(user))
        return {name for name, one in boxes.items() if one in mine}

    assert heard_by(alice.user) == {"support", "alice"}
    assert heard_by(bob.user) == {"sales", "bob"}
    everybody = client_user(roles.SUPERVISOR)
    assert heard_by(everybody) == set(boxes)
    team.supervisors.add(everybody)
    assert heard_by(everybody) == {"support", "alice"}
    for role in (roles.MANAGER, roles.AUDITOR):
        assert heard_by(client_user(role)) == set(boxes)
    alice.user.groups.clear()
    type(alice).objects.filter(pk=alice.pk).update(active=False)
    assert heard_by(alice.user) == set()


def client_user(role: str) -> Any:
    from django.contrib.auth.models import User

    client_of(role)
    return User.objects.get(username=f"the-{role}")


def test_sound_is_given_whole_and_in_parts_to_whom_it_belongs_and_the_access_is_logged() -> None:
    queue = cast.queue()
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob")
    stored = message(box(queue=queue))
    whole = files.path_of(stored).read_bytes()
    url = f"/messages/{stored.pk}/audio"
    assert Client().get(url).status_code == 302
    assert as_user(bob.user).get(url).status_code == 404
    client = as_user(alice.user)
    answer = client.get(url)
    assert (answer.status_code, answer["Content-Type"], answer["Accept-Ranges"], answer.content) == (200, "audio/wav", "bytes", whole)
    for asked, status, part in (
        ("bytes=0-9", 206, whole[:10]), ("bytes=10-", 206, whole[10:]), ("bytes=-4", 206, whole[-4:]),
        (f"bytes={len(whole) - 1}-999999", 206, whole[-1:]), (f"bytes={len(whole)}-", 416, b""), ("bytes=9-3", 416, b""),
        ("bytes=x", 200, whole), ("bytes=0-1,4-5", 200, whole), ("bytes=-", 200, whole),
    ):  # fmt: skip
        answer = client.get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (status, part), asked
    assert client.get(url, headers={"Range": "bytes=10-19"})["Content-Range"] == f"bytes 10-19/{len(whole)}"
    played = events.about("voicemail", stored.pk).filter(type="voicemail.played")
    assert {entry.actor for entry in played} == {f"agent:{alice.pk}"}
    assert played.count() == 5, "only who asks for the beginning is logged"
    stored.refresh_from_db()
    assert stored.state == "new", "who looks at a list does not answer for the message"
    assert client.post(url).status_code == 405
    services.erase_message(stored.pk, actor="system:test")
    assert client.get(url).status_code == 404


def as_user(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_panel_shows_and_sorts_the_messages_of_own_boxes_only() -> None:
    queue = cast.queue()
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob")
    made = box(queue=queue)
    stored, other = message(made), message(box(agent=bob))
    shown = panel_snapshot(alice.pk)["mailbox"]
    assert [one["id"] for one in shown["messages"]] == [stored.pk]
    assert (shown["new"], shown["boxes"]) == (1, [{"id": made.pk, "name": made.name, "own": False, "new": 1}])
    intents = PanelIntents(alice.pk).table()
    intents["mark_heard"](Arguments({"message": stored.pk}))
    intents["note_message"](Arguments({"message": stored.pk, "notes": "done"}))
    intents["archive_message"](Arguments({"message": stored.pk}))
    shown = panel_snapshot(alice.pk)["mailbox"]
    assert (shown["messages"], shown["new"]) == ([], 0)
    assert [(one["id"], one["state"], one["notes"], one["heard_by"]) for one in shown["put_away"]] == [
        (stored.pk, "archived", "done", "alice")
    ]
    for op in ("mark_heard", "mark_new", "archive_message", "delete_message", "restore_message", "note_message"):
        with pytest.raises(NotFound):
            intents[op](Arguments({"message": other.pk}))


# ---- the administration -------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"notify": "reception"}, "is not a mail address"),
        ({"notify": " ".join(f"p{n}@example.org" for n in range(21))}, "mailing list"),
        ({"silence_seconds": 1}, "A breath would end"),
        ({"max_seconds": 20, "min_seconds": 20}, "Every message would be too short"),
    ],
)
def test_a_box_that_cannot_work_is_refused_with_the_remedy(fields: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        VoicemailBox(**({"name": "Box", "slug": "box"} | fields)).full_clean()


def test_a_box_has_one_owner() -> None:
    queue, alice = cast.queue(), cast.agent()
    with pytest.raises(ValidationError, match="to a queue or to an agent"):
        VoicemailBox(name="Box", slug="box", queue=queue, agent=alice).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        box(queue=queue, agent=alice)


def test_the_admin_lists_plays_and_archives_in_bulk(manager: Client) -> None:
    made = box()
    stored = [message(made) for _ in range(2)]
    listed = manager.get("/admin/queues/voicemailmessage/")
    assert listed.status_code == 200
    chosen = {"action": "archive_message", "_selected_action": [one.pk for one in stored]}
    manager.post("/admin/queues/voicemailmessage/", chosen)
    assert set(made.messages.values_list("state", flat=True)) == {"archived"}
    page = manager.get(f"/admin/queues/voicemailmessage/{stored[0].pk}/change/").content.decode()
    assert f'src="/messages/{stored[0].pk}/audio"' in page
    for path in ("voicemailbox/", f"voicemailbox/{made.pk}/change/", "voicemailbox/add/"):
        assert manager.get(f"/admin/queues/{path}").status_code == 200


def test_who_enters_mail_addresses_hears_that_there_is_no_mail_server(manager: Client) -> None:
    fields = {"name": "Box", "slug": "box", "language": "en", "max_seconds": "60", "min_seconds": "2", "silence_seconds": "5"}
    answer = manager.post(
        "/admin/queues/voicemailbox/add/", fields | {"retention_days": "30", "notify": "a@example.org", "active": "on"}, follow=True
    )
    assert "this site has no mail server" in said(answer)
    assert VoicemailBox.objects.get(slug="box").notify == "a@example.org"


def test_supervisors_sort_and_auditors_only_listen() -> None:
    stored = message(box())
    for role, state in ((roles.AUDITOR, "new"), (roles.SUPERVISOR, "archived")):
        chosen = {"action": "archive_message", "_selected_action": [stored.pk]}
        client_of(role).post("/admin/queues/voicemailmessage/", chosen)
        stored.refresh_from_db()
        assert stored.state == state


# ---- ways out -----------------------------------------------------------------------------------------------------------
def test_the_boxes_are_offered_as_targets_of_ways_out(manager: Client) -> None:
    queue = cast.queue()
    box(name="Front desk", slug="front")
    box(name="Night", slug="night", active=False)
    way = cast.way_out(queue, kind="voicemail", target="removed")
    for page in (reverse("admin:queues_queue_change", args=[queue.pk]), reverse("admin:queues_wayout_change", args=[way.pk])):
        shown = unescape(manager.get(page).content.decode())
        assert '<optgroup label="Leave a message in a voicemail box">' in shown
        for slug, name in (("front", "Front desk"), ("night", "Night (off)"), ("removed", "removed (not there any more)")):
            assert re.search(rf'<option value="{slug}"[^>]*>{re.escape(name)}</option>', shown), name
    listed = manager.get(reverse("admin:queues_wayout_changelist")).content.decode()
    assert "to voicemail: removed" in listed


def test_a_way_out_is_led_to_a_box_on_its_page(manager: Client) -> None:
    queue = cast.queue()
    made = box(name="Front desk", slug="front")
    given = {"queue": queue.pk, "position": 0, "when": "otherwise", "kind": "voicemail", "message": ""}
    answer = manager.post(reverse("admin:queues_wayout_add"), given | {"target": ""})
    assert "Choose the box that takes the message" in unescape(answer.content.decode())
    manager.post(reverse("admin:queues_wayout_add"), given | {"target": made.slug})
    assert queue.ways_out.get().target == "front"


def test_a_box_that_callers_are_led_to_is_not_deleted(manager: Client) -> None:
    queue = cast.queue()
    made = box()
    way = cast.way_out(queue, kind="voicemail", target=made.slug)
    delete = reverse("admin:queues_voicemailbox_delete", args=[made.pk])
    answer = manager.post(delete, {"post": "yes"})
    assert str(queue) in answer.content.decode()
    assert VoicemailBox.objects.filter(pk=made.pk).exists()
    way.delete()
    manager.post(delete, {"post": "yes"})
    assert not VoicemailBox.objects.filter(pk=made.pk).exists()


def test_a_recorded_greeting_of_any_format_becomes_what_telephones_play(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    made = box(greeting="")
    sound = encoded(tone(440, 2, rate=44100, level=0.25), 44100, "OGG", channels=2).getvalue()
    made.greeting_file = SimpleUploadedFile("our greeting.ogg", sound)
    made.full_clean()
    made.full_clean()
    made.save()
    stored = read(Path(made.greeting_file.path))
    assert made.greeting_file.name == "greetings/our_greeting.wav"
    assert pitch(stored, 8000) == pytest.approx(440, abs=3)
    made.greeting_file = SimpleUploadedFile("greeting.wav", b"not a sound")
    with pytest.raises(ValidationError, match="Save it as WAV, MP3"):
        made.full_clean()
