"""One INVITE at several phones: what the edge says to whom. Real messages, no sockets; the clock is turned by hand."""

from __future__ import annotations

import asyncio

import pytest

from telephony.edge import forks
from telephony.edge.fork import WAITS
from telephony.edge.forks import MOST
from tests.unit.edge_scene import DEVICES, PROCESS, SDP, Clock, Scene, phone_at
from tests.until import auntil


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: made)
    return made


@pytest.fixture
def scene(clock: Clock) -> Scene:
    return Scene(clock)


# ---- the INVITE at every phone -----------------------------------------------------------------------------
def test_each_device_gets_an_invite_of_its_own(scene: Scene) -> None:
    scene.rings(*DEVICES)
    assert list(scene.invites) == list(DEVICES)
    branches = {invite.values("via")[0] for invite in scene.invites.values()}
    assert len(branches) == 3
    one = scene.invites[54]
    assert one.start == "INVITE sip:desk@192.0.2.54 SIP/2.0"
    assert not one.get("x-cc-secret")
    assert one.get("supported") == "replaces, timer", "nobody could acknowledge a reliable answer"
    assert b"m=audio 4000" in one.body
    assert len(one.values("record-route")) == 1
    assert scene.told() == [], "phones answer within milliseconds: no word before theirs"


def test_more_than_64_devices_are_nobody(clock: Clock) -> None:
    scene = Scene(clock, tuple(range(1, 66)))
    scene.rings(*range(1, 65))
    assert len(scene.invites) == 64
    scene.rings(*range(1, 66), branch="z9hG4bKother")
    assert (scene.invites, scene.told()) == ({}, [(403, "", "")])


def test_an_invite_is_repeated_to_each_phone_until_it_says_something(scene: Scene, clock: Clock) -> None:
    scene.rings(*DEVICES)
    scene.phone_says(54, 100)
    scene.phone_says(55, 486)
    clock.pass_(40)
    assert scene.at(54) == []
    assert scene.at(55) == ["ACK"]
    assert scene.at(60) == ["INVITE"] * (len(WAITS) - 1), "after 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s"
    assert scene.told() == [(100, "", ""), (199, "55", "SIP ;cause=486"), (199, "60", "SIP ;cause=408")]


def test_a_process_that_repeats_its_invite_hears_100_and_no_phone_hears_it_twice(scene: Scene) -> None:
    scene.rings(*DEVICES)
    scene.process_says("INVITE", *DEVICES)
    assert scene.told() == [(100, "", "")]
    assert [scene.at(device) for device in DEVICES] == [[], [], []]


# ---- what phones say ---------------------------------------------------------------------------------------
def test_the_process_hears_which_phone_rings_and_nothing_that_phones_write(scene: Scene) -> None:
    scene.rings(*DEVICES)
    scene.phone_says(55, 183, ("Require", "100rel"), ("RSeq", "1"), ("X-CC-Device", "60"), ("Reason", "SIP ;cause=603"), body=SDP)
    [early] = scene.heard(PROCESS)
    assert (early.status, early.values("x-cc-device")) == (183, ["55"])
    assert [early.get(name) for name in ("content-type", "require", "reason")] == ["", "", ""]
    scene.phone_says(55, 180)
    scene.phone_says(60, 180)
    assert scene.told() == [(180, "55", ""), (180, "60", "")]


def test_a_199_of_a_phone_is_not_ours(scene: Scene) -> None:
    scene.rings(*DEVICES)
    scene.phone_says(55, 199, ("Reason", "SIP ;cause=603"))
    assert scene.told() == [(100, "", "")]


@pytest.mark.parametrize("status", [302, 486, 503, 603])
def test_a_phone_that_refuses_is_acknowledged_and_told_while_others_ring(scene: Scene, status: int) -> None:
    scene.all_ring()
    for _ in range(2):
        scene.phone_says(55, status)
        [ack] = scene.heard(phone_at(55))
        assert (ack.method, ack.uri, ack.tag("to")) == ("ACK", "sip:desk@192.0.2.55", "desk55")
        assert ack.values("via") == scene.invites[55].values("via")[:1]
    assert scene.told() == [(199, "55", f"SIP ;cause={status}")]
    assert [scene.at(device) for device in (54, 60)] == [[], []], "a 6xx speaks for its agent, whom only the process knows"


