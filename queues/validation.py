"""What a queue's settings must satisfy; every message names the remedy."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError

from callcenter.core.e164 import NotANumber, e164

from .numbers import anonymous, plain_number

if TYPE_CHECKING:
    from .models import Callback, CallerPriority, MembershipRule, Queue


def check_queue(queue: Queue) -> None:
    """:raises ValidationError: with all complaints at once, each at its field."""
    found = {
        "timezone": timezone_complaint(queue.timezone),
        "max_wait": _max_wait(queue),
        "helper": _helper(queue),
    }
    complaints = {field: complaint for field, complaint in found.items() if complaint}
    if complaints:
        raise ValidationError(complaints)


def check_rule(rule: MembershipRule) -> None:
    if bool(rule.team_id) == bool(rule.skill_id):
        raise ValidationError("A rule names a team or a skill, one of them. For both, add two rules.")


def check_vip(caller: CallerPriority) -> None:
    """Brings the number into the form in which callers' numbers are compared."""
    caller.number = plain_number(caller.number)
    if anonymous(caller.number):
        raise ValidationError({"number": f"“{caller.number}” is what nameless callers have in common. Enter the number of one caller."})


def check_callback(callback: Callback) -> None:
    """Brings the number into E.164."""
    try:
        callback.number = e164(callback.number, settings.PHONE_REGION)
    except NotANumber as refused:
        raise ValidationError({"number": str(refused)}) from None


def timezone_complaint(name: str) -> str:
    """What is wrong with the name of a timezone, and what may have been meant; empty: nothing."""
    known = available_timezones()
    if name in known:
        return ""
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5) or [zone for zone in known if zone.endswith("/" + name.title())]
    hint = f" Did you mean {' or '.join(near)}?" if near else " Names look like Europe/Berlin or America/New_York; UTC always works."
    return f"“{name}” is not a timezone of the IANA database.{hint}"


def _max_wait(queue: Queue) -> str:
    if queue.max_wait and queue.max_wait < queue.ring_seconds:
        return (
            f"Callers would leave after {queue.max_wait} s while the first agent still rings for {queue.ring_seconds} s. "
            "Make the wait longer or the ring time shorter."
        )
    return ""


def _helper(queue: Queue) -> str:
    if queue.helper_id and queue.helper_id == queue.pk:
        return "A queue cannot help itself. Choose another one."
    return ""
