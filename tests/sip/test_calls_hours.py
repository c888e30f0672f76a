"""Callers of closed queues, on real lines: what they hear, who is not rung, and what closing time does to those who wait."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from django.utils import timezone

from queues.models import Call as Row
from queues.models import Closure, Offer, Schedule, WayOut, Weekday
from queues.states import ENDED, CallOutcome, SegmentOutcome
from tests.sip import facts
from tests.sip.given import AGENT_TONE, call_to, staffed_team
from tests.sip.harness.dialog import Call
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.stack import Stack
from tests.until import PATIENCE, until

CLOSED = "We are closed now. Please call again tomorrow."
ANSWERS = Takes(answer_after=0.1)
ALIKE = 0.9
"""Correlation of what was heard with what should be; A-law leaves 0.99, another sentence about 0.1."""


def test_a_caller_to_a_closed_queue_hears_so_and_no_agent_is_rung(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, schedule=around_the_clock("shut"), closed_message=CLOSED)
    close(team.queue.schedule)
    caller = call_to(team, fleet)
    until(lambda: caller.over, within=20, what="the call to be hung up")
    assert likeness(caller, stack.spoken_file(CLOSED)) > ALIKE
    call = until(lambda: Row.objects.filter(dialled=team.number, state=ENDED).first(), what="the record to be complete")
    assert (call.outcome, [(stay.outcome, stay.exit_reason) for stay in call.segments.all()]) == (
        CallOutcome.REFUSED, [(SegmentOutcome.REFUSED, "closed")],
    )  # fmt: skip
    assert not agent.calls
    assert not Offer.objects.filter(queue=team.queue).exists()


def test_at_closing_time_who_waits_is_taken_to_the_next_queue(stack: Stack, fleet: Fleet) -> None:
    night, _ = staffed_team(stack, fleet, ANSWERS)
    day = stack.team(agents=1, schedule=around_the_clock("day"), closing_action="fallback")
    WayOut.objects.create(queue=day.queue, kind="queue", next_queue=night.queue)
    caller = call_to(day, fleet)
    facts.until_waiting(day.queue)
    closes_at = timezone.now() + timedelta(seconds=1.7)
    close(day.queue.schedule, closes_at)
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the caller to hear the agent of the night")
    caller.hang_up()
    [call] = facts.until_all_over(night.queue, 1)
    facts.was_answered(call, by=night.agents[0])
    first = call.segments.order_by("number")[0]
    assert first.left_at
    assert 0 <= (first.left_at - closes_at).total_seconds() < 0.5 * PATIENCE, "not to the second"
    assert (first.queue, first.outcome, first.exit_reason) == (day.queue, SegmentOutcome.OVERFLOW, "closed")


def around_the_clock(slug: str) -> Schedule:
    made = Schedule.objects.create(name=slug, slug=slug)
    for weekday in Weekday.values:
        made.spans.create(weekday=weekday, opens=time(), closes=time())
    return made


def close(schedule: Schedule | None, begins: datetime | None = None) -> None:
    """From now or then on, by a clock of UTC."""
    begins = begins or timezone.now()
    days: Any = {"from_date": begins.date(), "from_time": begins.time(), "to_date": (begins + timedelta(days=1)).date()}
    Closure.objects.create(name="Burst pipe", schedule=schedule, **days)


def likeness(caller: Call, file: Path) -> float:
    """How much what the caller heard last is like one second out of the middle of this sentence, wherever it lies.

    The very file is asked for: spoken again, by a process that has spoken before, a sentence is not the same to the sample.
    """
    assert caller.stream
    heard = caller.stream.last(3).astype(float)
    said, _ = soundfile.read(file, dtype="int16")
    piece = said[len(said) // 2 - 4000 : len(said) // 2 + 4000].astype(float)
    if len(heard) < len(piece):
        return 0.0
    shared = np.correlate(heard, piece, "valid")
    energy = np.convolve(heard**2, np.ones(len(piece)), "valid")
    return float(np.max(shared / np.sqrt(np.maximum(energy, 1.0) * (piece**2).sum())))
