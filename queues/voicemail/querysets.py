"""Reads about voicemail boxes and messages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q, Value

from .states import DELETED, IN_BOX

if TYPE_CHECKING:
    from queues.models import VoicemailBox, VoicemailMessage  # noqa: F401

DAY = Value(timedelta(days=1))
BIN_KEPT = timedelta(days=7)
"""So long what was deleted can be taken back."""


class VoicemailBoxQuerySet(models.QuerySet["VoicemailBox"]):
    def of_agent(self, agent_id: int) -> Self:
        """The agent's own box, and those of the queues that the agent serves."""
        from queues.models import Membership

        return self.filter(Q(agent=agent_id) | Q(queue__in=Membership.objects.filter(agent=agent_id).values("queue")))


class VoicemailMessageQuerySet(models.QuerySet["VoicemailMessage"]):
    def in_box(self) -> Self:
        return self.filter(state__in=IN_BOX)

    def with_sound(self) -> Self:
        return self.filter(erased_at__isnull=True)

    def to_erase(self, now: datetime) -> Self:
        """Longer there than their box keeps messages, or in the bin for long enough."""
        kept = Q(box__retention_days__gt=0, left_at__lt=now - F("box__retention_days") * DAY)
        thrown_away = Q(state=DELETED, state_since__lt=now - BIN_KEPT)
        return self.with_sound().filter(kept | thrown_away).order_by("pk")
