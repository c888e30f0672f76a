"""What becomes of callers of an agent's extension whom the agent does not take."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from agents.models import Agent

from ..direct import Unanswered, check_direct_calls
from .configuration import Queue


class DirectCalls(models.Model):
    """The calls to one agent's extension. An agent without a row has the defaults."""

    agent = models.OneToOneField(Agent, on_delete=models.CASCADE, related_name="direct_calls", help_text="Whose extension it is.")
    unanswered = models.CharField(
        "when they are not answered", max_length=8, choices=Unanswered.choices, default=Unanswered.BOX,
        help_text="For callers whom the agent does not answer, rejects, or is too busy or not there for. Without a box that takes "
        "messages: what the queue of direct calls says.",
    )  # fmt: skip
    next_queue = models.ForeignKey(
        Queue,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="For “Go to another queue”: the one that takes these callers over.",
    )
    message = models.TextField(
        blank=True,
        help_text="For “Say the message and hang up”: spoken in the language of the queue of direct calls. Empty: standard words.",
    )

    class Meta:
        verbose_name = "direct calls"
        verbose_name_plural = "direct calls"
        constraints = [
            models.CheckConstraint(condition=~Q(unanswered="queue") | Q(next_queue__isnull=False), name="direct_calls_to_queue_have_one"),
        ]

    def __str__(self) -> str:
        return f"Calls to the extension of {self.agent}"

    def clean(self) -> None:
        check_direct_calls(self)
