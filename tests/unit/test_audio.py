"""Whatever is uploaded becomes one kind of sound of one loudness, or is refused with the remedy."""

from __future__ import annotations

import contextlib
import io
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.core import audio
from callcenter.core.audio import level, refusals

from .sounds import encoded, pitch, tone

KINDS = [
    ("WAV", "PCM_16", 44100, 2, "a.wav"),
    ("WAV", "PCM_24", 48000, 1, "a.wav"),
    ("WAV", "FLOAT", 16000, 1, "a.wav"),
    ("WAV", "ALAW", 8000, 1, "a.wav"),
    ("MP3", "MPEG_LAYER_III", 44100, 2, "a.mp3"),
    ("OGG", "VORBIS", 44100, 1, "a.ogg"),
    ("OGG", "OPUS", 48000, 1, "a.opus"),
    ("RAW", "ALAW", 8000, 1, "a.alaw"),
    ("RAW", "ULAW", 8000, 1, "A.ULAW"),
    ("AU", "ULAW", 8000, 1, "a.au"),
    ("FLAC", "PCM_16", 22050, 1, "whatever"),
]


@pytest.mark.parametrize(("kind", "subtype", "rate", "channels", "name"), KINDS)
def test_every_format_becomes_the_same_sound(kind: str, subtype: str, rate: int, channels: int, name: str) -> None:
    sound = audio.convert(encoded(tone(700, 2, rate=rate), rate, kind, subtype, channels), name)
    assert pitch(sound.samples, audio.RATE) == pytest.approx(700, abs=3)
    assert sound.seconds == pytest.approx(2, abs=0.1)
    assert level.loudness(sound.samples) == pytest.approx(audio.SPEECH_LUFS, abs=0.5)


def test_loudness_is_that_of_the_recommendation() -> None:
    """BS.1770: a sine of 997 Hz at full scale in one channel is -3.01 LUFS; half of it 6.02 less, a bass tone less still."""
    assert level.loudness(tone(997, 5, level=1.0).astype(np.float32)) == pytest.approx(-3.01, abs=0.05)
    assert level.loudness(tone(997, 5, level=0.5).astype(np.float32)) == pytest.approx(-9.03, abs=0.05)
    assert level.loudness(tone(60, 5, level=1.0).astype(np.float32)) < -4.5


def test_pauses_do_not_make_a_voice_quieter() -> None:
    voice = tone(500, 4).astype(np.float32)
    paused = np.concatenate([voice, np.zeros(8 * audio.RATE, np.float32)])
    assert level.loudness(paused) == pytest.approx(level.loudness(voice), abs=0.5)


@given(st.floats(-45, 0), st.floats(200, 3000))
@settings(max_examples=25, deadline=None)
def test_quiet_and_loud_come_out_alike_and_nothing_clips(decibels: float, hertz: float) -> None:
    sound = audio.finish(tone(hertz, 1, level=10 ** (decibels / 20)).astype(np.float32))
    assert level.db(level.peak(sound.samples)) <= -0.99
    assert level.loudness(sound.samples) == pytest.approx(audio.SPEECH_LUFS, abs=0.6)
    assert sound.peak_db == pytest.approx(decibels, abs=0.2)


def test_peaks_are_not_clipped_for_the_loudness() -> None:
    crackling = np.zeros(audio.RATE * 2, np.float32)
    crackling[::4000] = 0.9
    assert level.db(level.peak(audio.finish(crackling).samples)) == pytest.approx(-1, abs=0.1)


def test_silence_at_both_ends_is_cut_but_not_to_the_bone() -> None:
    quiet = np.zeros(audio.RATE * 2)
    file = encoded(np.concatenate([quiet, tone(600, 1), quiet]), audio.RATE)
    assert audio.convert(file).seconds == pytest.approx(1.3, abs=0.05)
    assert audio.convert(file, trim=False).seconds == pytest.approx(5, abs=0.01)


