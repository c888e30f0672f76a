"""What a speech engine is, and which one this site has chosen."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from callcenter.core.errors import Refusal

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class SpeechError(Refusal):
    """This text cannot be spoken."""

    code = "cannot_speak"
    status = 422


class SpeechEngine(Protocol):
    """Makes speech on this machine. One instance serves all threads of a process, and being made costs nothing."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """Short and stable, such as "espeak-ng"."""

    @property
    def version(self) -> str:
        """Changes when the same text sounds different: what was spoken before is then spoken anew."""

    def speaks(self, language: str) -> bool:
        """Whether it has a voice for this language or the one that it is a variant of."""

    def speak(self, text: str, language: str) -> tuple[npt.NDArray[np.float64], int]:
        """Samples from -1 to 1, and their rate in Hz.

        :raises SpeechError: no such voice, or nothing to say.
        """


def engine() -> SpeechEngine:
    """The engine of `SPEECH_ENGINE`."""
    return _made(settings.SPEECH_ENGINE)


@functools.cache
def _made(path: str) -> SpeechEngine:
    found: SpeechEngine = import_string(path)()
    return found
