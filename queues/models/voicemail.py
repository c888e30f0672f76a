"""Voicemail boxes and the messages that callers left in them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import Agent
from callcenter.core.stateful import Stateful

from ..voicemail import states
from ..voicemail.querysets import VoicemailBoxQuerySet, VoicemailMessageQuerySet
from ..voicemail.states import MESSAGE
from ..voicemail.validation import check_box
from .configuration import language_code

if TYPE_CHECKING:
    from callcenter.core.machine import Machine


class VoicemailBox(models.Model):
    """Where callers leave messages: of a queue, of an agent, or of the house."""

    name = models.CharField(max_length=80, unique=True, help_text="What people call the box.")
    slug = models.SlugField(unique=True, help_text="Stable name for addresses, reports and integrations.")
    queue = models.ForeignKey(
        "queues.Queue", null=True, blank=True, on_delete=models.PROTECT, related_name="boxes",
        help_text="The agents of this queue hear the messages in their panel. Empty, and no agent either: a general box, for supervisors.",
    )  # fmt: skip
    agent = models.OneToOneField(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="voicemail_box",
        help_text="The box of this agent, whose panel shows it: for callers of the extension whom the agent does not answer, unless the "
        "agent's page says otherwise. A box has a queue or an agent, not both.",
    )  # fmt: skip
    language = models.CharField(
        max_length=12, default="en", validators=[language_code],
        help_text="Of the greeting and of the prompts around it, e.g. en, de, fr or es; of prompts that lack it another is heard.",
    )  # fmt: skip
    greeting = models.TextField(
        blank=True, default="Nobody can take your call now. Please leave a message after the tone.",
        help_text="Spoken by the built-in voice, before the tone. Empty, and no recording either: the tone at once.",
    )  # fmt: skip
    greeting_file = models.FileField(
        "recorded greeting", upload_to="greetings/", blank=True,
        help_text="Played instead of the text: WAV, MP3, Ogg, FLAC or G.711, two minutes at most; brought to the right loudness.",
    )  # fmt: skip
    max_seconds = models.PositiveSmallIntegerField(
        default=180, validators=[MinValueValidator(10), MaxValueValidator(1800)], help_text="The longest message, in seconds: 10 to 1800."
    )
    silence_seconds = models.PositiveSmallIntegerField(
        default=6, validators=[MaxValueValidator(60)], help_text="So many seconds without a word end the message. 0: silence does not."
    )
    min_seconds = models.PositiveSmallIntegerField(
        default=2, validators=[MaxValueValidator(30)], help_text="What is shorter, in seconds, is no message and is thrown away."
    )
    review = models.BooleanField(
        default=True, help_text="Callers may hear their message and record it again before it is kept. Off: it is kept as it is."
    )
    notify = models.TextField(
        "mail addresses", blank=True, help_text="Who is told of each new message: mail addresses, separated by commas, spaces or new lines."
    )
    attach_audio = models.BooleanField(
        default=False, help_text="The mail brings the sound along. Off: it brings a link to the panel, and the sound stays here."
    )
    retention_days = models.PositiveSmallIntegerField(
        default=90, help_text="After so many days a message is deleted and its sound erased. 0: it is kept until somebody deletes it."
    )
    active = models.BooleanField(default=True, help_text="Off: takes no new messages; callers hear the message of the way out instead.")

    objects = VoicemailBoxQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = "voicemail box"
        verbose_name_plural = "voicemail boxes"
        constraints = [
            models.CheckConstraint(condition=Q(queue__isnull=True) | Q(agent__isnull=True), name="box_of_queue_or_agent"),
            models.CheckConstraint(condition=Q(max_seconds__gt=models.F("min_seconds")), name="box_max_above_min"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_box(self)


class VoicemailMessage(Stateful):
    """What one caller said, and what became of it."""

    machine: ClassVar[Machine] = MESSAGE
    subject: ClassVar[str] = "voicemail"

    class EndedBy(models.TextChoices):
        CALLER = "caller", "The caller"
        SILENCE = "silence", "Silence"
        LIMIT = "limit", "The longest time"
        FAILURE = "failure", "A failure of ours"

    class Notice(models.TextChoices):
        NONE = "none", "Nobody to tell"
        DUE = "due", "To be sent"
        SENT = "sent", "Sent"
        FAILED = "failed", "Given up"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="The id that interfaces and files use.")
    box = models.ForeignKey(VoicemailBox, on_delete=models.PROTECT, related_name="messages", help_text="In which box.")
    call = models.ForeignKey(
        "queues.Call", null=True, blank=True, on_delete=models.SET_NULL, related_name="messages", help_text="The call it was left in."
    )
    source = models.CharField(
        max_length=200, unique=True, editable=False, help_text="Node and file that it was recorded as: no recording becomes two messages."
    )
    state = models.CharField(max_length=10, choices=MESSAGE.choices, default=states.NEW, editable=False, help_text="What became of it.")
    caller_number = models.CharField(max_length=80, blank=True, help_text="Number or SIP user of the caller.")
    caller_name = models.CharField(max_length=120, blank=True, help_text="Name that the caller's network sent.")
    left_at = models.DateTimeField(default=timezone.now, help_text="When it was left.")
    seconds = models.FloatField(help_text="How long it is.")
    ended_by = models.CharField(max_length=8, choices=EndedBy.choices, help_text="What ended it.")
    partial = models.BooleanField(default=False, help_text="Our process died while it was recorded: the end may be missing.")
    notes = models.TextField(blank=True, help_text="What was written about it.")
    heard_at = models.DateTimeField(null=True, blank=True, help_text="When it was heard first.")
    heard_by = models.CharField(max_length=60, blank=True, help_text="Who heard it first.")
    erased_at = models.DateTimeField(null=True, blank=True, help_text="When its sound was erased.")

    notice = models.CharField(
        max_length=6, choices=Notice.choices, default=Notice.NONE, editable=False, help_text="Whether people were told by mail."
    )
    notice_attempts = models.PositiveSmallIntegerField(default=0, editable=False, help_text="How often the mail was tried.")
    notice_at = models.DateTimeField(default=timezone.now, editable=False, help_text="When the mail is due, or was sent.")

    objects = VoicemailMessageQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        verbose_name = "voicemail message"
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[state.name for state in MESSAGE.states]), name="message_state_known"),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="message_has_length"),
        ]
        indexes = [
            models.Index(fields=["box", "-id"], condition=Q(state__in=states.IN_BOX), name="message_in_box"),
            models.Index(fields=["notice_at"], condition=Q(notice="due"), name="message_notice_due"),
            models.Index(fields=["left_at"], condition=Q(erased_at__isnull=True), name="message_with_sound"),
            models.Index(fields=["call"], name="message_call"),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"
