"""URIs, addresses and Via values, read by pattern and never rewritten.

Own code because sippy's `SipURL` rewrites escapes (`a%2Fb` becomes `a/b`), raises on `tel:` and reads text
only, and `SipAddress` raises on addresses without angle brackets.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

REMEMBERED = 2048
"""Values whose reading is remembered: the same From, To and Via are read many times in each call."""

Address = tuple[str, int]
"""IPv4 address and UDP port."""

_HOST = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,126}[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]{2,45}\])"
_URI = re.compile(rf"(sips?):(?:([^@\s<>\"]{{1,256}})@)?({_HOST})(?::(\d{{1,5}}))?((?:;[^\s<>;?\"]*)*)(\?[^\s<>\"]*)?", re.IGNORECASE)
_TEL = re.compile(r"tel:[0-9A-Za-z+*#().-]{1,60}(?:;[A-Za-z0-9.=+;-]*)?", re.IGNORECASE)
_NAME_ADDR = re.compile(r'\s*(?:"(?:[^"\\]|\\.)*"|[^"<>,;:]*)\s*<([^<>\s]+)>\s*((?:;.*)?)\Z')
_VIA = re.compile(rf"SIP\s*/\s*2\.0\s*/\s*([A-Za-z]{{2,8}})\s+({_HOST})(?:\s*:\s*(\d{{1,5}}))?\s*((?:;[^,]*)?)\Z", re.IGNORECASE)


def parameters(text: str) -> dict[str, str]:
    """`;lr;f=x` as a dict; names in lower case, a parameter without value has an empty one."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        if name.strip():
            found.setdefault(name.strip().lower(), value.strip())
    return found


@dataclass(frozen=True, slots=True)
class Uri:
    scheme: str
    user: str
    """As written, escapes and parameters included."""
    host: str
    port: int
    """0: not written, which means 5060."""
    params: str

    @classmethod
    @functools.lru_cache(REMEMBERED)
    def parse(cls, text: str) -> Self | None:
        """None for anything that is not a plain sip or sips URI."""
        found = _URI.fullmatch(text)
        if not found or (found[4] and not 0 < int(found[4]) < 65536):
            return None
        return cls(found[1].lower(), found[2] or "", found[3].lower(), int(found[4] or 0), found[5] or "")

    @property
    def number(self) -> str:
        """The user part as people know it: without password and parameters, escapes resolved."""
        return unquote(self.user.partition(";")[0].partition(":")[0])

    @property
    def address(self) -> Address:
        return self.host, self.port or 5060

    def same_as(self, other: Uri) -> bool:
        return (self.number, self.host, self.port or 5060) == (other.number, other.host, other.port or 5060)


@dataclass(frozen=True, slots=True)
class NameAddr:
    """The value of From, To, Contact or Route."""

    uri: str
    params: str

    @classmethod
    @functools.lru_cache(REMEMBERED)
    def parse(cls, text: str) -> Self | None:
        found = _NAME_ADDR.match(text)
        if found:
            return cls(found[1], found[2])
        if "<" in text or '"' in text:
            return None
        # Without brackets the parameters belong to the header (RFC 3261 20.10).
        uri, semicolon, params = text.strip().partition(";")
        return cls(uri.rstrip(), semicolon + params)


def callable_uri(text: str) -> bool:
    """A URI that may stand in From, To, Contact or Refer-To: sip, sips or tel, of bounded size."""
    return bool(Uri.parse(text) or _TEL.fullmatch(text))


@dataclass(frozen=True, slots=True)
class Via:
    transport: str
    host: str
    port: int
    params: dict[str, str]

    @classmethod
    @functools.lru_cache(REMEMBERED)
    def parse(cls, text: str) -> Self | None:
        found = _VIA.match(text)
        if not found or (found[3] and not 0 < int(found[3]) < 65536):
            return None
        return cls(found[1].upper(), found[2].lower(), int(found[3] or 0), parameters(found[4]))

    @property
    def branch(self) -> str:
        return self.params.get("branch", "")

    @property
    def reply_to(self) -> Address:
        """Where a response goes (RFC 3261 18.2.2, RFC 3581 4)."""
        port = self.params.get("rport", "")
        host = self.params.get("received") or self.host
        return host, int(port) if port.isascii() and port.isdigit() else self.port or 5060
