"""Sound that people upload: brought to what telephones play before it is stored."""

from __future__ import annotations

from pathlib import PurePath

from django.core.files.base import ContentFile, File
from django.db.models.fields.files import FieldFile

from callcenter.core.soundfiles import TELEPHONE_RATE

GREETING_SECONDS = 120.0
"""So long a greeting may be: callers of a voicemail box are led on after that (`telephony.message.PROMPT_SECONDS`)."""


class Converted(ContentFile):  # type: ignore[type-arg]  # generic in the stubs only
    """Sound that may be stored as it is."""


def as_music(upload: FieldFile) -> File[bytes]:
    """As loud as our own music, and with the silence at its ends. What was stored before comes back as it is.

    :raises callcenter.core.audio.Unusable: with the remedy.
    """
    if _is_stored(upload):
        return upload
    from callcenter.core import audio

    return _converted(upload, target=audio.MUSIC_LUFS, longest=audio.MUSIC_SECONDS, trim=False)


def as_greeting(upload: FieldFile) -> File[bytes]:
    """As loud as our prompts. What was stored before comes back as it is.

    :raises callcenter.core.audio.Unusable: with the remedy.
    """
    if _is_stored(upload):
        return upload
    from callcenter.core import audio

    return _converted(upload, target=audio.SPEECH_LUFS, longest=GREETING_SECONDS, trim=True)


def _is_stored(upload: FieldFile) -> bool:
    return not upload or upload._committed or isinstance(upload.file, Converted)  # type: ignore[attr-defined]  # the stubs do not know it


def _converted(upload: FieldFile, *, target: float, longest: float, trim: bool) -> Converted:
    # Here and not above: it brings NumPy, which no other process of this app needs at its start.
    from callcenter.core import audio

    name = PurePath(upload.name or "sound")
    sound = audio.convert(upload.file, name.name, target=target, longest=longest, trim=trim)
    return Converted(sound.wav(TELEPHONE_RATE), name=f"{name.stem}.wav")
