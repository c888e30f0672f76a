"""What would happen to a call that came at some moment, as far as the opening hours decide it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .hours import HoursState
from .hours_reading import hours_at
from .models import FallbackAction, Queue
from .services.closing import words


@dataclass(frozen=True, slots=True)
class Step:
    """One queue on the way of the call."""

    queue: Queue
    hours: HoursState
    lets_in: bool
    hears: str
    """What the caller hears here and nowhere else: the greeting, or the words that turn away if the way ends here."""
    then: str
    """What comes next."""


def way_of_a_call(queue: Queue, moment: datetime) -> list[Step]:
    """The queues that the call would try, up to the one that lets it in or the last that does not.

    How full they are and who works there is not known beforehand and left out.
    """
    steps: list[Step] = []
    following: Queue | None = queue
    while following is not None:
        here = following
        hours = hours_at(here.schedule_id, moment)
        if here.active and hours.open:
            return [*steps, Step(here, hours, True, here.greeting, "The caller gets a place in line.")]
        following = _next(here, {step.queue.pk for step in steps} | {here.pk})
        steps.append(_turned_away(here, hours, following, moment))
    return steps


def _turned_away(queue: Queue, hours: HoursState, following: Queue | None, moment: datetime) -> Step:
    if following is not None:
        return Step(queue, hours, False, "", f"The call goes on to {following}.")
    # A fallback queue that the call has tried already would make a circle; the call ends there.
    then = queue.get_fallback_display() if queue.fallback != FallbackAction.QUEUE else "The caller hears the message, and the call ends"
    return Step(queue, hours, False, (not hours.open and words(queue.pk, moment)) or queue.fallback_message, f"{then}.")


def _next(queue: Queue, tried: set[int]) -> Queue | None:
    follows = queue.fallback == FallbackAction.QUEUE and queue.fallback_queue_id not in tried
    return queue.fallback_queue if follows else None
