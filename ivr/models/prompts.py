"""What callers hear: prompts, and in each language a recording of them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from .. import languages


def check_language(tag: str) -> None:
    try:
        languages.normal(tag)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class Source(models.TextChoices):
    UPLOAD = "upload", "Uploaded"
    BROWSER = "browser", "Recorded in the browser"
    PHONE = "phone", "Recorded by phone"
    SPEECH = "speech", "Spoken by the computer"
    COMPUTED = "computed", "Computed"


FROM_FILE = (Source.UPLOAD, Source.BROWSER, Source.PHONE)


class Prompt(models.Model):
    """Something that callers hear, by a name that flows and queues refer to."""

    slug = models.SlugField(max_length=60, unique=True, help_text="Stable name that flows, queues and integrations refer to.")
    name = models.CharField(max_length=80, help_text="What people call it.")
    description = models.TextField(blank=True, help_text="What it is for, where it is heard.")
    language = models.CharField(
        max_length=12, default="en", validators=[check_language],
        help_text="Its default language: heard by callers for whose own language there is nothing. For example en, de or de-AT.",
    )  # fmt: skip
    text = models.TextField(
        blank=True, max_length=2000,
        help_text="What it says, in the default language. Spoken by the computer as long as there is no recording.",
    )  # fmt: skip
    system = models.BooleanField(default=False, editable=False, help_text="Comes with the product; can be recorded anew, not deleted.")

    class Meta:
        ordering = ["system", "slug"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_language(self.language)
        self.language = languages.normal(self.language)


class Recording(models.Model):
    """How a prompt sounds in one language. A new one retires the old one, which is kept for a while."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="recordings", help_text="Of which prompt.")
    language = models.CharField(max_length=12, validators=[check_language], help_text="In which language; zxx has no words.")
    source = models.CharField(max_length=8, choices=Source.choices, help_text="How it was made.")
    text = models.TextField(blank=True, help_text="What it says; spoken if the file cannot be had.")
    original = models.FileField(max_length=120, blank=True, upload_to="prompts/", help_text="The file as it came.")
    original_name = models.CharField(max_length=120, blank=True, help_text="What the file was called.")
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of the original; converted files are named by it.")
    seconds = models.FloatField(null=True, blank=True, help_text="Length.")
    peak_db = models.FloatField(null=True, blank=True, help_text="Highest peak of the original, dB below full scale.")
    loudness = models.FloatField(null=True, blank=True, help_text="Loudness of the original in LUFS (ITU-R BS.1770).")
    waveform = models.JSONField(default=list, blank=True, help_text="Heights of its bars in per cent, for the page.")
    made_at = models.DateTimeField(default=timezone.now, help_text="When.")
    made_by = models.CharField(max_length=60, blank=True, help_text="Who made it.")
    retired_at = models.DateTimeField(null=True, blank=True, help_text="Since when another one is heard; empty for the present one.")

    class Meta:
        ordering = ["prompt", "language", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "language"], condition=Q(retired_at__isnull=True), name="recording_one_per_language"),
            models.CheckConstraint(condition=~Q(source__in=["upload", "browser", "phone"]) | ~Q(digest=""), name="recording_has_original"),
            models.CheckConstraint(condition=~Q(source="speech") | ~Q(text=""), name="recording_has_text"),
        ]

    def __str__(self) -> str:
        return f"{self.prompt} ({languages.label(self.language)})"


class RecordingCode(models.Model):
    """Lets whoever calls in with the code record one prompt in one language, once."""

    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="codes", help_text="Which prompt.")
    language = models.CharField(max_length=12, help_text="In which language.")
    digest = models.CharField(max_length=64, editable=False, help_text="Keyed hash of the code; the code itself is kept nowhere.")
    made_at = models.DateTimeField(default=timezone.now, help_text="When.")
    made_by = models.CharField(max_length=60, blank=True, help_text="Who asked for it.")
    expires_at = models.DateTimeField(help_text="Until when it can be used.")
    used_at = models.DateTimeField(null=True, blank=True, help_text="When it was used.")

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["digest"], condition=Q(used_at__isnull=True), name="recording_code_open_once")]

    def __str__(self) -> str:
        return f"{self.prompt} ({self.language})"
