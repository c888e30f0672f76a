"""One call's story, told in every way we could think of, without SIP and without a database."""

from __future__ import annotations

from typing import Any

import pytest

from telephony import ports, records
from telephony.conversation import ARRIVAL_SECONDS, LAST_WORDS_SECONDS, LINGER_SECONDS, Conversation, Phase
from telephony.ports import CALLER, LegId
from telephony.ringing import outcome_of
from tests.unit.fakes import FakeDesk, FakePhone

ARRIVED = ports.CallerArrived("call-id", "12345", "Ann", "support", "public")


class Story:
    """A conversation with its fakes, and words for what happens to it."""

    def __init__(self, mode: str = "answer", **profile: Any) -> None:
        self.phone = FakePhone()
        self.desk = FakeDesk()
        self.profile = records.QueueProfile(mode, "music.wav", **profile)
        self.call = Conversation(self.phone, self.desk)
        self.time = 100.0

    def hear(self, *facts: records.StoryFact) -> None:
        for fact in facts:
            self.call.hear(fact, self.time)

    def wait(self, seconds: float) -> None:
        self.time += seconds
        self.call.tick(self.time)

    # ---- what happens outside ---------------------------------------------------------------------------------
    def arrives(self) -> Story:
        self.phone.caller_calls()
        self.hear(ARRIVED)
        return self

    def waits(self, prompts: tuple[str, ...] = (), *, offered: bool = False) -> Story:
        """Arrived, routed, placed, and its ACK came if we answered."""
        self.arrives()
        self.hear(records.Routed(self.profile))
        self.acknowledges()
        self.hear(records.Placed(prompts, offered))
        return self

    def acknowledges(self) -> None:
        if self.phone.legs[CALLER].state == "answering":
            self.phone.legs[CALLER].state = "answered"
            self.hear(ports.LegAnswered(CALLER, "PCMA"))

    def offered(self, offer: int = 1, devices: int = 1, agent: int = 7, seconds: float = 20) -> list[LegId]:
        """The legs that were dialled for it."""
        before = set(self.phone.legs)
        targets = tuple(ports.Target(device, f"sip:device-{offer}-{device}@edge") for device in range(devices))
        self.hear(ports.OfferOpened(offer, agent, targets, seconds))
        return sorted(set(self.phone.legs) - before)

    def answers(self, leg: LegId) -> None:
        self.phone.legs[leg].state = "answered"
        self.hear(ports.LegAnswered(leg, "PCMA"))
        self.acknowledges()

    def ends(self, leg: LegId, status: int = 200) -> None:
        by_peer = self.phone.legs[leg].state not in ("cancelling", "closing")
        self.phone.legs[leg].state = "ended"
        self.hear(ports.LegEnded(leg, status, by_peer))

    def confirms_all(self) -> None:
        """Every peer confirms our BYE or CANCEL."""
        for leg in sorted(self.phone.open_legs):
            self.ends(leg, 487)

    def talks(self, **offer: Any) -> LegId:
        (leg,) = self.waits().offered(**offer)
        self.answers(leg)
        self.hear(records.Accepted(1, won=True))
        return leg

    # ---- what came of it --------------------------------------------------------------------------------------
    def hears(self, leg: LegId) -> str:
        return self.phone.legs[leg].hears

    def is_closing(self, leg: LegId) -> bool:
        return self.phone.legs[leg].state in ("cancelling", "closing", "ended")

    def failures(self) -> list[tuple[Any, ...]]:
        return self.desk.named("offer_failed")

    def hung_up(self) -> list[tuple[Any, ...]]:
        return self.desk.named("hang_up")


# ---- arrival and what the caller hears -------------------------------------------------------------------------
def test_answer_mode_answers_at_once_and_plays_music() -> None:
    story = Story("answer").waits()
    assert story.phone.legs[CALLER].state == "answered"
    assert story.hears(CALLER) == "music.wav"


def test_ringback_mode_sends_180_and_nothing_else_before_an_agent_answers() -> None:
    story = Story("ringback").waits(("greeting",))
    assert story.phone.legs[CALLER].ringback
    assert story.phone.legs[CALLER].state == "ringing"
    assert not story.phone.prompts


