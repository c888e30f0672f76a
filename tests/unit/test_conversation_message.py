"""A caller leaves a message: what is said, recorded, reviewed, and kept however it ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from telephony import message, ports, records
from telephony.conversation import LINGER_SECONDS, Phase
from telephony.message import Stage
from telephony.ports import CALLER
from tests.unit.story import Story

BOX = records.BoxProfile(
    box=3, recordings="/spool/p1-b3", tone="tone", max_seconds=60, silence_seconds=5, min_seconds=2, greeting=("hello",),
    choices=("choices",), too_short=("too short",), thanks=("thanks",), goodbye=("good-bye",), failed=("failed",),
)  # fmt: skip
FILE = "/spool/p1-b3-1.wav"


class Mailbox(Story):
    """A story that leads to a voicemail box."""

    def opened(self, box: records.BoxProfile = BOX) -> Mailbox:
        self.waits()
        self.hear(ports.FarewellDue())
        self.hear(records.BoxOpened(box))
        return self

    def prompt_ends(self) -> None:
        self.hear(ports.PromptEnded(CALLER, self.phone.prompts[-1][-1]))

    def recording(self, box: records.BoxProfile = BOX) -> Mailbox:
        """After greeting and tone."""
        self.opened(box)
        while not self.phone.recording:
            self.prompt_ends()
        return self

    def speaks(self, seconds: float) -> Mailbox:
        self.wait(seconds)
        return self

    def presses(self, digit: str) -> None:
        self.hear(ports.DigitPressed(CALLER, digit, "rfc4733"))

    def file_closes(self, seconds: float, *, failed: bool = False) -> None:
        path, self.phone.closing = self.phone.closing or self.phone.recording, ""
        self.phone.recording = ""
        self.hear(ports.RecordingEnded(CALLER, path, seconds, failed))

    def reviewing(self, seconds: float = 10) -> Mailbox:
        self.recording().speaks(seconds).presses("#")
        self.file_closes(seconds)
        return self

    @property
    def spoken(self) -> list[str]:
        return [prompts[-1] for prompts in self.phone.prompts]

    @property
    def kept(self) -> list[records.Recording]:
        return [wish[0] for wish in self.desk.named("keep_message")]

    @property
    def dropped(self) -> list[str]:
        return [wish[0] for wish in self.desk.named("drop_message")]

    @property
    def stage(self) -> Stage:
        assert self.call.voicemail._visit
        return self.call.voicemail._visit.stage


def test_the_greeting_comes_first_then_the_tone_then_the_recording() -> None:
    story = Mailbox().opened()
    assert story.call.phase is Phase.RECORDING
    assert (story.spoken, story.phone.recording, story.hears(CALLER)) == (["hello"], "", "")
    story.prompt_ends()
    assert (story.spoken, story.phone.recording) == (["hello", "tone"], "")
    story.prompt_ends()
    assert (story.phone.recording, story.phone.silence_seconds) == (FILE, 5)


def test_a_caller_who_was_not_answered_yet_is_answered_and_hears_all_of_the_greeting() -> None:
    story = Mailbox("ringback").opened()
    assert story.phone.legs[CALLER].state == "answering"
    assert story.spoken == []
    story.acknowledges()
    assert story.spoken == ["hello"]


def test_agents_who_are_rung_are_let_go() -> None:
    story = Mailbox()
    story.waits()
    [leg] = story.offered()
    story.hear(records.BoxOpened(BOX))
    assert story.is_closing(leg)


def test_what_was_to_be_said_in_the_queue_is_not_said_at_the_box() -> None:
    story = Mailbox()
    story.waits()
    story.hear(records.Announced(("place",)), records.Announced(("wait",)))
    story.hear(records.BoxOpened(BOX))
    story.prompt_ends()
    story.prompt_ends()
    assert (story.spoken, story.phone.recording) == (["place", "hello", "tone"], FILE)


def test_the_key_skips_the_greeting() -> None:
    story = Mailbox().opened()
    story.presses("#")
    assert story.spoken == ["hello", "tone"]


def test_a_key_ends_the_message_and_three_keeps_it() -> None:
    story = Mailbox().reviewing(10)
    assert story.spoken[-1] == "choices"
    assert story.kept == []
    story.presses("3")
    assert story.kept == [records.Recording(3, "p1-b3-1.wav", 10, "caller")]
    assert story.spoken[-1] == "thanks"
    story.prompt_ends()
    assert story.hung_up() == [("system", "voicemail")]
    assert story.is_closing(CALLER)
    assert len(story.kept) == 1


def test_other_keys_do_not_end_the_message() -> None:
    story = Mailbox().recording()
    story.presses("5")
    assert story.phone.recording == FILE


def test_silence_ends_the_message_and_is_not_part_of_it() -> None:
    story = Mailbox().recording().speaks(15)
    story.hear(ports.SilenceHeard(CALLER))
    story.file_closes(15)
    story.presses("3")
    assert story.kept == [records.Recording(3, "p1-b3-1.wav", 10.5, "silence")]


def test_the_longest_time_ends_the_message() -> None:
    story = Mailbox().recording().speaks(59.9)
    assert story.phone.recording
    story.speaks(0.1)
    assert not story.phone.recording
    story.file_closes(60)
    story.presses("3")
    assert story.kept[0].ended_by == "limit"


def test_one_plays_the_message_and_the_choices_come_again() -> None:
    story = Mailbox().reviewing()
    story.presses("1")
    assert story.spoken[-1] == FILE
    story.prompt_ends()
    assert story.spoken[-1] == "choices"


def test_who_knows_the_choices_need_not_wait_for_the_file_to_be_closed() -> None:
    story = Mailbox().recording().speaks(10)
    for digit in "#1":
        story.presses(digit)
    story.file_closes(10)
    assert story.spoken[-1] == FILE
    story.prompt_ends()
    assert story.spoken[-1] == "choices"


def test_two_records_again_and_only_the_new_message_is_kept() -> None:
    story = Mailbox().reviewing(10)
    story.presses("2")
    assert story.spoken[-1] == "tone"
    story.prompt_ends()
    assert story.phone.recording == FILE
    story.speaks(4).presses("#")
    story.file_closes(4)
    story.presses("3")
    assert [kept.seconds for kept in story.kept] == [4]


def test_who_hangs_up_before_the_new_recording_begins_has_left_the_old_one() -> None:
    story = Mailbox().reviewing(10)
    story.presses("2")
    story.ends(CALLER)
    assert [kept.seconds for kept in story.kept] == [10]


def test_who_chooses_nothing_keeps_the_message() -> None:
    story = Mailbox().reviewing()
    story.wait(message.CHOICE_SECONDS + 1)  # the choices are still being said
    assert story.kept == []
    story.prompt_ends()
    story.wait(message.CHOICE_SECONDS)
    assert len(story.kept) == 1


@pytest.mark.parametrize("how", ["hangs up while speaking", "hangs up at the choices", "chooses nothing", "keeps it"])
def test_what_others_will_hear_is_kept_only_by_who_says_so(how: str) -> None:
    story = Mailbox().recording(replace(BOX, only_if_told=True)).speaks(10)
    if how == "hangs up while speaking":
        story.ends(CALLER)
        story.file_closes(10)
    else:
        story.presses("#")
        story.file_closes(10)
        story.prompt_ends()
    if how == "hangs up at the choices":
        story.ends(CALLER)
    if how == "chooses nothing":
        story.wait(message.CHOICE_SECONDS)
        assert story.spoken[-1] == "good-bye"
    if how == "keeps it":
        story.presses("3")
        assert story.spoken[-1] == "thanks"
    assert (len(story.kept), len(story.dropped)) == ((1, 0) if how == "keeps it" else (0, 1))


def test_a_key_without_meaning_says_the_choices_again() -> None:
    story = Mailbox().reviewing()
    before = len(story.spoken)
    story.presses("7")
    assert story.spoken[before:] == ["choices"]


def test_without_review_the_message_is_kept_as_it_is() -> None:
    story = Mailbox().recording(replace(BOX, choices=())).speaks(3)
    story.presses("#")
    story.file_closes(3)
    assert len(story.kept) == 1
    assert story.spoken[-1] == "thanks"


def test_nothing_said_is_asked_for_again_and_then_given_up() -> None:
    story = Mailbox().recording()
    for _ in range(message.MOST_TRIES):
        while not story.phone.recording:
            story.prompt_ends()
        story.hear(ports.SilenceHeard(CALLER))
        story.file_closes(5)
    assert story.spoken.count("too short") == message.MOST_TRIES - 1
    assert story.spoken[-1] == "good-bye"
    story.prompt_ends()
    assert (story.kept, story.dropped) == ([], ["p1-b3-1.wav"])
    assert story.hung_up() == [("system", "voicemail")]


@pytest.mark.parametrize(("seconds", "kept"), [(1.9, 0), (2.0, 1)])
def test_hanging_up_keeps_what_was_said_unless_it_was_too_short(seconds: float, kept: int) -> None:
    story = Mailbox().recording().speaks(seconds)
    story.ends(CALLER)
    assert not story.call.over, "the file is not closed yet"
    story.file_closes(seconds)
    assert len(story.kept) == kept
    assert len(story.dropped) == 1 - kept
    assert story.hung_up() == [("caller", "hung up")]
    assert story.call.over


def test_a_file_that_is_never_closed_does_not_keep_the_process() -> None:
    story = Mailbox().recording().speaks(10)
    story.ends(CALLER)
    story.wait(message.CLOSING_SECONDS)
    assert story.call.over
    assert len(story.kept) == 1, "what is in the file is looked at by whoever stores it"


def test_hanging_up_during_the_greeting_leaves_nothing() -> None:
    story = Mailbox().opened()
    story.ends(CALLER)
    assert (story.kept, story.dropped) == ([], [])
    assert story.call.over


def test_a_disk_that_is_full_is_told_and_what_there_is_is_kept() -> None:
    story = Mailbox().recording().speaks(6)
    story.file_closes(6, failed=True)
    assert story.spoken[-1] == "failed"
    assert [kept.ended_by for kept in story.kept] == ["failure"]
    story.prompt_ends()
    assert story.hung_up() == [("system", "voicemail")]


def test_a_file_that_cannot_be_made_is_told() -> None:
    story = Mailbox()
    story.phone.unreadable = FILE
    story.opened()
    story.prompt_ends()
    story.prompt_ends()
    assert story.spoken[-1] == "failed"
    story.prompt_ends()
    assert (story.kept, story.dropped) == ([], [])
    assert story.hung_up() == [("system", "voicemail")]


@pytest.mark.parametrize("missing", ["hello", "tone", "choices", "thanks"])
def test_a_prompt_that_cannot_be_played_is_left_out(missing: str) -> None:
    story = Mailbox()
    story.phone.unreadable = missing
    story.opened()
    for _ in range(2):
        if not story.phone.recording:
            story.prompt_ends()
    story.speaks(5).presses("#")
    story.file_closes(5)
    story.presses("3")
    if not story.hung_up():
        story.prompt_ends()
    assert len(story.kept) == 1
    assert story.hung_up() == [("system", "voicemail")]


def test_a_prompt_that_never_ends_does_not_keep_the_line() -> None:
    story = Mailbox().opened()
    for _ in range(2):
        story.wait(message.PROMPT_SECONDS)
    assert story.phone.recording


def test_a_box_that_is_opened_twice_is_one_visit() -> None:
    story = Mailbox().recording()
    story.hear(ports.FarewellDue(), records.BoxOpened(BOX), records.Farewell(("sorry",), "fallback"))
    assert story.phone.recording == FILE
    assert story.call.phase is Phase.RECORDING


def stages() -> dict[str, Mailbox]:
    found = {"greeting": Mailbox().opened(), "recording": Mailbox().recording().speaks(5), "review": Mailbox().reviewing()}
    found["answering"] = Mailbox("ringback").opened()
    found["hearing"] = Mailbox().reviewing()
    found["hearing"].presses("1")
    found["thanks"] = Mailbox().reviewing()
    found["thanks"].presses("3")
    found["closing"] = Mailbox().recording().speaks(5)
    found["closing"].presses("#")
    return found


SPOKEN = ("recording", "review", "hearing", "thanks", "closing")


@pytest.mark.parametrize("stage", list(stages()))
@pytest.mark.parametrize("end", ["bye", "node lost", "vanished", "supervisor"])
def test_whoever_ends_the_call_in_whatever_stage_the_message_is_kept_once_and_every_line_closed(stage: str, end: str) -> None:
    story = stages()[stage]
    if end == "bye":
        story.ends(CALLER)
    elif end == "node lost":
        story.hear(ports.NodeLost())
    elif end == "supervisor":
        story.hear(ports.CommandGiven(5, "hang_up", {"actor": "user:1"}))
    else:
        story.hear(ports.MediaLost(CALLER, 30))
    story.confirms_all()
    if story.phone.closing or story.phone.recording:
        story.file_closes(5)
    assert len(story.kept) == (stage in SPOKEN)
    assert len(story.hung_up()) == 1
    assert story.call.over
    story.wait(LINGER_SECONDS + message.PROMPT_SECONDS)
    assert len(story.kept) == (stage in SPOKEN)
    assert story.call.deadline() is None


# ---- led there by a flow ----------------------------------------------------------------------------------------------
FLOW: dict[str, Any] = {
    "box": {"kind": "voicemail", "box": "sales", "exits": {"next": "bye", "failed": "queue"}},
    "bye": {"kind": "hang_up", "say": "Bye"},
    "queue": {"kind": "queue", "queue": "general"},
}


def led_by_a_flow() -> Mailbox:
    story = Mailbox()
    story.guided(FLOW)
    assert story.desk.named("open_box") == [("sales",)]
    return story


def test_a_flow_goes_on_after_the_message() -> None:
    story = led_by_a_flow()
    story.hear(records.BoxOpened(replace(BOX, choices=())))
    while not story.phone.recording:
        story.prompt_ends()
    story.speaks(5).presses("#")
    story.file_closes(5)
    assert [kept.seconds for kept in story.kept] == [5]
    story.prompt_ends()
    assert story.call.phase is Phase.GUIDED
    assert story.spoken[-2:] == ["thanks", "Bye.wav"]
    story.prompt_ends()
    assert len(story.hung_up()) == 1


def test_a_flow_goes_another_way_if_there_is_no_such_box() -> None:
    story = led_by_a_flow()
    story.hear(records.BoxOpened(None))
    assert [target["queue"] for (target,) in story.desk.named("enqueue")] == ["general"]


def test_who_hangs_up_in_the_message_has_left_it_and_the_flow_is_over() -> None:
    story = led_by_a_flow()
    story.hear(records.BoxOpened(BOX))
    while not story.phone.recording:
        story.prompt_ends()
    story.speaks(5)
    story.ends(CALLER)
    story.file_closes(5)
    assert len(story.kept) == 1
    ((ended,),) = story.desk.named("flow_ended")
    assert (ended.led_to, ended.target) == ("voicemail", "sales")
    assert story.call.over
