"""The kernel's own tables: the event log and the intents that browsers sent."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.expressions import RawSQL


class CurrentTransaction(models.Func):
    """The 64-bit id of the running transaction."""

    template = "pg_current_xact_id()::text::bigint"
    output_field = models.BigIntegerField()


class LogEntry(models.Model):
    """One fact that happened. Append-only: the database refuses to change or delete a row."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(db_default=RawSQL("clock_timestamp()", []), help_text="When it happened.")
    type = models.CharField(max_length=60, help_text="What happened, as subject.fact.")
    subject_kind = models.CharField(max_length=20, help_text="What it is about: call, agent, queue, …")
    subject_id = models.BigIntegerField(help_text="The id of what it is about.")
    actor = models.CharField(max_length=60, help_text="Who or what caused it.")
    cause = models.CharField(max_length=200, blank=True, help_text="Why, in a few words.")
    data = models.JSONField(default=dict, blank=True, help_text="The particulars.")
    transaction = models.BigIntegerField(
        db_default=CurrentTransaction(), editable=False, help_text="The database transaction that wrote it."
    )

    class Meta:
        verbose_name = "event"
        verbose_name_plural = "event log"
        indexes = [
            models.Index(fields=["subject_kind", "subject_id", "id"], name="log_subject"),
            models.Index(fields=["type", "at"], name="log_type"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.subject_kind}:{self.subject_id}"


class Intent(models.Model):
    """A request that a browser sent under an id of its own; the same id again gets the same answer."""

    key = models.UUIDField(primary_key=True, default=uuid.uuid4, help_text="The browser's id of the request.")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, help_text="Who sent it.")
    op = models.CharField(max_length=40, help_text="What was asked for.")
    answer = models.JSONField(default=dict, help_text="What was answered.")
    at = models.DateTimeField(auto_now_add=True, help_text="When it was sent.")

    def __str__(self) -> str:
        return f"{self.op} {self.key}"


class Heartbeat(models.Model):
    """The last sign of life of a part that is needed once in an installation, so that health can tell."""

    name = models.CharField(max_length=40, primary_key=True, help_text="Which part.")
    at = models.DateTimeField(help_text="When it was last seen at work.")
    data = models.JSONField(default=dict, blank=True, help_text="What it said of itself.")

    def __str__(self) -> str:
        return self.name