def test_early_media_mode_plays_music_without_answering() -> None:
    story = Story("early-media").waits(("greeting",))
    assert story.phone.early_media
    assert story.phone.legs[CALLER].state == "ringing"
    assert story.hears(CALLER) == "music.wav"
    assert story.phone.prompts == [["greeting"]]


@pytest.mark.parametrize("mode", ["ringback", "early-media"])
def test_the_caller_is_answered_when_the_agent_answers(mode: str) -> None:
    story = Story(mode).waits()
    (leg,) = story.offered()
    story.answers(leg)
    assert story.phone.legs[CALLER].state == "answered"
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "0")


def test_the_greeting_waits_for_the_ack_of_our_answer() -> None:
    story = Story("answer").arrives()
    story.hear(records.Routed(story.profile), records.Placed(("greeting", "position")))
    assert not story.phone.prompts
    story.acknowledges()
    assert story.phone.prompts == [["greeting", "position"]]


def test_direct_delivery_lets_the_caller_hear_ringing_only() -> None:
    story = Story("answer", deliver_directly=True).arrives()
    story.offered()  # overtakes the news that the call is placed
    story.hear(records.Routed(story.profile), records.Placed((), offered=True))
    (leg,) = story.phone.open_legs - {CALLER}
    assert story.phone.legs[CALLER].ringback
    assert story.phone.legs[CALLER].state == "ringing"
    story.answers(leg)
    assert story.hears(leg) == "0"


def test_direct_delivery_without_a_free_agent_welcomes_as_usual() -> None:
    story = Story("answer", deliver_directly=True).waits(("greeting",))
    story.acknowledges()
    assert story.hears(CALLER) == "music.wav"
    assert story.phone.prompts == [["greeting"]]


def test_direct_delivery_welcomes_when_the_agent_does_not_take_it() -> None:
    story = Story("answer", deliver_directly=True).waits(offered=True)
    (leg,) = story.offered()
    story.ends(leg, 486)
    story.acknowledges()
    assert story.hears(CALLER) == "music.wav"


def test_direct_delivery_welcomes_when_the_agent_refused_before_we_knew_of_the_place() -> None:
    story = Story("answer", deliver_directly=True).arrives()
    story.hear(records.Routed(story.profile))
    (leg,) = story.offered()
    story.ends(leg, 486)
    story.hear(records.Placed((), offered=True))
    story.acknowledges()
    assert story.hears(CALLER) == "music.wav"


def test_an_unknown_number_gets_404() -> None:
    story = Story().arrives()
    story.hear(records.Unrouted(404, "unknown number"))
    assert story.phone.refused == 404
    story.confirms_all()
    assert story.call.over


def test_a_caller_whom_the_records_cannot_place_gets_503() -> None:
    story = Story().arrives()
    story.wait(ARRIVAL_SECONDS - 0.1)
    assert story.phone.refused is None
    story.wait(0.2)
    assert story.phone.refused == 503


def test_comfort_is_asked_for_again_and_again_while_waiting() -> None:
    story = Story("answer", comfort_every=30).waits()
    for _ in range(3):
        story.wait(30)
        story.hear(records.Comfort(("comfort",)))
    assert story.phone.prompts == [["comfort"]] * 3


def test_comfort_does_not_break_into_a_talk() -> None:
    story = Story("answer", comfort_every=30).waits()
    (leg,) = story.offered(seconds=100)
    story.wait(30)
    story.answers(leg)
    story.hear(records.Comfort(("comfort",)))
    story.wait(100)
    assert not story.phone.prompts
    assert len(story.desk.named("comfort")) == 1


def test_another_queue_has_other_music() -> None:
    story = Story().waits()
    story.hear(ports.CallMoved())
    assert story.desk.named("moved")
    story.hear(records.Moved(records.QueueProfile("answer", "other.wav"), ("greeting",)))
    assert story.hears(CALLER) == "other.wav"
    assert story.phone.prompts == [["greeting"]]


# ---- the way out -------------------------------------------------------------------------------------------------
def test_the_farewell_is_said_to_its_end_before_the_line_closes() -> None:
    story = Story().waits()
    story.hear(ports.FarewellDue(), records.Farewell(("sorry",), "fallback"))
    assert story.phone.prompts == [["sorry"]]
    assert not story.is_closing(CALLER)
    story.hear(ports.PromptEnded(CALLER, "sorry"))
    assert story.is_closing(CALLER)
    assert story.hung_up() == [("system", "fallback")]


