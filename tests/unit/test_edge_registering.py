"""Registering with a provider. Real messages, no sockets; the clock is turned by hand."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from telephony.edge.digest import Credentials, Digest, Verdict
from telephony.edge.directory import Provider
from telephony.edge.message import Message
from telephony.edge.registering import FIRST_PAUSE, SILENCE_SECONDS
from tests.unit.edge_scene import EDGE, Clock, Scene
from tests.unit.test_edge_credentials import ha1

REGISTRAR = ("192.0.2.200", 5060)
PROVIDER = Provider(3, "sip.provider.example", REGISTRAR, "us.example", "+4940", "site", "secret", True)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


@pytest.fixture
def told() -> list[tuple[int, bool]]:
    return []


@pytest.fixture
def scene(clock: Clock, told: list[tuple[int, bool]]) -> Scene:
    made = Scene(clock)
    made.directory.providers[3] = PROVIDER
    made.edge.registering._changed = lambda trunk, registered: told.append((trunk, registered))
    return made


def asked(scene: Scene) -> Message:
    [request] = scene.heard(REGISTRAR)
    return request


def says(scene: Scene, request: Message, status: int, *extra: tuple[str, str]) -> None:
    scene.edge.receive(request.reply(status, "Reason", *extra, to_tag="r").encode(), REGISTRAR)


def begins(scene: Scene) -> Message:
    scene.edge.registering.follow()
    return asked(scene)


def test_it_says_who_and_where_we_are(scene: Scene) -> None:
    request = begins(scene)
    assert request.start == "REGISTER sip:sip.provider.example SIP/2.0"
    assert request.get("contact") == f"<sip:site@{EDGE[0]}:{EDGE[1]}>"
    assert request.get("to") == "<sip:site@us.example>"


def test_a_challenge_is_answered_and_the_trunk_is_registered(scene: Scene, told: list[tuple[int, bool]]) -> None:
    server = Digest(b"key", "provider", algorithms=["SHA-256", "MD5"])
    first = begins(scene)
    says(scene, first, 401, *server.challenges("WWW-Authenticate"))
    again = asked(scene)
    given = Credentials.parse(again.get("authorization"))
    assert given
    assert server.judge(given, "REGISTER", again.uri, ha1("SHA-256", "site", "provider", "secret")) is Verdict.PASSED
    assert (again.call_id, again.cseq) == (first.call_id, first.cseq + 1)
    says(scene, again, 200, ("Contact", f"{first.get('contact')};expires=100"))
    assert told == [(3, True)]


def test_it_is_renewed_in_time_and_not_before(scene: Scene, clock: Clock, told: list[tuple[int, bool]]) -> None:
    request = begins(scene)
    says(scene, request, 200, ("Contact", f"{request.get('contact')};expires=100"))
    clock.pass_(79)
    assert scene.heard(REGISTRAR) == []
    clock.pass_(1.2)
    assert asked(scene).cseq == request.cseq + 1
    assert told == [(3, True)]


def test_a_wrong_password_is_tried_later_and_later(scene: Scene, clock: Clock, told: list[tuple[int, bool]]) -> None:
    challenge = ("WWW-Authenticate", 'Digest realm="p", nonce="n", qop="auth"')
    says(scene, begins(scene), 401, challenge)
    says(scene, asked(scene), 401, challenge)
    assert scene.heard(REGISTRAR) == []
    clock.pass_(FIRST_PAUSE)
    says(scene, asked(scene), 403)
    clock.pass_(FIRST_PAUSE)
    assert scene.heard(REGISTRAR) == []
    clock.pass_(FIRST_PAUSE)
    assert len(scene.heard(REGISTRAR)) == 1
    assert told == []


def test_a_provider_that_falls_silent_is_told(scene: Scene, clock: Clock, told: list[tuple[int, bool]]) -> None:
    request = begins(scene)
    says(scene, request, 200, ("Expires", "100"))
    clock.pass_(80)
    assert scene.heard(REGISTRAR)
    clock.pass_(SILENCE_SECONDS)
    assert told == [(3, True), (3, False)]


def test_it_is_repeated_until_it_is_answered(scene: Scene, clock: Clock) -> None:
    begins(scene)
    clock.pass_(4)
    again = scene.heard(REGISTRAR)
    assert len(again) == 3
    assert len({request.cseq for request in again}) == 1


def test_trunks_that_change_or_go_are_followed(scene: Scene, clock: Clock) -> None:
    begins(scene)
    scene.edge.registering.follow()
    assert scene.heard(REGISTRAR) == [], "the same rows again"
    scene.directory.providers[3] = dataclasses.replace(PROVIDER, password="new")
    scene.edge.registering.follow()
    assert asked(scene).cseq == 1
    scene.directory.providers[3] = dataclasses.replace(PROVIDER, registers=False)
    scene.edge.registering.follow()
    clock.pass_(100)
    assert scene.heard(REGISTRAR) == []


def test_an_answer_to_nothing_of_ours_does_nothing(scene: Scene, told: list[tuple[int, bool]]) -> None:
    request = begins(scene)
    forged = request.copy()
    forged.set("Via", "SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKregother")
    says(scene, forged, 200)
    assert told == []
