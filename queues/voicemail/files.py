"""The files of messages: 8 kHz, 16 bit, mono WAV in the data folder, readable by the product's own user alone.

A call process, which may run as nobody, writes into a folder of its own; from there a file is taken by renaming it. What a
stranger's packets could make of such a process must not reach other files: nothing is followed that is no plain file.
"""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from queues.models import VoicemailMessage

RATE = 8000
BYTES_PER_SECOND = RATE * 2
HEADER_BYTES = 44


class NoRecording(Exception):
    """There is no such file, or it is no recording."""


def folder() -> Path:
    return Path(settings.DATA_DIR) / "voicemail"


def path_of(message: VoicemailMessage) -> Path:
    """Where its sound is, by month, so that no folder has too many."""
    return folder() / "messages" / f"{message.left_at:%Y-%m}" / f"{message.public_id}.wav"


def seconds_in(path: Path) -> float:
    """How long the recording is, whatever its header says: the header of one whose process died says 0.

    :raises NoRecording: nothing is there that is one.
    """
    try:
        with _opened(path, os.O_RDONLY) as file:
            return max(0, os.fstat(file).st_size - HEADER_BYTES) / BYTES_PER_SECOND
    except FileNotFoundError as error:
        raise NoRecording(f"There is no recording {path.name}.") from error


def take(recorded: Path, message: VoicemailMessage) -> None:
    """Bring a recording to where its message expects it, cut to the message's length. Done already: nothing happens.

    :raises NoRecording: it is not there, and never was, or it is something else.
    """
    there = path_of(message)
    ours = there.with_name(f".{there.name}")
    there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # First out of the reach of call processes: what is looked at then is what stays.
    with contextlib.suppress(FileNotFoundError):
        os.rename(recorded, ours)
    with contextlib.suppress(FileNotFoundError):
        _mend(ours, message.seconds)
        os.rename(ours, there)
    if not there.exists():
        raise NoRecording(f"There is no recording {recorded.name}.")


def take_apart(recorded: Path, seconds: float) -> Path:
    """Bring a recording that is no message out of the reach of call processes, cut to its length; whoever asked deletes it.

    :raises NoRecording: it is not there, or it is something else.
    """
    ours = folder() / f".apart-{recorded.name}"
    try:
        os.rename(recorded, ours)
        _mend(ours, seconds)
    except FileNotFoundError as error:
        raise NoRecording(f"There is no recording {recorded.name}.") from error
    return ours


def erase(message: VoicemailMessage) -> None:
    path_of(message).unlink(missing_ok=True)


def _mend(path: Path, seconds: float) -> None:
    """Ours from now on, with a length and a header that fit each other."""
    with _opened(path, os.O_RDWR) as file:
        os.fchown(file, os.geteuid(), os.getegid())
        os.fchmod(file, 0o600)
        size = min(os.fstat(file).st_size - HEADER_BYTES, round(seconds * RATE) * 2)
        os.ftruncate(file, HEADER_BYTES + size)
        os.pwrite(file, header(size), 0)


def header(size: int) -> bytes:
    """Of a WAV file with so many bytes of sound: PCM, one channel."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, BYTES_PER_SECOND, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", 36 + size, b"WAVE") + form + struct.pack("<4sI", b"data", size)


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    try:
        file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise NoRecording(f"{path.name} is no recording: {error.strerror}.") from error
    try:
        facts = os.fstat(file)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1 or facts.st_size < HEADER_BYTES:
            raise NoRecording(f"{path.name} is no recording.")
        yield file
    finally:
        os.close(file)
