"""What a leg says is written into a file: real SIP, RTP, tones and keys."""

# mypy: disable-error-code="union-attr, index, misc, arg-type"
from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.sip.harness import tones
from tests.sip.harness.dialog import Call
from tests.sip.harness.fleet import Fleet
from tests.sip.harness.phones import Bank
from tests.until import until

from .subject import Subject

CALLER = 0
TONE = 880
A_LAW_ZERO = 0xD5


def answered(subject: Subject, fleet: Fleet) -> Call:
    call = fleet.phone("alice", tone=TONE).call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.fact("LegAnswered", leg=CALLER)
    until(lambda: call.talking, what="the answer")
    return call


def falls_silent(call: Call) -> None:
    """Goes on sending, of nothing."""
    call.stream.payloads = [bytes([A_LAW_ZERO]) * 160]


def samples(path: Path | str) -> Any:
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def test_record__writes_what_the_leg_says_and_nothing_else(subject: Subject, fleet: Fleet, sounds: dict[int, str], tmp_path: Path) -> None:
    path = str(tmp_path / "message.wav")
    answered(subject, fleet)
    subject.play_music(CALLER, (sounds[300],))
    subject.record(CALLER, path, silence_seconds=0)
    until(lambda: Path(path).stat().st_size > 16_000, what="a second of sound")
    subject.stop_recording(CALLER)
    ended = subject.fact("RecordingEnded", leg=CALLER, path=path, failed=False)
    heard = samples(path)
    assert ended["seconds"] == pytest.approx(len(heard) / 8000)
    assert 1.0 < ended["seconds"] < 2.5
    middle = heard[2000:-400]
    assert tones.share(middle, TONE) > 0.95
    assert tones.share(middle, 300) < 0.01
    assert not subject.first("SilenceHeard")


def test_record__that_lasts_until_the_caller_hangs_up_is_whole(subject: Subject, fleet: Fleet, tmp_path: Path) -> None:
    path = str(tmp_path / "message.wav")
    call = answered(subject, fleet)
    subject.record(CALLER, path, silence_seconds=0)
    until(lambda: Path(path).stat().st_size > 8_000, what="half a second of sound")
    call.hang_up()
    ended = subject.fact("RecordingEnded", leg=CALLER)
    assert len(samples(path)) == round(ended["seconds"] * 8000)


def test_silence__is_told_once_and_not_while_the_leg_is_loud(subject: Subject, fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    call = answered(subject, fleet)
    subject.record(CALLER, str(path), silence_seconds=0.5)
    until(lambda: path.stat().st_size > 24_000, what="a second and a half of sound")
    assert not subject.first("SilenceHeard")
    falls_silent(call)
    silence = subject.fact("SilenceHeard", leg=CALLER)
    size = path.stat().st_size
    until(lambda: path.stat().st_size > size + 16_000, what="another second")
    assert [fact for fact in subject.facts if fact["fact"] == "SilenceHeard"] == [silence]


@pytest.mark.parametrize(("amplitude", "is_silence"), [(60, True), (800, False)])
def test_silence__is_the_noise_of_a_line_and_not_a_soft_voice(
    subject: Subject, fleet: Fleet, tmp_path: Path, amplitude: int, is_silence: bool
) -> None:
    path = tmp_path / "message.wav"
    call = answered(subject, fleet)
    encoded = tones.to_alaw(tones.tone(TONE, amplitude=amplitude))
    call.stream.payloads = [encoded[start : start + 160] for start in range(0, len(encoded), 160)]
    subject.record(CALLER, str(path), silence_seconds=1)
    until(lambda: path.stat().st_size > 32_000, what="two seconds")
    assert (subject.first("SilenceHeard") is not None) == is_silence


def test_record__again_after_the_end_replaces_the_file(subject: Subject, fleet: Fleet, tmp_path: Path) -> None:
    path = tmp_path / "message.wav"
    answered(subject, fleet)
    long, short = recorded(subject, path, 20_000), recorded(subject, path, 8_000)
    assert 8_000 < short < long
    assert len(samples(path)) * 2 + 44 == short
    subject.play_prompt(CALLER, [str(path)])
    subject.fact("PromptEnded", prompt=str(path))


def recorded(subject: Subject, path: Path, least: int) -> int:
    """Record so many bytes and some; the size of the file."""
    subject.facts.clear()
    subject.record(CALLER, str(path), silence_seconds=0)
    until(lambda: least <= path.stat().st_size < least + 10_000, what=f"{least} bytes in the file")
    subject.stop_recording(CALLER)
    subject.fact("RecordingEnded", path=str(path))
    return path.stat().st_size


def test_record__where_nothing_can_be_written_is_refused_with_a_reason(subject: Subject, fleet: Fleet, tmp_path: Path) -> None:
    answered(subject, fleet)
    with pytest.raises(RuntimeError, match="OSError: Cannot write"):
        subject.record(CALLER, str(tmp_path / "missing" / "message.wav"), silence_seconds=0)
    assert subject.legs_standing() == 1


def test_record__on_a_full_disk_fails_and_the_call_goes_on(subject: Subject, fleet: Fleet, sounds: dict[int, str], tmp_path: Path) -> None:
    full = tmp_path / "full.wav"
    full.symlink_to("/dev/full")
    call = answered(subject, fleet)
    subject.record(CALLER, str(full), silence_seconds=0)
    assert subject.fact("RecordingEnded", within=8)["failed"]
    subject.play_prompt(CALLER, [sounds[700]])
    until(lambda: call.hears(700), what="the words that follow")


@pytest.mark.parametrize("method", ["rfc4733", "info"])
def test_keys__of_a_real_phone_are_heard_while_it_is_recorded(subject: Subject, bank: Bank, tmp_path: Path, method: str) -> None:
    line = bank.phone("alice").call(f"sip:support@127.0.0.1:{subject.port}")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.fact("LegAnswered", leg=CALLER)
    subject.record(CALLER, str(tmp_path / "message.wav"), silence_seconds=0)
    until(lambda: line.talking, what="the answer")
    line.send_digits("#", method)
    subject.fact("DigitPressed", leg=CALLER, digit="#", method=method)
    subject.stop_recording(CALLER)
    assert subject.fact("RecordingEnded")["seconds"] >= 0
