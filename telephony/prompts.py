"""What callers hear without any row: the music made here once, and sentences spoken offline. WAV of 8 kHz, 16 bit, mono."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from callcenter.core import soundfiles
from ivr import speech
from ivr.prompts import resolve, say_position, say_wait
from queues.estimate import Range

if TYPE_CHECKING:  # a quarter of a second that a clerk who finds the files needs not wait
    import numpy as np
    import numpy.typing as npt

RATE = soundfiles.TELEPHONE_RATE
MUSIC_VERSION = 1
"""Part of the file's name: a change of the composition makes a new file."""
RINGING_LEVEL = 0.15
"""Peak, full scale being 1: an agent hears it all day."""


def default_music() -> Path:
    """Music for waiting callers, ours and so free of licences; 38 s that join seamlessly. Made at the first call (0.2 s)."""
    path = soundfiles.folder() / f"music-{MUSIC_VERSION}.wav"
    if not path.exists():
        from .music import loop

        _write(path, loop(RATE))
    return path


def ringing_tone() -> Path:
    """What an agent hears while a customer's phone rings: 425 Hz, one second of every five (ITU-T E.180)."""
    path = soundfiles.folder() / f"ringing-{MUSIC_VERSION}.wav"
    if not path.exists():
        import numpy as np

        time = np.arange(5 * RATE) / RATE
        _write(path, np.where(time < 1, RINGING_LEVEL * np.sin(2 * np.pi * 425 * time), 0.0))
    return path


def heard(text: str, language: str = "en") -> tuple[str, ...]:
    """Paths of what is heard for a text of a queue; none if there is nothing to say. Never raises."""
    return tuple(map(str, resolve(text, language))) if text.strip() else ()


def spoken(text: str, language: str = "en") -> Path:
    """`text` as speech, kept by its content. Raises `speech.SpeechError` for a language that is not there."""
    return speech.spoken(text, language)


def spoken_file(text: str, language: str = "en") -> Path:
    """Where the speech of `text` is kept."""
    return speech.file_of(text, language)


def place(number: int, language: str) -> tuple[str, ...]:
    """Tells a caller the place in line, counted from 1; nothing if there is none."""
    return tuple(map(str, say_position(number, language)))


def wait(expected: Range | None, language: str) -> tuple[str, ...]:
    """Tells a caller the estimated wait; nothing without an estimate."""
    return tuple(map(str, say_wait(expected, language)))


def _write(path: Path, samples: npt.NDArray[np.float64]) -> None:
    """At their own rate: resampling would be heard where the end of music joins its beginning."""
    from callcenter.core import audio

    audio.write_wav(path, samples, RATE, source=RATE)
