"""Recordings as records: every one that is kept, also earlier ones. They are made on the page of their prompt."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.words import chip, span

from ..models import Recording, RecordingCode


@admin.register(Recording)
class RecordingAdmin(adminbase.RecordAdmin):
    list_display = ("prompt", "language", "source", "length", "heard_chip", "made_at", "original_name")
    list_filter: ClassVar[tuple[str, ...]] = ("source", "language", ("retired_at", admin.EmptyFieldListFilter))  # type: ignore[assignment]
    list_select_related = ("prompt",)
    search_fields = ("prompt__slug", "prompt__name", "text")
    fields = (
        "prompt", "language", "source", "text", "original_name", "length", "peak_db", "loudness", "made_at", "made_by", "retired_at",
        "digest",
    )  # fmt: skip
    readonly_fields = ("length",)

    @admin.display(description="length", ordering="seconds")
    def length(self, recording: Recording) -> str:
        return span(recording.seconds)

    @admin.display(description="heard", ordering="retired_at")
    def heard_chip(self, recording: Recording) -> SafeString:
        return chip("Earlier", "grey") if recording.retired_at else chip("Heard now", "green")


@admin.register(RecordingCode)
class RecordingCodeAdmin(adminbase.RecordAdmin):
    list_display = ("prompt", "language", "made_at", "expires_at", "used_at")
    list_filter = ("language",)
    list_select_related = ("prompt",)
    search_fields = ("prompt__slug",)
