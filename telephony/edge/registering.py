"""Registering with providers that want it (RFC 3261 10, 22.2): that is how they learn where to send calls to us.

One REGISTER per trunk at a time, repeated until it is answered, answered with the trunk's password when challenged, and sent
anew when four fifths of the time are over; after a failure later each time. A restart begins anew: the Call-ID differs, and the
provider takes the same Contact for a refresh.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from .credentials import HEADERS, Challenge, challenges_in
from .digest import Credentials
from .directory import Directory, Provider
from .farewell import Farewell
from .hops import Ours
from .message import Message
from .tokens import MAGIC
from .uri import Via

log = logging.getLogger(__name__)

EXPIRES = 600
LEAST_SECONDS = 30.0
SILENCE_SECONDS = 32.0
"""64 × T1: a REGISTER that nobody answers by then has failed (RFC 3261 17.1.2.2)."""
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
_EXPIRES = re.compile(r";\s*expires\s*=\s*([0-9]{1,8})", re.IGNORECASE)


@dataclass(slots=True)
class Registration:
    provider: Provider
    call_id: str = field(default_factory=lambda: secrets.token_hex(12))
    tag: str = field(default_factory=lambda: secrets.token_hex(6))
    cseq: int = 0
    branch: str = ""
    challenged: bool = False
    """The REGISTER on its way answers a challenge: another one means that the password is wrong."""
    registered: bool = False
    pause: float = FIRST_PAUSE
    timer: asyncio.TimerHandle | None = None


class Registering:
    """:param changed: told of a trunk when it is registered (True), or is not any more."""

    def __init__(self, ours: Ours, directory: Directory, farewell: Farewell, changed: Callable[[int, bool], None]) -> None:
        self._ours = ours
        self._directory = directory
        self._farewell = farewell
        self._changed = changed
        self._of: dict[int, Registration] = {}

    def follow(self) -> None:
        """The directory was read: begin with new trunks, anew with changed ones, and let go of those that are gone."""
        wanted = {pk: one for pk, one in self._directory.providers.items() if one.registers}
        for pk, known in list(self._of.items()):
            if wanted.get(pk) != known.provider:
                self._stop(known)
                del self._of[pk]
        for pk, provider in wanted.items():
            if pk not in self._of:
                self._of[pk] = Registration(provider)
                self._send(self._of[pk])

    def _stop(self, one: Registration) -> None:
        """No good-bye: what was registered runs out, and a trunk that was changed registers the same Contact again."""
        self._farewell.stop(one.branch)
        if one.timer:
            one.timer.cancel()

    # ---- out -------------------------------------------------------------------------------------------------
    def _send(self, one: Registration, challenge: tuple[str, Challenge] | None = None) -> None:
        one.cseq += 1
        one.challenged = challenge is not None
        one.branch = f"{MAGIC}reg{secrets.token_hex(10)}"
        self._farewell.repeat(one.branch, self._register(one, challenge).encode(), one.provider.address)
        self._at(one, SILENCE_SECONDS, self._failed, one, "no answer")

    def _register(self, one: Registration, challenge: tuple[str, Challenge] | None) -> Message:
        host, port = self._ours.outside
        provider, user = one.provider, one.provider.username
        lines = [
            ("Via", f"SIP/2.0/UDP {host}:{port};rport;branch={one.branch}"), ("Max-Forwards", "70"),
            ("From", f"<sip:{user}@{provider.domain}>;tag={one.tag}"), ("To", f"<sip:{user}@{provider.domain}>"),
            ("Call-ID", one.call_id), ("CSeq", f"{one.cseq} REGISTER"), ("Contact", f"<sip:{user}@{host}:{port}>"),
            ("Expires", str(EXPIRES)), ("User-Agent", "callcenter"),
        ]  # fmt: skip
        request = Message(f"REGISTER sip:{provider.host} SIP/2.0", [(name.lower(), f"{name}: {value}") for name, value in lines])
        if challenge:
            header, asked = challenge
            given = Credentials(user, asked.realm, asked.nonce, request.uri, "", "", "auth", secrets.token_hex(8), "00000001")
            request.set(header, asked.answer(given, "REGISTER", request.uri, user, provider.password))
        return request

    def _at(self, one: Registration, seconds: float, call: Callable[..., None], *args: object) -> None:
        if one.timer:
            one.timer.cancel()
        one.timer = asyncio.get_running_loop().call_later(seconds, call, *args)

    # ---- in --------------------------------------------------------------------------------------------------
    def heard(self, response: Message, via: Via | None) -> None:
        """An answer that has come to its end with us."""
        one = next((each for each in self._of.values() if via and each.branch == via.branch), None)
        if one is None or response.status < 200:
            return
        self._farewell.stop(one.branch)
        if response.status in HEADERS and not one.challenged:
            self._challenged(one, response)
        elif response.status < 300:
            self._registered(one, response)
        else:
            self._failed(one, f"SIP {response.status}")

    def _challenged(self, one: Registration, response: Message) -> None:
        header, answer = HEADERS[response.status]
        asked = challenges_in(response, header)
        if asked and one.provider.username:
            self._send(one, (answer, asked[0]))
        else:
            self._failed(one, "a challenge that we cannot answer")

    def _registered(self, one: Registration, response: Message) -> None:
        granted = [int(found[1]) for found in map(_EXPIRES.search, response.values("contact")) if found]
        written = response.get("expires")
        seconds = min([*granted, int(written) if written.isdigit() else EXPIRES])
        one.pause = FIRST_PAUSE
        self._note(one, True)
        self._at(one, max(LEAST_SECONDS, 0.8 * seconds), self._send, one)

    def _failed(self, one: Registration, why: str) -> None:
        self._farewell.stop(one.branch)
        log.warning("trunk %s: registration failed (%s), trying again in %d s", one.provider.pk, why, one.pause)
        self._note(one, False)
        self._at(one, one.pause, self._send, one)
        one.pause = min(LONGEST_PAUSE, one.pause * 2)

    def _note(self, one: Registration, registered: bool) -> None:
        if registered != one.registered:
            one.registered = registered
            self._changed(one.provider.pk, registered)
