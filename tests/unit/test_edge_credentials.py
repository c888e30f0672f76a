"""Proving to a provider who we are, in place of the call process."""

from __future__ import annotations

import pytest

from telephony.edge import digest
from telephony.edge.credentials import Challenge, prove, simplify
from telephony.edge.digest import Credentials, Digest, Verdict
from telephony.edge.message import Message

URI = "sip:+493012345678@provider.example"


def response(*challenges: str, status: int = 407, header: str = "Proxy-Authenticate") -> Message:
    found = Message(f"SIP/2.0 {status} Prove it", [("cseq", "CSeq: 1 INVITE")])
    found.headers += [(header.lower(), f"{header}: {value}") for value in challenges]
    return found


def as_stack_answers(asked: Message, header: str = "Proxy-Authorization") -> Message:
    """What PJSIP makes of the plain challenge: a counted nonce, and a response that means nothing."""
    plain = Challenge.parse(asked.get("proxy-authenticate") or asked.get("www-authenticate"))
    assert plain
    assert (plain.realm, plain.algorithm, plain.qop) == ("outside", "MD5", "auth")
    request = Message(f"INVITE {URI} SIP/2.0", [("cseq", "CSeq: 2 INVITE")])
    request.set(
        header, f'Digest username="outside", realm="outside", nonce="{plain.nonce}", uri="sip:whatever@edge", response="{"0" * 32}", '
        'algorithm=MD5, cnonce="c1", qop=auth, nc=00000003',
    )  # fmt: skip
    return request


def ha1(algorithm: str, username: str, realm: str, password: str) -> str:
    return digest._hash(algorithm, f"{username}:{realm}:{password}")


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_digest_server_accepts_what_the_edge_writes(algorithm: str) -> None:
    server = Digest(b"key", "provider.example", algorithms=[algorithm])
    asked = response(*(value for _, value in server.challenges("Proxy-Authenticate")))
    simplify(asked)
    request = as_stack_answers(asked)
    prove(request, "site", "open sesame")
    given = Credentials.parse(request.get("proxy-authorization"))
    assert given
    assert (given.username, given.realm, given.uri, given.nc) == ("site", "provider.example", URI, "00000003")
    assert server.judge(given, "INVITE", URI, ha1(algorithm, "site", "provider.example", "open sesame")) is Verdict.PASSED
    assert server.judge(given, "INVITE", URI, ha1(algorithm, "site", "provider.example", "wrong")) is Verdict.FAILED


def test_the_safest_of_several_challenges_is_answered() -> None:
    asked = response(
        'Digest realm="p", nonce="n1", algorithm=AKAv1-MD5, qop="auth"', 'Digest realm="p", nonce="n2", algorithm=MD5, qop="auth,auth-int"',
        'Digest realm="p", nonce="n3", algorithm=SHA-256, qop="auth", opaque="kept"',
    )  # fmt: skip
    simplify(asked)
    request = as_stack_answers(asked)
    prove(request, "site", "x")
    said = request.get("proxy-authorization")
    assert 'nonce="n3"' in said
    assert 'opaque="kept"' in said


def test_a_provider_of_the_old_kind_gets_an_answer_without_quality_of_protection() -> None:
    """RFC 2617 3.5's user and password, with the response that RFC 2069 would want."""
    asked = response('Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093"', status=401, header="WWW-Authenticate")
    simplify(asked)
    request = as_stack_answers(asked, "Authorization")
    prove(request, "Mufasa", "Circle Of Life")
    one = ha1("MD5", "Mufasa", "testrealm@host.com", "Circle Of Life")
    two = digest._hash("MD5", f"INVITE:{URI}")
    expected = digest._hash("MD5", f"{one}:dcd98b7102dd2f0e8b11d0f600bfb0c093:{two}")
    said = request.get("authorization")
    assert f'response="{expected}"' in said
    assert "qop" not in said
    assert "algorithm" not in said


def test_a_challenge_that_nobody_can_answer_is_no_challenge() -> None:
    asked = response('Digest realm="p", nonce="n", algorithm=SHA-512-256, qop="auth"', 'Basic realm="p"')
    simplify(asked)
    assert not asked.get("proxy-authenticate")


def test_stale_is_handed_on_so_that_the_stack_tries_again() -> None:
    asked = response('Digest realm="p", nonce="n", qop="auth", stale=TRUE')
    simplify(asked)
    assert "stale=true" in asked.get("proxy-authenticate")


@pytest.mark.parametrize(
    "value",
    ['Digest username="a", realm="outside", nonce="!!", uri="u", response="r"',
     'Digest username="a", realm="else", nonce="n", uri="u", response="r"',
     'Digest username="a", realm="outside", nonce="eyJhIjoxfQ==", uri="u", response="r"'],
)  # fmt: skip
def test_credentials_that_answer_no_challenge_of_a_provider_go_nowhere(value: str) -> None:
    request = Message(f"INVITE {URI} SIP/2.0", [("proxy-authorization", f"Proxy-Authorization: {value}")])
    prove(request, "site", "x")
    assert not request.get("proxy-authorization")


def test_without_a_user_name_nothing_is_proved() -> None:
    asked = response('Digest realm="p", nonce="n", qop="auth"')
    simplify(asked)
    request = as_stack_answers(asked)
    prove(request, "", "")
    assert not request.get("proxy-authorization")