@pytest.mark.parametrize("mode", ["ringback", "early-media"])
def test_an_unanswered_caller_hears_the_farewell_as_early_media_and_then_480(mode: str) -> None:
    story = Story(mode).waits()
    story.hear(records.Farewell(("sorry",), "fallback"))
    assert story.phone.early_media
    assert story.phone.prompts == [["sorry"]]
    story.hear(ports.PromptEnded(CALLER, "sorry"))
    assert story.phone.refused == 480


def test_a_queue_without_last_words_closes_the_line_at_once() -> None:
    story = Story().waits()
    story.hear(records.Farewell((), "fallback"))
    assert story.is_closing(CALLER)


def test_a_caller_refused_at_entry_hears_why_nobody_comes() -> None:
    story = Story("answer").arrives()
    story.hear(records.Routed(story.profile))
    story.acknowledges()
    story.hear(records.Farewell(("full",), "full"))
    assert story.phone.prompts == [["full"]]


def test_an_announcement_that_ends_late_does_not_cut_the_farewell() -> None:
    story = Story().waits(("greeting",))
    story.hear(records.Farewell(("sorry",), "fallback"), ports.PromptEnded(CALLER, "greeting"))
    assert not story.is_closing(CALLER)


def test_a_farewell_that_cannot_be_played_does_not_keep_the_line() -> None:
    story = Story().waits()
    story.hear(records.Farewell(("missing.wav",), "fallback"))
    story.wait(LAST_WORDS_SECONDS)
    assert story.is_closing(CALLER)


@pytest.mark.parametrize("mode", ["answer", "early-media"])
def test_music_that_cannot_be_played_does_not_cost_the_call(mode: str) -> None:
    story = Story(mode)
    story.phone.unreadable = "music.wav"
    leg = story.talks()
    story.hear(ports.LegHeld(leg, True), ports.LegHeld(leg, False))
    assert story.hears(CALLER) == str(leg)


def test_the_caller_may_hang_up_during_the_farewell() -> None:
    story = Story().waits()
    story.hear(records.Farewell(("sorry",), "fallback"))
    story.ends(CALLER)
    assert story.hung_up() == [("caller", "hung up")]
    assert story.call.over


# ---- ringing agents ------------------------------------------------------------------------------------------------
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


def test_more_than_three_devices_ring_one_after_another() -> None:
    story = Story().waits()
    legs = story.offered(devices=5)
    assert len(legs) == 3
    story.ends(legs[0], 480)
    assert len(story.phone.legs) == 1 + 4
    story.ends(legs[1], 480)
    assert len(story.phone.legs) == 1 + 5
    assert not story.failures()


def test_ring_all_rings_one_device_of_each_agent_before_any_second() -> None:
    story = Story().waits()
    story.offered(1, devices=2, agent=1)
    story.offered(2, devices=2, agent=2)
    story.ends(1, 486)
    assert [leg.uri for leg in story.phone.legs.values()][1:] == [
        "sip:device-1-0@edge", "sip:device-1-1@edge", "sip:device-2-0@edge", "sip:device-2-1@edge",
    ]  # fmt: skip


def test_ring_all_cancels_the_others_without_blame() -> None:
    story = Story().waits()
    (one,) = story.offered(1, agent=1)
    (two,) = story.offered(2, agent=2)
    story.answers(two)
    assert story.is_closing(one)
    assert not story.failures()
    assert story.desk.named("accept") == [(2,)]


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


def test_an_agent_for_whom_no_leg_was_free_is_not_blamed() -> None:
    story = Story().waits()
    story.offered(1, devices=3)
    story.offered(2, devices=1, seconds=5)
    story.wait(5)
    assert story.failures() == [(2, "rescinded", None)]


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


# ---- acceptance ------------------------------------------------------------------------------------------------------
def test_a_lost_acceptance_hangs_up_the_agent_and_the_caller_waits_on() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.hear(records.Accepted(1, won=False))
    assert story.is_closing(leg)
    assert story.hears(CALLER) == "music.wav"
    assert story.call.phase is Phase.WAITING
    story.ends(leg)
    assert not story.hung_up()


def test_after_a_lost_acceptance_the_offer_that_came_meanwhile_rings() -> None:
    story = Story().waits()
    (leg,) = story.offered(1)
    story.answers(leg)
    assert story.offered(2) == []
    story.hear(records.Accepted(1, won=False))
    assert len(story.phone.legs) == 3


