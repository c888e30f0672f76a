"""What every installation starts with: the reasons for breaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.apps.registry import Apps

MISSED = "missed"
"""Code of the reason that the system gives after too many missed calls in a row."""

BREAK_REASONS: tuple[dict[str, Any], ...] = (
    {"code": "lunch", "name": "Lunch", "paid": False, "max_minutes": 60, "position": 1},
    {"code": "training", "name": "Training", "position": 2},
    {"code": "meeting", "name": "Meeting", "position": 3},
    {"code": "personal", "name": "Personal", "max_minutes": 15, "position": 4},
    {"code": MISSED, "name": "Missed calls", "selectable": False, "position": 9},
)


def install(apps: Apps, schema_editor: Any = None) -> None:
    """Create what is missing; leave alone what is there."""
    BreakReason = apps.get_model("agents", "BreakReason")
    for reason in BREAK_REASONS:
        BreakReason.objects.get_or_create(code=reason["code"], defaults=reason)
