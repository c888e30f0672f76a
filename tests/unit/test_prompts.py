"""Music and speech are WAV files every telephone can play, made once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callcenter.core import audio
from callcenter.core.audio import level
from ivr import speech
from telephony import prompts

from .sounds import pitch, read, tone


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR = tmp_path
    return tmp_path


def test_music__long_quiet_and_without_a_seam() -> None:
    music = read(prompts.default_music())
    assert len(music) >= 30 * 8000
    assert 0.02 < np.sqrt(np.mean(music**2)) < 0.1
    # The step over the seam is no bigger than the steps inside.
    assert abs(music[0] - music[-1]) <= np.abs(np.diff(music)).max()
    # No hole longer than a tenth of a second.
    assert np.sqrt(np.mean(music.reshape(-1, 800) ** 2, axis=1)).min() > 0.001


def test_spoken__is_speech_of_the_right_length_and_level() -> None:
    sentence = read(prompts.spoken("You are number three in line."))
    assert 1.0 < len(sentence) / 8000 < 4.0
    wide = read(speech.spoken("You are number three in line.", rate=16000), 16000)
    assert level.loudness(wide.astype(np.float32)) == pytest.approx(audio.SPEECH_LUFS, abs=0.5)


def test_music_of_others_is_as_loud_as_ours() -> None:
    prompts.default_music()
    ours = audio.convert(prompts.default_music().open("rb"), longest=audio.MUSIC_SECONDS)
    assert ours.loudness == pytest.approx(audio.MUSIC_LUFS, abs=1)


def test_spoken__same_words_same_file_other_words_other_file() -> None:
    first = prompts.spoken("Three.")
    written = first.stat().st_mtime_ns
    assert prompts.spoken("Three.") == first
    assert first.stat().st_mtime_ns == written
    assert len({prompts.spoken(text) for text in ("One.", "Two.", "Three.")}) == 3
    assert prompts.spoken("eins", "de") != prompts.spoken("eins", "en")


def test_spoken__many_threads_at_once_leave_one_whole_file(data: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(lambda _: prompts.spoken("All our agents are busy."), range(16)))
    assert len(paths) == 1
    assert len(read(paths.pop())) > 8000
    assert len(list((data / "prompts").iterdir())) == 1


@pytest.mark.parametrize(("text", "language"), [("hello", "no-such-language"), ("", "en"), ("   ", "en")])
def test_spoken__says_why_it_cannot(text: str, language: str) -> None:
    with pytest.raises(speech.SpeechError):
        prompts.spoken(text, language)


def test_spoken__a_variant_has_the_voice_of_its_language() -> None:
    assert speech.engine().speaks("de-AT")
    assert not speech.engine().speaks("no-such-language")
    assert len(read(prompts.spoken("eins", "de-AT"))) > 1000


def test_spoken__the_complaint_does_not_repeat_the_text() -> None:
    with pytest.raises(speech.SpeechError) as caught:
        prompts.spoken("+4930123456", "no-such-language")
    assert "4930" not in caught.value.detail


def test_spoken__another_engine_speaks_anew(settings: Any) -> None:
    ours = prompts.spoken("one")
    settings.SPEECH_ENGINE = "tests.unit.test_prompts.Hum"
    theirs = prompts.spoken("one")
    assert theirs != ours
    assert pitch(read(theirs), 8000) == pytest.approx(440, abs=5)


class Hum:
    """A speech engine of a site's own."""

    name, version = "hum", "1"

    def speaks(self, language: str) -> bool:
        return True

    def speak(self, text: str, language: str) -> tuple[Any, int]:
        return tone(440, rate=22050), 22050
