"""Any sound file to mono samples, in bounded time and memory whatever the file claims."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from . import refusals

Samples = npt.NDArray[np.float32]

RATE = 16_000
"""Wideband telephony (G.722); narrowband is made from it."""
MOST_BYTES = 100 * 1024 * 1024
"""Half an hour of MP3 at 320 kbit/s, nine minutes of a CD."""
RATES = (4_000, 192_000)
MOST_CHANNELS = 2
BLOCK_SECONDS = 10
"""Decoded at a time: a file that unfolds to a thousand times its size is noticed after one block too many."""
HEAD_BYTES = 512

RAW = {".alaw": "ALAW", ".al": "ALAW", ".pcma": "ALAW", ".ulaw": "ULAW", ".ul": "ULAW", ".mulaw": "ULAW", ".pcmu": "ULAW"}
"""Names that Asterisk, FreeSWITCH and sox give to G.711 without a header."""
UNSAID = (".raw", ".pcm", ".sln")
SPOILT = (soundfile.LibsndfileError, RuntimeError, TypeError, ValueError)
"""What soundfile raises, according to where it stumbles."""


def decode(file: BinaryIO, name: str, *, longest: float) -> Samples:
    """:param name: the file's name; only the ending counts, and only for raw G.711.
    :param longest: seconds; what is longer is refused.
    :raises Unusable: one of `refusals`, with the remedy.
    """
    _check_size(file)
    with _opened(file, PurePath(name).suffix.lower()) as sound:
        _check_shape(sound, longest)
        resampler = soxr.ResampleStream(sound.samplerate, RATE, 1, dtype="float32", quality="HQ")
        parts = [resampler.resample_chunk(block) for block in _blocks(sound, longest)]
        parts.append(resampler.resample_chunk(np.zeros(0, np.float32), last=True))
    return np.concatenate(parts)


def _check_size(file: BinaryIO) -> None:
    size = file.seek(0, 2)
    file.seek(0)
    if size == 0:
        raise refusals.EmptyFile
    if size > MOST_BYTES:
        raise refusals.TooLarge(f"The file has {size >> 20} MB; {MOST_BYTES >> 20} MB are the most. Save it as MP3 or Ogg.")


def _opened(file: BinaryIO, ending: str) -> Any:
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if wrapping := _wrapping(head):
        raise refusals.Video(f"This is {wrapping}, a video or a sound wrapped like one. Save its sound alone. {refusals.SAVE_AS}")
    try:
        if ending in RAW:
            return soundfile.SoundFile(file, format="RAW", subtype=RAW[ending], samplerate=8000, channels=1)
        return soundfile.SoundFile(file)
    except SPOILT as error:
        if ending in UNSAID:
            raise refusals.RawWithoutKind from error
        raise refusals.Unreadable(f"This is not a sound file that can be read. {refusals.SAVE_AS}") from error


def _wrapping(head: bytes) -> str:
    """The kind of a container of moving pictures, as its first bytes tell it."""
    if head[4:8] == b"ftyp":
        return "an MP4 file"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "an AVI file"
    if head[:4] == b"OggS" and b"\x80theora" in head:
        return "an Ogg video"
    if head[:1] == b"G" and head[188:189] == head[376:377] == b"G":
        return "an MPEG transport stream"
    starts = {
        b"\x1a\x45\xdf\xa3": "a Matroska or WebM file",
        b"FLV\x01": "a Flash video",
        b"\x00\x00\x01\xba": "an MPEG video",
        b"\x00\x00\x01\xb3": "an MPEG video",
        b"\x30\x26\xb2\x75": "a Windows Media file",
    }
    return starts.get(head[:4], "")


def _check_shape(sound: Any, longest: float) -> None:
    if sound.channels > MOST_CHANNELS:
        raise refusals.TooManyChannels
    low, high = RATES
    if not low <= sound.samplerate <= high:
        raise refusals.OddRate(f"The sound has {sound.samplerate} Hz; {low} to {high} can be used. Save it with 16000 Hz.")
    # Streams whose length is not known claim a nearly endless one; those are counted while they are read.
    if sound.frames < 2**40 and sound.frames > longest * sound.samplerate:
        raise _too_long(longest, sound.frames / sound.samplerate)


def _blocks(sound: Any, longest: float) -> Iterator[Samples]:
    """Mono, never more than `longest` and a block."""
    read, most = 0, longest * sound.samplerate
    while True:
        try:
            block = sound.read(BLOCK_SECONDS * sound.samplerate, dtype="float32", always_2d=True)
        except SPOILT as error:
            raise refusals.Broken from error
        if not len(block):
            break
        read += len(block)
        if read > most:
            raise _too_long(longest, None)
        if not np.isfinite(block).all():
            raise refusals.Broken
        yield block.mean(axis=1, dtype=np.float32)
    if not read:
        raise refusals.Broken


def _too_long(longest: float, seconds: float | None) -> refusals.TooLong:
    has = f"The sound lasts {_length(seconds)}" if seconds else "The sound goes on"
    return refusals.TooLong(f"{has}; {_length(longest)} are the most. Cut it, or split it into several.")


def _length(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
