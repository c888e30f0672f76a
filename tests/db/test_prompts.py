"""Prompts: recorded, spoken, replaced, restored, resolved for callers of any language, and cleared away."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from callcenter.core import audio, soundfiles, usage
from callcenter.core.models import LogEntry
from ivr import prompts, speech
from ivr.models import Flow, FlowVersion, Prompt, Recording, RecordingCode, Source
from ivr.prompts import counting, files, refusals, services, upkeep
from ivr.prompts.system import PROMPTS
from queues.estimate import Range
from queues.models import Announcement, Music, Queue
from queues.place import among_all
from telephony import flows, sounds
from tests.unit.sounds import encoded, pitch, read, tone

pytestmark = pytest.mark.django_db
ME = "user:1"


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path


@pytest.fixture
def welcome() -> Prompt:
    return Prompt.objects.create(slug="hello", name="Hello", text="Hello and welcome.")


def upload(prompt: Prompt, language: str = "en", hertz: float = 500, **more: Any) -> Recording:
    return services.record(prompt.pk, language, encoded(tone(hertz), 16000, "MP3"), "voice.mp3", actor=ME, **more)


def heard(prompt: Prompt, language: str) -> float:
    """The pitch of what a caller of this language hears."""
    (path,) = prompts.resolve({"prompt": prompt.slug}, language)
    return pitch(read(path), 8000)


# Recording


def test_an_upload_is_converted_once_measured_and_kept_as_it_came(welcome: Prompt) -> None:
    made = upload(welcome, "de_at", 700)
    assert (made.language, made.source, made.original_name) == ("de-AT", Source.UPLOAD, "voice.mp3")
    assert made.seconds == pytest.approx(1, abs=0.1)
    assert made.loudness == pytest.approx(-15.4, abs=1)
    assert len(made.waveform) == 160
    with made.original.open() as original:
        assert original.read() == encoded(tone(700), 16000, "MP3").getvalue()
    names = {path.name[-9:] for path in soundfiles.folder().iterdir()}
    assert names == {"-8000.wav", "16000.wav"}
    assert heard(welcome, "de-AT") == pytest.approx(700, abs=5)
    (wide,) = prompts.resolve({"prompt": "hello"}, "de-AT", rate=16000)
    assert pitch(read(wide, 16000), 16000) == pytest.approx(700, abs=5)
    assert LogEntry.objects.filter(type="prompt.recorded", subject_id=welcome.pk, data__language="de-AT").exists()


def test_what_cannot_be_used_changes_nothing_and_leaves_nothing(welcome: Prompt) -> None:
    present = upload(welcome)
    with pytest.raises(audio.Unusable):
        services.record(welcome.pk, "en", io.BytesIO(b"no sound at all"), "a.wav", actor=ME)
    with pytest.raises(refusals.NotALanguage, match="Write it like en"):
        upload(welcome, "Klingon!")
    with pytest.raises(refusals.NoSuchPrompt):
        upload(Prompt(pk=0))
    assert list(Recording.objects.filter(prompt=welcome, retired_at=None)) == [present]
    assert len(default_storage.listdir("prompts")[1]) == 1


def test_an_original_is_not_left_behind_when_its_row_cannot_be_written(welcome: Prompt, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise IntegrityError

    monkeypatch.setattr(services, "_replace", fail)
    with pytest.raises(IntegrityError):
        upload(welcome)
    assert default_storage.listdir("prompts")[1] == []


def test_a_new_recording_retires_the_old_one_whose_file_stays(welcome: Prompt) -> None:
    old = upload(welcome, hertz=500, text="Hello!")
    (playing,) = prompts.resolve({"prompt": "hello"})
    new = upload(welcome, hertz=900)
    assert new.text == "Hello!"
    assert heard(welcome, "en") == pytest.approx(900, abs=5)
    assert pitch(read(playing), 8000) == pytest.approx(500, abs=5)
    services.restore(old.pk, actor=ME)
    assert heard(welcome, "en") == pytest.approx(500, abs=5)
    with pytest.raises(refusals.NoSuchRecording):
        services.restore(old.pk, actor=ME)
    services.remove(welcome.pk, "en", actor=ME)
    with pytest.raises(refusals.NoSuchRecording):
        services.remove(welcome.pk, "en", actor=ME)
    assert prompts.resolve({"prompt": "hello"}) == [speech.spoken("Hello and welcome.")]


def test_the_database_keeps_one_present_recording_for_a_language(welcome: Prompt) -> None:
    upload(welcome)
    with pytest.raises(IntegrityError), transaction.atomic():
        Recording.objects.create(prompt=welcome, language="en", source=Source.SPEECH, text="again")
    with pytest.raises(IntegrityError), transaction.atomic():
        Recording.objects.create(prompt=welcome, language="fr", source=Source.UPLOAD)
    with pytest.raises(IntegrityError), transaction.atomic():
        Recording.objects.create(prompt=welcome, language="fr", source=Source.SPEECH)


def test_a_text_is_spoken_and_measured(welcome: Prompt) -> None:
    made = services.speak(welcome.pk, "de", " Guten Tag. ", actor=ME)
    assert (made.text, made.source) == ("Guten Tag.", Source.SPEECH)
    assert made.seconds
    assert made.seconds > 0.5
    assert prompts.resolve({"prompt": "hello"}, "de") == [speech.spoken("Guten Tag.", "de")]
    for language, text in (("de", "  "), ("qx", "hello")):
        with pytest.raises(speech.SpeechError):
            services.speak(welcome.pk, language, text, actor=ME)


def test_the_names_of_files_follow_the_conversion() -> None:
    assert files.CONVERSION == audio.VERSION


# What callers hear


def test_languages_fall_back_from_the_variant_to_the_default_to_the_text(welcome: Prompt) -> None:
    text = speech.spoken("Hello and welcome.")
    assert prompts.resolve({"prompt": "hello"}, "fr") == [text]
    upload(welcome, "en", 500)
    assert heard(welcome, "de-AT") == pytest.approx(500, abs=5)
    upload(welcome, "de", 700)
    assert heard(welcome, "de-AT") == pytest.approx(700, abs=5)
    upload(welcome, "de-AT", 900)
    assert heard(welcome, "de-AT") == pytest.approx(900, abs=5)
    assert heard(welcome, "de-CH") == pytest.approx(700, abs=5)


def test_a_sound_without_words_serves_every_language() -> None:
    assert prompts.resolve({"prompt": "beep"}, "fr") == prompts.resolve({"prompt": "beep"}, "de")
    (beep,) = prompts.resolve({"prompt": "beep"})
    assert pitch(read(beep), 8000) == pytest.approx(1000, abs=5)
    assert prompts.missing({"prompt": "beep"}, ["fr"]) == []


def test_texts_are_spoken_in_the_language_of_the_caller_or_in_what_there_is() -> None:
    said = {"say": {"en": "One.", "de": "Eins."}}
    assert prompts.resolve(said, "de-AT") == [speech.spoken("Eins.", "de")]
    assert prompts.resolve(said, "fr") == [speech.spoken("One.", "en")]
    assert prompts.resolve({"say": {"de": "Eins."}}, "fr") == [speech.spoken("Eins.", "de")]
    assert prompts.resolve("Un.", "fr") == [speech.spoken("Un.", "fr")]
    assert prompts.resolve("One.", "qx") == [speech.spoken("One.", "en")]
    assert prompts.resolve(["One.", None, {"prompt": "beep"}, "Two."])[0::2] == [speech.spoken("One."), speech.spoken("Two.")]


@pytest.mark.parametrize("nothing", [None, "", [], {}, {"prompt": "gone"}, {"say": ""}, {"say": {}}, {"say": {"en": " "}}, {"play": "x"}])
def test_what_is_missing_never_breaks_a_call(nothing: prompts.Reference, caplog: pytest.LogCaptureFixture) -> None:
    assert prompts.resolve(nothing, "de") == []
    assert bool(caplog.records) == bool(nothing)


def test_a_lost_file_is_made_again_and_a_lost_original_is_spoken(welcome: Prompt, data: Path, caplog: pytest.LogCaptureFixture) -> None:
    made = upload(welcome, "en", 700, text="Hello there.")
    for path in soundfiles.folder().iterdir():
        path.unlink()
    assert heard(welcome, "en") == pytest.approx(700, abs=5)
    for path in soundfiles.folder().iterdir():
        path.unlink()
    default_storage.delete(str(made.original.name))
    assert prompts.resolve({"prompt": "hello"}) == [speech.spoken("Hello there.")]
    assert "Hello there" not in caplog.text
    Recording.objects.filter(pk=made.pk).update(text="")
    assert prompts.resolve({"prompt": "hello"}) == [speech.spoken("Hello and welcome.")]


def test_publishing_is_told_what_is_missing(welcome: Prompt) -> None:
    Prompt.objects.create(slug="bare", name="Bare")
    reference = [{"prompt": "hello"}, {"prompt": "gone"}, {"prompt": "bare"}, {"say": {"en": "One."}}, {"play": 1}]
    found = [(gap.what, gap.language) for gap in prompts.missing(reference, ["en", "de-AT"])]
    assert found == [("hello", "de-AT"), ("gone", ""), ("bare", ""), ("text", "de-AT"), ("text", "")]
    assert "callers would hear it in en" in str(prompts.missing({"prompt": "hello"}, ["de"])[0])
    assert "no voice for qx" in str(prompts.missing("Hello.", ["qx"])[0])
    upload(welcome, "de")
    assert prompts.missing({"prompt": "hello"}, ["en", "de-AT"]) == []
    assert prompts.used(reference) == {"hello", "gone", "bare"}


def test_a_reference_costs_one_query_and_a_text_none(welcome: Prompt) -> None:
    for reference, queries in (([{"prompt": "hello"}, {"prompt": "beep"}] * 5, 1), ("Hello.", 0)):
        with CaptureQueriesContext(connection) as made:
            prompts.resolve(reference)
        assert len(made) == queries


# Numbers


@given(st.integers(0, 9999), st.sampled_from(["en", "de", "de-AT", "fr"]))
def test_the_pieces_of_a_number_add_up_to_it(number: int, language: str) -> None:
    total = 0
    slugs = counting.number_slugs(number, language)
    assert set(slugs) <= set(PROMPTS)
    for slug in slugs:
        word = slug.removeprefix("number-").removeprefix("and-")
        total = _times(total, word)
    assert total == number


def _times(total: int, word: str) -> int:
    if word == "hundred":
        return total // 1000 * 1000 + total % 1000 * 100
    return total * 1000 if word == "thousand" else total + int(word)


def test_german_says_units_before_tens() -> None:
    assert counting.number_slugs(142, "de") == ["number-1", "number-hundred", "number-and-2", "number-40"]
    assert counting.number_slugs(142, "en") == ["number-1", "number-hundred", "number-40", "number-2"]
    assert counting.number_slugs(12345, "en") == [f"number-{digit}" for digit in "12345"]


def test_a_place_in_line_is_one_sentence_until_somebody_records_a_piece_of_it() -> None:
    assert prompts.say_position(3) == [speech.spoken("You are number three in line.")]
    assert prompts.say_position(1, "de") == [speech.spoken("Sie sind als Nächstes an der Reihe.", "de")]
    upload(Prompt.objects.get(slug="number-3"), "en", 700)
    before, number, after = prompts.say_position(3)
    assert pitch(read(number), 8000) == pytest.approx(700, abs=5)
    assert (before, after) == (speech.spoken("You are number"), speech.spoken("in line."))
    assert len(prompts.say_position(3, "de")) == 1


def test_a_window_of_time_is_one_sentence_until_somebody_records_a_piece_of_it() -> None:
    starts, ends, today = datetime(2026, 11, 24, 15), datetime(2026, 11, 24, 16), date(2026, 11, 23)
    sentence = "For a call tomorrow between three and four p.m., press 2."
    assert prompts.say_choice(starts, ends, today, 2) == [speech.spoken(sentence)]
    assert prompts.say_choice(starts, ends, today, 2, "fr") == [speech.spoken(sentence)], "what is said in English has an English voice"
    upload(Prompt.objects.get(slug="time-tomorrow"), "en", 700)
    pieces = prompts.say_choice(starts, ends, today, 2)
    assert pitch(read(pieces[1]), 8000) == pytest.approx(700, abs=5)
    words = ["For a call", "between", "three", "and", "four", "p.m.", "Press 2."]
    assert [pieces[0], *pieces[2:]] == [speech.spoken(word) for word in words]
    promised = prompts.say_promise(starts, ends, today, "de")
    assert promised == [speech.spoken("Vielen Dank. Ihr Rückruf kommt morgen zwischen fünfzehn und sechzehn Uhr.", "de")]


def test_callers_in_line_hear_the_voice_that_somebody_recorded() -> None:
    queue = Queue.objects.get(slug="support")
    queue.announcements.all().delete()
    Announcement.objects.create(queue=queue, kind="position", text="")
    assert len(sounds.on_entry(sounds.of(queue.pk), among_all(3))) == 1
    upload(Prompt.objects.get(slug="number-3"), "en", 700)
    _, number, _ = sounds.on_entry(sounds.of(queue.pk), among_all(3))
    assert pitch(read(Path(number)), 8000) == pytest.approx(700, abs=5)


@pytest.mark.parametrize(
    ("low", "high", "sentence", "pieces"),
    [
        (0, 50, "less than one minute", 1), (70, 80, "between one and two minutes", 5), (240, 240, "about four minutes", 3),
        (180, 360, "between three and six minutes", 5), (0, 170, "less than three minutes", 0), (4000, 5000, "more than an hour", 0),
    ],
)  # fmt: skip
def test_a_wait_is_told_as_a_range_whole_or_in_pieces(low: float, high: float, sentence: str, pieces: int) -> None:
    expected = Range(low, high)
    assert prompts.say_wait(expected) == [speech.spoken(f"Your wait will be {sentence}.")]
    assert len(prompts.say_wait(expected, "de")) == 1
    for slug in ("wait-soon", "wait-about", "wait-between"):
        upload(Prompt.objects.get(slug=slug), "en", 700)
    assert len(prompts.say_wait(expected)) == max(1, pieces)
    assert prompts.say_wait(None) == []


def test_digits_are_said_one_by_one() -> None:
    assert prompts.say_digits("407") == [speech.spoken("4 0 7")]
    assert prompts.say_number(17, "fr") == [speech.spoken("17", "fr")]


# System prompts


def test_the_product_brings_its_prompts_in_both_languages() -> None:
    assert Prompt.objects.filter(system=True).count() == len(PROMPTS) + 1
    gaps = prompts.missing([{"prompt": slug} for slug in PROMPTS], ["en", "de"])
    assert gaps == []
    for slug in ("goodbye", "voicemail-greeting", "callback-offer", "record-after-tone", "invalid-choice", "no-input", "press-1"):
        assert prompts.resolve({"prompt": slug}, "de") != prompts.resolve({"prompt": slug}, "en")


def test_installing_again_leaves_what_was_changed() -> None:
    from django.apps import apps

    from ivr.prompts import system

    Prompt.objects.filter(slug="goodbye").update(text="Bye!")
    Prompt.objects.filter(slug="beep").delete()
    assert system.install(apps) == 1
    assert Prompt.objects.get(slug="goodbye").text == "Bye!"
    assert system.install(apps) == 0


# Who uses it


@pytest.fixture
def menu() -> Iterator[None]:
    usage.register(
        "prompt", "test", lambda slugs: {slug: [usage.Usage("Menu Main, greeting", "/menu/")] for slug in slugs if slug == "hello"}
    )
    yield
    usage.forget("prompt", "test")


@pytest.mark.usefixtures("menu")
def test_a_prompt_in_use_is_not_deleted_and_its_users_are_named(welcome: Prompt) -> None:
    with pytest.raises(refusals.PromptInUse, match="Menu Main, greeting"):
        services.delete(welcome.pk)
    with pytest.raises(refusals.SystemPrompt):
        services.delete(Prompt.objects.get(slug="goodbye").pk)
    other = Prompt.objects.create(slug="other", name="Other")
    upload(other)
    services.delete(other.pk)
    assert not Recording.objects.filter(prompt_id=other.pk).exists()


def test_a_flow_plays_prompts_and_is_named_as_their_user(welcome: Prompt) -> None:
    upload(welcome, "de", 700)
    step = {"kind": "play", "label": "Welcome", "say": [{"prompt": "hello"}, "Bye."], "at": [80, 80], "exits": {}}
    document = {"format": 1, "language": "de", "start": "welcome", "fallback_queue": "support", "steps": {"welcome": step}}
    flow = Flow.objects.create(name="Main", slug="main", draft=document)
    (prompt,) = (files for key, files in flows.sounds_of(document).items() if "hello" in key)
    assert pitch(read(Path(prompt[0])), 8000) == pytest.approx(700, abs=5)
    assert usage.of("prompt", "hello") == [
        usage.Usage("Flow Main, step “Welcome” (draft)", reverse("admin:ivr_flow_builder", args=[flow.pk]))
    ]
    flow.published = FlowVersion.objects.create(flow=flow, number=1, document=document)
    flow.save()
    assert [one.what for one in usage.of("prompt", "hello")] == ["Flow Main, step “Welcome”"]
    with pytest.raises(refusals.PromptInUse, match="Flow Main"):
        services.delete(welcome.pk)


# By phone


def test_a_recording_by_phone_needs_a_code_that_works_once(welcome: Prompt, tmp_path: Path) -> None:
    silence, voice = tmp_path / "silence.wav", tmp_path / "voice.wav"
    silence.write_bytes(encoded(tone(level=0), 8000).getvalue())
    voice.write_bytes(encoded(tone(600, rate=8000), 8000).getvalue())
    code = prompts.start_recording(welcome, "de", actor=ME)
    assert len(code) == 6
    assert code not in str(RecordingCode.objects.values())
    assert prompts.find_recording(code).prompt == welcome
    with pytest.raises(audio.Unusable):
        prompts.store_recording(code, silence)
    made = prompts.store_recording(code, voice)
    assert (made.source, made.language, made.made_by) == (Source.PHONE, "de", ME)
    assert heard(welcome, "de") == pytest.approx(600, abs=5)
    for wrong in (code, "000", ""):
        with pytest.raises(refusals.NoSuchCode):
            prompts.store_recording(wrong, voice)
    assert voice.exists()


def test_a_code_expires_and_a_new_one_ends_the_old_one(welcome: Prompt) -> None:
    first, second = (prompts.start_recording(welcome, "de", actor=ME) for _ in range(2))
    other = prompts.start_recording(welcome, "en", actor=ME)
    with pytest.raises(refusals.NoSuchCode):
        prompts.find_recording(first)
    assert {prompts.find_recording(code).language for code in (second, other)} == {"de", "en"}
    RecordingCode.objects.update(expires_at=timezone.now())
    with pytest.raises(refusals.NoSuchCode):
        prompts.find_recording(second)


def test_of_two_calls_with_one_code_one_is_kept(welcome: Prompt, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    voice = tmp_path / "voice.wav"
    voice.write_bytes(encoded(tone(), 16000).getvalue())
    code = prompts.start_recording(welcome, "de", actor=ME)
    found = prompts.find_recording(code)
    prompts.store_recording(code, voice)
    monkeypatch.setattr("ivr.prompts.phone.find_recording", lambda _: found)
    with pytest.raises(refusals.NoSuchCode):
        prompts.store_recording(code, voice)
    assert Recording.objects.filter(prompt=welcome).count() == 1


# Clearing away


def test_only_what_nobody_plays_any_more_is_cleared_away(welcome: Prompt) -> None:
    oldest, earlier, present = (upload(welcome, hertz=hertz) for hertz in (500, 600, 700))
    long_ago = timezone.now() - upkeep.EARLIER_KEPT - timedelta(hours=1)
    Recording.objects.filter(pk=oldest.pk).update(retired_at=long_ago)
    for name in ("prompts/stray.wav", "music/stray.wav", "music/ours.wav"):
        default_storage.save(name, encoded(tone(), 16000))
    Music.objects.create(queue=Queue.objects.get(slug="support"), file="music/ours.wav")
    for folder in (soundfiles.folder(), *(Path(default_storage.path(name)) for name in ("prompts", "music"))):
        for path in folder.iterdir():
            os.utime(path, (0, long_ago.timestamp()))
    assert heard(welcome, "en") == pytest.approx(700, abs=5)
    assert upkeep.clean_up() == 1
    assert set(Recording.objects.filter(prompt=welcome)) == {earlier, present}
    kept = {Path(str(recording.original.name)).name for recording in (earlier, present)}
    assert set(default_storage.listdir("prompts")[1]) == kept
    assert default_storage.listdir("music")[1] == ["ours.wav"]
    assert [path.name[9:17] for path in soundfiles.folder().iterdir()] == [present.digest[:8]]
    assert upkeep.clean_up() == 0


def test_the_command_makes_every_sound_ahead_of_time(welcome: Prompt, capsys: pytest.CaptureFixture[str]) -> None:
    lost = upload(welcome, "fr")
    Recording.objects.exclude(prompt__slug__in=["hello", "thank-you", "beep"]).delete()
    for path in soundfiles.folder().iterdir():
        path.unlink()
    default_storage.delete(str(lost.original.name))
    call_command("prompts")
    said = capsys.readouterr()
    assert "3 recordings can be played; 0 built-in prompts were new. Spoken by espeak-ng" in said.out
    assert "hello in fr" in said.err
    assert len(list(soundfiles.folder().iterdir())) == 3
    assert Recording.objects.get(prompt__slug="thank-you", language="de").seconds
    assert Recording.objects.get(prompt__slug="beep").seconds == pytest.approx(0.4)
