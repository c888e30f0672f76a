"""Whatever a caller, the phones and the clock do, and in whatever order: a message is kept or dropped once, and the call ends."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from telephony import message, ports
from telephony.ports import CALLER
from tests.unit.test_conversation_message import BOX, Mailbox

STEPS = st.lists(
    st.one_of(
        st.sampled_from(["prompt ends", "silence", "file closes", "disk full", "twice"]),
        st.sampled_from([f"key {key}" for key in "123#5"]),
        st.floats(0.1, 130).map(lambda seconds: f"wait {seconds}"),
    ),
    max_size=25,
)


@settings(max_examples=300, deadline=None)
@given(STEPS, st.sampled_from(["answer", "ringback", "early-media"]))
def test_a_visit_to_a_box_comes_to_one_end(steps: list[str], mode: str) -> None:
    story = Mailbox(mode).opened()
    story.acknowledges()
    for step in steps:
        if story.call.phase.value == "over":
            break
        take(story, step)
    if story.call.phase.value != "over":
        story.ends(CALLER)
    story.confirms_all()
    if story.phone.recording or story.phone.closing:
        story.file_closes(9)
    story.wait(message.PROMPT_SECONDS)
    assert story.call.over
    assert len(story.hung_up()) == 1
    assert len(story.kept) + len(story.dropped) <= 1
    assert all(kept.seconds >= BOX.min_seconds for kept in story.kept)


def take(story: Mailbox, step: str) -> None:
    what, _, rest = step.partition(" ")
    match what:
        case "prompt" if story.phone.prompts:
            story.prompt_ends()
        case "silence" if story.phone.recording:
            story.hear(ports.SilenceHeard(CALLER))
        case "file" if story.phone.closing:
            story.file_closes(story.time % 11)
        case "disk" if story.phone.recording:
            story.file_closes(story.time % 5, failed=True)
        case "twice" if story.phone.prompts:
            story.prompt_ends()
            story.prompt_ends()
        case "key":
            story.presses(rest)
        case "wait":
            story.wait(float(rest))
