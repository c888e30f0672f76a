"""Recordings as files that can be played on this machine, converted once and again wherever they are missing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from django.core.files.storage import default_storage

from callcenter.core import soundfiles
from callcenter.core.errors import Refusal

from .. import speech
from ..models import Source

if TYPE_CHECKING:
    from callcenter.core.audio import Sound

log = logging.getLogger(__name__)

RECORDED, COMPUTED = "recorded-", "computed-"
"""How names of the files begin."""
CONVERSION = 1
"""As `callcenter.core.audio.VERSION`, known without NumPy; a test compares them."""


class Sounding(NamedTuple):
    """As much of a recording as it takes to play it."""

    language: str
    source: str
    text: str
    digest: str
    original: str

    @property
    def recorded(self) -> bool:
        """By a person; not spoken by the computer."""
        return bool(self.digest)


def recorded_path(digest: str, rate: int) -> Path:
    return soundfiles.folder() / f"{RECORDED}{digest[:32]}-{CONVERSION}-{rate}.wav"


def playable(sounding: Sounding, rate: int = soundfiles.TELEPHONE_RATE) -> Path:
    """The file, made now if it is not there.

    :raises Refusal, OSError: neither the original nor its text gives a sound.
    """
    if sounding.source == Source.COMPUTED:
        return _computed(sounding.text, rate)
    if sounding.source == Source.SPEECH:
        return speech.spoken(sounding.text, sounding.language, rate=rate)
    path = recorded_path(sounding.digest, rate)
    return path if soundfiles.there(path) else _made_again(sounding, path, rate)


def _made_again(sounding: Sounding, path: Path, rate: int) -> Path:
    from callcenter.core import audio

    try:
        with default_storage.open(sounding.original) as original:
            sound = audio.convert(cast(BinaryIO, original.file), sounding.original)
    except (OSError, Refusal) as error:
        if not sounding.text:
            raise
        log.warning("recording %s: its original cannot be had (%s); its text is spoken", sounding.digest[:12], type(error).__name__)
        return speech.spoken(sounding.text, sounding.language, rate=rate)
    sound.write(path, rate)
    return path


def _computed(name: str, rate: int) -> Path:
    path = soundfiles.folder() / f"{COMPUTED}{name}-{CONVERSION}-{rate}.wav"
    if not soundfiles.there(path):
        computed(name).write(path, rate)
    return path


def computed(name: str) -> Sound:
    """The tone of this name, which is the text of its recording.

    :raises KeyError: there is none.
    """
    from callcenter.core import audio

    from .tones import MADE

    return audio.finish(MADE[name](), trim=False)
