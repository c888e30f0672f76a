"""Phones are rung, cancelled and blamed as the agents deserve it."""

from __future__ import annotations

import pytest

from telephony import ports, records
from telephony.ports import CALLER
from telephony.ringing import outcome_of
from tests.unit.story import Story


def test_all_devices_of_the_agent_ring_at_once_and_the_first_to_answer_wins() -> None:
    story = Story().waits()
    one, two, three = story.offered(devices=3)
    story.hear(ports.LegRinging(one), ports.LegRinging(two))
    assert story.desk.named("offer_rang") == [(1,)]
    story.answers(two)
    assert story.is_closing(one)
    assert story.is_closing(three)
    assert story.hears(two) == "0"
    assert story.desk.named("accept") == [(1,)]


def test_phones_that_do_not_say_that_they_ring_are_reported_as_called() -> None:
    story = Story().waits()
    story.offered(1, agent=7)
    (other,) = story.offered(2, agent=8)
    story.hear(ports.LegRinging(other))
    assert story.call.deadline() == story.time + 2
    story.wait(1.9)
    assert story.desk.named("offer_dialled") == []
    story.wait(0.1)
    assert story.desk.named("offer_dialled") == [(1,)]
    story.wait(2)
    assert story.desk.named("offer_dialled") == [(1,)]


def test_an_offer_for_which_no_invite_was_free_is_not_reported() -> None:
    story = Story().waits()
    story.phone.most = 1
    assert len(story.offered(1, devices=3)) == 3
    assert story.offered(2) == []
    story.wait(3)
    assert story.desk.named("offer_dialled") == [(1,)]


def test_ring_all_rings_every_device_of_every_agent_with_one_invite() -> None:
    story = Story().waits()
    legs = story.offered_together(*(story.offer(number, devices=5, agent=number) for number in range(1, 11)))
    assert len(legs) == 50
    assert len({story.phone.legs[leg].invite for leg in legs}) == 1
    (late,) = story.offered(11, agent=11)
    assert story.phone.legs[late].invite != story.phone.legs[legs[0]].invite


def test_what_does_not_fit_rings_the_first_device_of_every_agent_before_any_second() -> None:
    story = Story().waits()
    story.phone.most = 1
    legs = story.offered_together(story.offer(1, devices=2, agent=1), story.offer(2, devices=2, agent=2))
    assert [story.phone.legs[leg].uri for leg in legs] == ["sip:device-1-0@edge", "sip:device-2-0@edge", "sip:device-1-1@edge"]
    # It should ring the others as INVITEs come free
    story.ends(legs[0], 486)
    assert story.phone.legs[4].uri == "sip:device-2-1@edge"
    assert not story.failures()


@pytest.mark.parametrize("most", [1, 64])
def test_ring_all_cancels_the_others_without_blame(most: int) -> None:
    story = Story().waits()
    story.phone.most = most
    one, two = story.offered_together(story.offer(1, agent=1), story.offer(2, agent=2))
    story.answers(two)
    assert story.is_closing(one)
    assert not story.failures()
    assert story.desk.named("accept") == [(2,)]


def test_a_line_that_takes_the_invite_for_a_loop_is_rung_once_more_with_its_own() -> None:
    """Two agents share a phone, which was rung on both its lines."""
    story = Story().waits()
    one, two = story.offered_together(story.offer(1, agent=1), story.offer(2, agent=2))
    story.ends(two, 482)
    again = max(story.phone.legs)
    assert story.phone.legs[again].uri == story.phone.legs[two].uri
    assert story.phone.legs[again].invite != story.phone.legs[one].invite
    assert not story.failures()
    # It should not try for ever
    story.ends(again, 482)
    assert story.failures() == [(2, "unreachable", 482)]
    assert not story.is_closing(one)


def test_one_offer_withdrawn_stops_its_phone_alone() -> None:
    story = Story().waits()
    one, two = story.offered_together(story.offer(1, agent=1), story.offer(2, agent=2))
    story.hear(ports.OfferWithdrawn(1))
    assert (story.is_closing(one), story.is_closing(two)) == (True, False)
    story.answers(two)
    assert story.desk.named("accept") == [(2,)]


def test_others_stopped_by_an_answer_that_came_too_late_are_not_blamed() -> None:
    """Its offer had been withdrawn; the edge took its 200 for the first all the same, and cancelled the others."""
    story = Story().waits()
    late, other = story.offered_together(story.offer(1, agent=1), story.offer(2, agent=2))
    story.hear(ports.LegRinging(other), ports.OfferWithdrawn(1))
    story.answers(late)
    assert story.is_closing(late)
    assert story.failures() == [(2, "rescinded", None)]
    assert not story.desk.named("accept")


