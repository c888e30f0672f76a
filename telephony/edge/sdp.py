"""Session descriptions, read by a small grammar and written anew from what was understood.

Nothing of the original text passes: what is not in the grammar below cannot reach PJSIP (or a phone).
Unknown attributes, codecs and bandwidth lines fall away; video and second audio streams are switched off
(port 0) but keep their place (RFC 3264 6); what would have to be guessed is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LINES = 120
MAX_LINE = 400
MAX_STREAMS = 4
STATIC = {0: "PCMU/8000", 8: "PCMA/8000", 9: "G722/8000"}
"""Payload types of RFC 3551 that we let through; 13 (comfort noise) goes, PJSIP does not need it."""
DIRECTIONS = frozenset(("sendrecv", "sendonly", "recvonly", "inactive"))

_LINE = re.compile(r"([a-z])=([ -~\x80-\xff\t]*)")
_NUMBER = re.compile(r"[0-9]{1,19}")
_CONNECTION = re.compile(r"IN IP4 ([0-9]{1,3}(?:\.[0-9]{1,3}){3})(?:/[0-9]{1,3})?")
_MEDIA = re.compile(r"([a-z]{1,12}) ([0-9]{1,5})(?:/[0-9]{1,2})? ([A-Z/]{3,20})((?: [0-9]{1,3}| [a-z0-9-]{1,20}){1,40})")
_RTPMAP = re.compile(r"([0-9]{1,3}) ([A-Za-z0-9.-]{1,30})/([0-9]{4,6})(?:/1)?")
_EVENTS = re.compile(r"([0-9]{1,3}) ([0-9][0-9,-]{0,39})")
_RTCP = re.compile(r"([0-9]{1,5})(?: IN IP4 ([0-9]{1,3}(?:\.[0-9]{1,3}){3}))?")


class BadDescription(Exception):
    """Not a session description that we understand."""


class NothingInCommon(Exception):
    """Understood, but no codec or address in it that we may use."""


@dataclass(slots=True)
class Stream:
    kind: str
    port: int
    protocol: str
    formats: list[int]
    connection: str = ""
    direction: str = ""
    ptime: int = 0
    rtcp: str = ""
    rtpmap: dict[int, str] = field(default_factory=dict)
    events: dict[int, str] = field(default_factory=dict)

    def codec(self, payload: int, *, wideband: bool) -> str:
        """The codec to write for a payload type; empty: it is not let through."""
        named = self.rtpmap.get(payload, "").upper()
        if payload in STATIC:
            fits = not named or named == STATIC[payload]
            return STATIC[payload] if fits and (wideband or payload != 9) else ""
        return "telephone-event/8000" if 96 <= payload <= 127 and named == "TELEPHONE-EVENT/8000" else ""


@dataclass(slots=True)
class Description:
    origin: tuple[int, int, str]
    connection: str = ""
    direction: str = ""
    streams: list[Stream] = field(default_factory=list)

    def write(self, *, wideband: bool) -> bytes:
        """Raises NothingInCommon. `wideband`: G.722 may stay."""
        session, version, host = self.origin
        spoken = self._spoken()
        address = self.connection or spoken.connection
        if not address:
            raise NothingInCommon("no address")
        # For all streams, whatever was written: PJSIP 2.15.1 reads the address of streams that are switched off as well, and ends
        # the process where there is none.
        lines = ["v=0", f"o=- {session} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {address}", "t=0 0"]
        for stream in self.streams:
            lines.extend(self._audio(stream, wideband) if stream is spoken else _switched_off(stream))
        return "".join(f"{line}\r\n" for line in lines).encode("latin-1")

    def _spoken(self) -> Stream:
        """The one audio stream that we use: the first that is switched on, else the first of all (refused by port 0)."""
        audio = [stream for stream in self.streams if stream.kind == "audio" and stream.protocol == "RTP/AVP"]
        if not audio:
            raise NothingInCommon("no plain audio stream")
        return next((stream for stream in audio if stream.port), audio[0])

    def _audio(self, stream: Stream, wideband: bool) -> Iterator[str]:
        codecs = {payload: stream.codec(payload, wideband=wideband) for payload in stream.formats}
        codecs = {payload: codec for payload, codec in codecs.items() if codec}
        if not any(payload in STATIC for payload in codecs):
            raise NothingInCommon("no codec")
        yield f"m=audio {stream.port} RTP/AVP {' '.join(map(str, codecs))}"
        if stream.connection:
            yield f"c=IN IP4 {stream.connection}"
        if stream.rtcp:
            yield f"a=rtcp:{stream.rtcp}"
        for payload, codec in codecs.items():
            yield f"a=rtpmap:{payload} {codec}"
            if payload in stream.events and payload not in STATIC:
                yield f"a=fmtp:{payload} {stream.events[payload]}"
        if stream.ptime:
            yield f"a=ptime:{stream.ptime}"
        yield f"a={stream.direction or self.direction or 'sendrecv'}"


def _switched_off(stream: Stream) -> Iterator[str]:
    kind = stream.kind if stream.kind in ("audio", "video") else "application"
    yield f"m={kind} 0 RTP/AVP 0"


def clean(body: bytes, *, wideband: bool) -> bytes:
    """The description as it may pass. Raises BadDescription or NothingInCommon."""
    return read(body).write(wideband=wideband)


def read(body: bytes) -> Description:
    lines = [_line(line) for line in body.decode("latin-1").replace("\r\n", "\n").rstrip("\n").split("\n")]
    kinds = "".join(kind for kind, _ in lines)
    # v o s first (RFC 8866 5); one of each, so that two readers cannot see two different things.
    if len(lines) > MAX_LINES or not kinds.startswith("vos") or any(kinds.count(kind) > 1 for kind in "vos"):
        raise BadDescription("order of lines")
    if lines[0][1] != "0":
        raise BadDescription("version")
    description = Description(_origin(lines[1][1]))
    for kind, value in lines[3:]:
        _take(description, kind, value)
    if not description.streams or len(description.streams) > MAX_STREAMS:
        raise BadDescription("number of streams")
    return description


def _line(line: str) -> tuple[str, str]:
    found = _LINE.fullmatch(line)
    if not found or len(line) > MAX_LINE:
        raise BadDescription("line")
    return found[1], found[2]


def _origin(value: str) -> tuple[int, int, str]:
    parts = value.split(" ")
    if len(parts) != 6 or not (_NUMBER.fullmatch(parts[1]) and _NUMBER.fullmatch(parts[2])) or parts[3] != "IN":
        raise BadDescription("origin")
    # The origin's address is only a name. A host name there is usual; PJSIP need not see it.
    numeric = _CONNECTION.fullmatch(f"IN IP4 {parts[5]}") if parts[4] == "IP4" else None
    bound = (1 << 62) - 1
    return int(parts[1]) & bound, int(parts[2]) & bound, _ipv4(numeric[1]) if numeric else "0.0.0.0"  # noqa: S104


def _take(description: Description, kind: str, value: str) -> None:
    stream = description.streams[-1] if description.streams else None
    if kind == "m":
        description.streams.append(_stream(value))
    elif kind == "c":
        target = stream or description
        if target.connection:
            raise BadDescription("two addresses")
        target.connection = _connection(value)
    elif kind == "a":
        _attribute(description, stream, value)
    elif kind not in "iuepbtrzk":
        raise BadDescription("unknown line")


def _connection(value: str) -> str:
    found = _CONNECTION.fullmatch(value)
    if not found:
        raise NothingInCommon("address is not IPv4 in numbers")
    return _ipv4(found[1])


def _ipv4(text: str) -> str:
    numbers = [int(part) for part in text.split(".")]
    # 224 and up is multicast: one packet in, many out.
    if max(numbers) > 255 or numbers[0] >= 224:
        raise NothingInCommon("address out of range")
    return ".".join(map(str, numbers))


def _stream(value: str) -> Stream:
    found = _MEDIA.fullmatch(value)
    if not found or int(found[2]) > 65535:
        raise BadDescription("media line")
    words = found[4].split()
    formats = [int(word) for word in words if word.isdigit()]
    if found[1] == "audio" and (len(formats) != len(words) or max(formats) > 127):
        raise BadDescription("payload types")
    return Stream(found[1], int(found[2]), found[3], list(dict.fromkeys(formats)))


def _attribute(description: Description, stream: Stream | None, value: str) -> None:
    name, _, text = value.partition(":")
    if name in DIRECTIONS and not text:
        (stream or description).direction = name
    elif stream is None or stream.kind != "audio":
        return
    elif name == "rtpmap" and (found := _RTPMAP.fullmatch(text)):
        stream.rtpmap.setdefault(int(found[1]), f"{found[2]}/{found[3]}")
    elif name == "fmtp" and (found := _EVENTS.fullmatch(text)):
        stream.events.setdefault(int(found[1]), found[2])
    elif name == "ptime" and text.isascii() and text.isdigit() and 10 <= int(text[:4]) <= 60:
        stream.ptime = int(text[:4])
    elif name == "rtcp" and (found := _RTCP.fullmatch(text)) and int(found[1]) < 65536:
        stream.rtcp = f"{int(found[1])} IN IP4 {_ipv4(found[2])}" if found[2] else str(int(found[1]))
