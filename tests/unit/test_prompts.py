"""Music and speech are WAV files every telephone can play, made once."""

from __future__ import annotations

import wave
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from telephony import prompts, speech


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def samples(path: Path) -> np.ndarray:
    with wave.open(str(path)) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 8000)
        return np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768


def test_music__long_quiet_and_without_a_seam() -> None:
    music = samples(prompts.default_music())
    assert len(music) >= 30 * 8000
    assert 0.02 < np.sqrt(np.mean(music**2)) < 0.1
    # The step over the seam is no bigger than the steps inside.
    assert abs(music[0] - music[-1]) <= np.abs(np.diff(music)).max()
    # No hole longer than a tenth of a second.
    assert np.sqrt(np.mean(music.reshape(-1, 800) ** 2, axis=1)).min() > 0.001


def test_spoken__is_speech_of_the_right_length_and_level() -> None:
    sentence = samples(prompts.spoken("You are number three in line."))
    assert 1.0 < len(sentence) / 8000 < 4.0
    assert np.abs(sentence).max() == pytest.approx(prompts.VOICE_LEVEL, abs=0.01)


def test_spoken__same_words_same_file_other_words_other_file() -> None:
    first = prompts.spoken_position(3)
    written = first.stat().st_mtime_ns
    assert prompts.spoken_position(3) == first
    assert first.stat().st_mtime_ns == written
    assert len({prompts.spoken_position(n) for n in (1, 2, 3)}) == 3
    assert prompts.spoken("eins", "de") != prompts.spoken("eins", "en")


def test_spoken__many_threads_at_once_leave_one_whole_file(data: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: prompts.spoken("All our agents are busy."), range(16)))
    assert len(paths) == 1
    assert len(samples(paths.pop())) > 8000
    assert len(list((data / "prompts").iterdir())) == 1


@pytest.mark.parametrize(("text", "language"), [("hello", "no-such-language"), ("", "en"), ("   ", "en")])
def test_spoken__says_why_it_cannot(text: str, language: str) -> None:
    with pytest.raises(speech.SpeechError):
        prompts.spoken(text, language)