def test_an_agent_without_a_device_is_unreachable() -> None:
    story = Story().waits()
    story.offered(devices=0)
    assert story.failures() == [(1, "unreachable", None)]


def test_the_ring_time_is_over() -> None:
    story = Story().waits()
    (leg,) = story.offered(seconds=15)
    story.hear(ports.LegRinging(leg))
    assert story.call.deadline() == 115
    story.wait(15)
    assert story.failures() == [(1, "no_answer", 408)]
    assert story.is_closing(leg)
    story.ends(leg, 487)
    assert len(story.failures()) == 1
    assert story.hears(CALLER) == "music.wav"


def test_a_phone_that_never_reported_ringing_is_unreachable() -> None:
    story = Story().waits()
    story.offered(seconds=15)
    story.wait(15)
    assert story.failures() == [(1, "unreachable", 408)]


def test_an_agent_for_whom_no_invite_was_left_is_not_blamed() -> None:
    story = Story().waits()
    for offer in (1, 2, 3):
        story.offered(offer, agent=offer)
    assert story.offered(4, agent=4, seconds=5) == []
    story.wait(5)
    assert story.failures() == [(4, "rescinded", None)]


def test_a_phone_learns_when_to_stop_ringing_by_itself() -> None:
    story = Story().waits()
    (leg,) = story.offered(seconds=14.6)
    assert story.phone.legs[leg].headers == {"Expires": "15"}


@pytest.mark.parametrize(
    ("status", "rang", "outcome"),
    [
        (486, True, "busy"), (600, True, "busy"), (603, True, "rejected"), (403, True, "rejected"), (607, False, "rejected"),
        (480, True, "no_answer"), (408, True, "no_answer"), (487, True, "no_answer"), (480, False, "unreachable"),
        (408, False, "unreachable"), (404, True, "unreachable"),
        (503, True, "unreachable"), (500, False, "unreachable"), (302, True, "unreachable"),
    ],
)  # fmt: skip
def test_what_a_final_answer_says_about_the_agent(status: int, rang: bool, outcome: str) -> None:
    assert outcome_of(status, rang=rang) == outcome
    story = Story().waits()
    (leg,) = story.offered()
    if rang:
        story.hear(ports.LegRinging(leg))
    story.ends(leg, status)
    assert story.failures() == [(1, outcome, status)]


def test_busy_on_one_device_lets_the_others_ring_on() -> None:
    story = Story().waits()
    one, two = story.offered(devices=2)
    story.ends(one, 486)
    assert not story.failures()
    story.answers(two)
    assert story.desk.named("accept") == [(1,)]


def test_a_decline_on_one_device_speaks_for_the_agent() -> None:
    story = Story().waits()
    one, two = story.offered(devices=2)
    story.ends(one, 603)
    assert story.is_closing(two)
    story.ends(two, 487)
    assert story.failures() == [(1, "rejected", 603)]


def test_of_several_refusals_the_most_telling_counts() -> None:
    story = Story().waits()
    one, two, three = story.offered(devices=3)
    for leg, status in ((one, 404), (two, 486), (three, 480)):
        story.ends(leg, status)
    assert story.failures() == [(1, "busy", 486)]


def test_an_offer_withdrawn_by_the_rows_stops_the_phones_and_is_not_reported_back() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.hear(ports.OfferWithdrawn(1))
    assert story.is_closing(leg)
    story.ends(leg, 487)
    assert not story.failures()


def test_an_offer_withdrawn_before_it_was_heard_of_does_not_ring() -> None:
    story = Story().waits()
    story.hear(ports.OfferWithdrawn(1))
    assert story.offered(1) == []


def test_an_offer_told_twice_rings_once() -> None:
    story = Story().waits()
    assert len(story.offered(1)) == 1
    assert story.offered(1) == []


def test_an_answer_that_crosses_our_cancel_is_hung_up() -> None:
    story = Story().waits()
    (leg,) = story.offered(seconds=10)
    story.wait(10)
    story.answers(leg)
    assert story.is_closing(leg)
    assert not story.desk.named("accept")
    assert story.hears(CALLER) == "music.wav"


def test_the_call_is_offered_again_after_a_failure() -> None:
    story = Story().waits()
    (one,) = story.offered(1)
    story.ends(one, 486)
    (two,) = story.offered(2)
    story.answers(two)
    assert story.hears(CALLER) == str(two)


def test_an_offer_that_overtakes_the_placement_is_rung() -> None:
    story = Story().arrives()
    assert story.offered(1) == []
    story.hear(records.Routed(story.profile))
    assert len(story.phone.legs) == 2