def test_when_all_refused_one_failure_tells_how_each_ended(scene: Scene, clock: Clock) -> None:
    scene.all_ring()
    for device, status in ((54, 486), (55, 603), (60, 480)):
        scene.phone_says(device, status)
    ends = (480, "54=486,55=603,60=480", "")
    assert scene.told() == [(199, "54", "SIP ;cause=486"), (199, "55", "SIP ;cause=603"), ends]
    clock.pass_(0.6)
    assert scene.told() == [ends], "repeated until it is acknowledged"
    scene.process_says("ACK", *DEVICES, to_tag=";tag=edge")
    clock.pass_(10)
    assert scene.told() == []


def test_a_single_phones_failure_passes_with_what_it_says(scene: Scene) -> None:
    scene.rings(54)
    scene.phone_says(54, 422, ("Min-SE", "1800"), ("X-CC-Ends", "55=200"))
    [failure] = scene.heard(PROCESS)
    assert (failure.status, failure.get("min-se"), failure.values("x-cc-ends")) == (422, "1800", ["54=422"])
    assert len(failure.values("via")) == 1


def test_a_device_without_a_binding_is_looked_up_once_while_the_others_ring(scene: Scene) -> None:
    scene.rings(54, 70, 71)
    assert list(scene.invites) == [54]
    scene.phone_says(54, 486)
    assert scene.told() == [(199, "54", "SIP ;cause=486")], "who is being looked up may still ring"
    scene.register(70)
    scene.refreshed.pop()()
    assert scene.at(70) == ["INVITE"]
    assert scene.told() == [(199, "71", "SIP ;cause=480")]


def test_nobody_to_be_found_is_480(scene: Scene) -> None:
    scene.rings(70, 71)
    scene.refreshed.pop()()
    assert scene.told() == [(199, "70", "SIP ;cause=480"), (480, "70=480,71=480", "")]


# ---- an answer ---------------------------------------------------------------------------------------------
def test_the_first_answer_wins_and_the_others_are_cancelled(scene: Scene) -> None:
    scene.all_ring()
    scene.phone_says(55, 200, ("X-CC-Device", "60"), body=SDP)
    [ok] = scene.heard(PROCESS)
    assert (ok.status, ok.values("x-cc-device"), ok.tag("to")) == (200, ["55"], "desk55")
    assert b"m=audio 4000" in ok.body
    assert [scene.at(device) for device in DEVICES] == [["CANCEL"], [], ["CANCEL"]]
    scene.phone_says(54, 487)
    scene.phone_says(60, 487)
    assert [scene.at(device) for device in DEVICES] == [["ACK"], [], ["ACK"]]
    scene.phone_says(55, 200, body=SDP)
    assert [status for status, *_ in scene.told()] == [200], "its repetition; of the others not a word"


def test_a_cancel_is_repeated_until_it_is_answered(scene: Scene, clock: Clock) -> None:
    scene.all_ring(54, 55)
    scene.phone_says(55, 200, body=SDP)
    [cancel] = scene.heard(phone_at(54))
    clock.pass_(0.6)
    assert scene.at(54) == ["CANCEL"]
    scene.edge.receive(cancel.reply(200, "OK", to_tag="desk54").encode(), phone_at(54))
    clock.pass_(10)
    assert scene.at(54) == []


def test_of_two_that_answer_at_once_the_second_is_hung_up(scene: Scene) -> None:
    scene.all_ring()
    scene.phone_says(55, 200, body=SDP)
    scene.phone_says(60, 200, body=SDP)
    assert scene.at(60) == ["CANCEL", "ACK", "BYE"]
    scene.phone_says(60, 200, body=SDP)
    assert scene.at(60) == ["ACK"], "one BYE is enough"
    assert [told[:2] for told in scene.told()] == [(200, "55")]


