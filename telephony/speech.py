"""Text to speech by espeak-ng, called as a library: no program to install, no network."""

from __future__ import annotations

import ctypes
import threading
from typing import Any

import espeakng_loader
import numpy as np
import numpy.typing as npt
import soxr

SYNCHRONOUS = 2
UTF8 = 1
RATE_WORDS = 1
WORDS_PER_MINUTE = 150

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_lock = threading.Lock()
_engine: Engine | None = None


class SpeechError(Exception):
    """The text could not be spoken; the message says why."""


class Engine:
    """The library has one voice and one callback for the whole process."""

    def __init__(self) -> None:
        self.library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate: int = self.library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
        if self.rate <= 0:
            raise SpeechError("espeak-ng finds no voices.")
        self.chunks: list[npt.NDArray[np.int16]] = []
        self._callback = Callback(self._take)  # kept: the library holds only its address
        self.library.espeak_SetSynthCallback(self._callback)
        self.library.espeak_SetParameter(RATE_WORDS, WORDS_PER_MINUTE, 0)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self.chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def speak(self, text: str, language: str) -> npt.NDArray[np.float64]:
        if self.library.espeak_SetVoiceByName(language.lower().encode()) != 0:
            raise SpeechError(f"espeak-ng has no voice for the language {language!r}.")
        data = text.encode() + b"\0"
        self.chunks = []
        if self.library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 0, 0, UTF8, None, None) != 0:
            raise SpeechError(f"espeak-ng cannot speak {text!r}.")
        whole = np.concatenate([np.zeros(0, dtype=np.int16), *self.chunks])
        if not whole.any():
            raise SpeechError(f"There is nothing to say in {text!r}.")
        return whole.astype(np.float64) / 32768


def synthesise(text: str, language: str, *, rate: int) -> npt.NDArray[np.float64]:
    """Speech as samples from -1 to 1. Raises `SpeechError` when the language is unknown."""
    global _engine
    with _lock:
        _engine = _engine or Engine()
        samples = _engine.speak(text, language)
        source = _engine.rate
    return np.asarray(soxr.resample(samples, source, rate), dtype=np.float64)
