"""Sounds that are computed, and so nobody's work."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from callcenter.core.audio import RATE, Samples


def beep() -> Samples:
    """The tone after which one speaks: 1000 Hz for 0.4 s, swelling and fading so that it does not click."""
    time = np.arange(round(0.4 * RATE)) / RATE
    edge = np.clip(np.minimum(time, time[-1] - time) / 0.01, 0, 1)
    return np.asarray(0.2 * edge * np.sin(2 * np.pi * 1000 * time), dtype=np.float32)


MADE: dict[str, Callable[[], Samples]] = {"beep": beep}