def test_no_cancel_before_a_phone_has_said_anything(scene: Scene, clock: Clock) -> None:
    """RFC 3261 9.1: it might overtake the INVITE."""
    scene.rings(54, 55)
    scene.phone_says(55, 200, body=SDP)
    clock.pass_(20)
    assert scene.at(54) == [], "nor is the INVITE repeated"
    scene.phone_says(54, 180)
    assert scene.at(54)[:1] == ["CANCEL"]
    assert [told[:2] for told in scene.told()] == [(200, "55")]


# ---- the process lets go -----------------------------------------------------------------------------------
def test_one_device_is_cancelled_while_the_others_ring(scene: Scene) -> None:
    scene.all_ring()
    for _ in range(2):
        scene.process_says("CANCEL", 55)
        assert scene.told() == [(200, "", ""), (199, "55", "SIP ;cause=487")], "told again to a process that asks again"
    assert [scene.at(device) for device in DEVICES] == [[], ["CANCEL"], []]
    # It should not take its answer for the first, if that crosses the CANCEL
    scene.phone_says(55, 200, body=SDP)
    assert scene.at(55) == ["ACK", "BYE"]
    scene.phone_says(60, 200, body=SDP)
    assert [told[:2] for told in scene.told()] == [(200, "60")]


def test_all_are_cancelled(scene: Scene) -> None:
    scene.all_ring()
    scene.phone_says(54, 486)
    scene.heard(PROCESS)
    scene.process_says("CANCEL", *DEVICES)
    assert scene.told() == [(200, "", ""), (487, "54=486,55=487,60=487", "")]
    assert [scene.at(device) for device in DEVICES] == [["ACK"], ["CANCEL"], ["CANCEL"]]
    scene.phone_says(55, 200, body=SDP)
    assert scene.at(55) == ["ACK", "BYE"]


def test_the_last_one_that_is_let_go_ends_the_invite(scene: Scene) -> None:
    scene.all_ring(54, 55)
    scene.phone_says(54, 486)
    scene.heard(PROCESS)
    scene.process_says("CANCEL", 55)
    assert scene.told() == [(200, "", ""), (487, "54=486,55=487", "")]


def test_a_cancel_that_crosses_the_answer_changes_nothing(scene: Scene) -> None:
    scene.all_ring(54)
    scene.phone_says(54, 200, body=SDP)
    scene.process_says("CANCEL", 54)
    assert [told[:2] for told in scene.told()] == [(200, "54"), (200, "")]
    assert scene.at(54) == []


def test_phones_of_outside_cancel_nothing(scene: Scene) -> None:
    scene.all_ring()
    data = (
        b"CANCEL sip:device-54@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:4001;rport;branch=z9hG4bKcall\r\n"
        b"From: <sip:caller@127.0.0.1>;tag=ours\r\nTo: <sip:device-54@127.0.0.1>\r\nCall-ID: z9hG4bKcall-id\r\nCSeq: 7 CANCEL\r\n\r\n"
    )
    scene.edge.receive(data, ("192.0.2.99", 5060))
    assert [scene.at(device) for device in DEVICES] == [[], [], []]


# ---- the process dies --------------------------------------------------------------------------------------
def test_all_phones_of_a_dead_process_are_cancelled(scene: Scene, clock: Clock) -> None:
    scene.all_ring()
    scene.edge.calls.gone(PROCESS[1])
    scene.edge.forks.abandon(PROCESS[1])
    assert [scene.at(device) for device in DEVICES] == [["CANCEL"]] * 3
    scene.phone_says(54, 487)
    scene.phone_says(55, 200, body=SDP)
    assert [scene.at(device) for device in DEVICES] == [["ACK"], ["ACK", "BYE"], []]
    assert scene.told() == []
    clock.pass_(forks.LIFE_SECONDS + 1)
    assert not scene.edge.forks._of
    scene.heard(phone_at(54))
    scene.phone_says(54, 487)
    assert scene.at(54) == []


