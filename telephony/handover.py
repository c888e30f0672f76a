"""To whom a caller is handed who talks to nobody: by a flow to a queue, a voicemail box or a callback, by a queue to a box; and
the way back into the flow. No Django, no SIP.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ivr.flow.words import Hand

from . import records
from .phase import Phase

if TYPE_CHECKING:
    from .conversation import Conversation

LISTENS = (Phase.ARRIVING, Phase.GUIDED, Phase.WAITING, Phase.LEAVING)
"""Phases in which the caller talks to nobody, and may be led to a box."""


# ---- out of a flow ------------------------------------------------------------------------------------------------------
def hand_over(story: Conversation, hand: Hand) -> None:
    """The flow gives the caller to somebody else; by "failed" it goes on if that is nobody we know."""
    HANDS.get(hand.to, _fail)(story, hand)


def _enqueue(story: Conversation, hand: Hand) -> None:
    story.leave_flow()
    story.enter(Phase.WAITING)
    story.desk.enqueue({**hand.data, "to": hand.to, "collected": story.guide.variables()})
    story.ring_early_offers()


def _hang_up(story: Conversation, hand: Hand) -> None:
    story.leave_flow()
    story.end("system", str(hand.data.get("reason", "served by the flow")))


def _open_box(story: Conversation, hand: Hand) -> None:
    story.desk.open_box(str(hand.data["box"]))


def _note_callback(story: Conversation, hand: Hand) -> None:
    story.desk.note_callback(_wanted(story, hand))


def _wanted(story: Conversation, hand: Hand) -> dict[str, Any]:
    return {**hand.data, "language": story.guide.story.language if story.guide.story else ""}


def _call_outside(story: Conversation, hand: Hand) -> None:
    """Leave is given already; without a line for it the flow goes on."""
    if not story.outward.dial(hand.data, story.now):
        _fail(story, hand)


def _fail(story: Conversation, _: Hand) -> None:
    story.guide.resume("failed", story.now)


HANDS: dict[str, Callable[[Conversation, Hand], None]] = {
    "queue": _enqueue,
    "agent": _enqueue,
    "hang_up": _hang_up,
    "voicemail": _open_box,
    "callback": _note_callback,
    "outside": _call_outside,
}


# ---- what the records say -----------------------------------------------------------------------------------------------
def callback_noted(story: Conversation, noted: records.CallbackNoted) -> None:
    """A callback that the records noted too late is owed all the same; the caller has been led on meanwhile."""
    if not story.guide.awaits("callback"):
        return
    story.time.forget()
    if noted.prompts:
        story.guide.taken()
        story.time.tell(noted.prompts, story.now, lambda: story.guide.resume("next", story.now))
    else:
        story.guide.resume("next" if noted.done else "failed", story.now)


def callback_when(story: Conversation, asked: records.CallbackWhen) -> None:
    """The caller may choose a time, and takes it."""
    if story.guide.awaits("callback"):
        story.guide.taken()
        story.time.begin(asked.prompts, asked.invalid, story.now)


def look_for_times(story: Conversation, since: str) -> None:
    if isinstance(hand := story.guide.word, Hand):
        story.desk.callback_times(since, _wanted(story, hand))


def time_chosen(story: Conversation, at: str) -> None:
    """:param at: the beginning of the window that was chosen; empty: as soon as it is the caller's turn."""
    if isinstance(hand := story.guide.word, Hand):
        story.guide.asked_again(story.now)
        story.desk.note_callback({**_wanted(story, hand), "at": at, "decided": True})


def times_found(story: Conversation, times: records.CallbackTimes) -> None:
    """For who waits, or who is in a flow; after that went on by "failed" it is too late."""
    if story.phase is Phase.WAITING:
        story.offer.times_found(times, story.now)
    elif story.time.looks or story.guide.awaits("callback"):
        story.guide.taken()
        story.time.found(times, story.now)


def box_opened(story: Conversation, opened: records.BoxOpened) -> None:
    """The flow or the way out of the queue leads to this box; a flow goes another way if there is none."""
    if story.phase is Phase.GUIDED and not story.guide.awaits("voicemail"):
        return
    if opened.box and story.phase in LISTENS:
        story.guide.taken()
        _lead_to(story, opened.box)
    elif opened.box is None and story.phase is Phase.GUIDED:
        story.guide.resume("failed", story.now)


def _lead_to(story: Conversation, box: records.BoxProfile) -> None:
    story.ringer.stop_all()
    story.early.clear()
    story.enter(Phase.RECORDING)
    story.voicemail.begin(box, story.now)


# ---- a number outside -----------------------------------------------------------------------------------------------------
def outside_answered(story: Conversation) -> None:
    if story.phase is Phase.GUIDED and not story.outward.talks:
        story.outward.answered()
        story.leave_flow()
        story.desk.put_through()


def outside_left(story: Conversation) -> None:
    """After a talk it is over; who was not reached leaves the caller to the flow."""
    if story.outward.over():
        story.end("outside", "hung up")
    elif story.phase is Phase.GUIDED:
        _fail(story, Hand("outside"))


# ---- back again ---------------------------------------------------------------------------------------------------------
def message_taken(story: Conversation) -> None:
    """Everything is said at the box: the flow goes on that led there, or the call ends."""
    if story.guide.leads:
        story.enter(Phase.GUIDED)
        story.guide.resume("next", story.now)
    else:
        story.turned_away(480, "voicemail")
