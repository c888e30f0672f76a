"""The voicemail that an agent sees: the own box, and those of the queues served."""

from __future__ import annotations

from typing import Any

from django.db.models import Count
from django.urls import reverse

from agents.models import Agent
from callcenter.core.chips import chip
from callcenter.core.naming import in_words
from queues.models import VoicemailBox, VoicemailMessage
from queues.voicemail.states import ARCHIVED, DELETED, IN_BOX, MESSAGE, NEW

SHOWN = 25
"""Messages in the box, and as many of those that were archived or deleted lately. They are part of each picture that is sent to
the panel; older ones are in the administration."""


def mailbox(agent: Agent) -> dict[str, Any]:
    """The boxes with how many messages are new, and the latest messages. One query for an agent without a box."""
    boxes = list(VoicemailBox.objects.of_agent(agent.pk))
    if not boxes:
        return {"boxes": [], "messages": [], "put_away": [], "new": 0}
    new = _new(boxes)
    return {
        "boxes": [{"id": box.pk, "name": box.name, "own": box.agent_id == agent.pk, "new": new.get(box.pk, 0)} for box in boxes],
        "messages": _messages(boxes, *IN_BOX),
        "put_away": _messages(boxes, ARCHIVED, DELETED),
        "new": sum(new.values()),
    }


def _new(boxes: list[VoicemailBox]) -> dict[int, int]:
    rows = VoicemailMessage.objects.filter(box__in=boxes, state=NEW).order_by("box").values("box").annotate(count=Count("pk"))
    return {row["box"]: row["count"] for row in rows}


def _messages(boxes: list[VoicemailBox], *states: str) -> list[dict[str, Any]]:
    there = VoicemailMessage.objects.with_sound().filter(box__in=boxes, state__in=states)
    messages = list(there.select_related("box").order_by("-pk")[:SHOWN])
    names = in_words(message.heard_by for message in messages if message.heard_by)
    return [_message(message, names) for message in messages]


def _message(message: VoicemailMessage, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": message.pk,
        "box": message.box.name,
        "number": message.caller_number,
        "name": message.caller_name,
        "at": message.left_at,
        "seconds": round(message.seconds),
        "partial": message.partial,
        "notes": message.notes,
        "heard_by": names.get(message.heard_by, ""),
        "heard_at": message.heard_at,
        "audio": reverse("message-audio", args=[message.pk]),
        **chip(MESSAGE, message.state),
    }
