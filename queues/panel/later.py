"""A callback at a chosen time for the customer of a call in hand: what is owed already, and the windows that are free."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.utils import timezone

from callcenter.core.chips import chip
from callcenter.core.e164 import NotANumber, e164
from queues import chosentimes
from queues.callbackstates import CALLBACK, DUE, OPEN, SCHEDULED
from queues.models import Call, Callback
from queues.states import WRAP_UP

MOST = 24
"""Windows to choose from in the panel: about three days of them."""


def may_promise(user: User | AbstractBaseUser | AnonymousUser) -> bool:
    """Who may make and change callbacks in the administration may do so here."""
    return isinstance(user, User) and user.has_perms(("queues.add_callback", "queues.change_callback"))


def number_of(call: Call) -> str:
    """The customer's number as it would be called; empty if there is none that could be."""
    try:
        return e164(call.caller_number, settings.PHONE_REGION)
    except NotANumber:
        return ""


def later(call: Call) -> dict[str, Any] | None:
    """None where nothing can be promised: no number, no queue, or the customer is being called back at this moment."""
    number = number_of(call)
    if call.queue is None or not number or (call.callback_id and call.state != WRAP_UP):
        return None
    zone, now = chosentimes.zone(call.queue), timezone.now()
    owed = Callback.objects.filter(queue=call.queue, number=number, state__in=OPEN).first()
    windows = islice(chosentimes.free(call.queue, now), MOST)
    return {
        "timezone": call.queue.timezone,
        "owed": _owed(owed, owed.due_at.astimezone(zone)) if owed else None,
        "free": [{"at": one.starts, "label": chosentimes.shown(one, zone)} for one in windows],
    }


def _owed(callback: Callback, due: datetime) -> dict[str, Any]:
    movable = callback.state in (SCHEDULED, DUE)
    return {"id": callback.pk, "at": f"{due:%a %Y-%m-%d %H:%M}", "movable": movable, **chip(CALLBACK, callback.state)}
