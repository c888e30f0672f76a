"""The caller's leg of a call process: arriving, answering, hearing, leaving. Real SIP and RTP."""

# mypy: disable-error-code="union-attr, index, misc, arg-type"
from __future__ import annotations

from pathlib import Path

import pytest

from tests.sip.harness.fleet import Fleet
from tests.sip.harness.phones import Bank
from tests.until import until

from .subject import Subject

CALLER = 0


def test_caller_arrived__says_who_calls_whom_and_from_where(subject: Subject, fleet: Fleet) -> None:
    fleet.phone("4930123").call("support", X_CC_Source="public")
    fact = subject.fact("CallerArrived")
    assert (fact["caller_number"], fact["dialled"], fact["source"]) == ("4930123", "support", "public")
    assert fact["sip_call_id"] == fleet.phones[0].calls[0].call_id


@pytest.mark.parametrize(("source", "number", "name"), [("trunk:7", "+49301", "Main Street"), ("public", "alice", ""), ("", "alice", "")])
def test_asserted_identity__counts_only_from_a_trunk(subject: Subject, fleet: Fleet, source: str, number: str, name: str) -> None:
    headers = {"X_CC_Source": source} if source else {}
    fleet.phone("alice").call("support", P_Asserted_Identity='"Main Street" <sip:+49301@carrier.example>', **headers)
    fact = subject.fact("CallerArrived")
    assert (fact["caller_number"], fact["caller_name"], fact["source"]) == (number, name, source)


