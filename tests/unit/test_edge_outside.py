"""Calls to the outside through the edge: real messages, no sockets; the clock is turned by hand."""

from __future__ import annotations

import asyncio
import itertools
import time

import pytest

from telephony.edge.directory import Provider
from telephony.edge.message import Message
from telephony.edge.tokens import Leave, Signer
from telephony.edge.uri import Address
from tests.unit.edge_scene import PROCESS, SDP, Clock, Scene

TRUNK = ("192.0.2.200", 5070)
OTHER_PROCESS = ("127.0.0.1", 4003)
NUMBER = "+493012345678"
serial = itertools.count(1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


@pytest.fixture
def scene(clock: Clock) -> Scene:
    made = Scene(clock)
    made.directory.providers[3] = Provider(3, "sip.provider.example:5070", TRUNK, "us.example", "+4940555555", "site", "secret")
    return made


def leave(**fields: object) -> str:
    given = {"trunk": 3, "number": NUMBER, "id": next(serial), "until": int(time.time()) + 60} | fields
    return Signer("key").leave(Leave(**given))  # type: ignore[arg-type]


def process_says(
    scene: Scene, method: str, user: str, *, branch: str = "z9hG4bKout", call_id: str = "out-id", cseq: int = 7, to_tag: str = "",
    routes: tuple[str, ...] = (), uri: str = "", extra: str = "", source: Address = PROCESS,
) -> None:  # fmt: skip
    body = SDP if method == "INVITE" else ""
    lines = [
        f"{method} {uri or f'sip:{user}@127.0.0.1:5060'} SIP/2.0", f"Via: SIP/2.0/UDP {source[0]}:{source[1]};rport;branch={branch}",
        "Max-Forwards: 70", *(f"Route: {route}" for route in routes), "From: <sip:anonymous@10.0.0.1>;tag=ours",
        f"To: <sip:{user}@127.0.0.1:5060>{to_tag}", f"Call-ID: {call_id}", f"CSeq: {cseq} {method}",
        f"Contact: <sip:127.0.0.1:{source[1]}>",
        *([extra] if extra else []), *(["Content-Type: application/sdp"] if body else []),
    ]  # fmt: skip
    scene.edge.receive("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode(), source)


def trunk_says(scene: Scene, invite: Message, status: int, *extra: tuple[str, str], body: str = "") -> None:
    reply = invite.reply(status, "Reason", *extra, to_tag="theirs")
    reply.headers += [header for header in invite.headers if header[0] == "record-route"]
    reply.headers.append(("contact", "Contact: <sip:gateway@192.0.2.201:5999>"))
    if body:
        reply.headers.append(("content-type", "Content-Type: application/sdp"))
        reply.body = body.encode()
    scene.edge.receive(reply.encode(), TRUNK)


def goes_out(scene: Scene, user: str) -> Message:
    process_says(scene, "INVITE", user)
    [invite] = scene.heard(TRUNK)
    return invite


def statuses(scene: Scene) -> list[int]:
    return [message.status for message in scene.heard(PROCESS)]


# ---- who may -------------------------------------------------------------------------------------------------
def test_a_call_with_leave_goes_to_its_trunk_in_our_name(scene: Scene) -> None:
    invite = goes_out(scene, leave())
    assert invite.start == f"INVITE sip:{NUMBER}@sip.provider.example:5070 SIP/2.0"
    assert invite.get("to") == f"<sip:{NUMBER}@sip.provider.example:5070>"
    assert invite.get("from") == "<sip:+4940555555@us.example>;tag=ours"
    assert b"m=audio 4000" in invite.body
    assert "out-3" not in invite.encode().decode(), "a leave is nobody's business outside"


@pytest.mark.parametrize(
    "user",
    [f"out-3-{NUMBER}-1-9999999999-{'0' * 24}", f"out-3-{NUMBER}",
     leave().replace("12345678", "12345679"), leave(until=int(time.time()) - 1)],
    ids=["forged", "unsigned", "another number", "over"],
)  # fmt: skip
def test_without_good_leave_nothing_goes_out(scene: Scene, user: str) -> None:
    process_says(scene, "INVITE", user)
    assert scene.heard(TRUNK) == []
    assert statuses(scene) == [403]


def test_nobody_outside_can_use_a_leave(scene: Scene) -> None:
    process_says(scene, "INVITE", leave(), source=("198.51.100.7", 5060))
    assert scene.heard(TRUNK) == []
    assert [message.status for message in scene.heard(("198.51.100.7", 5060))] == [407]


def test_a_leave_is_good_for_one_call(scene: Scene) -> None:
    user = leave()
    goes_out(scene, user)
    process_says(scene, "INVITE", user)
    assert len(scene.heard(TRUNK)) == 1, "the same INVITE again is passed on again"
    process_says(scene, "INVITE", user, branch="z9hG4bKother", call_id="another")
    assert scene.heard(TRUNK) == []
    assert statuses(scene) == [403]


def test_only_what_begins_or_stops_a_call_uses_a_leave(scene: Scene) -> None:
    process_says(scene, "OPTIONS", leave(), to_tag="")
    process_says(scene, "REFER", leave())
    assert scene.heard(TRUNK) == []


def test_a_trunk_that_is_gone_is_said_to_be(scene: Scene) -> None:
    process_says(scene, "INVITE", leave(trunk=4))
    assert statuses(scene) == []
    scene.refreshed.pop()()
    assert statuses(scene) == [503]


def test_a_trunk_that_was_set_up_an_instant_ago_is_found(scene: Scene) -> None:
    process_says(scene, "INVITE", leave(trunk=4))
    scene.directory.providers[4] = scene.directory.providers[3]
    scene.refreshed.pop()()
    assert [message.method for message in scene.heard(TRUNK)] == ["INVITE"]


# ---- the transaction, passed on --------------------------------------------------------------------------------
def test_a_challenge_is_answered_with_the_trunks_password_which_the_process_never_sees(scene: Scene) -> None:
    user = leave()
    invite = goes_out(scene, user)
    trunk_says(scene, invite, 407, ("Proxy-Authenticate", 'Digest realm="p", nonce="n1", qop="auth", algorithm=SHA-256'))
    [asked] = scene.heard(PROCESS)
    value = asked.get("proxy-authenticate")
    nonce = value.split('nonce="')[1].split('"')[0]
    process_says(scene, "ACK", user)
    [ack] = scene.heard(TRUNK)
    assert (ack.method, ack.values("via")[0]) == ("ACK", invite.values("via")[0])
    said = f'Proxy-Authorization: Digest username="outside", realm="outside", nonce="{nonce}", uri="x", response="0"'
    said += ', qop=auth, nc=00000001, cnonce="c"'
    process_says(scene, "INVITE", user, branch="z9hG4bKagain", cseq=8, extra=said)
    [again] = scene.heard(TRUNK)
    assert 'username="site"' in again.get("proxy-authorization")
    assert f'uri="sip:{NUMBER}@sip.provider.example:5070"' in again.get("proxy-authorization")
    assert "outside" not in again.get("proxy-authorization")


def test_cancel_goes_the_way_of_the_invite(scene: Scene) -> None:
    user = leave()
    invite = goes_out(scene, user)
    trunk_says(scene, invite, 180)
    process_says(scene, "CANCEL", user)
    [cancel] = scene.heard(TRUNK)
    assert cancel.uri == invite.uri
    assert cancel.values("via")[0] == invite.values("via")[0]


def test_the_shield_cleans_what_trunks_describe(scene: Scene) -> None:
    trunk_says(scene, goes_out(scene, leave()), 183, body=SDP.replace("RTP/AVP 8 101", "RTP/AVP 97 8 101") + "a=rtpmap:97 speex/8000\r\n")
    [progress] = scene.heard(PROCESS)
    assert b"speex" not in progress.body
    trunk_says(scene, goes_out(scene, leave()), 200, body="v=0\r\nthis is no description\r\n")
    assert [message.body for message in scene.heard(PROCESS)] == [b""]


def test_requests_in_the_dialog_are_dressed_as_well(scene: Scene) -> None:
    user = leave()
    trunk_says(scene, goes_out(scene, user), 200, body=SDP)
    [ok] = scene.heard(PROCESS)
    routes = tuple(ok.values("record-route")[::-1])
    process_says(scene, "BYE", user, branch="z9hG4bKbye", cseq=9, to_tag=";tag=theirs", routes=routes, uri="sip:gateway@192.0.2.201:5999")
    [bye] = scene.heard(TRUNK)
    assert bye.get("to") == f"<sip:{NUMBER}@sip.provider.example:5070>;tag=theirs"
    assert bye.get("from") == "<sip:+4940555555@us.example>;tag=ours"


# ---- the process dies --------------------------------------------------------------------------------------------
def dies(scene: Scene) -> None:
    scene.edge.calls.gone(PROCESS[1])
    scene.edge.outside.abandon(PROCESS[1])


def test_a_phone_that_rings_for_a_dead_process_is_cancelled(scene: Scene, clock: Clock) -> None:
    invite = goes_out(scene, leave())
    trunk_says(scene, invite, 180)
    dies(scene)
    [cancel] = scene.heard(TRUNK)
    assert (cancel.method, cancel.uri, cancel.get("cseq")) == ("CANCEL", invite.uri, "7 CANCEL")
    assert cancel.values("via") == invite.values("via")[:1]
    trunk_says(scene, cancel, 200)
    trunk_says(scene, invite, 487)
    assert [message.method for message in scene.heard(TRUNK)] == ["ACK"]
    clock.pass_(40)
    assert scene.heard(TRUNK) == []


def test_before_the_first_word_of_the_trunk_the_cancel_waits(scene: Scene) -> None:
    invite = goes_out(scene, leave())
    dies(scene)
    assert scene.heard(TRUNK) == []
    trunk_says(scene, invite, 100)
    assert [message.method for message in scene.heard(TRUNK)] == ["CANCEL"]


def test_who_answers_a_dead_process_is_hung_up_at_once(scene: Scene) -> None:
    invite = goes_out(scene, leave())
    trunk_says(scene, invite, 180)
    dies(scene)
    scene.heard(TRUNK)
    trunk_says(scene, invite, 200, body=SDP)
    assert [message.method for message in scene.heard(TRUNK)] == ["ACK", "BYE"]


def test_a_process_that_dies_before_its_ack_leaves_no_open_call(scene: Scene) -> None:
    invite = goes_out(scene, leave())
    trunk_says(scene, invite, 200, body=SDP)
    dies(scene)
    assert [message.method for message in scene.heard(TRUNK)] == ["ACK", "BYE"]


def test_after_the_ack_the_bye_is_the_nodes_business(scene: Scene) -> None:
    user = leave()
    trunk_says(scene, goes_out(scene, user), 200, body=SDP)
    [ok] = scene.heard(PROCESS)
    routes = tuple(ok.values("record-route")[::-1])
    process_says(scene, "ACK", user, branch="z9hG4bKack", to_tag=";tag=theirs", routes=routes, uri="sip:gateway@192.0.2.201:5999")
    assert [message.method for message in scene.heard(TRUNK)] == ["ACK"]
    dies(scene)
    assert scene.heard(TRUNK) == []
    dialog = {"remote_uri": f"sip:{user}@127.0.0.1:5060", "local_uri": "sip:anonymous@10.0.0.1"}
    assert scene.edge.outside.as_known_there(dialog)["remote_uri"] == f"sip:{NUMBER}@sip.provider.example:5070"


def test_an_edge_that_starts_anew_carries_on(scene: Scene) -> None:
    user = leave()
    invite = goes_out(scene, user)
    scene.start()
    trunk_says(scene, invite, 180)
    assert statuses(scene) == [180]
    process_says(scene, "CANCEL", user)
    [cancel] = scene.heard(TRUNK)
    assert cancel.values("via")[0] == invite.values("via")[0]
