"""What the edge keeps of the phones that ring stays small, and is forgotten in time."""

from __future__ import annotations

import pytest

from telephony.edge import ringing
from telephony.edge.dispatcher import Ours
from telephony.edge.farewell import Farewell
from telephony.edge.message import Message
from telephony.edge.ringing import MOST, Ringing
from telephony.edge.tokens import Signer
from telephony.edge.uri import Address
from tests.until import auntil

PHONE, PORT = ("192.0.2.7", 5060), 4001
OURS = Ours(("127.0.0.1", 5060), ("127.0.0.1", 5060))


class Wire:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.ringing = Ringing(Farewell(OURS, Signer("key"), self.send), self.send)

    def send(self, data: bytes, to: Address) -> None:
        self.sent.append(data)

    def ring(self, number: int) -> Message:
        """An INVITE that goes to the phone; the phone says that it rings."""
        theirs = f"SIP/2.0/UDP 127.0.0.1:{PORT};branch=z9hG4bKp{number};received=127.0.0.1;rport={PORT}"
        lines = [("Via", f"SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{number}"), ("Via", theirs), ("From", "<sip:a@b>;tag=t")]
        lines += [("To", "<sip:c@d>"), ("Call-ID", f"c{number}"), ("CSeq", "7 INVITE")]
        invite = Message("INVITE sip:desk@192.0.2.7 SIP/2.0", [(name.lower(), f"{name}: {value}") for name, value in lines])
        self.ringing.began(invite, PHONE)
        self.ringing.heard(invite.reply(180, "Ringing"), f"z9hG4bK{number}", ("127.0.0.1", PORT))
        return invite


async def test_one_process_cannot_fill_memory() -> None:
    wire = Wire()
    for number in range(10 * MOST):
        wire.ring(number)
    wire.ringing.abandon(PORT)
    assert len(wire.sent) == MOST
    assert any(b"Call-ID: c319\r\n" in sent for sent in wire.sent), "the newest are kept"


async def test_an_abandoned_phone_is_forgotten_after_the_life_of_its_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ringing, "LIFE_SECONDS", 0.05)
    wire = Wire()
    invite = wire.ring(1)
    wire.ringing.abandon(PORT)
    assert not wire.ringing._of
    refusal = invite.reply(487, "Request Terminated")
    assert wire.ringing.heard(refusal, "z9hG4bK1", ("127.0.0.1", PORT))
    await auntil(lambda: not wire.ringing._orphans, what="it to be forgotten")
    assert not wire.ringing.heard(refusal, "z9hG4bK1", ("127.0.0.1", PORT))


async def test_a_repeated_invite_is_one_phone() -> None:
    wire = Wire()
    for _ in range(3):
        wire.ring(1)
    wire.ringing.abandon(PORT)
    assert len(wire.sent) == 1
