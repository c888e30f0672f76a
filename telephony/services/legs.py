"""Legs in rows."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from telephony.models import Leg
from telephony.records import LegRecord


def save(call_id: int, leg: LegRecord) -> None:
    """Store the leg as it is now; the same record again changes nothing."""
    Leg.objects.update_or_create(call_id=call_id, number=leg.number, defaults=_fields(leg))


def _fields(leg: LegRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "role": leg.role,
        "agent_id": leg.agent,
        "offer_id": leg.offer,
        "sip_call_id": leg.dialog.call_id if leg.dialog else leg.sip_call_id,
        "dialog": asdict(leg.dialog) if leg.dialog else {},
        "began_at": _wall(leg.began),
        "answered_at": _wall(leg.answered),
        "ended_at": _wall(leg.ended),
        "sip_status": leg.status,
    }
    return {**fields, **(asdict(leg.quality) if leg.quality else {})}


def _wall(moment: float | None) -> dt.datetime | None:
    """The time of day of a moment on the monotonic clock: a leg may be written long after it happened."""
    if moment is None:
        return None
    return timezone.now() - dt.timedelta(seconds=time.monotonic() - moment)
