"""What would happen to a call that came at some moment, as far as the opening hours decide it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from . import phrases
from .hours import HoursState
from .hours_reading import hours_at
from .models import Announcement, Queue, WayOut
from .services.closing import CLOSED, words
from .voicemail.way import ToVoicemail, box_named
from .ways import OTHERWISE, HangUp, ToQueue, kind_of

HANG_UP = kind_of(HangUp.name)


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
            return [*steps, Step(here, hours, True, _greeting(here), "The caller gets a place in line.")]
        way = _way_of_the_closed(here)
        following = _next(way, {step.queue.pk for step in steps} | {here.pk})
        steps.append(_turned_away(here, hours, way, following, moment))
    return steps


def _greeting(queue: Queue) -> str:
    return " ".join(queue.announcements.filter(kind=Announcement.Kind.GREETING, active=True).values_list("text", flat=True))


def _way_of_the_closed(queue: Queue) -> WayOut | None:
    rows = list(queue.ways_out.select_related("next_queue"))
    return next((row for when in (CLOSED, OTHERWISE) for row in rows if row.when == when), None)


def _turned_away(queue: Queue, hours: HoursState, way: WayOut | None, following: Queue | None, moment: datetime) -> Step:
    if following is not None:
        return Step(queue, hours, False, "", f"The call goes on to {following}.")
    # A queue that the call has tried already would make a circle; the call ends there.
    kind = kind_of(way.kind) if way and way.kind != ToQueue.name else HANG_UP
    own = (not hours.open and words(queue.pk, moment)) or ""
    if way and kind.name == ToVoicemail.name:
        return _led_to_voicemail(queue, hours, way, own)
    message = way.message if way and way.kind == HANG_UP.name else phrases.refusal(queue.language)
    return Step(queue, hours, False, (own or message) if kind is HANG_UP else "", f"{kind.label}.")


def _led_to_voicemail(queue: Queue, hours: HoursState, way: WayOut, own: str) -> Step:
    """Words for hanging up are said only if the box takes no messages."""
    box = box_named(way.target)
    if box is None or not box.active:
        return Step(queue, hours, False, own or way.message.strip() or phrases.refusal(queue.language), f"{HANG_UP.label}.")
    greeting = "the recorded greeting of the box" if box.greeting_file else box.greeting
    return Step(queue, hours, False, greeting, f"The caller may leave a message in the voicemail box “{box}”.")


def _next(way: WayOut | None, tried: set[int]) -> Queue | None:
    follows = way is not None and way.kind == ToQueue.name and way.next_queue_id not in tried
    return way.next_queue if way and follows else None
