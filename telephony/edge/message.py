"""A SIP message, byte-exact: what the edge does not touch leaves as it came.

Lines are kept as they were read; only folded lines are joined and lists of Via, Route and Record-Route
are split, which means the same (RFC 3261 7.3.1). Text is Latin-1 inside, so that every byte survives.
"""

from __future__ import annotations

import re

MAX_BYTES = 4000
"""PJSIP_MAX_PKT_LEN: PJSIP drops what is longer."""
MAX_HEADERS = 80
MAX_LINE = 1200

METHODS = frozenset(["INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "INFO", "PRACK", "UPDATE", "REFER", "NOTIFY", "REGISTER"])

COMPACT = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "d": "request-disposition", "e": "content-encoding",
    "f": "from", "i": "call-id", "j": "reject-contact", "k": "supported", "l": "content-length", "m": "contact", "o": "event",
    "r": "refer-to", "s": "subject", "t": "to", "u": "allow-events", "v": "via", "x": "session-expires", "y": "identity",
}  # fmt: skip
LISTS = frozenset(("via", "route", "record-route"))

_TEXT = bytes(range(32, 127)) + bytes(range(128, 256)) + b"\t"
_FOLD = re.compile(r"\r\n[ \t]+")
_TAG = re.compile(r";\s*tag\s*=\s*([^\s;,>\"]+)", re.IGNORECASE)


class Malformed(Exception):
    """Not a SIP message, or one that cannot even be refused. It is dropped in silence."""


class Message:
    """One request or response. `method` is empty in a response, `status` is 0 in a request."""

    __slots__ = ("body", "headers", "method", "start", "status", "uri", "version")

    def __init__(self, start: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        self.start = start
        self.headers = headers
        self.body = body
        self.method = self.uri = ""
        self.status = 0
        self._read_start(start)

    def _read_start(self, start: str) -> None:
        if start.startswith("SIP/"):
            self.version, _, rest = start.partition(" ")
            digits = rest[:3]
            if not (digits.isascii() and digits.isdigit() and rest[3:4] in ("", " ") and 100 <= int(digits) <= 699):
                raise Malformed("status line")
            self.status = int(digits)
            return
        self.method, _, rest = start.partition(" ")
        self.uri, _, self.version = rest.rpartition(" ")
        if not self.method:
            raise Malformed("request line")

    @property
    def is_request(self) -> bool:
        return not self.status

    # ---- reading -------------------------------------------------------------------------------------
    def get(self, key: str) -> str:
        """The value of the first header of that name (lower case, long form); empty if there is none."""
        for name, line in self.headers:
            if name == key:
                return line.partition(":")[2].strip()
        return ""

    def values(self, key: str) -> list[str]:
        return [line.partition(":")[2].strip() for name, line in self.headers if name == key]

    def tag(self, key: str) -> str:
        """The tag of From or To; looked for behind the `>` so that a display name or URI cannot pose as one."""
        value = self.get(key)
        found = _TAG.search(value, value.rfind(">") + 1)
        return found[1] if found else ""

    @property
    def call_id(self) -> str:
        return self.get("call-id")

    @property
    def cseq(self) -> int:
        """The number in CSeq; -1 if there is none."""
        digits = self.get("cseq").split(None, 1)[:1]
        return int(digits[0]) if digits and digits[0].isascii() and digits[0].isdigit() else -1

    @property
    def cseq_method(self) -> str:
        return self.get("cseq").partition(" ")[2].strip()

    @property
    def key(self) -> str:
        """Names the dialog-to-be before it has a To tag: the same for INVITE, its CANCEL and its ACK to a failure."""
        return f"{self.call_id}|{self.tag('from')}"

    # ---- editing -------------------------------------------------------------------------------------
    def set(self, name: str, value: str) -> None:
        """Replace the first header of that name, or add one at the end."""
        key, line = name.lower(), f"{name}: {value}"
        for place, (known, _) in enumerate(self.headers):
            if known == key:
                self.headers[place] = (key, line)
                return
        self.headers.append((key, line))

    def push(self, name: str, value: str) -> None:
        """Put a header on top of those of its name."""
        key = name.lower()
        places = [place for place, (known, _) in enumerate(self.headers) if known == key]
        self.headers.insert(places[0] if places else 0, (key, f"{name}: {value}"))

    def pop(self, key: str) -> str:
        """Take the topmost header of that name away and return its value."""
        for place, (known, line) in enumerate(self.headers):
            if known == key:
                del self.headers[place]
                return line.partition(":")[2].strip()
        return ""

    def drop(self, *keys: str) -> None:
        self.headers = [header for header in self.headers if header[0] not in keys]

    def replace_body(self, body: bytes) -> None:
        self.body = body
        if not body:
            self.drop("content-type", "content-encoding", "content-disposition", "content-language")

    def send_to(self, uri: str) -> None:
        """Change the Request-URI."""
        self.uri = uri
        self.start = f"{self.method} {uri} SIP/2.0"

    def copy(self) -> Message:
        return Message(self.start, list(self.headers), self.body)

    def encode(self) -> bytes:
        self.set("Content-Length", str(len(self.body)))
        head = "\r\n".join([self.start, *(line for _, line in self.headers)])
        return head.encode("latin-1") + b"\r\n\r\n" + self.body

    def reply(self, status: int, reason: str, *extra: tuple[str, str], to_tag: str = "") -> Message:
        """An answer of our own to this request (RFC 3261 8.2.6)."""
        kept = [(key, line) for key, line in self.headers if key in ("via", "from", "to", "call-id", "cseq")]
        answer = Message(f"SIP/2.0 {status} {reason}", kept)
        if to_tag and not self.tag("to"):
            answer.set("To", f"{self.get('to')};tag={to_tag}")
        answer.headers.extend((name.lower(), f"{name}: {value}") for name, value in extra)
        answer.headers.append(("server", "Server: callcenter"))
        return answer


def parse(data: bytes) -> Message:
    """Read one datagram. Raises Malformed for what is not even worth an answer."""
    head, end, body = data.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end or len(data) > MAX_BYTES:
        raise Malformed("no end of headers, or too long")
    # What is left without text must be line ends only: no NUL, no bare CR or LF, no terminal codes.
    if len(head.translate(None, _TEXT)) != 2 * head.count(b"\r\n"):
        raise Malformed("control characters")
    text = head.decode("latin-1")
    start, *lines = (_FOLD.sub(" ", text) if "\r\n " in text or "\r\n\t" in text else text).split("\r\n")
    if len(lines) > MAX_HEADERS:
        raise Malformed("too many headers")
    message = Message(start, [header for line in lines for header in _headers(line)])
    message.body = _cut(message, body)
    return message


def _headers(line: str) -> list[tuple[str, str]]:
    name, colon, value = line.partition(":")
    key = name.strip().lower()
    key = COMPACT.get(key, key)
    if not colon or not key or " " in key or len(line) > MAX_LINE:
        raise Malformed("header line")
    if key in LISTS and "," in value:
        return [(key, f"{name}: {part}") for part in split_list(value)]
    return [(key, line)]


def _cut(message: Message, body: bytes) -> bytes:
    """What follows Content-Length is padding (RFC 3261 18.3). A wrong length stays visible to the shield."""
    length = message.get("content-length")
    if length.isascii() and length.isdigit() and int(length[:6]) <= len(body):
        return body[: int(length[:6])]
    return body


def split_list(value: str) -> list[str]:
    """Split at commas that are neither in quotes nor in angle brackets."""
    parts, start, quoted, angle, place = [], 0, False, False, 0
    while place < len(value):
        char = value[place]
        if quoted:
            quoted = char != '"'
            place += char == "\\"
        elif char == '"':
            quoted = True
        elif char in "<>":
            angle = char == "<"
        elif char == "," and not angle:
            parts.append(value[start:place].strip())
            start = place + 1
        place += 1
    return [part for part in [*parts, value[start:].strip()] if part]
