"""Signatures that let the edge forget: nobody but we can have made a flow token, a branch or a tag of ours.

The keys come from SECRET_KEY, so what was signed before a restart is still good after it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import socket
import struct
from typing import NamedTuple

from .message import Message
from .uri import Address, Via

MAGIC = "z9hG4bK"
_PACKED = struct.Struct("!4sHB")
_MARK = re.compile(MAGIC + r"([op])([0-9]{1,18})?-")
_LEAVE = re.compile(r"out-([0-9]{1,18})-([+0-9*#]{1,32})-([0-9]{1,18})-([0-9]{1,12})-([0-9a-f]{24})")


class Flow(NamedTuple):
    """The far end of a dialog."""

    address: Address
    phone: bool
    """A registered phone of ours: it may use G.722."""


class Leave(NamedTuple):
    """That one call may go to this number through this trunk, as the rows allowed it."""

    trunk: int
    number: str
    """As the trunk is sent it."""
    id: int
    until: int
    """Seconds since the epoch."""


class Mark(NamedTuple):
    """What an answer must tell of the request that went out, written in its branch."""

    phone: bool
    """It went to a registered phone of ours, which may use G.722."""
    device: int = 0
    """The device that an INVITE of a call process rings there."""

    def __str__(self) -> str:
        return f"{'p' if self.phone else 'o'}{self.device or ''}-"

    @classmethod
    def of(cls, branch: str) -> Mark | None:
        found = _MARK.match(branch)
        return cls(found[1] == "p", int(found[2] or 0)) if found else None


class Signer:
    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"sip edge\0" + secret.encode()).digest()

    def key(self, purpose: str) -> bytes:
        """A key of its own for each purpose."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def _mac(self, text: bytes, length: int) -> bytes:
        return hmac.digest(self._key, text, "sha256")[:length]

    # ---- flow tokens (RFC 5626 5.3 style), in Record-Route ----------------------------------------------
    def flow_token(self, flow: Flow) -> str:
        packed = _PACKED.pack(socket.inet_aton(flow.address[0]), flow.address[1], flow.phone)
        # 7 bytes and 11 of signature: 24 letters without padding.
        return base64.urlsafe_b64encode(packed + self._mac(b"flow" + packed, 11)).decode()

    def read_flow(self, token: str) -> Flow | None:
        """None if the token is not one of ours."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except ValueError:
            return None
        packed, mac = raw[:7], raw[7:]
        if len(raw) != 18 or not hmac.compare_digest(mac, self._mac(b"flow" + packed, 11)):
            return None
        host, port, phone = _PACKED.unpack(packed)
        return Flow((socket.inet_ntoa(host), port), bool(phone))

    # ---- leave to call the outside, as the user part of a Request-URI ------------------------------------------
    def leave(self, leave: Leave) -> str:
        text = f"out-{leave.trunk}-{leave.number}-{leave.id}-{leave.until}"
        return f"{text}-{self._mac(b'leave' + text.encode(), 12).hex()}"

    def read_leave(self, user: str) -> Leave | None:
        """None unless we gave it; whether its time is over is not looked at."""
        found = _LEAVE.fullmatch(user)
        if not found:
            return None
        leave = Leave(int(found[1]), found[2], int(found[3]), int(found[4]))
        return leave if hmac.compare_digest(self.leave(leave), user) else None

    # ---- branches: a stateless proxy makes the same one for a retransmission, a CANCEL, an ACK (RFC 3261 16.11) ---
    def branch(self, message: Message, via: Via, mark: Mark) -> str:
        """`via` is the sender's, stamped with where it came from: a response comes back there and nowhere else."""
        host, port = via.reply_to
        text = f"branch|{message.call_id}|{message.cseq}|{via.branch}|{via.host}|{host}|{port}|{mark.device}|{mark.phone}"
        return f"{MAGIC}{mark}{self._mac(text.encode('latin-1'), 12).hex()}"

    def read_branch(self, message: Message, ours: Via, theirs: Via) -> Mark | None:
        """The mark of a request that went out with this branch; None if we did not send it."""
        mark = Mark.of(ours.branch)
        if mark is None:
            return None
        expected = self.branch(message, theirs, mark)
        return mark if hmac.compare_digest(ours.branch.encode("latin-1"), expected.encode("latin-1")) else None

    def to_tag(self, message: Message) -> str:
        """The same for every retransmission (RFC 3261 8.2.7)."""
        via = message.get("via")
        return self._mac(f"tag|{message.key}|{message.cseq}|{via}".encode("latin-1"), 8).hex()
