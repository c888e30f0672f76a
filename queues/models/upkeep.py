"""What the machinery writes for itself: how long agents were in a state, who does a job that one does at a time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from agents.models import Agent


class AgentStatePeriod(models.Model):
    """How long an agent was in a state: the source of occupancy, utilization and break times."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="periods", help_text="Who.")
    state = models.CharField(max_length=12, help_text="In which state.")
    break_reason = models.CharField(max_length=60, blank=True, help_text="Code of the break's reason.")
    began_at = models.DateTimeField(help_text="From when.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Until when; empty while it lasts.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent"], condition=Q(ended_at__isnull=True), name="period_one_open_per_agent")]
        indexes = [models.Index(fields=["agent", "began_at"], name="period_agent_time")]

    def __str__(self) -> str:
        return f"{self.agent} {self.state}"


class Lease(models.Model):
    """A job that one process at a time does (sweep, reaper): a row with an owner and a time to live."""

    name = models.CharField(max_length=40, primary_key=True, help_text="Which job.")
    owner = models.CharField(max_length=80, help_text="Who does it.")
    until = models.DateTimeField(help_text="Anybody may take it over after this.")

    def __str__(self) -> str:
        return self.name
