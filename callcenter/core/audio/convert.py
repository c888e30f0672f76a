"""From an uploaded file, or from what a speech engine gave, to a sound of our own loudness."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from . import level, refusals
from .decode import RATE, Samples, decode
from .wav import wav_bytes, write_wav

VERSION = 1
"""Part of the names of converted files: raise it when the same original should give another file."""
SPEECH_LUFS = -23.0
"""EBU R 128; near the -26 to -20 dBov that telephone speech has (ITU-T P.56), so prompts and agents are alike."""
MUSIC_LUFS = -28.0
"""Music is waited with, not listened to; as loud as our own."""
HIGHEST_PEAK_DB = -1.0
"""What is so full of peaks that the loudness would clip it stays quieter: G.711 forgives much, but not that."""
MOST_GAIN_DB = 30.0
"""More would make noise audible, not a voice."""
SILENT_DB = -55.0
"""A peak below it is the hiss of an open input."""
SHORTEST_SECONDS = 0.05
PROMPT_SECONDS = 600.0
"""Nobody listens longer. Converted in about a second, so within a request."""
MUSIC_SECONDS = 1800.0
"""Waiting callers hear it again from the beginning; longer only fills the disk."""


@dataclass(frozen=True)
class Sound:
    """Ready to be written; `peak_db` (dBFS) and `loudness` (LUFS) are those of the original."""

    samples: Samples
    peak_db: float
    loudness: float

    @property
    def seconds(self) -> float:
        return len(self.samples) / RATE

    @cached_property
    def waveform(self) -> list[int]:
        return level.waveform(self.samples)

    def write(self, path: Path, rate: int) -> None:
        write_wav(path, self.samples, rate)

    def wav(self, rate: int) -> bytes:
        return wav_bytes(self.samples, rate)


def convert(file: BinaryIO, name: str = "", *, target: float = SPEECH_LUFS, longest: float = PROMPT_SECONDS, trim: bool = True) -> Sound:
    """:param name: the file's name; its ending tells raw G.711 apart.
    :param longest: seconds.
    :param trim: cut most of the silence at both ends; not for music, whose end joins its beginning.
    :raises Unusable: with the remedy; nothing was written.
    """
    return finish(decode(file, name, longest=longest), target=target, trim=trim)


def finish(samples: Samples, *, target: float = SPEECH_LUFS, trim: bool = True) -> Sound:
    """Bring samples to the one loudness.

    :raises Silent: there is nothing to hear.
    """
    highest = level.db(level.peak(samples))
    if highest < SILENT_DB or len(samples) < SHORTEST_SECONDS * RATE:
        raise refusals.Silent
    loudness = level.loudness(samples)
    if math.isinf(loudness):  # a click, too short to have a loudness
        loudness = highest
    gain = min(target - loudness, HIGHEST_PEAK_DB - highest, MOST_GAIN_DB)
    kept = level.trimmed(samples) if trim else samples
    return Sound(kept * samples.dtype.type(10 ** (gain / 20)), round(highest, 1), round(loudness, 1))
