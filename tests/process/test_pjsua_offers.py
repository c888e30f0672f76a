# mypy: disable-error-code="union-attr, index, misc, arg-type"
"""Offers and answers as the wire may bring them: late, on hold in every dialect, impossible, in other characters."""

from __future__ import annotations

import re
import socket

import pytest

from tests.sip.harness import message
from tests.sip.harness.fleet import Fleet
from tests.until import until

from .subject import Subject
from .wire import CALLER, Wire, acknowledge, talking


def test_late_offer__gets_our_offer_in_the_200_and_audio_after_the_ack(subject: Subject, wire: Wire, sounds: dict[int, str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", 0))
        media.settimeout(5)
        accepted = talking(subject, wire, body="")
        assert re.search(r"^m=audio \d+ RTP/AVP 8 0( \d+)*", accepted.body, re.M), accepted.body
        subject.play_music(CALLER, (sounds[300],))
        acknowledge(wire, accepted, message.sdp("127.0.0.1", media.getsockname()[1]))
        subject.fact("LegAnswered", leg=CALLER, codec="PCMA")
        assert media.recv(2048)[1] & 0x7F == 8


def reinvite(wire: Wire, accepted: message.Message, cseq: int, body: str, method: str = "INVITE") -> message.Message:
    tag = message.tag(accepted.get("to"))
    answer = wire.ask(wire.request(method, cseq=cseq, to_tag=tag, body=body))
    if method == "INVITE":
        wire.send(wire.request("ACK", cseq=cseq, to_tag=tag))
    return answer


@pytest.mark.parametrize("dialect", ["sendonly", "inactive", "zero address"])
@pytest.mark.parametrize("method", ["INVITE", "UPDATE"])
def test_hold__in_every_dialect_and_back(subject: Subject, wire: Wire, dialect: str, method: str) -> None:
    accepted = talking(subject, wire)
    acknowledge(wire, accepted)
    subject.fact("LegAnswered")
    held = message.sdp("127.0.0.1", 39998, dialect if " " not in dialect else "sendrecv", version=2)
    if dialect == "zero address":
        held = held.replace("c=IN IP4 127.0.0.1", "c=IN IP4 0.0.0.0")
    assert reinvite(wire, accepted, 2, held, method).status == 200
    subject.fact("LegHeld", leg=CALLER, held=True)
    assert reinvite(wire, accepted, 3, message.sdp("127.0.0.1", 39998, version=3), method).status == 200
    subject.fact("LegHeld", leg=CALLER, held=False)
    assert len([fact for fact in subject.facts if fact["fact"] == "LegHeld"]) == 2


def test_reinvite_without_an_offer__gets_ours_and_the_call_goes_on(subject: Subject, wire: Wire) -> None:
    accepted = talking(subject, wire)
    acknowledge(wire, accepted)
    tag = message.tag(accepted.get("to"))
    answer = wire.ask(wire.request("INVITE", cseq=2, to_tag=tag))
    assert (answer.status, "m=audio" in answer.body) == (200, True)
    wire.send(wire.request("ACK", cseq=2, to_tag=tag, body=message.sdp("127.0.0.1", 39998, version=2)))
    assert wire.ask(wire.request("BYE", cseq=3, to_tag=tag)).status == 200
    assert subject.fact("LegEnded")["by_peer"] is True


def test_music__goes_on_after_a_reinvite_that_moves_the_media(subject: Subject, wire: Wire, sounds: dict[int, str]) -> None:
    accepted = talking(subject, wire)
    acknowledge(wire, accepted)
    subject.play_music(CALLER, (sounds[300],))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", 0))
        media.settimeout(5)
        assert reinvite(wire, accepted, 2, message.sdp("127.0.0.1", media.getsockname()[1], version=2)).status == 200
        loud = until(lambda: any(byte not in (0xD5, 0x55) for byte in media.recv(2048)[12:]), what="music, not silence")
    assert loud


def test_codecs__none_in_common_is_488_and_ends_the_leg(subject: Subject, wire: Wire) -> None:
    offer = message.sdp("127.0.0.1", 39998).replace("RTP/AVP 8 101", "RTP/AVP 18 101").replace("8 PCMA/8000", "18 G729/8000")
    wire.send(wire.request("INVITE", body=offer))
    assert wire.response("INVITE").status == 488
    until(lambda: not subject.ask("legs_standing"), what="no leg to be left")


@pytest.mark.parametrize("damage", ["long host", "host name", "two versions", "no stream", "words"])
def test_description__that_could_end_the_process_is_refused(subject: Subject, wire: Wire, damage: str) -> None:
    good = message.sdp("127.0.0.1", 39998)
    bad = {
        "long host": good.replace("c=IN IP4 127.0.0.1", f"c=IN IP4 {'a' * 300}"),
        "host name": good.replace("c=IN IP4 127.0.0.1", "c=IN IP4 some.host.example"),
        "two versions": "v=0\r\n" + good,
        "no stream": good[: good.index("m=audio")],
        "words": "hello",
    }[damage]
    wire.send(wire.request("INVITE", body=bad))
    assert wire.response("INVITE").status >= 400
    second = wire.request("INVITE", body=good, call_id="second")
    wire.send(second)
    subject.fact("CallerArrived", sip_call_id="second")


def test_video__is_declined_and_audio_accepted(subject: Subject, wire: Wire) -> None:
    offer = message.sdp("127.0.0.1", 39998) + "m=video 39990 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    accepted = talking(subject, wire, body=offer)
    assert re.search(r"^m=audio [1-9]", accepted.body, re.M)
    assert re.search(r"^m=video 0 ", accepted.body, re.M)


def test_reliable_provisional__when_the_caller_insists(subject: Subject, wire: Wire) -> None:
    wire.send(wire.request("INVITE", body=message.sdp("127.0.0.1", 39998), Require="100rel", Supported="100rel"))
    subject.fact("CallerArrived")
    subject.progress(CALLER, early_media=True)
    early = wire.response("INVITE", least=180)
    assert (early.status, "m=audio" in early.body) == (183, True)
    tag = message.tag(early.get("to"))
    assert wire.ask(wire.request("PRACK", cseq=2, to_tag=tag, RAck=f"{early.get('rseq')} 1 INVITE")).status == 200
    subject.answer(CALLER)
    assert wire.response("INVITE").status == 200


def test_unknown_extension__is_420(subject: Subject, wire: Wire) -> None:
    wire.send(wire.request("INVITE", body=message.sdp("127.0.0.1", 39998), Require="mind-reading"))
    assert wire.response("INVITE").status == 420
    assert not subject.first("CallerArrived")


@pytest.mark.parametrize("name", ["J\u00fcrgen \u6f22", "bad \udcff\udc81 bytes", "tab\tand bell\x07", "x" * 900])
def test_callers_name__in_any_bytes_arrives_printable(subject: Subject, wire: Wire, name: str) -> None:
    invite = wire.request("INVITE", body=message.sdp("127.0.0.1", 39998))
    invite.headers = [(key, f'"{name}" <sip:wire@127.0.0.1>;tag=w' if key == "from" else value) for key, value in invite.headers]
    wire.send(invite)
    arrived = subject.fact("CallerArrived")
    assert arrived["caller_name"].isprintable()
    assert 0 < len(arrived["caller_name"]) <= 120


@pytest.mark.parametrize("name", ["J\u00fcrgen", 'quote " and \\ slash', "<sip:evil@e>", ""])
def test_dialled_phone__sees_the_name_and_nothing_else(subject: Subject, fleet: Fleet, name: str) -> None:
    phone = fleet.phone("bob")
    subject.dial(f"sip:device-1@{phone.host}:{phone.port}", caller_number="+49 30/1", caller_name=name, headers={})
    sender = until(lambda: phone.ringing, what="ringing")._invite.get("from")
    assert re.fullmatch(r'("[^"\\]*" )?<sip:\+49%2030/1@127\.0\.0\.1>;tag=\S+', sender), sender
