"""Caller and agent in one call process: dialling, bridging, transcoding, holding, measuring. Real SIP and RTP."""

# mypy: disable-error-code="union-attr, index, misc, arg-type"
from __future__ import annotations

import pytest

from tests.sip.harness.dialog import Call
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.phones import Bank
from tests.until import until

from .subject import Subject

CALLER = 0


def answered(subject: Subject, fleet: Fleet, **headers: str) -> Call:
    call = fleet.phone("alice", tone=440).call("support", **headers)
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.fact("LegAnswered", leg=CALLER)
    return call


def test_bridge__both_hear_each_other_and_the_music_stops(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = answered(subject, fleet)
    subject.play_music(CALLER, (sounds[300],))
    until(lambda: call.hears(300), what="music")
    agent = fleet.phone("bob", tone=880, takes=Takes(answer_after=0.1))
    leg = subject.dial_phone(agent)
    subject.fact("LegRinging", leg=leg)
    subject.fact("LegAnswered", leg=leg, codec="PCMA")
    assert call.hears(300), "music plays on until the bridge"
    subject.bridge(CALLER, leg)
    until(lambda: call.hears(880) and agent.talking.hears(440), what="each other")
    assert call.share(300) < 0.01
    subject.unbridge(CALLER, leg)
    until(lambda: call.share(880) < 0.01 and agent.talking.share(440) < 0.01, what="silence")


def test_dialled_phone__sees_the_caller_and_our_headers(subject: Subject, fleet: Fleet) -> None:
    agent = fleet.phone("bob")
    subject.dial_phone(agent, **{"X-Queue": "support\r\nEvil: 1"})
    ringing = until(lambda: agent.ringing, what="ringing")
    invite = ringing._invite
    assert invite.get("from").startswith('"Ann" <sip:4930123@')
    assert invite.get("x-queue") == "support Evil: 1"
    assert "m=audio" in invite.body
    assert not invite.get("evil")


@pytest.mark.parametrize("status", [486, 603, 480, 404, 500])
def test_dialled_phone__that_refuses(subject: Subject, fleet: Fleet, status: int) -> None:
    leg = subject.dial_phone(fleet.phone("bob", takes=Takes(answer_after=0.05, status=status)))
    ended = subject.fact("LegEnded", leg=leg)
    assert (ended["status"], ended["by_peer"]) == (status, True)


def test_dialled_phone__that_rings_too_long_is_cancelled(subject: Subject, fleet: Fleet) -> None:
    agent = fleet.phone("bob")
    leg = subject.dial_phone(agent)
    subject.fact("LegRinging", leg=leg)
    subject.hang_up(leg)
    ended = subject.fact("LegEnded", leg=leg)
    assert (ended["status"], ended["by_peer"]) == (487, False)
    until(lambda: agent.calls[0].over, what="the phone to be quiet")


def test_dialled_phone__that_answers_while_we_give_up_is_released(subject: Subject, fleet: Fleet) -> None:
    """200 and CANCEL cross: the phone thinks it talks, and must get a BYE."""
    agent = fleet.phone("bob")
    leg = subject.dial_phone(agent)
    subject.fact("LegRinging", leg=leg)
    agent.ringing.answer()
    subject.hang_up(leg)
    subject.fact("LegEnded", leg=leg)
    until(lambda: agent.calls[0].over, what="the phone to be free")
    assert not fleet.received(481)


def test_an_address_that_cannot_be_dialled__is_a_leg_that_ended(subject: Subject) -> None:
    leg = subject.dial("nonsense", caller_number="1", caller_name="", headers={})
    assert subject.fact("LegEnded", leg=leg)["by_peer"] is False


def test_three_invites_and_no_more__and_a_freed_one_serves_again(subject: Subject, fleet: Fleet) -> None:
    answered(subject, fleet)
    legs = [subject.dial_phone(fleet.phone(f"agent{n}")) for n in range(3)]
    for leg in legs:
        subject.fact("LegRinging", leg=leg)
    with pytest.raises(RuntimeError, match="no INVITE is left"):
        subject.dial_phone(fleet.phone("fifth"))
    subject.hang_up(legs[0])
    subject.fact("LegEnded", leg=legs[0])
    late = subject.dial_phone(fleet.phone("sixth"))
    subject.fact("LegRinging", leg=late)


def test_many_offers_one_after_the_other__use_the_legs_again(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = answered(subject, fleet)
    subject.play_music(CALLER, (sounds[300],))
    for number in range(20):
        leg = subject.dial_phone(fleet.phone(f"agent{number}", takes=Takes(answer_after=0.0, status=486)))
        subject.fact("LegEnded", leg=leg, status=486)
    until(lambda: call.hears(300), what="music all the time")
    assert call.stream.longest_gap < 0.1


@pytest.mark.parametrize(("codec", "name"), [("PCMU/8000/1", "PCMU"), ("G722/16000/1", "G722")])
def test_transcoding__between_the_callers_codec_and_the_agents(subject: Subject, fleet: Fleet, codec: str, name: str) -> None:
    call = answered(subject, fleet)
    with Bank(edge="127.0.0.1:9", codecs=codec) as bank:
        agent = bank.phone("bob", tone=880).answering()
        leg = subject.dial_phone(agent)
        subject.fact("LegAnswered", leg=leg, codec=name)
        subject.bridge(CALLER, leg)
        until(lambda: call.hears(880) and agent.talking.hears(440), what="each other")


def test_g722__is_not_spoken_with_callers_from_outside(subject: Subject) -> None:
    with Bank(edge="127.0.0.1:9", codecs="G722/16000/1") as bank:
        line = bank.phone("alice").call(f"sip:support@127.0.0.1:{subject.port}")
        until(lambda: line.over and line.status == 488, what="488, no codec in common")
        assert not subject.facts


def test_g722__is_spoken_between_our_own_phones() -> None:
    with Subject(codecs=["G722/16000/1"]) as subject, Subject() as inside:
        named = {"caller_number": "1", "caller_name": "", "headers": {"X-CC-Source": "agent:4"}}
        leg = subject.dial(f"sip:device-1@127.0.0.1:{inside.port}", **named)
        inside.fact("CallerArrived", source="agent:4")
        inside.answer(CALLER)
        assert subject.fact("LegAnswered", leg=leg)["codec"] == "G722"
        assert inside.fact("LegAnswered")["codec"] == "G722"


def test_hold_by_the_agents_phone__and_music_for_the_caller(subject: Subject, fleet: Fleet, bank: Bank, sounds: dict[int, str]) -> None:
    call = answered(subject, fleet)
    agent = bank.phone("bob", tone=880).answering()
    leg = subject.dial_phone(agent)
    subject.fact("LegAnswered", leg=leg)
    subject.bridge(CALLER, leg)
    until(lambda: call.hears(880), what="the agent")
    agent.talking.hold()
    subject.fact("LegHeld", leg=leg, held=True)
    subject.unbridge(CALLER, leg)
    subject.play_music(CALLER, (sounds[300],))
    until(lambda: call.hears(300), what="music")
    agent.talking.resume()
    subject.fact("LegHeld", leg=leg, held=False)
    subject.bridge(CALLER, leg)
    until(lambda: call.hears(880) and agent.talking.hears(440), what="each other again")


def test_bridge__survives_a_hold_that_nobody_acts_on(subject: Subject, fleet: Fleet, bank: Bank) -> None:
    """A re-INVITE may make the media anew: what was connected must be connected again."""
    call = answered(subject, fleet)
    agent = bank.phone("bob", tone=880).answering()
    leg = subject.dial_phone(agent)
    subject.fact("LegAnswered", leg=leg)
    subject.bridge(CALLER, leg)
    until(lambda: call.hears(880), what="the agent")
    for _ in range(2):
        agent.talking.hold()
        subject.fact("LegHeld", leg=leg, held=True)
        until(lambda: not call.hears(880), what="quiet")
        agent.talking.resume()
        subject.fact("LegHeld", leg=leg, held=False)
        until(lambda: call.hears(880) and agent.talking.hears(440), what="each other again")
        subject.facts[:] = [fact for fact in subject.facts if fact["fact"] != "LegHeld"]


def test_quality__counts_and_rates_and_stays_after_the_end(subject: Subject, fleet: Fleet, bank: Bank) -> None:
    line = bank.phone("alice").call(f"sip:support@127.0.0.1:{subject.port}")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    until(lambda: min(subject.quality(CALLER)[way] for way in ("rx_packets", "tx_packets")) > 100, what="two seconds of packets")
    line.hang_up()
    subject.fact("LegEnded", leg=CALLER)
    figures = subject.quality(CALLER)
    assert figures["codec"] == "PCMA"
    assert figures["rx_packets"] > 100 < figures["tx_packets"]
    assert figures["loss_percent"] < 5
    assert 0 <= figures["jitter_ms"] < 50
    assert 4.0 < figures["mos"] <= 4.41


def test_vanished_caller__is_noticed_by_missing_rtp(sounds: dict[int, str]) -> None:
    with Subject(rtp_timeout=2.0) as subject, Fleet(edge=subject.address) as fleet:
        call = answered(subject, fleet)
        until(lambda: subject.quality(CALLER)["rx_packets"] > 50, what="packets")
        call.hold()
        subject.fact("LegHeld", held=True)
        until(lambda: not call.stream.sending, what="its 200, before the next re-INVITE")
        call.resume()
        subject.fact("LegHeld", held=False)
        call.vanish()
        assert subject.fact("MediaLost", leg=CALLER, within=6)["seconds"] == 2.0
        subject.hang_up(CALLER)
        # Nobody answers our BYE: leaving must not wait for ever, nor fail.
        assert subject.leave(within=8) == 0


def test_muted_caller__lives_as_long_as_its_rtcp_comes() -> None:
    with Subject(rtp_timeout=2.0) as subject, Fleet(edge=subject.address) as fleet:
        call = answered(subject, fleet)
        until(lambda: subject.quality(CALLER)["rx_packets"] > 50, what="packets")
        call.stream.reporting, call.stream.sending = True, False
        until(lambda: subject.quality(CALLER)["tx_packets"] > 300, within=12, what="6 s: two looks of the watchdog and more")
        assert not subject.first("MediaLost")
        call.stream.reporting = False
        subject.fact("MediaLost", leg=CALLER, within=6)


def test_held_party__is_not_taken_for_gone() -> None:
    with Subject(rtp_timeout=1.0) as subject, Fleet(edge=subject.address) as fleet:
        call = answered(subject, fleet)
        call.hold()
        subject.fact("LegHeld", held=True)
        sent = subject.quality(CALLER)["tx_packets"]
        other = subject.dial_phone(fleet.phone("bob", takes=Takes(answer_after=0.0)))
        subject.fact("LegAnswered", leg=other)
        # Two looks of the watchdog, which comes by every two seconds.
        until(lambda: max(subject.quality(other)["tx_packets"], subject.quality(CALLER)["tx_packets"] - sent) > 250, within=10, what="5 s")
        assert not subject.first("MediaLost", leg=CALLER)
