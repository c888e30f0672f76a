"""What a voicemail box must satisfy; every message names the remedy."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ..uploads import as_greeting

if TYPE_CHECKING:
    from queues.models import VoicemailBox

MOST_ADDRESSES = 20
"""More people than this are a mailing list, and should have the address of one."""


def check_box(box: VoicemailBox) -> None:
    """:raises ValidationError: with all complaints at once, each at its field."""
    found = {
        "agent": _owner(box),
        "min_seconds": _length(box),
        "silence_seconds": _silence(box),
        "greeting_file": _greeting(box),
        "notify": _addresses(box.notify),
    }
    complaints = {field: complaint for field, complaint in found.items() if complaint}
    if complaints:
        raise ValidationError(complaints)


def _greeting(box: VoicemailBox) -> str:
    """Brings what was uploaded to the form and loudness that telephones play."""
    if not box.greeting_file:
        return ""
    from callcenter.core.audio import Unusable

    try:
        box.greeting_file = as_greeting(box.greeting_file)
    except Unusable as refusal:
        return str(refusal.detail)
    return ""


def addresses(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,;]+", text) if word]


def _owner(box: VoicemailBox) -> str:
    both = box.queue_id and box.agent_id
    return "A box belongs to a queue or to an agent. Empty one of the two fields." if both else ""


def _length(box: VoicemailBox) -> str:
    if None in (box.min_seconds, box.max_seconds) or box.min_seconds < box.max_seconds:
        return ""
    return f"Every message would be too short: the longest has {box.max_seconds} s. Make this less than that."


def _silence(box: VoicemailBox) -> str:
    if not box.silence_seconds or box.silence_seconds >= 2:
        return ""
    return "A breath would end the message. Take 2 s or more, or 0 if silence should not end it."


def _addresses(text: str) -> str:
    found = addresses(text)
    if len(found) > MOST_ADDRESSES:
        return f"These are {len(found)} addresses, {MOST_ADDRESSES} are allowed. Use the address of a mailing list."
    wrong = [address for address in found if not _is_address(address)]
    return f"“{wrong[0]}” is not a mail address. They look like reception@example.org." if wrong else ""


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
