"""Callbacks and messages whose way is over, or not, as rows: the reference of their figures counts in Python."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from queues.callbackstates import CALLED_AGAIN, DIALLING, OPEN, SCHEDULED, TALKING
from queues.models import Call, Callback, Queue, VoicemailBox, VoicemailMessage
from queues.voicemail.states import NEW

from . import cast
from .cast import NOON

RESULTS = {"reached": ("done", "answered"), "called_again": ("done", CALLED_AGAIN), "cancelled": ("cancelled", "cancelled")}


def owed(
    where: Queue, outcome: str, *, at: datetime = NOON, due: float = 0, after: float = 60, attempts: int = 1, reason: str = "no answer",
) -> Callback:  # fmt: skip
    """A callback that came out as `outcome` (of `metrics.CALLBACK_OUTCOMES`, or a state that is open).

    :param due: seconds from asking to the first place in line.
    :param after: seconds from asking to the end, or to the customer's answer.
    """
    state, result = RESULTS.get(outcome, (outcome, "") if outcome in OPEN else ("expired", reason))
    over = {} if state in OPEN else {"settled_at": at + timedelta(seconds=after + 30)}
    made = Callback.objects.create(
        queue=where, number=f"+4930{next(cast.numbers):08}", state=state, order_key=at, due_at=at + timedelta(seconds=after + 600),
        expires_at=at + timedelta(days=1), requested_at=at, requested_by="caller", last_result=result, attempts=attempts, **over,
    )  # fmt: skip
    for number in range(attempts):
        _attempt(made, at + timedelta(seconds=due + number), reached=at + timedelta(seconds=after) if number == attempts - 1 else None)
    return made


def _attempt(callback: Callback, began: datetime, reached: datetime | None) -> None:
    """A call to the customer, the last one of those reached answered."""
    answered = reached if (callback.state, callback.last_result) == RESULTS["reached"] else None
    outcome = "answered" if answered else "unreached"
    Call.objects.create(
        state="ended", outcome=outcome, direction="outbound", callback=callback, queue=callback.queue, arrived_at=began,
        answered_at=answered, ended_at=callback.settled_at or began + timedelta(seconds=20),
    )  # fmt: skip


def left(
    where: VoicemailBox, state: str = NEW, *, at: datetime = NOON, heard: float | None = None, called_back: bool = False, **fields: Any,
) -> VoicemailMessage:  # fmt: skip
    """A message, listened to for the first time after `heard` seconds if at all; its sound is nowhere."""
    call = Call.objects.create(state="ended", outcome="voicemail", arrived_at=at, ended_at=at)
    if called_back:
        Callback.objects.create(
            queue=cast.queue(), number=f"+4930{next(cast.numbers):08}", state=SCHEDULED, order_key=at, due_at=at, expires_at=at,
            requested_by="user:1", origin=call,
        )  # fmt: skip
    first = {} if heard is None else {"heard_at": at + timedelta(seconds=heard), "heard_by": "user:1"}
    facts = {"seconds": 5, "ended_by": "caller", "source": f"made/{next(cast.numbers)}", "call": call, "left_at": at}
    return VoicemailMessage.objects.create(**{"box": where, "state": state, **facts, **first, **fields})


STILL_OPEN = (SCHEDULED, "due", DIALLING, TALKING)
