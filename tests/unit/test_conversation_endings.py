"""Whoever ends the call, in whatever stage, every line is closed and the end is written once."""

from __future__ import annotations

import pytest

from telephony import ports, records
from telephony.conversation import LINGER_SECONDS
from telephony.ports import CALLER, LegId
from tests.unit.story import Story


def stages() -> dict[str, Story]:
    """A call in every stage in which somebody may hang up."""
    found = {"arriving": Story().arrives(), "waiting": Story().waits(), "ringback": Story("ringback").waits()}
    found["offered"] = Story().waits()
    found["offered"].offered(devices=2)
    found["accepting"] = Story().waits()
    found["accepting"].answers(found["accepting"].offered()[0])
    found["talking"] = Story()
    found["talking"].talks()
    found["held"] = Story()
    held = found["held"].talks()
    found["held"].hear(ports.LegHeld(held, True))
    found["leaving"] = Story().waits()
    found["leaving"].hear(records.Farewell(("sorry",), "fallback"))
    return found


@pytest.mark.parametrize("stage", list(stages()))
def test_the_caller_may_hang_up_in_every_stage(stage: str) -> None:
    story = stages()[stage]
    story.ends(CALLER, 487 if stage in ("arriving", "ringback") else 200)
    assert story.hung_up() == [("caller", "hung up")]
    assert all(story.is_closing(leg) for leg in story.phone.legs)
    story.confirms_all()
    assert story.call.over


@pytest.mark.parametrize("stage", list(stages()))
def test_a_lost_node_ends_the_call_with_a_good_bye_in_every_stage(stage: str) -> None:
    story = stages()[stage]
    story.hear(ports.NodeLost())
    assert story.hung_up() == [("system", "node lost")]
    assert all(story.is_closing(leg) for leg in story.phone.legs)
    story.confirms_all()
    assert story.call.over


@pytest.mark.parametrize("stage", list(stages()))
def test_a_peer_that_never_confirms_does_not_keep_the_process(stage: str) -> None:
    story = stages()[stage]
    story.hear(ports.NodeLost())
    story.wait(LINGER_SECONDS)
    assert story.call.over
    assert all(leg.ended is not None for leg in story.desk.saved.values())


@pytest.mark.parametrize("stage", list(stages()))
def test_a_supervisor_may_end_the_call_in_every_stage(stage: str) -> None:
    story = stages()[stage]
    story.hear(ports.CommandGiven(5, "hang_up", {"actor": "user:1"}))
    assert story.hung_up() == [("system", "hung up on screen")]
    assert story.desk.named("settle") == [(5, True, "")]


def test_the_agent_hangs_up() -> None:
    story = Story()
    leg = story.talks()
    story.ends(leg)
    assert story.hung_up() == [("agent", "hung up")]
    assert story.is_closing(CALLER)


@pytest.mark.parametrize("first", [CALLER, 1])
def test_both_hang_up_at_once_and_the_first_that_is_heard_counts(first: LegId) -> None:
    story = Story()
    leg = story.talks()
    other = leg if first == CALLER else CALLER
    story.phone.legs[other].state = "answered"
    story.ends(first)
    story.phone.legs[other].state = "ended"
    story.hear(ports.LegEnded(other, 200, by_peer=True))
    assert len(story.hung_up()) == 1
    assert story.call.over


def test_the_agent_hangs_up_by_the_panel() -> None:
    story = Story()
    story.talks()
    story.hear(ports.CommandGiven(5, "hang_up", {"actor": "agent:7"}))
    assert story.hung_up() == [("agent", "hung up on screen")]


def test_a_command_is_obeyed_once() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    command = ports.CommandGiven(5, "reject_offer", {"offer": 1})
    story.hear(command, command)
    assert story.failures() == [(1, "rejected", 603)]
    assert story.desk.named("settle") == [(5, True, "")]
    assert story.is_closing(leg)


def test_stopping_to_ring_is_nobodys_fault() -> None:
    story = Story().waits()
    story.offered()
    story.hear(ports.CommandGiven(5, "cancel_offer", {"offer": 1}))
    assert story.failures() == [(1, "rescinded", None)]


@pytest.mark.parametrize("kind", ["reject_offer", "fly"])
def test_a_command_that_cannot_be_obeyed_says_why(kind: str) -> None:
    story = Story().waits()
    story.hear(ports.CommandGiven(5, kind, {"offer": 1}))
    ((_, done, reason),) = story.desk.named("settle")
    assert not done
    assert reason


@pytest.mark.parametrize(("who", "by"), [(CALLER, "caller"), (1, "agent")])
def test_a_party_that_vanished_is_hung_up(who: LegId, by: str) -> None:
    story = Story()
    story.talks()
    story.hear(ports.MediaLost(who, 30))
    assert story.hung_up() == [(by, "vanished")]
    assert all(story.is_closing(leg) for leg in story.phone.legs)


def test_silence_of_a_caller_who_was_never_answered_means_nothing() -> None:
    story = Story("early-media").waits()
    story.hear(ports.MediaLost(CALLER, 30))
    assert not story.hung_up()


def test_a_row_closed_by_others_ends_the_call() -> None:
    story = Story()
    story.talks()
    story.hear(ports.RowClosed())
    assert story.is_closing(CALLER)
