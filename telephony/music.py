"""The default music on hold: slow chords and single plucked notes, computed. Its end joins its beginning."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

BAR_SECONDS = 4.8
# Root position kept low and open; MIDI note numbers. C - Am7 - Fmaj7 - G, then with E minor in between.
CHORDS = (
    (48, 55, 64, 67),
    (45, 52, 60, 67),
    (41, 48, 57, 64),
    (43, 50, 59, 62),
    (48, 55, 62, 64),
    (40, 52, 59, 67),
    (41, 48, 57, 60),
    (43, 50, 57, 62),
)
MELODY = (
    (76, 72, 74, 67),
    (72, 69, 71, 64),
    (69, 72, 67, 65),
    (71, 67, 74, 69),
    (76, 79, 74, 72),
    (71, 67, 69, 64),
    (72, 69, 65, 67),
    (74, 71, 69, 67),
)
LOUDNESS = 0.16
"""Peak, full scale being 1: a caller talks over it easily, and G.711 does not clip."""


def loop(rate: int) -> Samples:
    """Eight bars, 38.4 s. Every note rings on past the last sample into the first ones."""
    length = round(len(CHORDS) * BAR_SECONDS * rate)
    sound = np.zeros(length)
    for bar, (chord, notes) in enumerate(zip(CHORDS, MELODY, strict=True)):
        for pitch in chord:
            _add(sound, round(bar * BAR_SECONDS * rate), _pad(pitch, rate))
        for step, pitch in enumerate(notes):
            _add(sound, round((bar + step / 4) * BAR_SECONDS * rate), _pluck(pitch, rate))
    return np.asarray(sound * (LOUDNESS / np.abs(sound).max()))


def _add(sound: Samples, start: int, note: Samples) -> None:
    np.add.at(sound, (start + np.arange(len(note))) % len(sound), note)


def _pad(pitch: int, rate: int) -> Samples:
    """A soft organ tone: swells for a second, dies over the next bar's beginning."""
    time = np.arange(round((BAR_SECONDS + 1.6) * rate)) / rate
    swell = np.minimum(1, time / 1.2) * np.minimum(1, (time[-1] - time) / 1.6)
    tone = np.sum([_tone(pitch, harmonic, time) / harmonic**2 for harmonic in (1, 2, 3)], axis=0)
    return np.asarray(0.22 * np.sin(np.pi / 2 * swell) ** 2 * tone)


def _pluck(pitch: int, rate: int) -> Samples:
    """A music box: quick attack, long decay, higher harmonics die sooner."""
    time = np.arange(round(2.4 * rate)) / rate
    attack = np.minimum(1, time / 0.008) * np.minimum(1, (time[-1] - time) / 0.2)
    tone = np.sum([_tone(pitch, harmonic, time) * np.exp(-time * (1.4 + harmonic)) / harmonic for harmonic in (1, 2, 4)], axis=0)
    return np.asarray(0.30 * attack * tone)


def _tone(pitch: int, harmonic: int, time: Samples) -> Samples:
    frequency = 440 * 2 ** ((pitch - 69) / 12) * harmonic
    return np.asarray(np.sin(2 * np.pi * frequency * time) if frequency < 3400 else np.zeros_like(time))
