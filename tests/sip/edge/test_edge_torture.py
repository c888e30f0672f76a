"""Messages meant to break a SIP element: each gets a 4xx, 5xx or silence, and the edge answers the next one as if nothing was."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

import pytest

from telephony.edge.message import Malformed
from tests.sip.edge.kit import SDP, Company, Edge, Phone
from tests.sip.edge.rfc4475 import MESSAGES

EXPECTED = {
    "wsinv": {481},
    "esc01": {407},
    "baddate": {407},
    "sdp01": {407},
    "inv2543": {407},
    "longreq": {400},
    "lwsdisp": {200},
    "semiuri": {200},
    "transports": {200},
    "bext01": {200, 420},
    "badbranch": {200, 400},
    "escnull": {401},
    "dblreq": {401},
    "regaut01": {401},
    "cparam01": {401},
    "cparam02": {401},
    "regescrt": {400, 401},
    "regbadct": {400, 401},
    "esc02": {405},
    "mpart01": {405},
    "badinv01": {400},
    "clerr": {400},
    "ncl": {400},
    "scalar02": {400},
    "quotbal": {400},
    "ltgtruri": {400},
    "lwsruri": {400, 481},
    "lwsstart": {400},
    "trws": {400, 505},
    "escruri": {400, 407},
    "badaspec": {400},
    "baddn": {400},
    "badvers": {0},
    "mismatch01": {400},
    "mismatch02": {400},
    "unkscm": {416},
    "novelsc": {416},
    "unksm2": {400},
    "invut": {407, 415},
    "multi01": {400},
    "mcl01": {400},
    "zeromf": {483},
}
"""What the edge answers. The others (responses, and requests that cannot be answered) get silence."""


@pytest.fixture
def phone(edge: Edge) -> Iterator[Phone]:
    made = Phone(edge.address)
    yield made
    made.close()


def answer(phone: Phone, datagram: bytes, within: float = 1.0) -> int:
    """The status that came back; 0 for silence."""
    phone.send(datagram, phone.edge)
    try:
        return phone.receive(within).status
    except (TimeoutError, Malformed):
        return 0


def test_all_messages_of_the_rfc_are_here() -> None:
    assert len(MESSAGES) == 49


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_rfc_4475(edge: Edge, phone: Phone, name: str) -> None:
    expected = EXPECTED.get(name, {0})
    assert answer(phone, MESSAGES[name], 0.3 if expected == {0} else 3) in expected
    assert edge.alive()
    assert edge.process.silent(0.01), "nothing of it reached a call process"


@pytest.mark.parametrize("name", sorted(set(MESSAGES) - {"insuf"}))
def test_rfc_4475_sent_to_a_number_that_exists(edge: Edge, phone: Phone, company: Company, name: str) -> None:
    """The same in the way of a public number: what gets through to a process is well formed."""
    aimed = re.sub(rb"^INVITE sip:\S+", b"INVITE sip:%s@example.com" % company.public.encode(), MESSAGES[name])
    phone.send(aimed, phone.edge)
    assert edge.alive()
    if not edge.process.silent(0.05):
        assert edge.process.data.count(b"INVITE sip:") == 1
        assert b"m=video 0" in edge.process.data or b"m=video" not in edge.process.data


REQUEST = (
    "INVITE sip:{number}@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
    "Call-ID: malformed\r\nCSeq: 1 INVITE\r\nContact: <sip:a@127.0.0.1>\r\nMax-Forwards: 70\r\nContent-Type: application/sdp\r\n"
    "Content-Length: {length}\r\n\r\n{body}"
)


def without(name: str) -> bytes:
    lines = REQUEST.format(number="n", length=0, body="").split("\r\n")
    return "\r\n".join(line for line in lines if not line.startswith(name)).encode()


def changed(old: str, new: str) -> bytes:
    text = REQUEST.format(number="n", length=len(SDP), body=SDP)
    assert old in text
    return text.replace(old, new).encode("latin-1")


MALFORMED = {
    "empty": b"",
    "keep-alive": b"\r\n\r\n",
    "nul bytes": b"\0" * 100,
    "random": random.Random(1).randbytes(900),
    "no end": b"INVITE sip:a@b SIP/2.0\r\n",
    "cut": changed("x", "x")[:200],
    "huge header": changed("To:", "X-Huge: " + "a" * 60_000 + "\r\nTo:"),
    "many headers": changed("To:", "X-A: b\r\n" * 1000 + "To:"),
    "no via": without("Via"),
    "no from": without("From"),
    "no to": without("To"),
    "no call-id": without("Call-ID"),
    "no cseq": without("CSeq"),
    "length too great": changed(f"Length: {len(SDP)}", "Length: 9999"),
    "length negative": changed(f"Length: {len(SDP)}", "Length: -999"),
    "length no number": changed(f"Length: {len(SDP)}", "Length: abc"),
    "length too small": changed(f"Length: {len(SDP)}", "Length: 20"),
    "length superscript": changed(f"Length: {len(SDP)}", "Length: \xb2"),
    "200 vias": changed("From:", "Via: SIP/2.0/UDP h;branch=z9hG4bKy\r\n" * 70 + "From:"),
    "max-forwards 0": changed("Forwards: 70", "Forwards: 0"),
    "max-forwards x": changed("Forwards: 70", "Forwards: x"),
    "cseq method": changed("1 INVITE", "1 BYE"),
    "cseq overflow": changed("1 INVITE", "4294967296 INVITE"),
    "escaped nul": changed("sip:n@", "sip:%00@"),
    "unknown scheme": changed("sip:n@127.0.0.1", "urn:x"),
    "tel": changed("sip:n@127.0.0.1", "tel:+1;npdi"),
    "sip 7": changed("SIP/2.0\r\nVia", "SIP/7.0\r\nVia"),
    "double spaces": changed("INVITE sip", "INVITE  sip"),
    "lf only": changed("\r\n", "\n"),
    "via port": changed("127.0.0.1:9;", "127.0.0.1:abc;"),
    "via port 0": changed("127.0.0.1:9;", "127.0.0.1:0;"),
    "via ipv6": changed("127.0.0.1:9;", "[::1]:9;"),
    "unterminated quote": changed("<sip:a@b>;tag=1", '"x <sip:a@b>;tag=1'),
    "two from": changed("To:", "From: <sip:c@d>;tag=2\r\nTo:"),
    "broken authorization": changed("To:", 'Proxy-Authorization: Digest realm="callcenter", username="a,b", nonce=,,=\r\nTo:'),
    "response": b"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:9\r\nFrom: a\r\nTo: b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n\r\n",
    "status overflow": b"SIP/2.0 4294967301 x\r\nVia: SIP/2.0/UDP 127.0.0.1:9\r\n\r\n",
    "not utf-8": changed("sip:a@b", "sip:\xff\xfe@b"),
    "colon only": changed("To:", ":\r\nTo:"),
    "tag huge": changed("tag=1", "tag=" + "1" * 900),
    "comma bomb": changed("<sip:a@127.0.0.1>", "," * 1000),
    "fold bomb": changed("To:", "X-Fold: a" + "\r\n " * 800 + "\r\nTo:"),
    "quotes bomb": changed("<sip:a@b>;tag=1", '"' + '\\"' * 500 + '" <sip:a@b>;tag=1'),
    "params bomb": changed("Contact: <sip:a@127.0.0.1>", "Contact: <sip:a@127.0.0.1" + ";a" * 500 + ">"),
}


@pytest.mark.parametrize("name", sorted(MALFORMED))
def test_malformed(edge: Edge, phone: Phone, name: str) -> None:
    """None of these is a public number, so even a well-formed one gets no further than a challenge."""
    assert answer(phone, MALFORMED[name], 0.25) in {0, 400, 407, 416, 483, 505}
    assert edge.alive()
    assert edge.process.silent(0.01)
