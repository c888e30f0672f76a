"""Flows: what callers are led through before an agent. A draft is worked on; published versions never change."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from queues.models import Call


def empty_document() -> dict[str, Any]:
    """What a new flow begins with: one step, not yet connected."""
    return {
        "format": 1,
        "language": "en",
        "start": "welcome",
        "fallback_queue": "",
        "steps": {"welcome": {"kind": "play", "label": "Welcome", "say": "Welcome.", "at": [80, 80], "exits": {}}},
    }


class Flow(models.Model):
    """A flow by its name. Its shape is a document (docs/flows.md), read by `ivr.flow`."""

    name = models.CharField(max_length=80, unique=True, help_text="What people call the flow.")
    slug = models.SlugField(unique=True, help_text="Stable name for numbers, other flows, files and reports.")
    active = models.BooleanField(default=True, help_text="Off: callers of its numbers go to its fallback queue at once.")
    draft = models.JSONField(default=empty_document, blank=True, help_text="The document that is being worked on.")
    draft_revision = models.PositiveIntegerField(
        default=0, editable=False, help_text="Counts the saves of the draft, so that two people do not overwrite each other."
    )
    draft_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", editable=False,
        help_text="Who changed the draft last.",
    )  # fmt: skip
    draft_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the draft was changed last.")
    published = models.ForeignKey(
        "FlowVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False,
        help_text="The version that new callers get. Empty: none yet.",
    )  # fmt: skip

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class FlowVersion(models.Model):
    """A flow as it was published. Calls keep the version that they began with, so it is never changed."""

    flow = models.ForeignKey(Flow, on_delete=models.PROTECT, related_name="versions", help_text="Which flow.")
    number = models.PositiveIntegerField(help_text="1 for the first, then counted up.")
    document = models.JSONField(help_text="The flow.")
    note = models.CharField(max_length=200, blank=True, help_text="What was changed, in a few words.")
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Who published it."
    )
    published_at = models.DateTimeField(auto_now_add=True, help_text="When it was published.")

    class Meta:
        ordering = ["flow", "-number"]
        constraints = [models.UniqueConstraint(fields=["flow", "number"], name="flow_version_once")]

    def __str__(self) -> str:
        return f"{self.flow} v{self.number}"


class FlowRun(models.Model):
    """One caller's way through one version of a flow."""

    class Outcome(models.TextChoices):
        RUNNING = "running", "In the flow"
        COMPLETED = "completed", "Led to its end"
        FALLBACK = "fallback", "Sent to the fallback queue"
        ABANDONED = "abandoned", "Hung up in it"
        LOST = "lost", "Lost by a failure of ours"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="flow_runs", help_text="Whose way it is.")
    version = models.ForeignKey(FlowVersion, on_delete=models.PROTECT, related_name="runs", help_text="Through which version.")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.RUNNING, help_text="How it ended.")
    led_to = models.CharField(max_length=12, blank=True, help_text="What the caller was handed to: queue, voicemail, hang_up, …")
    target = models.CharField(max_length=60, blank=True, help_text="Which queue, box or flow.")
    last_step = models.CharField(max_length=40, blank=True, help_text="The step it ended in.")
    language = models.CharField(max_length=12, blank=True, help_text="The caller's language at the end.")
    variables = models.JSONField(default=dict, blank=True, help_text="What the flow has set, without what is secret.")
    began_at = models.DateTimeField(help_text="When the caller came in.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When the caller left it.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="running", ended_at__isnull=True) | (~Q(outcome="running") & Q(ended_at__isnull=False)),
                name="flow_run_ends_with_outcome",
            ),
            models.UniqueConstraint(fields=["call"], condition=Q(outcome="running"), name="flow_run_one_at_a_time"),
        ]
        indexes = [models.Index(fields=["version", "began_at"], name="flow_run_version_time")]

    def __str__(self) -> str:
        return f"{self.call} in {self.version}"


class FlowVisit(models.Model):
    """One step of a run: the row behind visits, drop-off, times and comparisons."""

    run = models.ForeignKey(FlowRun, on_delete=models.CASCADE, related_name="visits", help_text="Whose step it is.")
    number = models.PositiveSmallIntegerField(help_text="1 for the first step, counted up.")
    step = models.CharField(max_length=40, help_text="Which step.")
    kind = models.CharField(max_length=12, help_text="Of which kind.")
    exit = models.CharField(max_length=50, blank=True, help_text="By which exit it was left; empty: the caller hung up in it.")
    note = models.CharField(max_length=200, blank=True, help_text="What went wrong, if anything.")
    entered_at = models.DateTimeField(help_text="When the caller came to it.")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When the caller left it.")

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="flow_visit_once")]

    def __str__(self) -> str:
        return f"{self.run}: {self.step}"

    @property
    def seconds(self) -> float | None:
        """How long the caller was in it; None if that was not written."""
        return (self.left_at - self.entered_at).total_seconds() if self.left_at else None


class FlowTest(models.Model):
    """A case that the flow must get right before it is published: what is typed and where it should lead."""

    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="tests", help_text="Which flow.")
    name = models.CharField(max_length=80, help_text="What is tried, such as “VIP at night”.")
    scene = models.JSONField(default=dict, blank=True, help_text="Keys, caller, time, queues, hours and answers of web services.")
    expected = models.JSONField(default=dict, blank=True, help_text="Where it ends, and steps that it comes through.")

    class Meta:
        ordering = ["flow", "name"]
        constraints = [models.UniqueConstraint(fields=["flow", "name"], name="flow_test_once")]

    def __str__(self) -> str:
        return self.name
