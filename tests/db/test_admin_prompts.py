"""The pages of prompts: listed, recorded, heard, refused with the remedy, deleted only when nobody plays them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from callcenter.core import roles, usage
from callcenter.core.models import LogEntry
from ivr.models import Prompt, Recording, Source
from ivr.prompts import services
from tests.unit.sounds import encoded, pitch, tone

from .forms import client_of, said

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def prompt() -> Prompt:
    return Prompt.objects.create(slug="hello", name="Hello", text="Hello and welcome.")


def do(client: Client, prompt: Prompt, deed: str, *, file: bytes | None = None, name: str = "voice.mp3", **fields: Any) -> Any:
    given = {"do": deed, "language": "en", **fields}
    if file is not None:
        given["file"] = SimpleUploadedFile(name, file)
    return client.post(reverse("admin:ivr_prompt_recordings", args=[prompt.pk]), given, headers=JSON)


def mp3(hertz: float = 500) -> bytes:
    return encoded(tone(hertz), 16000, "MP3").getvalue()


def page(client: Client, prompt: Prompt) -> Any:
    return client.get(reverse("admin:ivr_prompt_change", args=[prompt.pk]))


def test_a_new_prompt_leads_to_the_page_where_it_is_recorded(manager: Client) -> None:
    form = {"name": "Summer hours", "slug": "summer", "language": "de_at", "text": "Sommer.", "description": ""}
    answer = manager.post(reverse("admin:ivr_prompt_add"), form, follow=True)
    made = Prompt.objects.get(slug="summer")
    assert made.language == "de-AT"
    assert "Now record it" in said(answer)
    assert answer.redirect_chain[-1][0] == reverse("admin:ivr_prompt_change", args=[made.pk])
    refused = manager.post(reverse("admin:ivr_prompt_add"), form | {"slug": "other", "language": "German!"})
    assert "Write it like en, de or de-AT" in refused.content.decode()


def test_an_uploaded_file_is_shown_heard_and_given_back(manager: Client, prompt: Prompt) -> None:
    assert do(manager, prompt, "upload", file=mp3(), text="Hi.").json() == {"url": reverse("admin:ivr_prompt_change", args=[prompt.pk])}
    row = Recording.objects.get(prompt=prompt)
    shown = page(manager, prompt).content.decode()
    for words in ("Uploaded", "Hi.", "LUFS, lowered by", "Download voice.mp3", "by the-manager", "<rect"):
        assert words in shown
    sound: Any = manager.get(reverse("admin:ivr_prompt_audio", args=[row.pk]))
    assert sound["Content-Type"] == "audio/wav"
    samples, rate = soundfile.read(io.BytesIO(b"".join(sound.streaming_content)))
    assert rate == 16000
    assert pitch(samples, rate) == pytest.approx(500, abs=5)
    original: Any = manager.get(reverse("admin:ivr_prompt_original", args=[row.pk]))
    assert b"".join(original.streaming_content) == mp3()
    assert original["Content-Disposition"] == 'attachment; filename="voice.mp3"'


@pytest.mark.parametrize(
    ("deed", "fields", "field", "remedy"),
    [
        ("upload", {"file": b"not a sound"}, "file", "Save it as WAV, MP3"),
        ("upload", {"file": b""}, "file", "empty"),
        ("upload", {}, "file", "Choose a file"),
        ("browser", {"file": encoded(tone(level=0), 16000).getvalue(), "name": "microphone.wav"}, "file", "Check the microphone"),
        ("upload", {"file": mp3(), "language": "Klingon!"}, "language", "Write it like"),
        ("speak", {"text": ""}, "text", "nothing to say"),
        ("speak", {"text": "a" * 2001}, "text", "2001 characters; 2000 are the most"),
        ("speak", {"text": "hello", "language": "qx"}, "text", "no voice for the language"),
        ("remove", {"language": "fr"}, None, "no such recording"),
    ],
)
def test_what_is_refused_names_the_field_and_the_remedy(
    manager: Client, prompt: Prompt, deed: str, fields: dict[str, Any], field: str | None, remedy: str
) -> None:
    answer = do(manager, prompt, deed, **fields)
    assert answer.status_code in (404, 422)
    assert answer.json().get("field") == field
    assert remedy in answer.json()["detail"]
    assert not Recording.objects.filter(prompt=prompt).exists()


def test_without_a_script_the_refusal_is_a_message(manager: Client, prompt: Prompt) -> None:
    url = reverse("admin:ivr_prompt_recordings", args=[prompt.pk])
    answer = manager.post(url, {"do": "speak", "language": "en", "text": ""}, follow=True)
    assert "Text: There is nothing to say" in said(answer)
    assert manager.get(url).status_code == 405
    assert manager.post(url, {"do": "dance"}).status_code == 404


def test_speech_is_heard_before_it_is_kept(manager: Client, prompt: Prompt) -> None:
    url = reverse("admin:ivr_prompt_preview")
    answer = manager.post(url, {"language": "de", "text": "Guten Tag."})
    assert answer.content[:4] == b"RIFF"
    assert not Recording.objects.filter(prompt=prompt).exists()
    assert manager.post(url, {"language": "de", "text": ""}).json()["field"] == "text"
    assert manager.get(url).status_code == 405
    assert do(manager, prompt, "speak", language="de", text="Guten Tag.").status_code == 200
    assert "Spoken by the computer" in page(manager, prompt).content.decode()


def test_replace_remove_and_restore(manager: Client, prompt: Prompt) -> None:
    do(manager, prompt, "upload", file=mp3(500))
    do(manager, prompt, "browser", file=encoded(tone(700), 48000).getvalue(), name="microphone.wav")
    first, second = Recording.objects.filter(prompt=prompt).order_by("id")
    assert "Earlier recordings (1)" in page(manager, prompt).content.decode()
    assert do(manager, prompt, "remove").status_code == 200
    assert "Removed" in page(manager, prompt).content.decode()
    assert do(manager, prompt, "restore", recording=first.pk).status_code == 200
    assert Recording.objects.get(prompt=prompt, retired_at=None) == first
    other = Prompt.objects.create(slug="other", name="Other")
    assert do(manager, other, "restore", recording=second.pk).status_code == 404


def test_a_code_to_record_by_phone_is_shown_once(manager: Client, prompt: Prompt) -> None:
    do(manager, prompt, "phone", language="de")
    shown = said(page(manager, prompt))
    assert "Recording code" in shown
    code = shown.split("Recording code ")[1][:6]
    assert code not in str(LogEntry.objects.values_list("data", flat=True))
    assert "Recording code" not in page(manager, prompt).content.decode()


def test_the_recorder_shows_what_to_read(manager: Client, prompt: Prompt) -> None:
    url = reverse("admin:ivr_prompt_record", args=[prompt.pk])
    assert "Hello and welcome." in manager.get(url).content.decode()
    german = manager.get(url, {"language": "de_at"})
    assert german.context["tag"] == "de-AT"
    assert "Hello and welcome." not in german.content.decode()
    assert manager.get(url, {"language": "!"}).status_code == 302


def test_the_list_shows_languages_length_and_users_without_a_query_for_each(
    manager: Client, prompt: Prompt, django_assert_max_num_queries: Any
) -> None:
    services.record(prompt.pk, "en", io.BytesIO(mp3()), "a.mp3", actor="user:1")
    url = reverse("admin:ivr_prompt_changelist")
    with django_assert_max_num_queries(16):
        shown = manager.get(url).content.decode()
    assert "English: Uploaded" in shown
    assert "1 s" in shown
    assert "The product" in shown
    only = manager.get(url, {"speaks": "-de"})
    assert {row.slug for row in only.context["cl"].result_list} == {"hello", "beep"}


@pytest.fixture
def menu() -> Iterator[None]:
    usage.register(
        "prompt", "test", lambda slugs: {slug: [usage.Usage("Menu Main, greeting", "/menu/")] for slug in slugs if slug == "hello"}
    )
    yield
    usage.forget("prompt", "test")


@pytest.mark.usefixtures("menu")
def test_deleting_a_prompt_in_use_is_refused_and_its_users_are_named(manager: Client, prompt: Prompt) -> None:
    services.speak(prompt.pk, "en", "Hello.", actor="user:1")
    assert '<a href="/menu/">Menu Main, greeting</a>' in page(manager, prompt).content.decode()
    url = reverse("admin:ivr_prompt_delete", args=[prompt.pk])
    assert "Menu Main, greeting" in manager.get(url).content.decode()
    manager.post(url, {"post": "yes"})
    assert Prompt.objects.filter(pk=prompt.pk).exists()
    usage.forget("prompt", "test")
    assert manager.post(url, {"post": "yes"}).status_code == 302
    usage.register("prompt", "test", lambda _: {})
    assert not Prompt.objects.filter(pk=prompt.pk).exists()
    assert LogEntry.objects.filter(type="prompt.deleted").exists()


def test_prompts_of_the_product_stay(manager: Client) -> None:
    goodbye = Prompt.objects.get(slug="goodbye")
    url = reverse("admin:ivr_prompt_delete", args=[goodbye.pk])
    assert manager.post(url, {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [goodbye.pk], "post": "yes"}
    assert "is used by" in manager.post(reverse("admin:ivr_prompt_changelist"), everything).content.decode()
    assert Prompt.objects.filter(slug="goodbye").exists()


def test_who_only_looks_hears_but_changes_nothing(prompt: Prompt) -> None:
    services.speak(prompt.pk, "en", "Hello.", actor="user:1")
    row = Recording.objects.get(prompt=prompt)
    looks = client_of(roles.AUDITOR)
    shown = page(looks, prompt).content.decode()
    assert "data-preview-text" not in shown
    assert looks.get(reverse("admin:ivr_prompt_audio", args=[row.pk])).status_code == 200
    assert do(looks, prompt, "remove").status_code == 403
    assert looks.get(reverse("admin:ivr_prompt_record", args=[prompt.pk])).status_code == 403
    agent = client_of(roles.AGENT)
    for name, pk in (("audio", row.pk), ("original", row.pk), ("change", prompt.pk)):
        assert agent.get(reverse(f"admin:ivr_prompt_{name}", args=[pk])).status_code == 302


def test_a_sound_that_is_gone_is_not_found(manager: Client, prompt: Prompt) -> None:
    row = Recording.objects.create(prompt=prompt, language="en", source=Source.UPLOAD, digest="0" * 64, original="prompts/gone.wav")
    for name in ("audio", "original"):
        assert manager.get(reverse(f"admin:ivr_prompt_{name}", args=[row.pk])).status_code == 404
    assert manager.get(reverse("admin:ivr_prompt_audio", args=[0])).status_code == 404
