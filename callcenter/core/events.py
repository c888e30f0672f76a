"""The event log: every change of state, every refusal, every intervention, one row each, never changed.

It is the audit, the live feed, the time line of a call and the source of statistics. Ids are handed out
before commits, so a reader that follows the log reads `settled()` only: rows whose transaction and all
earlier ones have ended. Otherwise a slow transaction's row would appear behind the reader's back.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models.expressions import RawSQL

from . import bell, sql
from .models import LogEntry

APPEND = "INSERT INTO core_logentry (type, subject_kind, subject_id, actor, cause, data) "
"""In SQL, because every transaction of the product writes two to five of these. What follows gives one row or none …"""

RING = f" RETURNING {bell.RING_EVENTS}"
"""… and rings; more may be returned behind it."""

_APPEND_ONE = f"{APPEND} VALUES (%s, %s, %s, %s, %s, %s) {RING}"


def append(type_: str, *, subject: str, actor: str, cause: str = "", data: dict[str, Any] | None = None) -> None:
    """Write one row and ring; inside the caller's transaction.

    :param type_: "subject.fact", such as "call.agent_accept".
    :param subject: "call:17", whom it is about.
    :param actor: "user:3", "agent:4", "caller", "system:sweep".
    """
    kind, _, pk = subject.partition(":")
    sql.run(_APPEND_ONE, [type_, kind, int(pk), actor, cause, json.dumps(data or {})])


def settled(entries: models.QuerySet[LogEntry] | None = None) -> models.QuerySet[LogEntry]:
    """Only rows that no still-running transaction can precede, in the order of their ids."""
    entries = LogEntry.objects.all() if entries is None else entries
    horizon: RawSQL = RawSQL("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", [])
    return entries.filter(transaction__lt=horizon).order_by("id")


def about(kind: str, pk: int) -> models.QuerySet[LogEntry]:
    return LogEntry.objects.filter(subject_kind=kind, subject_id=pk).order_by("id")
