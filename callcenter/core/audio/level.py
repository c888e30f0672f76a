"""How loud a sound is, as people hear it, and where in it there is something to hear."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .decode import RATE, Samples

Floats = npt.NDArray[np.float64]

STEP_SECONDS = 0.1
STEPS_PER_BLOCK = 4
"""ITU-R BS.1770-4: blocks of 400 ms, each a quarter further."""
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
"""LUFS, and LU below the mean of what passed the first: pauses do not make a voice quieter."""
OFFSET = -0.691
"""dB, of the same recommendation: makes a sine of 997 Hz at full scale -3.01 LUFS."""
SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
HIGH_PASS = (38.13547087602444, 0.5003270373238773)
"""The K weighting's two filters (Hz, dB, Q), from which the recommendation's coefficients at 48 kHz follow for any rate."""

FRAME_SECONDS = 0.01
HEARD_DB = -40.0
"""A frame so far below the loudest one is taken for silence."""
LEAD_SECONDS, TAIL_SECONDS = 0.1, 0.2
"""What is left of the silence: a soft consonant is quieter than the limit, and breath belongs to a voice."""
FADE_SECONDS = 0.01
BARS = 160
"""Of a waveform on a page."""


def db(value: float) -> float:
    return 20 * math.log10(max(value, 1e-9))


def peak(samples: Samples) -> float:
    return float(np.abs(samples).max(initial=0.0))


def loudness(samples: Samples) -> float:
    """Integrated loudness in LUFS (ITU-R BS.1770-4, one channel); -inf for silence."""
    steps = np.concatenate(list(_weighted_power(samples)))
    width = min(STEPS_PER_BLOCK, len(steps))
    blocks = np.convolve(steps, np.full(width, 1 / width), mode="valid")
    heard = blocks[_lufs(blocks) > ABSOLUTE_GATE]
    if not len(heard):
        return -math.inf
    gate = float(_lufs(heard.mean())) + RELATIVE_GATE
    return float(_lufs(heard[_lufs(heard) > gate].mean()))


def _lufs(power: npt.ArrayLike) -> Floats:
    return np.asarray(OFFSET + 10 * np.log10(np.maximum(power, 1e-12)))


def _weighted_power(samples: Samples) -> Iterator[Floats]:
    """Mean square of each step after K weighting, by Parseval's theorem; a minute at a time."""
    size = round(STEP_SECONDS * RATE)
    gain = _k_weighting(size)
    padded = np.pad(samples, (0, -len(samples) % size)) if len(samples) else np.zeros(size, np.float32)
    for rows in np.array_split(padded.reshape(-1, size), max(1, len(padded) // (60 * RATE))):
        power = np.abs(np.fft.rfft(rows, axis=1)) ** 2 * gain
        yield (2 * power.sum(axis=1) - power[:, 0] - power[:, -1]) / size**2


def _k_weighting(size: int) -> Floats:
    """The squared magnitude of both filters at the frequencies of a transform of `size`."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(size))
    frequency, decibels, q = SHELF
    k, high = math.tan(math.pi * frequency / RATE), 10 ** (decibels / 20)
    middle = high**0.4996667741545416
    shelf = _biquad(z, (high + middle * k / q + k * k, 2 * (k * k - high), high - middle * k / q + k * k), k, q)
    frequency, q = HIGH_PASS
    k = math.tan(math.pi * frequency / RATE)
    a0 = 1 + k / q + k * k
    passed = _biquad(z, (a0, -2 * a0, a0), k, q)
    return np.asarray(np.abs(shelf * passed) ** 2)


def _biquad(z: npt.NDArray[np.complex128], b: tuple[float, float, float], k: float, q: float) -> npt.NDArray[np.complex128]:
    a = (1 + k / q + k * k, 2 * (k * k - 1), 1 - k / q + k * k)
    return np.asarray((b[0] + b[1] * z + b[2] * z * z) / (a[0] + a[1] * z + a[2] * z * z))


def trimmed(samples: Samples) -> Samples:
    """Without most of the silence at both ends, faded in and out so that nothing clicks."""
    size = round(FRAME_SECONDS * RATE)
    whole = samples[: len(samples) // size * size].reshape(-1, size)
    if not len(whole):
        return samples
    power = np.sqrt((whole.astype(np.float64) ** 2).mean(axis=1))
    heard = np.flatnonzero(power > power.max() * 10 ** (HEARD_DB / 20))
    if not len(heard):
        return samples
    first = max(0, int(heard[0]) * size - round(LEAD_SECONDS * RATE))
    last = min(len(samples), int(heard[-1] + 1) * size + round(TAIL_SECONDS * RATE))
    return faded(samples[first:last])


def faded(samples: Samples) -> Samples:
    size = min(round(FADE_SECONDS * RATE), len(samples) // 2)
    ramp = np.linspace(0, 1, size, dtype=np.float32)
    found = samples.copy()
    found[:size] *= ramp
    found[len(found) - size :] *= ramp[::-1]
    return found


def waveform(samples: Samples) -> list[int]:
    """Heights of `BARS` bars in per cent of the loudest."""
    top = peak(samples) or 1.0
    return [round(100 * peak(part) / top) for part in np.array_split(samples, BARS)]
