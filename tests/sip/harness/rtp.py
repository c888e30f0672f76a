"""RTP for many light phones through one socket: tones sent from one clock, what arrives told apart by its source.

A hundred calls cost a small part of a core this way: packets are encoded beforehand, one loop paces all.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
import socket
import struct
import time
from collections import deque
from functools import cache

import numpy as np

from . import tones

HOST = "127.0.0.1"
FRAME = 160
"""Samples in a packet: 20 ms."""
SLOTS = 10
"""The streams are sent in so many groups, 2 ms apart: all at once would be a burst that no network sends."""
HEADER = struct.Struct("!BBHII")
PCMA, EVENT = 8, 101
KEYS = "0123456789*#"
REPORT = struct.Struct("!BBHIIIIIII")
SENDER_REPORT, RECEIVER_REPORT = 200, 201
REPORT_SECONDS = 0.5


@cache
def packets(frequency: int) -> list[bytes]:
    encoded = tones.to_alaw(tones.tone(frequency))
    return [encoded[start : start + FRAME] for start in range(0, len(encoded), FRAME)]


class Stream:
    """One phone's audio in one call."""

    def __init__(self, frequency: int, remote: tuple[str, int], *, ear_seconds: float = 3.0) -> None:
        self.frequency, self.remote = frequency, remote
        self.payloads = packets(frequency)
        self.sequence, self.ssrc = random.randrange(1 << 15), random.getrandbits(32)
        self.timestamp = random.getrandbits(31)
        self.sending = True
        self.reporting = False
        """Sends RTCP, which a phone that is muted does as well."""
        self.peer = self.last_report = 0
        self.last_report_at = 0.0
        self.reports_answered = 0
        self.sent = self.received = 0
        self.first_sequence = self.highest_sequence = -1
        self.first_at = self.last_at = 0.0
        self.longest_gap = 0.0
        self.ear: deque[bytes] = deque(maxlen=int(ear_seconds * 50))
        self.listening_for: int | None = None
        """A tone, multiple of 50 Hz, whose first packet is to be noted in `heard_at`."""
        self.heard_at: dict[int, float] = {}
        self.events: deque[tuple[int, int, int, int, bool]] = deque()
        self.pressed_at = 0.0
        """When the first packet of the last key left."""

    def press(self, key: str) -> None:
        """The key as a phone sends it (RFC 4733 2.5): 100 ms of it, the end said three times."""
        code, start = KEYS.index(key), (self.timestamp + FRAME) & 0xFFFFFFFF
        self.events += [(code, 0x0A, FRAME * (n + 1), start, n == 0) for n in range(5)]
        self.events += [(code, 0x8A, FRAME * 5, start, False)] * 3

    def send(self, sock: socket.socket) -> None:
        self.sequence = (self.sequence + 1) & 0xFFFF
        self.timestamp = (self.timestamp + FRAME) & 0xFFFFFFFF
        if self.events:
            code, flags, duration, start, first = self.events.popleft()
            self.pressed_at = time.monotonic() if first else self.pressed_at
            header = HEADER.pack(0x80, EVENT | 0x80 if first else EVENT, self.sequence, start, self.ssrc)
            sock.sendto(header + struct.pack("!BBH", code, flags, duration), self.remote)
            return
        header = HEADER.pack(0x80, PCMA if self.sent else PCMA | 0x80, self.sequence, self.timestamp, self.ssrc)
        sock.sendto(header + self.payloads[self.sent % len(self.payloads)], self.remote)
        self.sent += 1

    def take(self, data: bytes, now: float) -> None:
        _, kind, sequence, _, self.peer = HEADER.unpack_from(data)
        if kind & 0x7F != PCMA:
            return
        self._count(sequence, now)
        self.ear.append(data[12:])
        if self.listening_for is not None and tones.share(tones.from_alaw(data[12:]), self.listening_for, block=FRAME) > 0.5:
            self.heard_at[self.listening_for] = now
            self.listening_for = None

    def report(self, sock: socket.socket, now: float) -> None:
        """A receiver report (RFC 3550 6.4.2), by which the peer measures the round trip if we had one of its own before."""
        since = max(1, int((now - self.last_report_at) * 65536)) if self.last_report else 0
        block = (self.peer, 0, max(0, self.highest_sequence), 0, self.last_report, since)
        sock.sendto(REPORT.pack(0x81, RECEIVER_REPORT, 7, self.ssrc, *block), (self.remote[0], self.remote[1] + 1))
        self.reports_answered += bool(self.last_report)

    def take_report(self, data: bytes, now: float) -> None:
        if data[1] == SENDER_REPORT:
            self.last_report, self.last_report_at = int.from_bytes(data[10:14], "big"), now

    def _count(self, sequence: int, now: float) -> None:
        if self.first_sequence < 0:
            self.first_sequence = self.highest_sequence = sequence
            self.first_at = now
        else:
            self.longest_gap = max(self.longest_gap, now - self.last_at)
            ahead = (sequence - self.highest_sequence) & 0xFFFF
            self.highest_sequence += ahead if ahead < 0x8000 else 0
        self.received += 1
        self.last_at = now

    @property
    def lost(self) -> int:
        """Packets missing between the first and the last that arrived."""
        return self.highest_sequence - self.first_sequence + 1 - self.received if self.received else 0

    def last(self, seconds: float) -> tones.Samples:
        wanted = list(self.ear)[-int(seconds * 50) :]
        return tones.from_alaw(b"".join(wanted)) if wanted else np.zeros(0, dtype=np.int16)

    def share(self, frequency: int, seconds: float = 0.4) -> float:
        if len(self.ear) < seconds * 50 or time.monotonic() - self.last_at > 0.2:
            return 0.0  # not that long yet, or no longer
        return tones.share(self.last(seconds), frequency)


