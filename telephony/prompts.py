"""What callers hear: music made here once, and sentences spoken offline. Everything is a WAV of 8 kHz, 16 bit, mono."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import wave
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:  # a quarter of a second that a clerk who finds the files needs not wait
    import numpy as np
    import numpy.typing as npt

RATE = 8000
MUSIC_VERSION = 1
"""Part of the file's name: a change of the composition makes a new file."""
SPEECH_VERSION = 1
"""Likewise: raise it when the same text should sound different."""
RINGING_LEVEL = 0.15
"""Peak, full scale being 1: an agent hears it all day."""
VOICE_LEVEL = 0.5
"""Peak of spoken prompts, full scale being 1: as loud as a person on a telephone."""


def default_music() -> Path:
    """Music for waiting callers, ours and so free of licences; 38 s that join seamlessly. Made at the first call (0.2 s)."""
    path = _folder() / f"music-{MUSIC_VERSION}.wav"
    if not path.exists():
        from .music import loop

        _write(path, loop(RATE))
    return path


def ringing_tone() -> Path:
    """What an agent hears while a customer's phone rings: 425 Hz, one second of every five (ITU-T E.180)."""
    path = _folder() / f"ringing-{MUSIC_VERSION}.wav"
    if not path.exists():
        import numpy as np

        time = np.arange(5 * RATE) / RATE
        _write(path, np.where(time < 1, RINGING_LEVEL * np.sin(2 * np.pi * 425 * time), 0.0))
    return path


def spoken(text: str, language: str = "en") -> Path:
    """`text` as speech, kept by its content. Raises `speech.SpeechError` for a language that is not there."""
    path = spoken_file(text, language)
    if not path.exists():
        _speak(path, text, language)
    return path


def spoken_file(text: str, language: str = "en") -> Path:
    """Where the speech of `text` is kept."""
    key = hashlib.sha256(f"{SPEECH_VERSION}\0{language}\0{text}".encode()).hexdigest()[:32]
    return _folder() / f"spoken-{language[:12].replace('/', '_')}-{key}.wav"


def _speak(path: Path, text: str, language: str) -> None:
    from . import speech  # with NumPy and espeak-ng: mostly the file is there

    samples = speech.synthesise(text, language, rate=RATE)
    _write(path, samples * (VOICE_LEVEL / max(1e-6, float(abs(samples).max(initial=0.0)))))


def spoken_position(number: int) -> Path:
    """Tells a caller the place in line, counted from 1."""
    if number == 1:
        return spoken("You are next in line.")
    return spoken(f"You are number {number} in line.")


def _folder() -> Path:
    folder = Path(settings.DATA_DIR) / "prompts"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _write(path: Path, samples: npt.NDArray[np.float64]) -> None:
    """Whoever opens `path` sees a whole file: two processes may make the same one at the same time."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".wav")
    try:
        with os.fdopen(number, "wb") as file, wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(RATE)
            sound.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())
        os.chmod(name, 0o644)  # call processes read it, as somebody else where the node is root
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
