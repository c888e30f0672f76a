"""Tones: what a phone plays, and how much of what another hears is that tone.

Frequencies are multiples of 10 Hz, so that a block of 800 samples holds whole periods of each of them
and two tones never leak into one another.
"""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 8000
"""Samples per second."""
BLOCK = 800
"""Samples measured at once: 0.1 s, so that a lost packet spoils one block and not the whole."""

Samples = NDArray[np.int16]


def tone(frequency: int, seconds: float = 1.0, amplitude: int = 9000) -> Samples:
    moments = np.arange(int(RATE * seconds)) / RATE
    return np.round(amplitude * np.sin(2 * np.pi * frequency * moments)).astype(np.int16)


def share(samples: Samples, frequency: int, block: int = BLOCK) -> float:
    """How much of the energy lies at `frequency`, 0 to 1 (Goertzel's sum over blocks). Silence has none."""
    whole = samples[: len(samples) // block * block].astype(np.float64).reshape(-1, block)
    energy = float((whole**2).sum())
    if energy < whole.size:  # below one step of a 16-bit sample: silence
        return 0.0
    spectrum = whole @ np.exp(-2j * np.pi * frequency / RATE * np.arange(block))
    return float(2 / block * (np.abs(spectrum) ** 2).sum() / energy)


def write_wav(path: Path, samples: Samples) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


def _alaw_decoding() -> Samples:
    """ITU-T G.711 A-law, code to sample."""
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code & 0x70) >> 4, code & 0x0F
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _alaw_encoding() -> NDArray[np.uint8]:
    """The nearest code of every 16-bit sample, indexed by the sample + 32768."""
    order = np.argsort(ALAW, kind="stable")
    levels = ALAW[order].astype(np.int32)
    above = np.searchsorted((levels[1:] + levels[:-1]) / 2, np.arange(-32768, 32768))
    return order[above].astype(np.uint8)


ALAW = _alaw_decoding()
_ENCODED = _alaw_encoding()


def to_alaw(samples: Samples) -> bytes:
    encoded: Any = _ENCODED[samples.astype(np.int32) + 32768]
    return bytes(encoded.tobytes())


def from_alaw(payload: bytes) -> Samples:
    return ALAW[np.frombuffer(payload, dtype=np.uint8)]
