"""Who may hear which boxes."""

from __future__ import annotations

from django.contrib.auth.models import User

from agents.models import Agent
from callcenter.core.roles import AUDITOR, MANAGER, SUPERVISOR, has_role
from queues.board.scope import visible_boxes
from queues.models import VoicemailBox, VoicemailMessage

from .querysets import VoicemailBoxQuerySet


def boxes_for(user: User) -> VoicemailBoxQuerySet:
    """An agent's own and those of the queues served; for who watches the floor, those that belong to it."""
    agent = Agent.objects.filter(user=user, active=True).first()
    own = VoicemailBox.objects.of_agent(agent.pk) if agent else VoicemailBox.objects.none()
    return own | visible_boxes(user) if has_role(user, SUPERVISOR, MANAGER, AUDITOR) else own


def message_for(user: User, message_id: int) -> VoicemailMessage | None:
    """The message, if this person may hear it and there is something to hear."""
    return VoicemailMessage.objects.with_sound().filter(pk=message_id, box__in=boxes_for(user).values("pk")).first()


def actor_of(user: User) -> str:
    """Agents act as agents, whatever else they may be."""
    agent = Agent.objects.filter(user=user, active=True).values_list("pk", flat=True).first()
    return f"agent:{agent}" if agent else f"user:{user.pk}"
