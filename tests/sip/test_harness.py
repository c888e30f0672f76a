"""The harness itself: two phones call each other without anything of ours between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.phones import Bank
from tests.until import until


@pytest.fixture
def bank() -> Iterator[Bank]:
    with Bank(edge="127.0.0.1:9") as made:  # nobody there: they call one another
        yield made


def test_two_phones_hear_each_other_hold_and_hang_up(bank: Bank) -> None:
    bob = bank.phone("bob", tone=1000).answering(after=0.1)
    alice = bank.phone("alice", tone=440)
    line = alice.call(f"sip:bob@{bob.host}:{bob.port}")
    until(lambda: line.hears(1000), what="Alice to hear Bob")
    far = bob.lines[0]
    until(lambda: far.hears(440), what="Bob to hear Alice")
    assert line.share(440) < 0.05
    line.hold()
    until(lambda: not far.hears(440), what="Bob to hear no more of Alice")
    line.resume()
    until(lambda: far.hears(440), what="Bob to hear Alice again")
    line.send_digits("12#")
    until(lambda: far.digits == "12#", what="Bob to get the digits")
    far.hang_up()
    until(lambda: line.over and far.over, what="both to be free")


def test_a_phone_can_be_busy_and_a_call_given_up(bank: Bank) -> None:
    bob = bank.phone("bob").rejecting(486)
    alice = bank.phone("alice")
    busy = alice.call(f"sip:bob@{bob.host}:{bob.port}")
    until(lambda: busy.over and busy.status == 486, what="Alice to be told that Bob is busy")
    bob.only_ringing()
    ringing = alice.call(f"sip:bob@{bob.host}:{bob.port}")
    until(lambda: ringing.state == "EARLY", what="Bob's phone to ring")
    ringing.hang_up()
    until(lambda: ringing.status == 487 and bob.lines[1].over, what="the call to be cancelled")


def test_a_light_phone_is_called_by_a_real_one(bank: Bank) -> None:
    real = bank.phone("alice", tone=440)
    with Fleet(edge=(real.host, real.port)) as fleet:
        bob = fleet.phone("bob", tone=1000, takes=Takes(answer_after=0.1))
        line = real.call(bob.contact)
        until(lambda: line.hears(1000), what="Alice to hear Bob")
        far = bob.calls[0]
        until(lambda: far.hears(440), what="Bob to hear Alice")
        far.hold()
        until(lambda: line.share(1000) < 0.1, what="Alice to hear no more of Bob")
        far.resume()
        until(lambda: line.hears(1000), what="Alice to hear Bob again")
        line.hang_up()
        until(lambda: far.over and line.over, what="both to be free")
        second = real.call(bob.contact)
        until(lambda: bob.ringing, what="Bob's phone to ring")
        second.hang_up()
        until(lambda: second.over and bob.calls[1].over, what="both to be free again")


def test_a_light_phone_calls_a_real_one_and_gives_up(bank: Bank) -> None:
    real = bank.phone("bob").only_ringing()
    with Fleet(edge=(real.host, real.port)) as fleet:
        call = fleet.phone("alice").call("bob")
        until(lambda: 180 in call.provisionals, what="Bob's phone to ring")
        call.hang_up()
        until(lambda: call.over and call.status == 487, what="the call to be cancelled")
        until(lambda: real.lines[0].over, what="Bob's phone to be quiet")
