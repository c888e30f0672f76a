"""Sound files made for tests, and what is heard in sounds."""

from __future__ import annotations

import io
import wave
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

Samples = npt.NDArray[np.float64]


def tone(hertz: float = 440, seconds: float = 1.0, *, rate: int = 16000, level: float = 0.25) -> Samples:
    return np.asarray(level * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate))


def encoded(samples: Samples, rate: int, kind: str = "WAV", subtype: str | None = None, channels: int = 1) -> io.BytesIO:
    """A file in memory; every channel is the same."""
    file = io.BytesIO()
    soundfile.write(file, np.repeat(samples[:, None], channels, axis=1), rate, format=kind, subtype=subtype)
    file.seek(0)
    return file


def read(path: Path, rate: int = 8000) -> Samples:
    """A file that every telephone can play: WAV, 16 bit, mono."""
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, rate)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768


def pitch(samples: Any, rate: int) -> float:
    """Its strongest frequency."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(power) * rate / len(samples))
