"""A provider behind a trunk: a phone that may ask who calls before it rings, as providers do."""

from __future__ import annotations

import re
import secrets
from typing import Any

from . import message
from .fleet import Fleet, Phone, Takes
from .message import HASHES, Message

REALM = "provider.example"


class Provider(Phone):
    """`secret`: user and password that it wants proved by whoever sends INVITE or BYE; None: it knows us by address."""

    def __init__(self, fleet: Fleet, tone: int, takes: Takes, *, secret: tuple[str, str] | None = None, algorithm: str = "MD5") -> None:
        super().__init__(fleet, "gateway", "", tone, takes, 0)
        self.secret, self.algorithm = secret, algorithm
        self.nonces: dict[str, int] = {}
        """Those we gave out, with the highest count that came back."""
        self.invites: list[Message] = []
        """Those that rang."""
        self.registered: list[str] = []
        """Contacts that were registered."""
        self.challenged: list[str] = []
        """Methods that were asked to prove."""

    @classmethod
    def join(cls, fleet: Fleet, *, tone: int = 1600, takes: Takes | None = None, **how: Any) -> Provider:
        made = fleet.now(lambda: cls(fleet, tone, takes or Takes(answer_after=0.2), **how))
        fleet.phones.append(made)
        return made

    def _take_request(self, request: Message) -> None:
        method = request.start.split()[0]
        again = (request.branch, method) in self.answered
        if method in ("INVITE", "BYE", "REGISTER") and not again and not self._proved(method, request):
            self.challenged.append(method)
            self._challenge(request)
            return
        if method == "INVITE" and not again and not message.tag(request.get("to")):
            self.invites.append(request)
        if method == "REGISTER" and not again:
            self.registered.append(request.get("contact"))
            response = message.respond(request, 200, "OK", to_tag="r")
            response.headers.append(("contact", f"{request.get('contact')};expires=300"))
            self.reply(request, response)
            return
        super()._take_request(request)

    def _challenge(self, request: Message) -> None:
        nonce = secrets.token_hex(8)
        self.nonces[nonce] = 0
        response = message.respond(request, 407, "Proxy Authentication Required", to_tag="c")
        asked = f'Digest realm="{REALM}", nonce="{nonce}", algorithm={self.algorithm}, qop="auth", opaque="o{nonce}"'
        response.headers.append(("proxy-authenticate", asked))
        self.reply(request, response)

    def _proved(self, method: str, request: Message) -> bool:
        if self.secret is None:
            return True
        given = {
            name: quoted or bare
            for name, quoted, bare in re.findall(r'([\w-]+)=(?:"([^"]*)"|([^\s,"]+))', request.get("proxy-authorization"))
        }
        nonce = given.get("nonce", "")
        if nonce not in self.nonces or int(given["nc"], 16) <= self.nonces[nonce] or given.get("opaque") != f"o{nonce}":
            return False
        self.nonces[nonce] = int(given["nc"], 16)
        user, password = self.secret

        def digest(*parts: str) -> str:
            return HASHES[self.algorithm](":".join(parts).encode()).hexdigest()

        ha1, ha2 = digest(user, REALM, password), digest(method, request.start.split()[1])
        right = digest(ha1, nonce, given["nc"], given["cnonce"], "auth", ha2)
        return bool(given["response"] == right) and given["username"] == user and given["uri"] == request.start.split()[1]
