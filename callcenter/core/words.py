"""Small things that the admin's lists and templates say alike: chips, moments, spans of time."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


def chip(text: str, colour: str, title: str = "") -> SafeString:
    """A coloured label; the colours are the words of the state tables."""
    return format_html('<span class="cc-chip cc-{}" title="{}">{}</span>', colour, title, text)


def moment(at: datetime | None) -> SafeString:
    """How long ago, with the exact time when pointed at."""
    if at is None:
        return mark_safe("–")
    exact = timezone.localtime(at)
    words = span((timezone.now() - at).total_seconds()) + " ago"
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), f"{exact:%Y-%m-%d %H:%M:%S %Z}", words)


def span(seconds: float | None) -> str:
    """A length of time as people say it: 45 s, 3:20 min, 2:05 h, 3 days."""
    if seconds is None:
        return "–"
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h" if whole < 172_800 else f"{whole // 86_400} days"
