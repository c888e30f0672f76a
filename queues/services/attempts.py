"""An attempt to call somebody back, on its way: what happens to the callback inside the transactions that move its call.

The call is held; the callback's row is the last to be locked.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from callcenter.core.stateful import advance

from .. import callbackstates as states
from ..callbackhours import next_open
from ..models import Call, Callback

NO_LINE = "no_line"
"""Why an attempt ended that could not even begin: the trunk is full. The customer was not called, so it does not count."""
NUMBER_REFUSED = "number_refused"
"""Why an attempt ended for good: nothing may or can call this number."""
LOST = "process lost"
SOON = timedelta(seconds=30)
"""After an attempt that did not count."""
ACTOR = "system:callbacks"


def began(call: Call, *, actor: str) -> None:
    """An agent took it; from now on the customer may have been called."""
    callback = of(call)
    advance(callback, "began_dialling", actor=actor, data={"call": call.pk}, attempts=callback.attempts + 1)


def answered(call: Call) -> None:
    advance(of(call), "customer_answered", actor="caller", data={"call": call.pk})


def talked(call: Call, now: datetime) -> None:
    settle(of(call), "talk_ended", now, "answered", actor=ACTOR)


def failed(call: Call, reason: str, now: datetime) -> None:
    """The attempt of this call ended without the customer: later again, or never.

    :param reason: `NO_LINE` and the loss of a process that only waited are nobody's attempt; `NUMBER_REFUSED` is the last.
    """
    callback = of(call)
    called = callback.state == states.DIALLING and reason != NO_LINE
    attempts = callback.attempts - (callback.state == states.DIALLING and reason == NO_LINE)
    wait = timedelta(minutes=callback.queue.callback_retry_minutes) if called else SOON
    event = "not_reached" if callback.state == states.DIALLING and reason != LOST else "attempt_lost"
    used_up = called and attempts >= callback.queue.callback_attempts
    if reason == NUMBER_REFUSED or used_up or now + wait >= callback.expires_at:
        settle(callback, "gave_up", now, reason, actor=ACTOR, attempts=attempts)
        return
    queue = callback.queue
    due_at = next_open(now + wait, queue.callback_from, queue.callback_until, queue.timezone)
    later: dict[str, Any] = {"attempts": attempts, "due_at": due_at, "last_result": reason[:40]}
    advance(callback, event, actor=ACTOR, cause=reason, data={"call": call.pk}, **later)


def of(call: Call) -> Callback:
    return Callback.objects.select_related("queue").select_for_update(no_key=True, of=("self",)).get(pk=call.callback_id or 0)


def settle(callback: Callback, event: str, now: datetime, result: str, *, actor: str, **fields: Any) -> None:
    advance(callback, event, actor=actor, cause=result, settled_at=now, last_result=result[:40], **fields)
