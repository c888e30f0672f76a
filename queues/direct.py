"""Calls to an agent's extension: where they lead when the agent does not take them. Reads only.

What the agent's page says goes before the ways out of the queue, but for what closes or fills the queue itself: a row of
the queue for exactly that is meant for direct calls as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db.models import TextChoices

from agents.models import Agent

from .defaults import DIRECT
from .ways import OTHERWISE, HangUp, ToQueue, Way, chosen

if TYPE_CHECKING:
    from .models import DirectCalls

OF_THE_QUEUE = ("closed", "full")
"""Limits that have nothing to do with the agent."""


class Unanswered(TextChoices):
    BOX = "box", "Own voicemail box, if there is one"
    QUEUE = "queue", "Go to another queue"
    MESSAGE = "message", "Say the message and hang up"
    AS_QUEUE = "as_queue", "As the queue of direct calls says"


def way_out(ways: tuple[Way, ...], reason: str, agent_id: int | None) -> Way:
    """What comes next for a caller whom the queue keeps no longer. No statement for who asked for no agent.

    :param agent_id: the agent whom alone the caller wants.
    """
    if agent_id is None or (reason in OF_THE_QUEUE and any(way.when == reason for way in ways)):
        return chosen(ways, reason)
    return way_of(agent_id) or chosen(ways, reason)


def way_of(agent_id: int) -> Way | None:
    """What the agent's page says; None: what the queue does."""
    columns = ("direct_calls__unanswered", "direct_calls__next_queue", "voicemail_box__slug", "voicemail_box__active")
    unanswered, next_queue, box, takes_messages = Agent.objects.values_list(*columns).get(pk=agent_id)
    if unanswered == Unanswered.QUEUE:
        return Way(None, OTHERWISE, 0, ToQueue.name, next_queue, False, "")
    if unanswered == Unanswered.MESSAGE:
        return Way(None, OTHERWISE, 0, HangUp.name, None, False, "")
    if unanswered in (None, Unanswered.BOX) and takes_messages:
        return Way(None, OTHERWISE, 0, TO_BOX, None, False, box)
    return None


TO_BOX = "voicemail"
"""Name of the kind in `queues.voicemail.way`."""


def check_direct_calls(direct: DirectCalls) -> None:
    """:raises ValidationError: with all complaints at once, each at its field."""
    to_queue, says = direct.unanswered == Unanswered.QUEUE, direct.unanswered == Unanswered.MESSAGE
    label = Unanswered(direct.unanswered).label if direct.unanswered in Unanswered.values else ""
    found = {}
    if to_queue and direct.next_queue is None:
        found["next_queue"] = "Choose the queue that takes these callers over."
    elif to_queue and direct.next_queue and direct.next_queue.slug == DIRECT:
        found["next_queue"] = f"These callers come from “{direct.next_queue}”. Choose another queue, or let them leave a message."
    elif not to_queue and direct.next_queue is not None:
        found["next_queue"] = f"“{label}” takes no queue: remove it, or choose “{Unanswered.QUEUE.label}”."
    if direct.message.strip() and not says:
        found["message"] = f"“{label}” takes no message: remove it, or choose “{Unanswered.MESSAGE.label}”."
    if found:
        raise ValidationError(found)
