"""Text to speech by espeak-ng, called as a library: no program to install, no network."""

from __future__ import annotations

import ctypes
import threading
from functools import cached_property
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ..languages import fallbacks
from .engine import SpeechError

if TYPE_CHECKING:  # a clerk who finds the file of every sentence needs neither
    import numpy as np
    import numpy.typing as npt

SYNCHRONOUS = 2
UTF8 = 1
RATE_WORDS = 1
WORDS_PER_MINUTE = 150

Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
_lock = threading.Lock()
"""The library has one voice and one callback for the whole process."""


class Engine:
    """The `espeak-ng` that comes with the package espeakng-loader: small, robotic, a hundred languages."""

    name = "espeak-ng"

    @cached_property
    def version(self) -> str:
        # Of the package, not asked of the library: it need not be loaded for a sentence that was spoken before.
        return f"{metadata.version('espeakng-loader')}-{WORDS_PER_MINUTE}"

    def speaks(self, language: str) -> bool:
        with _lock:
            return self._choose(language)

    def speak(self, text: str, language: str) -> tuple[npt.NDArray[np.float64], int]:
        with _lock:
            return self._library.speak(text, language) if self._choose(language) else self._refuse(language)

    def _refuse(self, language: str) -> Any:
        raise SpeechError(f"espeak-ng has no voice for the language {language!r}. Record the text, or choose another language.")

    def _choose(self, language: str) -> bool:
        return any(self._library.choose(tag) for tag in fallbacks(language))

    @cached_property
    def _library(self) -> Library:
        return Library()


class Library:
    """The C library, loaded and ready. Used under the lock only."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library: Any = ctypes.CDLL(espeakng_loader.get_library_path())
        self.rate: int = self.library.espeak_Initialize(SYNCHRONOUS, 0, espeakng_loader.get_data_path().encode(), 0)
        if self.rate <= 0:
            raise SpeechError("espeak-ng finds no voices. Install the package espeakng-loader again.")
        self.chunks: list[npt.NDArray[np.int16]] = []
        self._callback = Callback(self._take)  # kept: the library holds only its address
        self.library.espeak_SetSynthCallback(self._callback)
        self.library.espeak_SetParameter(RATE_WORDS, WORDS_PER_MINUTE, 0)

    def _take(self, samples: Any, count: int, events: Any) -> int:
        import numpy as np

        if samples and count > 0:
            self.chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def choose(self, language: str) -> bool:
        return bool(self.library.espeak_SetVoiceByName(language.lower().encode()) == 0)

    def speak(self, text: str, language: str) -> tuple[npt.NDArray[np.float64], int]:
        """The text stays out of the complaint, which may end up in a log."""
        import numpy as np

        data = text.encode() + b"\0"
        self.chunks = []
        if self.library.espeak_Synth(data, ctypes.c_size_t(len(data)), 0, 0, 0, UTF8, None, None) != 0:
            raise SpeechError("espeak-ng cannot speak this text.")
        whole = np.concatenate([np.zeros(0, dtype=np.int16), *self.chunks])
        if not whole.any():
            raise SpeechError("There is nothing to say in this text.")
        return whole.astype(np.float64) / 32768, self.rate
