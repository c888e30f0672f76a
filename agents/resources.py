"""Agents as rows of a spreadsheet, both ways."""

from __future__ import annotations

from typing import Any

from import_export import fields, widgets

from callcenter.core.sheets import Sheet

from .models import Agent, Team
from .people import user_for


class UserByName(widgets.Widget):
    """The log-in name; one that is new becomes a user without a password."""

    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        return user_for(str(value).strip())

    def render(self, value: Any, obj: Any = None, **options: Any) -> str:
        return value.username if value else ""


class TeamByName(widgets.Widget):
    def clean(self, value: Any, row: Any = None, **options: Any) -> Any:
        name = str(value or "").strip()
        return Team.objects.get_or_create(name=name)[0] if name else None

    def render(self, value: Any, obj: Any = None, **options: Any) -> str:
        return value.name if value else ""


class AgentResource(Sheet):
    """Passwords are not among the columns: give them in the admin, agent by agent."""

    user = fields.Field("user", "user", UserByName())
    team = fields.Field("team", "team", TeamByName())

    class Meta:
        model = Agent
        import_id_fields = ["extension"]
        clean_model_instances = True
        skip_unchanged = True
        fields = (
            "extension", "user", "name", "team", "sip_username", "active",
            "max_concurrent_calls", "max_misses", "ready_when_registered",
        )  # fmt: skip
