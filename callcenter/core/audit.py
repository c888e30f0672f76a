"""Which configuration is audited field by field: before, after, by whom, from which address."""

from __future__ import annotations

from auditlog.registry import auditlog
from django.apps import apps

from .roles import CONFIGURATION, PEOPLE

SECRET = ("password", "secret", "auth_secret", "sip_ha1_md5", "sip_ha1_sha256", "ha1_md5", "ha1_sha256")
"""Masked: that it was changed is of interest, to what is not."""

RELATIONS = ("groups", "user_permissions", "permissions", "dispositions", "supervisors")

MOVING = (
    "state", "state_since", "break_reason", "next_state", "next_break_reason", "open_calls", "logged_in_at", "ready_at",
    "wrap_up_until", "last_released_at", "last_offered_at", "misses_in_row", "calls_since_login", "talk_seconds_since_login",
    "answered_on", "answered_today", "rr_pointer", "requirement", "last_login", "draft", "draft_revision", "draft_by", "draft_at",
)  # fmt: skip
"""Not configuration: these move with every call, and the event log has them; a draft moves with every key, and is nothing to callers."""


def register() -> None:
    for label in (*CONFIGURATION, *PEOPLE):
        model = apps.get_model(label)
        names = {field.name for field in model._meta.get_fields()}
        auditlog.register(
            model,
            exclude_fields=[name for name in MOVING if name in names],
            m2m_fields={field.name for field in model._meta.many_to_many if field.name in RELATIONS},
            mask_fields=[name for name in SECRET if name in names],
        )
