"""Just enough SIP for a light phone: read and write messages, answer digest challenges, offer one codec."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass, field

COMPACT = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length", "c": "content-type"}
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


@dataclass
class Message:
    """A request or a response; header names are compared in lower case and kept in order."""

    start: str
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    @classmethod
    def parse(cls, data: bytes) -> Message:
        head, _, body = data.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        pairs = (line.partition(":")[::2] for line in lines)
        return cls(start, [(COMPACT.get(n.strip().lower(), n.strip().lower()), v.strip()) for n, v in pairs], body)

    def encode(self) -> bytes:
        lines = [self.start, *(f"{name}: {value}" for name, value in self.headers)]
        lines += [f"content-length: {len(self.body.encode())}", "", self.body]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape")

    def get(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def status(self) -> int:
        """0 for a request."""
        return int(self.start.split(" ", 2)[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        return self.get("cseq").split()[-1]

    @property
    def cseq(self) -> int:
        return int(self.get("cseq").split()[0])

    @property
    def branch(self) -> str:
        found = re.search(r"branch=([^;,\s]+)", self.get("via"))
        return found.group(1) if found else ""


def tag(header: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", header)
    return found.group(1) if found else ""


def uri(header: str) -> str:
    """The URI of a Contact, Route or To header."""
    found = re.search(r"<([^>]+)>", header)
    return found.group(1) if found else header.split(";")[0].strip()


def routes(message: Message) -> list[str]:
    return [part.strip() for value in message.all("record-route") for part in value.split(",")]


def respond(request: Message, status: int, reason: str, *, to_tag: str = "", contact: str = "", sdp: str = "") -> Message:
    """A response to `request` (RFC 3261 8.2.6); Record-Route goes back in those that make a dialog."""
    kept = [(n, v) for n, v in request.headers if n in ("via", "from", "call-id", "cseq", "record-route")]
    to = request.get("to")
    if to_tag and not tag(to):
        to += f";tag={to_tag}"
    headers = [*kept, ("to", to)]
    if contact:
        headers.append(("contact", f"<{contact}>"))
    if sdp:
        headers.append(("content-type", "application/sdp"))
    return Message(f"SIP/2.0 {status} {reason}", headers, sdp)


def challenge(response: Message, algorithm: str) -> dict[str, str]:
    """The parameters of the challenge for `algorithm`, or of the only one there is."""
    name = "www-authenticate" if response.status == 401 else "proxy-authenticate"
    offered = [dict(re.findall(r'(\w+)="?([^",]*)"?', value.partition(" ")[2])) for value in response.all(name)]
    return next((one for one in offered if one.get("algorithm", "MD5").upper() == algorithm), offered[0])


def credentials(asked: dict[str, str], *, user: str, password: str, method: str, uri: str, count: int = 1) -> str:
    """An Authorization header's value (RFC 7616, qop=auth)."""
    algorithm = asked.get("algorithm", "MD5").upper()

    def digest(text: str) -> str:
        return HASHES[algorithm](text.encode()).hexdigest()

    nonce, cnonce, nc = asked["nonce"], secrets.token_hex(8), f"{count:08x}"
    secret = digest(f"{user}:{asked['realm']}:{password}")
    answer = digest(f"{secret}:{nonce}:{nc}:{cnonce}:auth:{digest(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{asked["realm"]}", nonce="{nonce}", uri="{uri}", response="{answer}", '
        f'algorithm={algorithm}, qop=auth, nc={nc}, cnonce="{cnonce}"' + (f', opaque="{asked["opaque"]}"' if "opaque" in asked else "")
    )


def sdp(host: str, port: int, direction: str = "sendrecv", version: int = 1) -> str:
    lines = [
        "v=0", f"o=- 1 {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", f"m=audio {port} RTP/AVP 8 101",
        "a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16", "a=ptime:20", f"a={direction}", "",
    ]  # fmt: skip
    return "\r\n".join(lines)


def media_address(body: str) -> tuple[str, int] | None:
    """Where the peer wants its RTP; None if the description has no audio."""
    host, port = re.search(r"^c=IN IP4 (\S+)", body, re.M), re.search(r"^m=audio (\d+) ", body, re.M)
    return (host.group(1), int(port.group(1))) if host and port and port.group(1) != "0" else None
