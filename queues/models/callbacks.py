"""Calls that we owe: a customer gave up the line, not the place in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from callcenter.core.stateful import Stateful

from .. import callbackstates as states
from ..callbackstates import CALLBACK
from ..validation import check_callback
from .configuration import Queue
from .traffic import Call

if TYPE_CHECKING:
    from callcenter.core.machine import Machine


class Callback(Stateful):
    """A customer whom we owe a call, with the place in line. Each attempt is a call of its own (`Call.callback`)."""

    machine: ClassVar[Machine] = CALLBACK
    subject: ClassVar[str] = "callback"

    state = models.CharField(max_length=10, choices=CALLBACK.choices, default=states.SCHEDULED, editable=False, help_text="How far it is.")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="callbacks", help_text="Whose agents call back.")
    number = models.CharField(max_length=20, help_text="Whom to call, with the country: +4930123456.")
    name = models.CharField(max_length=120, blank=True, help_text="Who that is, as far as we know.")
    note = models.CharField(max_length=200, blank=True, help_text="What it is about; the agent sees it.")
    priority = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(10)], help_text="0 normal to 10; each step is a head start."
    )
    order_key = models.DateTimeField(editable=False, help_text="The place in line that it holds.")
    due_at = models.DateTimeField(help_text="When it takes its place in line; not outside the queue's hours for callbacks.")
    window_from = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the window begins that was promised.")
    window_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it ends.")
    window_place = models.PositiveSmallIntegerField(
        null=True, blank=True, editable=False, help_text="Which of the callbacks that the window takes this is, from 0."
    )
    attempts = models.PositiveSmallIntegerField(default=0, editable=False, help_text="How often the customer was called.")
    expires_at = models.DateTimeField(editable=False, help_text="After this nobody calls any more.")
    origin = models.ForeignKey(
        Call, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+", help_text="The call that asked for it."
    )
    requested_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When it was asked for.")
    requested_by = models.CharField(max_length=60, editable=False, help_text="Who asked for it.")
    last_result = models.CharField(max_length=40, blank=True, editable=False, help_text="How the last attempt, or all of it, ended.")
    settled_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When it was done, given up or cancelled.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.name for s in CALLBACK.states]), name="callback_state_known"),
            models.UniqueConstraint(fields=["queue", "number"], condition=Q(state__in=states.OPEN), name="callback_one_open_per_number"),
            models.UniqueConstraint(
                fields=["queue", "window_from", "window_place"], condition=Q(state__in=states.OPEN), name="callback_one_per_window_place"
            ),
            models.CheckConstraint(
                condition=Q(window_from__isnull=True, window_until__isnull=True, window_place__isnull=True)
                | Q(window_from__lt=models.F("window_until"), window_place__isnull=False),
                name="callback_window_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(state__in=states.OPEN, settled_at__isnull=True) | (~Q(state__in=states.OPEN) & Q(settled_at__isnull=False)),
                name="callback_settled_when_over",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state=states.SCHEDULED), name="callback_due"),
            models.Index(fields=["queue", "state"], condition=Q(state__in=states.OPEN), name="callback_open"),
        ]

    def __str__(self) -> str:
        return f"Callback {self.pk}"

    def clean(self) -> None:
        check_callback(self)
