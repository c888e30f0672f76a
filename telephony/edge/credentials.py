"""The other side of digest authentication (RFC 7616): proving to providers who we are. Pure.

Call processes have no secrets, but the SIP stack in them knows how to answer a challenge: new CSeq, counted nonces,
stale ones, inside a dialog too. So the edge hands it each challenge in one plain form, whose nonce contains the provider's
own challenge, lets it answer with a password that means nothing, and puts the true answer in the place of that one. Nothing
has to be kept for it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self

from .digest import Credentials
from .message import Message, split_list

PLAIN_REALM = "outside"
"""The realm that call processes see."""
HEADERS = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}
HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
"""Best first; which one is used says how an answer is computed, so a challenge with another one cannot be answered."""

_PARAMETER = re.compile(r'([A-Za-z-]{1,20})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a provider asked. `qop`: auth, or empty for those that speak RFC 2069."""

    realm: str
    nonce: str
    opaque: str = ""
    algorithm: str = ""
    qop: str = ""
    stale: bool = False

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """None for what we cannot answer: another scheme, algorithm or quality of protection."""
        scheme, _, rest = value.strip().partition(" ")
        found = {name.lower(): re.sub(r"\\(.)", r"\1", quoted) or bare for name, quoted, bare in _PARAMETER.findall(rest)}
        offered = [word.strip().lower() for word in found.get("qop", "").split(",") if word.strip()]
        known = found.get("algorithm", "MD5").upper() in HASHES and (not offered or "auth" in offered)
        if scheme.lower() != "digest" or not known or not found.get("realm") or not found.get("nonce"):
            return None
        return cls(
            found["realm"], found["nonce"], found.get("opaque", ""), found.get("algorithm", ""), "auth" if offered else "",
            found.get("stale", "").lower() == "true",
        )  # fmt: skip

    @property
    def hash_name(self) -> str:
        return self.algorithm.upper() or "MD5"

    # ---- as call processes see it -----------------------------------------------------------------------
    def plain(self) -> str:
        packed = base64.urlsafe_b64encode(json.dumps(asdict(self), separators=(",", ":")).encode()).decode()
        return f'Digest realm="{PLAIN_REALM}", nonce="{packed}", algorithm=MD5, qop="auth"{", stale=true" if self.stale else ""}'

    @classmethod
    def unpack(cls, nonce: str) -> Self | None:
        try:
            fields = json.loads(base64.urlsafe_b64decode(nonce.encode()))
            return cls(**fields)
        except (ValueError, TypeError):
            return None

    # ---- the answer --------------------------------------------------------------------------------------
    def answer(self, given: Credentials, method: str, uri: str, username: str, password: str) -> str:
        """An Authorization value; `given` counts the nonce and has drawn the client's own."""
        ha1 = self._hash(username, self.realm, password)
        ha2 = self._hash(method, uri)
        counted = (given.nc, given.cnonce, "auth") if self.qop else ()
        fields = [
            f'username="{_quoted(username)}"', f'realm="{_quoted(self.realm)}"', f'nonce="{_quoted(self.nonce)}"', f'uri="{uri}"',
            f'response="{self._hash(ha1, self.nonce, *counted, ha2)}"',
            *([f"algorithm={self.algorithm}"] if self.algorithm else []),
            *([f"qop=auth, nc={given.nc}", f'cnonce="{given.cnonce}"'] if self.qop else []),
            *([f'opaque="{_quoted(self.opaque)}"'] if self.opaque else []),
        ]  # fmt: skip
        return f"Digest {', '.join(fields)}"

    def _hash(self, *parts: str) -> str:
        return HASHES[self.hash_name](":".join(parts).encode()).hexdigest()


def simplify(response: Message) -> None:
    """Put one plain challenge in the place of the provider's own; none, if there is none that we can answer."""
    header, _ = HEADERS[response.status]
    asked = challenges_in(response, header)
    response.drop(header.lower())
    if asked:
        response.set(header, asked[0].plain())


def challenges_in(response: Message, header: str) -> list[Challenge]:
    """Those that we can answer, the safest first."""
    found = [one for value in response.values(header.lower()) for one in _challenges(value)]
    return sorted(found, key=lambda one: list(HASHES).index(one.hash_name))


def prove(request: Message, username: str, password: str) -> None:
    """Put the true answer in the place of the one that the call process gave. It is about the Request-URI as it stands."""
    for _, header in HEADERS.values():
        values = request.values(header.lower())
        request.drop(header.lower())
        given = Credentials.parse(values[0]) if values else None
        challenge = Challenge.unpack(given.nonce) if given and given.realm == PLAIN_REALM else None
        if given and challenge and username:
            request.set(header, challenge.answer(given, request.method, request.uri, username, password))


def _challenges(value: str) -> Iterable[Challenge]:
    """Most write a header for each; where several stand in one, a part without a scheme belongs to what stands before it."""
    whole: list[str] = []
    for part in split_list(value):
        if re.match(r"\s*[A-Za-z]+\s+[A-Za-z-]+\s*=", part) or not whole:
            whole.append(part)
        else:
            whole[-1] += f", {part}"
    return filter(None, map(Challenge.parse, whole))


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
