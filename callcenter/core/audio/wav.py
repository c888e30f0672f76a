"""WAV files of 16 bit, mono, that appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import wave
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import soxr

from .decode import RATE


def wav_bytes(samples: npt.NDArray[np.floating], rate: int, *, source: int = RATE) -> bytes:
    """:param source: the samples' own rate; they are resampled to `rate`."""
    memory = io.BytesIO()
    _put(memory, samples, rate, source)
    return memory.getvalue()


def write_wav(path: Path, samples: npt.NDArray[np.floating], rate: int, *, source: int = RATE) -> None:
    """Whoever opens `path` sees a whole file: two processes may make the same one at the same time."""
    number, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".wav")
    try:
        with os.fdopen(number, "wb") as file:
            _put(file, samples, rate, source)
        os.chmod(name, 0o644)  # call processes read it, as somebody else where the node is root
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _put(file: BinaryIO, samples: npt.NDArray[np.floating], rate: int, source: int) -> None:
    if rate != source:
        samples = soxr.resample(samples, source, rate)
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes((samples.clip(-1, 1) * 32767).round().astype("<i2").tobytes())
