"""Digest authentication (RFC 7616, RFC 8760) without state that a restart could lose.

A nonce is signed and dated, so any edge with our key knows it again. What must not be forgotten, the highest
`nc` seen with a nonce, is reported to the node and comes back in its hello. A node that starts anew knows none of those:
nonces from before its start are stale.

Own code, not sippy's `SipAuthorization`: that splits quoted commas, compares with `==`, checks neither realm nor
user nor URI nor `nc`, and importing it takes a fifth of the edge's start. Tests use it as the other side.
"""

from __future__ import annotations

import base64
import enum
import hashlib
import hmac
import os
import re
import struct
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from .uri import Uri

ALGORITHMS = ("SHA-256", "MD5")
"""Best first, as RFC 8760 2.4 wants them offered."""

NONCE_SECONDS = 60
MAX_NONCES = 20_000

_PARAMETER = re.compile(r'\s*([A-Za-z-]{1,20})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))\s*(?:,|\Z)')
_NC = re.compile(r"[0-9a-fA-F]{8}")


class Verdict(enum.Enum):
    PASSED = "passed"
    STALE = "stale"
    """The password is right, the nonce is old, used or not ours: ask again, count nothing."""
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Credentials:
    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str
    qop: str
    cnonce: str
    nc: str

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """Read an Authorization value; None unless it is a complete Digest one."""
        scheme, _, rest = value.strip().partition(" ")
        if scheme.lower() != "digest" or len(rest) > 1100:
            return None
        found: dict[str, str] = {}
        place = 0
        while place < len(rest):
            part = _PARAMETER.match(rest, place)
            if not part or part[1].lower() in found:
                return None
            found[part[1].lower()] = re.sub(r"\\(.)", r"\1", part[2]) if part[2] is not None else part[3]
            place = part.end()
        names = ("username", "realm", "nonce", "uri", "response")
        if not all(found.get(name) for name in names):
            return None
        algorithm = found.get("algorithm", "MD5").upper()
        return cls(
            found["username"], found["realm"], found["nonce"], found["uri"], found["response"],
            algorithm, found.get("qop", ""), found.get("cnonce", ""), found.get("nc", ""),
        )  # fmt: skip


class Digest:
    """Challenges, and judges the answers to them."""

    def __init__(
        self, key: bytes, realm: str, *, on_mark: Callable[[str, int], object] = lambda name, count: None,
        algorithms: Sequence[str] = ALGORITHMS, clock: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        self._key = key
        self.realm = realm
        self.algorithms = algorithms
        self._on_mark = on_mark
        self._clock = clock
        self.marks: dict[str, int] = {}
        """Highest nc accepted, by the nonce's short name."""
        self.since = 0.0
        """Seconds since the epoch: of older nonces nobody knows any more how often they were used."""

    # ---- nonces --------------------------------------------------------------------------------------
    def nonce(self) -> str:
        dated = struct.pack("!Q", int(self._clock())) + os.urandom(8)
        return base64.urlsafe_b64encode(dated + self._sign(dated)).decode()

    def _sign(self, dated: bytes) -> bytes:
        return hmac.digest(self._key, b"nonce" + dated, "sha256")[:14]

    def _made(self, nonce: str) -> int | None:
        """When we made it, in seconds since the epoch; None if we did not."""
        try:
            raw = base64.b64decode(nonce, altchars=b"-_", validate=True)
        except ValueError:
            return None
        if len(raw) != 30 or not hmac.compare_digest(raw[16:], self._sign(raw[:16])):
            return None
        made: int = struct.unpack("!Q", raw[:8])[0]
        return made

    def _is_young(self, made: int) -> bool:
        """Of this minute, and of this node's life. Where the clock was put back, its start lies ahead and tells nothing."""
        now = self._clock()
        return -1 <= now - made <= NONCE_SECONDS and not made < int(self.since) <= now

    @staticmethod
    def short(nonce: str) -> str:
        return hashlib.sha256(nonce.encode("latin-1")).hexdigest()[:16]

    # ---- asking --------------------------------------------------------------------------------------
    def challenges(self, header: str, *, stale: bool = False) -> list[tuple[str, str]]:
        """One header for each algorithm, with one nonce."""
        nonce = self.nonce()
        tail = ", stale=true" if stale else ""
        return [
            (header, f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={name}, qop="auth"{tail}') for name in self.algorithms
        ]  # fmt: skip

    # ---- judging -------------------------------------------------------------------------------------
    def stand_in(self, username: str, algorithm: str) -> str:
        """The HA1 of a user who does not exist: judging it takes as long as judging a wrong password."""
        mac = hmac.digest(self._key, b"nobody" + username.encode("latin-1"), "sha256").hex()
        return mac if algorithm == "SHA-256" else mac[:32]

    def judge(self, given: Credentials, method: str, request_uri: str, ha1: str) -> Verdict:
        """`ha1` is the stored H(user:realm:password) for the algorithm named in `given`."""
        well_formed = (
            given.realm == self.realm
            and given.algorithm in self.algorithms
            and given.qop.lower() == "auth"
            and bool(_NC.fullmatch(given.nc))
            and bool(given.cnonce)
            and _same_uri(given.uri, request_uri)
        )
        algorithm = given.algorithm if given.algorithm in ALGORITHMS else "MD5"
        expected = response(algorithm, ha1, given, method)
        right = hmac.compare_digest(expected.encode(), given.response.lower().encode("latin-1"))
        if not (right and well_formed):
            return Verdict.FAILED
        return Verdict.PASSED if self._fresh(given.nonce, int(given.nc, 16)) else Verdict.STALE

    def _fresh(self, nonce: str, count: int) -> bool:
        """Young, ours and counted up: a recorded request played again has a count that was seen (RFC 7616 3.3)."""
        made = self._made(nonce)
        name = self.short(nonce)
        if made is None or not self._is_young(made) or count <= self.marks.get(name, 0):
            return False
        if len(self.marks) >= MAX_NONCES:
            # Oldest first: forgetting one lets a request of the last minute be replayed, keeping all would fill memory.
            del self.marks[next(iter(self.marks))]
        self.marks[name] = count
        self._on_mark(name, count)
        return True


def response(algorithm: str, ha1: str, given: Credentials, method: str) -> str:
    """What a client with that HA1 answers (RFC 7616 3.4.1, qop=auth)."""
    ha2 = _hash(algorithm, f"{method}:{given.uri}")
    return _hash(algorithm, f"{ha1}:{given.nonce}:{given.nc}:{given.cnonce}:{given.qop}:{ha2}")


def _hash(algorithm: str, text: str) -> str:
    raw = text.encode("latin-1")
    return hashlib.sha256(raw).hexdigest() if algorithm == "SHA-256" else hashlib.md5(raw, usedforsecurity=False).hexdigest()


def _same_uri(given: str, requested: str) -> bool:
    """The URI that was signed is the one that is asked for (RFC 3261 22.4)."""
    if given == requested:
        return True
    one, other = Uri.parse(given), Uri.parse(requested)
    return bool(one and other and one.same_as(other))
