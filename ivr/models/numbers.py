"""Which number leads where. Flows with menus come on top of this."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from agents.models import Agent
from queues.models import Queue

from ..validation import check_number
from .flows import Flow

number_format = RegexValidator(
    r"^[A-Za-z0-9+*#._-]{1,40}$", "A number has digits, letters and + * # . _ - only, 40 at most; for example 2000, support or +4930123456."
)


class Number(models.Model):
    """What callers dial, and where it leads."""

    class Target(models.TextChoices):
        QUEUE = "queue", "Queue"
        AGENT = "agent", "Agent"
        FLOW = "flow", "Flow"

    number = models.CharField(
        max_length=40, unique=True, validators=[number_format], help_text="User part of the SIP address: 2000, support, +4930…."
    )
    label = models.CharField(max_length=80, blank=True, help_text="What the number is for.")
    active = models.BooleanField(default=True, help_text="Off: callers hear that the number does not exist.")
    public = models.BooleanField(
        default=False, help_text="Anybody on the network may call it without a password. Off: only registered phones and trunks."
    )
    target = models.CharField(max_length=8, choices=Target.choices, default=Target.QUEUE, help_text="Where it leads.")
    queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="numbers",
        help_text="The queue that takes the call; for an agent's extension, the queue that it is counted in; for a flow, the one that "
        "takes the call while the flow is off or not published.",
    )  # fmt: skip
    agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.CASCADE, related_name="numbers", help_text="The agent it reaches."
    )
    flow = models.ForeignKey(
        Flow, null=True, blank=True, on_delete=models.PROTECT, related_name="numbers", help_text="The flow that callers are led through."
    )
    priority = models.PositiveSmallIntegerField(default=0, help_text="Priority of calls to this number, 0 to 10.")

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=Q(queue__isnull=False), name="number_has_queue"),
            models.CheckConstraint(condition=~Q(target="agent") | Q(agent__isnull=False), name="number_agent_named"),
            models.CheckConstraint(condition=~Q(target="flow") | Q(flow__isnull=False), name="number_flow_named"),
        ]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        check_number(self)