class Studio:
    """The socket and the clock of all streams of a fleet."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.socket, self.control = _pair()
        self.port = self.socket.getsockname()[1]
        self.by_source: dict[tuple[str, int], list[Stream]] = {}
        """Several while phones that were rung with one INVITE are answered at once: the oldest hears."""
        self.slots: list[dict[Stream, None]] = [{} for _ in range(SLOTS)]
        self._turn = itertools.count()
        loop.add_reader(self.socket.fileno(), self._read)
        loop.add_reader(self.control.fileno(), self._read_reports)
        self._tick(loop.time(), 0)
        self._report()

    def open(self, stream: Stream) -> Stream:
        self._hear(stream)
        self.slots[next(self._turn) % SLOTS][stream] = None
        return stream

    def _hear(self, stream: Stream) -> None:
        self.by_source.setdefault(stream.remote, []).append(stream)

    def _ignore(self, stream: Stream) -> None:
        heard = self.by_source.get(stream.remote, [])
        if stream in heard:
            heard.remove(stream)
        if not heard:
            self.by_source.pop(stream.remote, None)

    def move(self, stream: Stream, remote: tuple[str, int]) -> None:
        self._ignore(stream)
        stream.remote = remote
        self._hear(stream)

    def close(self, stream: Stream) -> None:
        self._ignore(stream)
        for slot in self.slots:
            slot.pop(stream, None)

    def shut(self) -> None:
        for sock in (self.socket, self.control):
            self.loop.remove_reader(sock.fileno())
            sock.close()

    def _tick(self, start: float, number: int) -> None:
        if self.socket.fileno() < 0:
            return
        for stream in self.slots[number % SLOTS]:
            if stream.sending:
                try:
                    stream.send(self.socket)
                except OSError:  # the peer's port is gone already; its BYE is on the way
                    stream.sent += 1
        self.loop.call_at(start + (number + 1) * 0.02 / SLOTS, self._tick, start, number + 1)

    def _read(self) -> None:
        now = time.monotonic()
        for _ in range(256):
            try:
                data, source = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            except OSError:
                continue
            streams = self.by_source.get(source)
            if streams and len(data) > 12:
                streams[0].take(data, now)

    def _report(self) -> None:
        if self.control.fileno() < 0:
            return
        for stream in [stream for heard in self.by_source.values() for stream in heard if stream.reporting]:
            with contextlib.suppress(OSError):  # the peer's port is gone already
                stream.report(self.control, time.monotonic())
        self.loop.call_later(REPORT_SECONDS, self._report)

    def _read_reports(self) -> None:
        try:
            data, (host, port) = self.control.recvfrom(2048)
        except OSError:
            return
        streams = self.by_source.get((host, port - 1))
        if streams and len(data) >= 28:
            streams[0].take_report(data, time.monotonic())


def _pair() -> tuple[socket.socket, socket.socket]:
    """An even port for RTP and the next one for RTCP."""
    while True:
        media, control = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for sock in (media, control):
            sock.setblocking(False)
        media.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        media.bind((HOST, 0))
        port = media.getsockname()[1]
        try:
            if port % 2 == 0:
                control.bind((HOST, port + 1))
                return media, control
        except OSError:
            pass
        media.close()
        control.close()
