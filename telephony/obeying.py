"""What a call does that somebody else wishes: by a row, from a screen or another program. No Django, no SIP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .phase import Phase
from .ringing import REJECTED, RESCINDED

if TYPE_CHECKING:
    from .conversation import Conversation
    from .ports import CommandGiven


def command_given(story: Conversation, given: CommandGiven) -> None:
    """Obeyed once, however often it is told, and how it went is written down."""
    if not story.first_time("command", given.command):
        return
    done, reason = _obey(story, given)
    story.desk.settle(given.command, done, reason)


def _obey(story: Conversation, given: CommandGiven) -> tuple[bool, str]:
    if story.phase is Phase.OVER:
        return False, "The call is over."
    if given.kind == "hang_up":
        by = "agent" if str(given.data.get("actor", "")).startswith("agent:") else "system"
        story.end(by, "hung up on screen")
        return True, ""
    if given.kind in ("reject_offer", "cancel_offer"):
        return _stop_ringing(story, given)
    return False, f"This process cannot do {given.kind}."


def _stop_ringing(story: Conversation, given: CommandGiven) -> tuple[bool, str]:
    ringing = story.ringer.offers.get(int(given.data.get("offer", 0)))
    if ringing is None:
        return False, "It is not ringing any more."
    how = (REJECTED, 603) if given.kind == "reject_offer" else (RESCINDED, None)
    story.ringer.fail(ringing, how)
    return True, ""
