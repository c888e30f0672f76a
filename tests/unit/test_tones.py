"""What tests of audio rest on: a tone is recognised, another tone, silence and noise are not."""

from __future__ import annotations

import numpy as np
import pytest

from tests.sip.harness import tones


@pytest.mark.parametrize("frequency", [300, 440, 1010, 3000])
def test_a_tone_is_recognised_through_alaw(frequency: int) -> None:
    heard = tones.from_alaw(tones.to_alaw(tones.tone(frequency)))
    assert tones.share(heard, frequency) > 0.99
    assert tones.share(heard, frequency + 20) < 0.01


def test_silence_and_noise_are_no_tone() -> None:
    noise = np.random.default_rng(1).integers(-8000, 8000, 8000).astype(np.int16)
    assert tones.share(np.zeros(8000, dtype=np.int16), 440) == 0.0
    assert tones.share(noise, 440) < 0.05


def test_two_tones_share_the_energy() -> None:
    both = tones.tone(440) + tones.tone(880)
    assert tones.share(both, 440) == pytest.approx(0.5, abs=0.01)
