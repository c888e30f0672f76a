"""Text to speech, offline and cached: each sentence is spoken once by (engine, version, language, text)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.core import soundfiles

from .engine import SpeechEngine as SpeechEngine
from .engine import SpeechError as SpeechError
from .engine import engine as engine

if TYPE_CHECKING:
    from callcenter.core.audio import Sound

VERSION = 2
"""Raise it when the same speech should be finished differently, louder for instance."""
MOST_CHARACTERS = 2000
"""About two and a half minutes; nobody listens longer, and a book would keep the voice busy for all others."""
SPOKEN = "spoken-"
"""How names of the files begin."""


def spoken(text: str, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> Path:
    """`text` as speech, a WAV file kept by its content.

    :raises SpeechError: no voice for the language, or nothing to say.
    """
    path = file_of(text, language, rate=rate)
    if not soundfiles.there(path):
        synthesise(text, language).write(path, rate)
    return path


def file_of(text: str, language: str = "en", *, rate: int = soundfiles.TELEPHONE_RATE) -> Path:
    """Where the speech of `text` is kept, made or not."""
    voice = engine()
    key = hashlib.sha256(f"{VERSION}\0{voice.name}\0{voice.version}\0{language}\0{text}".encode()).hexdigest()[:32]
    return soundfiles.folder() / f"{SPOKEN}{language[:12].replace('/', '_')}-{key}-{rate}.wav"


def check_length(text: str) -> str:
    """:raises SpeechError: it is too long for a prompt."""
    if len(text) > MOST_CHARACTERS:
        raise SpeechError(f"The text has {len(text)} characters; {MOST_CHARACTERS} are the most. Split it into several prompts.")
    return text


def synthesise(text: str, language: str) -> Sound:
    """Speech of our one loudness, not kept.

    :raises SpeechError: no voice for the language, or nothing to say.
    """
    import soxr  # with NumPy: mostly the file is there

    from callcenter.core import audio

    if not text.strip():
        raise SpeechError("There is nothing to say in this text.")
    samples, source = engine().speak(text, language)
    return audio.finish(soxr.resample(samples.astype("float32"), source, audio.RATE))
