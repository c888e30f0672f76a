"""Every write about prompts. Files are decoded and spoken before the transaction; inside it are a few rows."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db.models import QuerySet
from django.utils import timezone

from callcenter.core import events, soundfiles, usage
from queues.locks import one_transaction

from .. import languages, speech
from ..models import Prompt, Recording, RecordingCode, Source
from .files import computed, recorded_path
from .refusals import NoSuchCode, NoSuchPrompt, NoSuchRecording, NotALanguage, PromptInUse, SystemPrompt

if TYPE_CHECKING:
    from callcenter.core.audio import Sound

ORIGINALS = "prompts"
"""Folder of the storage."""
CHUNK = 1 << 20


def record(
    prompt_id: int, language: str, file: BinaryIO, name: str, *, source: str = Source.UPLOAD, text: str = "", actor: str,
    code: RecordingCode | None = None,
) -> Recording:  # fmt: skip
    """Callers hear this file from now on. It is converted here and now; calls in progress hear the old one to its end.

    :param name: the file's name; its ending tells raw G.711 apart, and people see it.
    :param source: `Source.UPLOAD`, `BROWSER` or `PHONE`.
    :param text: what it says, for the fallback; empty: what the recording before it said.
    :param code: used up by it.
    :raises Unusable: the file, with the remedy; the present recording stays.
    """
    from callcenter.core import audio

    tag = language_of(language)
    _prompt(prompt_id)
    sound = audio.convert(file, name)
    digest = _digest(file)
    for rate in (soundfiles.TELEPHONE_RATE, soundfiles.WIDEBAND_RATE):
        sound.write(recorded_path(digest, rate), rate)
    with _stored(file, name) as stored:
        kept = {"original": stored, "original_name": PurePath(name).name[:120], "digest": digest}
        return _replace(prompt_id, tag, Recording(source=source, text=text.strip(), **kept, **measured(sound)), actor=actor, code=code)


def speak(prompt_id: int, language: str, text: str, *, actor: str) -> Recording:
    """Callers hear this text, spoken by the computer, from now on.

    :raises SpeechError: no voice for the language, nothing to say, or too much.
    """
    tag, text = language_of(language), speech.check_length(text.strip())
    _prompt(prompt_id)
    sound = speech.synthesise(text, tag)
    return _replace(prompt_id, tag, Recording(source=Source.SPEECH, text=text, **measured(sound)), actor=actor)


def measured(sound: Sound) -> dict[str, Any]:
    """What is stored about a sound."""
    return {"seconds": round(sound.seconds, 2), "peak_db": sound.peak_db, "loudness": sound.loudness, "waveform": sound.waveform}


@one_transaction
def restore(recording_id: int, *, actor: str) -> Recording:
    """Callers hear this earlier recording again; the present one becomes an earlier one."""
    earlier = Recording.objects.filter(pk=recording_id).first()
    if earlier is None:
        raise NoSuchRecording
    _hold(earlier.prompt_id)
    _current(earlier.prompt_id, earlier.language).exclude(pk=earlier.pk).update(retired_at=timezone.now())
    if Recording.objects.filter(pk=earlier.pk, retired_at__isnull=False).update(retired_at=None) != 1:
        raise NoSuchRecording  # it is heard already, or was cleared away since
    _tell(earlier.prompt_id, "restored", earlier.language, actor=actor)
    earlier.retired_at = None
    return earlier


@one_transaction
def remove(prompt_id: int, language: str, *, actor: str) -> None:
    """Callers of this language hear what the fallback gives. The recording is kept for a while and can be restored."""
    _hold(prompt_id)
    if not _current(prompt_id, language).update(retired_at=timezone.now()):
        raise NoSuchRecording
    _tell(prompt_id, "removed", language, actor=actor)


@one_transaction
def delete(prompt_id: int) -> None:
    """The originals are left to the clean-up, so that nothing is lost if the transaction fails.

    :raises PromptInUse: naming the users.
    :raises SystemPrompt: it comes with the product.
    """
    prompt = _hold(prompt_id)
    if prompt.system:
        raise SystemPrompt
    if found := usage.of("prompt", prompt.slug):
        raise PromptInUse(f"The prompt “{prompt}” is in use: {', '.join(one.what for one in found)}. Let them play another one first.")
    prompt.delete()


def measure(recording: Recording) -> None:
    """Store the length and the waveform of what was installed as a row only: built-in texts and tones.

    :raises SpeechError: the engine cannot speak it.
    """
    if recording.seconds is not None or recording.source not in (Source.SPEECH, Source.COMPUTED):
        return
    if recording.source == Source.SPEECH:
        found = measured(speech.synthesise(recording.text, recording.language))
    else:
        found = measured(computed(recording.text))
    Recording.objects.filter(pk=recording.pk, seconds__isnull=True).update(**found)
    for name, value in found.items():
        setattr(recording, name, value)


@one_transaction
def _replace(prompt_id: int, language: str, fresh: Recording, *, actor: str, code: RecordingCode | None = None) -> Recording:
    _hold(prompt_id)
    # Compare and swap: of two calls with the same code one is kept.
    if code and RecordingCode.objects.filter(pk=code.pk, used_at__isnull=True).update(used_at=timezone.now()) != 1:
        raise NoSuchCode
    present = _current(prompt_id, language)
    if not fresh.text:
        fresh.text = present.values_list("text", flat=True).first() or ""
    present.update(retired_at=timezone.now())
    fresh.prompt_id, fresh.language, fresh.made_by = prompt_id, language, actor
    fresh.save()
    _tell(prompt_id, "recorded", language, actor=actor, source=str(fresh.source), seconds=fresh.seconds)
    return fresh


def _hold(prompt_id: int) -> Prompt:
    """Two who record the same prompt come one after the other. The constraint on recordings says it once more."""
    prompt = Prompt.objects.select_for_update(no_key=True).filter(pk=prompt_id).first()
    if prompt is None:
        raise NoSuchPrompt
    return prompt


def _prompt(prompt_id: int) -> None:
    """Before the work: who is late should not wait for a conversion to be told."""
    if not Prompt.objects.filter(pk=prompt_id).exists():
        raise NoSuchPrompt


def _current(prompt_id: int, language: str) -> QuerySet[Recording]:
    return Recording.objects.filter(prompt=prompt_id, language=language, retired_at__isnull=True)


def _tell(prompt_id: int, fact: str, language: str, *, actor: str, **data: Any) -> None:
    events.append(f"prompt.{fact}", subject=f"prompt:{prompt_id}", actor=actor, data={"language": language, **data})


def language_of(tag: str) -> str:
    try:
        return languages.normal(tag)
    except ValueError as error:
        raise NotALanguage(str(error), field="language") from error


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    found = hashlib.sha256()
    while chunk := file.read(CHUNK):
        found.update(chunk)
    return found.hexdigest()


@contextmanager
def _stored(file: BinaryIO, name: str) -> Iterator[str]:
    """The original under a name of ours; gone again if the row cannot be written."""
    file.seek(0)
    ending = PurePath(name).suffix.lower()[:8]
    ending = ending if ending[1:].isalnum() else ""
    stored = default_storage.save(f"{ORIGINALS}/{uuid.uuid4().hex}{ending}", File(file))
    try:
        yield stored
    except BaseException:
        default_storage.delete(stored)
        raise
