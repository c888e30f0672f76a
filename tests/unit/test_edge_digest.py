"""Digest: the arithmetic by the RFC's examples and against sippy, nonces, counting, and what is signed."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from sippy.SipAuthorization import DigestCalcHA1, DigestCalcResponse

from telephony.edge.digest import NONCE_SECONDS, Credentials, Digest, Verdict, response

MUFASA = (
    'Digest username="Mufasa", realm="http-auth@example.org", uri="/dir/index.html", algorithm={algorithm},'
    ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", nc=00000001, cnonce="f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",'
    ' qop=auth, response="{response}", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)
RFC_7616 = {
    "MD5": "8ca523f5e9506fed4657c9700eebdbec",
    "SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
}


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def digest(clock: Clock) -> Digest:
    return Digest(b"k" * 32, "callcenter", clock=clock)


def ha1(algorithm: str, user: str = "alice", realm: str = "callcenter", password: str = "demo") -> str:
    return hashlib.new("md5" if algorithm == "MD5" else "sha256", f"{user}:{realm}:{password}".encode()).hexdigest()


def proof(digest: Digest, algorithm: str = "SHA-256", *, nonce: str = "", password: str = "demo", **changes: str) -> Credentials:
    fields = {"username": "alice", "realm": "callcenter", "uri": "sip:x@h", "qop": "auth", "cnonce": "c", "nc": "00000001"} | changes
    given = Credentials(nonce=nonce or digest.nonce(), response="", algorithm=algorithm, **fields)
    return replace(given, response=response(algorithm, ha1(algorithm, password=password), given, "INVITE"))


@pytest.mark.parametrize("algorithm", sorted(RFC_7616))
def test_the_example_of_rfc_7616(algorithm: str) -> None:
    given = Credentials.parse(MUFASA.format(algorithm=algorithm, response=RFC_7616[algorithm]))
    assert given
    assert response(algorithm, ha1(algorithm, "Mufasa", "http-auth@example.org", "Circle of Life"), given, "GET") == given.response


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_sippy_computes_the_same(digest: Digest, algorithm: str) -> None:
    given = proof(digest, algorithm)
    secret = DigestCalcHA1(algorithm, "alice", "callcenter", "demo", given.nonce, given.cnonce)
    theirs = DigestCalcResponse(algorithm, secret, given.nonce, given.nc, given.cnonce, given.qop, "INVITE", given.uri, None)
    assert given.response == theirs


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_right_answer_passes_once(digest: Digest, algorithm: str) -> None:
    given = proof(digest, algorithm)
    assert digest.judge(given, "INVITE", "sip:x@h", ha1(algorithm)) is Verdict.PASSED
    assert digest.judge(given, "INVITE", "sip:x@h", ha1(algorithm)) is Verdict.STALE


def test_the_count_must_rise(digest: Digest) -> None:
    nonce = digest.nonce()
    verdicts = [
        digest.judge(proof(digest, nonce=nonce, nc=f"{count:08x}"), "INVITE", "sip:x@h", ha1("SHA-256")) for count in (1, 3, 2, 3, 4)
    ]  # fmt: skip
    assert verdicts == [Verdict.PASSED, Verdict.PASSED, Verdict.STALE, Verdict.STALE, Verdict.PASSED]


def test_another_edge_knows_the_nonce_and_the_count(digest: Digest, clock: Clock) -> None:
    nonce = digest.nonce()
    digest.judge(proof(digest, nonce=nonce, nc="00000005"), "INVITE", "sip:x@h", ha1("SHA-256"))
    other = Digest(b"k" * 32, "callcenter", clock=clock)
    other.marks.update(digest.marks)
    assert other.judge(proof(digest, nonce=nonce, nc="00000005"), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.STALE
    assert other.judge(proof(digest, nonce=nonce, nc="00000006"), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.PASSED


def test_an_old_nonce_is_stale(digest: Digest, clock: Clock) -> None:
    given = proof(digest)
    clock.now += NONCE_SECONDS + 1
    assert digest.judge(given, "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.STALE


def test_a_nonce_is_stale_if_nobody_knows_any_more_how_often_it_was_used(digest: Digest, clock: Clock) -> None:
    before = proof(digest)
    clock.now += 2
    digest.since = clock.now
    assert digest.judge(before, "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.STALE
    assert digest.judge(proof(digest), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.PASSED


def test_a_clock_that_was_put_back_makes_no_nonce_stale(digest: Digest, clock: Clock) -> None:
    digest.since = clock.now
    clock.now -= 3600
    assert digest.judge(proof(digest), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.PASSED


def test_a_nonce_of_somebody_else_is_stale(digest: Digest) -> None:
    foreign = Digest(b"x" * 32, "callcenter").nonce()
    assert digest.judge(proof(digest, nonce=foreign), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.STALE
    assert digest.judge(proof(digest, nonce="not base64 at all"), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.STALE


@pytest.mark.parametrize(
    "changes",
    [{"password": "wrong"}, {"realm": "other"}, {"uri": "sip:y@h"}, {"qop": ""}, {"qop": "auth-int"}, {"nc": "1"}, {"cnonce": ""}],
    ids=str,
)
def test_what_does_not_fit_fails(digest: Digest, changes: dict[str, str]) -> None:
    assert digest.judge(proof(digest, **changes), "INVITE", "sip:x@h", ha1("SHA-256")) is Verdict.FAILED


def test_the_method_is_signed(digest: Digest) -> None:
    assert digest.judge(proof(digest), "REGISTER", "sip:x@h", ha1("SHA-256")) is Verdict.FAILED


@pytest.mark.parametrize("algorithm", ["MD5-sess", "SHA-512-256", "", "\xb2"])
def test_an_algorithm_that_was_not_offered_fails(digest: Digest, algorithm: str) -> None:
    given = replace(proof(digest), algorithm=algorithm)
    assert digest.judge(given, "INVITE", "sip:x@h", digest.stand_in("alice", algorithm)) is Verdict.FAILED


def test_quoted_commas_and_escapes_are_read() -> None:
    given = Credentials.parse(
        r'Digest username="a,\"b\\", realm="r,r", nonce="n=,", uri="sip:a,b@h", response="00", qop="auth", nc=00000001, cnonce="c"'
    )  # fmt: skip
    assert given
    assert (given.username, given.realm, given.nonce, given.uri) == ('a,"b\\', "r,r", "n=,", "sip:a,b@h")


@pytest.mark.parametrize(
    "value", ["", "Basic abc", "Digest", 'Digest username="a"', 'Digest realm="a", realm="b"', "Digest " + "a=b," * 400]
)
def test_incomplete_credentials_are_none(value: str) -> None:
    assert Credentials.parse(value) is None


def test_marks_do_not_grow_without_end(digest: Digest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.edge.digest.MAX_NONCES", 10)
    for _ in range(50):
        digest.judge(proof(digest), "INVITE", "sip:x@h", ha1("SHA-256"))
    assert len(digest.marks) == 10


def test_only_the_digests_of_the_settings_are_offered() -> None:
    one = Digest(b"k" * 32, "callcenter", algorithms=["MD5"])
    assert [("MD5" in value, "SHA-256" in value) for _, value in one.challenges("WWW-Authenticate")] == [(True, False)]