def test_one_process_cannot_fill_memory(scene: Scene) -> None:
    for number in range(3 * MOST):
        scene.rings(54, branch=f"z9hG4bK{number}")
        scene.phone_says(54, 180)
    scene.heard(phone_at(54))
    scene.edge.forks.abandon(PROCESS[1])
    cancelled = [message.call_id for message in scene.heard(phone_at(54))]
    assert (len(cancelled), cancelled[-1]) == (MOST, f"z9hG4bK{3 * MOST - 1}-id"), "the newest are kept"


def test_what_is_over_is_forgotten(scene: Scene, clock: Clock) -> None:
    scene.all_ring(54)
    scene.phone_says(54, 486)
    scene.process_says("ACK", 54, to_tag=";tag=desk54")
    clock.pass_(forks.LIFE_SECONDS + 1)
    assert not scene.edge.forks._of
    assert not clock.timers


# ---- the edge dies -----------------------------------------------------------------------------------------
@pytest.fixture
def reborn(scene: Scene) -> Scene:
    """All phones ring; of that the edge knows nothing."""
    scene.all_ring()
    scene.start()
    return scene


def test_an_edge_that_forgot_passes_on_who_rings_and_who_refuses(reborn: Scene) -> None:
    reborn.phone_says(54, 180)
    reborn.phone_says(55, 486)
    assert reborn.told() == [(180, "54", ""), (199, "55", "SIP ;cause=486")]
    assert reborn.at(55) == ["ACK"]
    # It cannot know whether others refused before: that all are out is for the process to say
    reborn.phone_says(54, 486)
    reborn.phone_says(60, 486)
    assert [told[0] for told in reborn.told()] == [199, 199]
    reborn.process_says("CANCEL", *DEVICES)
    assert [told[0] for told in reborn.told()] == [200, 487]


def test_an_edge_that_forgot_lets_the_first_answer_win(reborn: Scene) -> None:
    reborn.phone_says(55, 200, body=SDP)
    assert [told[:2] for told in reborn.told()] == [(200, "55")]
    cancels = reborn.heard(phone_at(54))
    assert [cancel.method for cancel in cancels] == ["CANCEL"]
    assert cancels[0].values("via") == reborn.invites[54].values("via")[:1]
    assert cancels[0].get("cseq") == "7 CANCEL"
    assert not cancels[0].tag("to")
    assert reborn.at(60) == ["CANCEL"]
    reborn.phone_says(54, 200, body=SDP)
    assert reborn.at(54) == ["ACK", "BYE"]


@pytest.mark.parametrize("named", [(55,), DEVICES], ids=["one", "all"])
def test_an_edge_that_forgot_cancels_whom_the_process_names(reborn: Scene, named: tuple[int, ...]) -> None:
    reborn.process_says("CANCEL", *named)
    assert [reborn.at(device) for device in DEVICES] == [["CANCEL"] if device in named else [] for device in DEVICES]
    assert [told[0] for told in reborn.told()] == ([200, 199] if named == (55,) else [200, 487])


def test_an_edge_that_forgot_rings_again_for_an_invite_that_nobody_answered(scene: Scene) -> None:
    scene.rings(*DEVICES)
    first = scene.invites[54].encode()
    scene.start()
    scene.rings(*DEVICES)
    assert scene.invites[54].encode() == first, "to the phones it is a repetition"


def test_a_branch_that_is_not_ours_is_nobody(scene: Scene) -> None:
    scene.all_ring()
    scene.invites[54].push("Via", scene.invites[54].pop("via").replace("p54-", "p55-"))
    scene.phone_says(54, 200, body=SDP)
    assert scene.told() == []


async def test_the_timers_are_those_of_the_loop() -> None:
    """What the hand-turned clock stands for."""
    scene = Scene(Clock(), (54,))
    scene.rings(54)
    await auntil(lambda: scene.at(54) == ["INVITE"], within=3, what="the first repetition")
    scene.phone_says(54, 486)
    scene.process_says("ACK", 54, to_tag=";tag=desk54")