def test_after_a_lost_acceptance_the_agents_who_rang_beside_it_are_given_back() -> None:
    story = Story().waits()
    (one,) = story.offered(1, agent=1)
    story.offered(2, agent=2)
    story.answers(one)
    story.hear(records.Accepted(1, won=False))
    assert story.failures() == [(2, "rescinded", None)]


def test_an_acceptance_of_a_closed_call_closes_every_line() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.hear(records.Accepted(1, won=False, live=False))
    assert story.is_closing(leg)
    assert story.is_closing(CALLER)


def test_an_agent_who_leaves_before_the_records_agreed_ends_the_call_once_they_do() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.ends(leg)
    assert not story.is_closing(CALLER)
    assert story.hears(CALLER) == "music.wav"
    story.hear(records.Accepted(1, won=True))
    assert story.hung_up() == [("agent", "hung up")]


def test_an_agent_who_leaves_after_losing_does_not_take_the_caller_along() -> None:
    story = Story().waits()
    (leg,) = story.offered()
    story.answers(leg)
    story.ends(leg)
    story.hear(records.Accepted(1, won=False))
    assert not story.hung_up()
    assert story.call.phase is Phase.WAITING


@pytest.mark.parametrize("won", [True, False])
def test_news_of_an_acceptance_does_not_wake_a_call_that_is_over(won: bool) -> None:
    story = Story().waits()
    story.answers(story.offered()[0])
    story.ends(CALLER)
    story.hear(records.Accepted(1, won=won))
    assert story.call.phase is Phase.OVER
    assert story.hung_up() == [("caller", "hung up")]


# ---- endings -----------------------------------------------------------------------------------------------------------
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


# ---- hold ----------------------------------------------------------------------------------------------------------------
def test_who_is_held_hears_music_and_both_are_joined_again() -> None:
    story = Story()
    leg = story.talks()
    story.hear(ports.LegHeld(leg, True))
    assert story.hears(CALLER) == "music.wav"
    story.hear(ports.LegHeld(leg, False))
    assert (story.hears(CALLER), story.hears(leg)) == (str(leg), "0")
    assert [wish[0] for wish in story.desk.wishes if wish[0] in ("hold", "resume")] == ["hold", "resume"]


def test_the_caller_may_hold_too() -> None:
    story = Story()
    leg = story.talks()
    story.hear(ports.LegHeld(CALLER, True))
    assert story.hears(leg) == "music.wav"


def test_both_may_hold_and_the_talk_goes_on_when_the_last_resumes() -> None:
    story = Story()
    leg = story.talks()
    story.hear(ports.LegHeld(CALLER, True), ports.LegHeld(leg, True), ports.LegHeld(CALLER, False))
    assert story.hears(CALLER) == "music.wav"
    story.hear(ports.LegHeld(leg, False))
    assert story.hears(CALLER) == str(leg)
    assert len(story.desk.named("hold")) == len(story.desk.named("resume")) == 1


def test_a_caller_who_holds_while_waiting_is_joined_when_back() -> None:
    story = Story().waits()
    story.hear(ports.LegHeld(CALLER, True))
    (leg,) = story.offered()
    story.answers(leg)
    assert story.hears(CALLER) == "music.wav" or story.hears(CALLER) == ""
    story.hear(ports.LegHeld(CALLER, False))
    assert story.hears(CALLER) == str(leg)


# ---- legs in the records ---------------------------------------------------------------------------------------------------
def test_every_leg_is_stored_with_its_dialog_and_its_end() -> None:
    story = Story()
    leg = story.talks()
    story.ends(leg)
    story.ends(CALLER)
    assert set(story.desk.saved) == {0, 1}
    for saved in story.desk.saved.values():
        assert saved.dialog
        assert saved.answered
        assert saved.ended
        assert saved.quality
    assert (story.desk.saved[1].agent, story.desk.saved[1].offer) == (7, 1)


def test_no_story_begins_before_a_caller_does() -> None:
    story = Story()
    story.hear(ports.NodeLost(), ports.OfferOpened(1, 1, (), 5), ports.LegEnded(3, 200, True))
    assert story.call.phase is Phase.IDLE
    assert not story.desk.wishes
