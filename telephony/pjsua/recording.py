"""What a leg says, written into a file: opened, watched and closed on the loop's thread, never by a callback.

The library tells nothing of a recording: not that the disk is full, not that nobody speaks, not that the file is whole. So it
is looked at: its size each second, the level of the leg's sound at each turn, its header after the end.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pjsua2 as pj

from ..ports import Fact, LegId, RecordingEnded, SilenceHeard

log = logging.getLogger(__name__)

BYTES_PER_SECOND = 16_000
HEADER_BYTES = 44
"""As the library writes it: RIFF, then "fmt ", then "data" with its length at the end."""
SPEECH_LEVEL = 8
"""On the library's scale, which is logarithmic as µ-law is: the average of a frame is some 170 of 32768, -46 dB. Measured with
sines of the amplitudes 9000, 3000, 800, 200 and 60: 33, 24, 14, 6 and 1. People on telephones are above 14, quiet lines below 4."""
LOOK_SECONDS = 1.0
STUCK_SECONDS = 3.0
"""A file that has not grown for so long will not: the disk is full. 8000 bytes, half a second, may wait in buffers."""
WHOLE_SECONDS = 1.0
"""The header is written a turn or two of the bridge (20 ms) after the end."""


@dataclass(eq=False, slots=True)
class Recording:
    leg: LegId
    path: str
    silence_seconds: float
    recorder: Any
    heard_at: float
    """When the leg was loud last; 0: silence was told already, or nobody asked."""
    looked_at: float
    grown_at: float
    size: int = 0
    ended_at: float | None = None
    failed: bool = False


class Recordings:
    """:param port_of: the audio port of a leg, None while it has none."""

    def __init__(self, port_of: Callable[[LegId], Any], tell: Callable[[Fact], None]) -> None:
        self._port_of = port_of
        self._tell = tell
        self._running: dict[LegId, Recording] = {}
        self._closing: list[Recording] = []

    def start(self, leg: LegId, path: str, silence_seconds: float) -> None:
        """Raises `OSError` when the file cannot be made."""
        self.stop(leg)
        recorder = pj.AudioMediaRecorder()
        try:
            recorder.createRecorder(path)
        except pj.Error as error:
            log.error("A recording cannot begin: %s", error.reason)
            raise OSError(f"Cannot write {path}: {error.reason}.") from error
        now = time.monotonic()
        self._running[leg] = Recording(leg, path, silence_seconds, recorder, now if silence_seconds else 0.0, now, now)
        self.connect(leg)

    def connect(self, leg: LegId) -> None:
        """The leg has an audio port, maybe a new one."""
        recording, port = self._running.get(leg), self._port_of(leg)
        if recording and port:
            _quietly(lambda: port.startTransmit(recording.recorder))

    def stop(self, leg: LegId) -> None:
        recording = self._running.pop(leg, None)
        if recording is None:
            return
        port = self._port_of(leg)
        if port:
            _quietly(lambda: port.stopTransmit(recording.recorder))
        recording.recorder = None  # the library closes the file at the bridge's next turn
        recording.ended_at = time.monotonic()
        self._closing.append(recording)

    def tick(self) -> None:
        if not self._running and not self._closing:
            return
        now = time.monotonic()
        for recording in list(self._running.values()):
            self._listen(recording, now)
            if now >= recording.looked_at + LOOK_SECONDS:
                self._look(recording, now)
        for recording in list(self._closing):
            self._finish(recording, now)

    def close(self) -> None:
        """Let go of every file; the stack must still be alive."""
        for leg in list(self._running):
            self.stop(leg)
        self._closing.clear()

    # ---- while it runs ------------------------------------------------------------------------------------------
    def _listen(self, recording: Recording, now: float) -> None:
        if not recording.heard_at:
            return
        if self._level(recording.leg) >= SPEECH_LEVEL:
            recording.heard_at = now
        elif now >= recording.heard_at + recording.silence_seconds:
            recording.heard_at = 0.0
            self._tell(SilenceHeard(recording.leg))

    def _level(self, leg: LegId) -> int:
        port = self._port_of(leg)
        try:
            return int(port.getTxLevel()) if port else 0  # what the port transmits into the bridge
        except pj.Error:  # the port went this instant
            return 0

    def _look(self, recording: Recording, now: float) -> None:
        recording.looked_at = now
        size = _size(recording.path)
        if size > recording.size or not self._port_of(recording.leg):
            recording.size, recording.grown_at = max(size, recording.size), now
        elif now >= recording.grown_at + STUCK_SECONDS:
            log.error("A recording does not grow any more: is the disk full?")
            recording.failed = True
            self.stop(recording.leg)

    # ---- after the end ------------------------------------------------------------------------------------------
    def _finish(self, recording: Recording, now: float) -> None:
        ended = recording.ended_at or now
        if not (_is_whole(recording.path) or now >= ended + WHOLE_SECONDS):
            return
        self._closing.remove(recording)
        seconds = max(0, _size(recording.path) - HEADER_BYTES) / BYTES_PER_SECOND
        self._tell(RecordingEnded(recording.leg, recording.path, seconds, recording.failed))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _is_whole(path: str) -> bool:
    """The length of the data is written last."""
    try:
        with open(path, "rb") as file:
            header = file.read(HEADER_BYTES)
    except OSError:
        return True  # nothing will come of it
    return len(header) == HEADER_BYTES and any(header[40:44])


def _quietly(operation: Callable[[], None]) -> None:
    """A port may vanish between the wish and the deed; then there is nothing left to connect."""
    try:
        operation()
    except pj.Error:
        return
