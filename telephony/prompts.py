"""What callers hear without any row: the music made here once, and sentences spoken offline. WAV of 8 kHz, 16 bit, mono."""

from __future__ import annotations

from pathlib import Path

from callcenter.core import soundfiles
from ivr import speech

MUSIC_VERSION = 1
"""Part of the file's name: a change of the composition makes a new file."""


def default_music() -> Path:
    """Music for waiting callers, ours and so free of licences; 38 s that join seamlessly. Made at the first call (0.2 s)."""
    path = soundfiles.folder() / f"music-{MUSIC_VERSION}.wav"
    if not path.exists():
        from callcenter.core import audio

        from .music import loop

        # At its own rate: resampling would be heard where the end joins the beginning.
        rate = soundfiles.TELEPHONE_RATE
        audio.write_wav(path, loop(rate), rate, source=rate)
    return path


def spoken(text: str, language: str = "en") -> Path:
    """`text` as speech, kept by its content. Raises `speech.SpeechError` for a language that is not there."""
    return speech.spoken(text, language)


def spoken_file(text: str, language: str = "en") -> Path:
    """Where the speech of `text` is kept."""
    return speech.file_of(text, language)


def spoken_position(number: int) -> Path:
    """Tells a caller the place in line, counted from 1."""
    if number == 1:
        return spoken("You are next in line.")
    return spoken(f"You are number {number} in line.")
