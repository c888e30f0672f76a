"""Reads about agents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from .states import AVAILABLE, ON_CALL, RINGING

if TYPE_CHECKING:
    from .models import Agent, Device  # noqa: F401


class DeviceQuerySet(models.QuerySet["Device"]):
    def live(self) -> Self:
        """Devices that can ring now: their lease has not run out."""
        return self.filter(lease_until__gt=Now(), rings=True)


class AgentQuerySet(models.QuerySet["Agent"]):
    def with_reachable(self) -> Self:
        """Adds `reachable`: at least one device of the agent has a live lease."""
        from .models import Device

        return self.annotate(reachable=Exists(Device.objects.live().filter(agent=OuterRef("pk"))))

    def reachable(self) -> Self:
        return self.with_reachable().filter(reachable=True)

    def can_take_more(self) -> Self:
        """Agents who want calls and have a slot free; phone and cool-down are not asked."""
        free = self.filter(state__in=[AVAILABLE, RINGING, ON_CALL], open_calls__lt=F("max_concurrent_calls"))
        return free.filter(active=True, next_state="")
