"""What a caller in line hears: the welcome, ringing or music, the place, the announcements in their rhythm, the last words.
No Django, no SIP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import ports, records
from .phase import Phase

if TYPE_CHECKING:
    from .conversation import Conversation

IN_LINE = (Phase.ARRIVING, Phase.WAITING)
LISTENS = (*IN_LINE, Phase.GUIDED)


def welcome(story: Conversation) -> None:
    """Music follows for who has heard nothing of us so far."""
    audible = story.side.audible
    story.side.welcome()
    if story.side.audible and not audible:
        story.side.wait_with_music()


def nobody_rings(story: Conversation) -> None:
    """Who heard ringing only, because an agent was free, is welcomed now."""
    if story.phase is Phase.WAITING:
        story.welcome()
        announce(story, story.programme.after_offer(story.now))


def placed(story: Conversation, placed: records.Placed) -> None:
    if story.phase is not Phase.WAITING:
        return
    tried = any(kind == "offer" for kind, _ in story.known)
    if not placed.offered or (tried and not story.ringer.offers):
        story.welcome()
    else:
        story.side.ring()  # an agent is free: nothing but ringing, unless that comes to nothing
    story.side.say(placed.prompts)
    _begin_programme(story)


def moved(story: Conversation, moved: records.Moved) -> None:
    story.side.profile = moved.profile  # also for who talks already, and is put on hold later
    if story.phase is not Phase.WAITING:
        return
    story.side.wait_with_music()
    story.welcome()
    story.side.say_at_once(moved.prompts)
    _begin_programme(story)


def _begin_programme(story: Conversation) -> None:
    story.programme.begin(story.side.profile.announcements if story.side.profile else (), story.now)
    story.offer.plan(story.now)


def announced(story: Conversation, announced: records.Announced) -> None:
    if story.phase is Phase.WAITING and not story.offer.busy:
        story.side.say(announced.prompts)


def announce(story: Conversation, numbers: tuple[int, ...]) -> None:
    if numbers and story.side.audible:
        story.desk.announce(numbers)


def callback_checked(story: Conversation, checked: records.CallbackChecked) -> None:
    story.offer.checked(checked, story.now)


def callback_denied(story: Conversation, _: records.CallbackDenied) -> None:
    story.offer.denied()


def call_moved(story: Conversation, _: ports.CallMoved) -> None:
    if story.phase in IN_LINE:
        story.desk.moved()


def farewell_due(story: Conversation, _: ports.FarewellDue) -> None:
    if story.phase in IN_LINE:
        story.desk.farewell()


def farewell(story: Conversation, farewell: records.Farewell) -> None:
    if story.phase not in LISTENS:
        return
    story.ringer.stop_all()
    story.enter(Phase.LEAVING)
    story.last_reason = farewell.reason if farewell.reason == "callback" else "fallback"
    if farewell.prompts:
        story.last_words = farewell.prompts
        story.side.say_unanswered(farewell.prompts)
    else:
        story.turned_away(480, story.last_reason)