def test_the_waveform_shows_where_it_is_loud() -> None:
    sound = audio.finish(np.concatenate([tone(500, 1, level=0.1), tone(500, 1, level=0.4)]).astype(np.float32))
    assert len(sound.waveform) == level.BARS
    assert max(sound.waveform) == 100
    assert sound.waveform[40] == pytest.approx(25, abs=2)


def wav_that_claims(seconds: int) -> io.BytesIO:
    """A header of a length that the file does not have."""
    data = encoded(tone(seconds=1), 16000).getvalue()
    return io.BytesIO(data[:40] + struct.pack("<I", seconds * 32000) + data[44:])


def flac(seconds: float) -> io.BytesIO:
    """Small, and long when unpacked."""
    return encoded(np.zeros(round(seconds * 8000)), 8000, "FLAC")


BAD = [
    (io.BytesIO(b""), "a.wav", refusals.EmptyFile, "empty"),
    (io.BytesIO(b"Dear Sir or Madam " * 100), "a.wav", refusals.Unreadable, "Save it as WAV, MP3"),
    (io.BytesIO(b"\x89PNG\r\n\x1a\n" + bytes(900)), "a.mp3", refusals.Unreadable, "not a sound file"),
    (io.BytesIO(encoded(tone(), 16000).getvalue()[:44]), "a.wav", refusals.Broken, "damaged"),
    (io.BytesIO(b"\0\0\0\x20ftypisom" + bytes(900)), "a.mp4", refusals.Video, "MP4"),
    (io.BytesIO(b"\x1a\x45\xdf\xa3" + bytes(900)), "a.webm", refusals.Video, "WebM"),
    (io.BytesIO(b"RIFF\0\0\0\0AVI LIST" + bytes(900)), "a.avi", refusals.Video, "AVI"),
    (io.BytesIO(b"\1\2\3" * 300), "a.raw", refusals.RawWithoutKind, ".alaw"),
    (encoded(tone(), 16000, channels=6), "a.wav", refusals.TooManyChannels, "mono or stereo"),
    (encoded(tone(rate=2000), 2000), "a.wav", refusals.OddRate, "2000 Hz"),
    (encoded(np.zeros(16000), 16000), "a.wav", refusals.Silent, "microphone"),
    (encoded(tone(level=0.0005), 16000), "a.wav", refusals.Silent, "silence"),
    (flac(7200), "a.flac", refusals.TooLong, "120 minutes; 10 minutes are the most"),
]


@pytest.mark.parametrize(("file", "name", "refusal", "remedy"), BAD, ids=[f"{row[2].__name__}-{row[1]}" for row in BAD])
def test_a_bad_file_gets_one_clear_message(file: io.BytesIO, name: str, refusal: type[audio.Unusable], remedy: str) -> None:
    with pytest.raises(refusal) as caught:
        audio.convert(file, name)
    assert remedy in caught.value.detail


def test_a_file_that_claims_more_than_it_has_is_taken_as_it_is_or_refused() -> None:
    assert audio.convert(wav_that_claims(60)).seconds == pytest.approx(1, abs=0.1)


def test_a_stream_that_does_not_say_its_length_is_cut_off_at_the_limit() -> None:
    """What an MP3 unfolds to is known only by decoding it; the decoder stops one block after the limit."""
    with pytest.raises(refusals.TooLong):
        audio.convert(encoded(tone(300, 70), 16000, "MP3"), "a.mp3", longest=30)


@given(st.binary(max_size=3000), st.sampled_from(["a.wav", "a.mp3", "a.ogg", "a.alaw", "a"]))
@settings(max_examples=60, deadline=None)
def test_any_bytes_give_a_sound_or_a_refusal(data: bytes, name: str) -> None:
    with contextlib.suppress(audio.Unusable):
        assert np.isfinite(audio.convert(io.BytesIO(data), name, longest=5).samples).all()