def test_ringback__180_and_no_sound_until_the_answer(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.progress(CALLER, early_media=False)
    subject.play_music(CALLER, (sounds[300],))
    until(lambda: 180 in call.provisionals, what="180")
    assert call.stream is None
    subject.answer(CALLER)
    until(lambda: call.hears(300), what="music")
    assert call.status == 200


def test_early_media__is_heard_before_the_answer(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.progress(CALLER, early_media=True)
    subject.play_music(CALLER, (sounds[300],))
    until(lambda: call.hears(300), what="music")
    assert (call.state, call.status) == ("early", 183)
    subject.answer(CALLER)
    subject.fact("LegAnswered", leg=CALLER, codec="PCMA")
    until(lambda: call.talking, what="the answer")


def test_answer__twice_is_once(subject: Subject, fleet: Fleet) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.answer(CALLER)
    subject.progress(CALLER, early_media=True)
    subject.fact("LegAnswered", leg=CALLER)
    subject.answer(CALLER)
    assert call.talking
    assert len([fact for fact in subject.facts if fact["fact"] == "LegAnswered"]) == 1


def test_prompt__plays_its_files_in_order_then_the_music_again(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (sounds[300],))
    until(lambda: call.hears(300), what="music")
    subject.play_prompt(CALLER, [sounds[700], sounds[1200]])
    until(lambda: call.hears(700), what="the first file alone")
    until(lambda: call.hears(1200), what="the second file alone")
    ended = subject.fact("PromptEnded", leg=CALLER, prompt=sounds[1200])
    until(lambda: call.hears(300), what="music again")
    assert len([fact for fact in subject.facts if fact["fact"] == "PromptEnded"]) == 1
    # Played whole: two files of one second each, at the pace of the clock.
    assert 1.9 < ended["at"] - subject.first("LegAnswered")["at"] < 4


def test_prompt__that_another_one_cuts_short_does_not_end(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_prompt(CALLER, [sounds[700]])
    until(lambda: call.hears(700, 0.2), what="the first prompt")
    subject.play_prompt(CALLER, [sounds[1200]])
    subject.fact("PromptEnded", prompt=sounds[1200])
    assert not subject.first("PromptEnded", prompt=sounds[700])


def test_stop_playing__leaves_silence(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (sounds[300],))
    until(lambda: call.hears(300), what="music")
    subject.stop_playing(CALLER)
    until(lambda: call.share(300) < 0.01 and call.stream.received > 20, what="silence")


def test_a_file_that_is_no_sound__is_refused_with_a_reason_and_the_music_goes_on(
    subject: Subject, fleet: Fleet, sounds: dict[int, str], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("not a sound")
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (sounds[300],))
    with pytest.raises(RuntimeError, match="OSError: Cannot play"):
        subject.play_prompt(CALLER, [str(broken)])
    until(lambda: call.hears(300), what="music")


@pytest.mark.parametrize("status", [404, 480, 486, 503, 603])
def test_refuse__gives_the_status_asked_for(subject: Subject, fleet: Fleet, status: int) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.refuse(CALLER, status)
    ended = subject.fact("LegEnded", leg=CALLER)
    assert (ended["status"], ended["by_peer"]) == (status, False)
    until(lambda: call.over and call.status == status, what=f"{status}")


@pytest.mark.parametrize("moment", ["new", "ringing", "early"])
def test_cancel__in_every_state_before_the_answer(subject: Subject, fleet: Fleet, sounds: dict[int, str], moment: str) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    if moment != "new":
        subject.progress(CALLER, early_media=moment == "early")
        until(lambda: call.status in (180, 183), what="progress")
        subject.play_music(CALLER, (sounds[300],))
    call.hang_up()
    ended = subject.fact("LegEnded", leg=CALLER)
    assert (ended["status"], ended["by_peer"]) == (487, True)
    until(lambda: call.over and call.status == 487, what="487")
    subject.hang_up(CALLER)
    assert not fleet.received(481)


def test_caller_hangs_up(subject: Subject, fleet: Fleet) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    until(lambda: call.talking, what="the answer")
    call.hang_up()
    assert subject.fact("LegEnded", leg=CALLER)["by_peer"] is True
    until(lambda: call.bye_status == 200, what="200 to the BYE")


def test_both_hang_up_at_once__nobody_gets_481() -> None:
    with Subject(linger=0.7) as subject, Fleet(edge=subject.address) as fleet:
        call = fleet.phone("alice").call("support")
        subject.fact("CallerArrived")
        subject.answer(CALLER)
        subject.fact("LegAnswered", leg=CALLER)
        call.hang_up()
        subject.hang_up(CALLER)
        subject.fact("LegEnded", leg=CALLER)
        until(lambda: call.bye_status, what="an answer to the BYE")
        assert subject.leave() == 0
        assert not fleet.received(481)


def test_hang_up__before_the_answer_is_a_refusal_after_it_a_bye(subject: Subject, fleet: Fleet) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.progress(CALLER, early_media=False)
    subject.hang_up(CALLER)
    until(lambda: call.over and call.status == 480, what="480")


def test_second_caller__is_told_busy_and_the_first_does_not_notice(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    first = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (sounds[300],))
    second = fleet.phone("bob").call("support")
    until(lambda: second.over and second.status == 486, what="486")
    until(lambda: first.hears(300), what="music")
    assert len([fact for fact in subject.facts if fact["fact"] == "CallerArrived"]) == 1


@pytest.mark.parametrize("method", ["rfc4733", "info"])
def test_digits__by_both_ways(subject: Subject, bank: Bank, method: str) -> None:
    line = bank.phone("alice").call(f"sip:support@127.0.0.1:{subject.port}")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.fact("LegAnswered")
    line.send_digits("159*0#", method=method)
    until(lambda: "".join(f["digit"] for f in subject.facts if f["fact"] == "DigitPressed") == "159*0#", what="all digits once, in order")
    assert {fact["method"] for fact in subject.facts if fact["fact"] == "DigitPressed"} == {method}


def test_hold_and_resume__by_the_caller(subject: Subject, fleet: Fleet) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.fact("LegAnswered")
    call.hold()
    subject.fact("LegHeld", leg=CALLER, held=True)
    until(lambda: not call.stream.sending, what="its 200, before the next re-INVITE")
    call.resume()
    subject.fact("LegHeld", leg=CALLER, held=False)
