"""Legs in rows."""

from __future__ import annotations

import datetime as dt
import functools
import json
import time
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from callcenter.core import sql
from telephony.records import LegRecord

MADE_ONCE = ("call_id", "number")
LATER = ("codec", "rx_packets", "tx_packets")
"""Columns that must not be empty, of which a leg knows nothing at first."""


def save(call_id: int, leg: LegRecord) -> None:
    """Store the leg as it is now; the same record again changes nothing."""
    fields = {"call_id": call_id, "number": leg.number, **_fields(leg)}
    first = {} if leg.quality else dict(zip(LATER, ("", 0, 0), strict=True))
    sql.run(_upsert(tuple(fields), tuple(first)), [*fields.values(), *first.values()])


@functools.cache
def _upsert(names: tuple[str, ...], first: tuple[str, ...]) -> str:
    columns, changed = names + first, [name for name in names if name not in MADE_ONCE]
    return (
        f"INSERT INTO telephony_leg ({', '.join(columns)}) VALUES ({', '.join(['%s'] * len(columns))}) "  # noqa: S608  (names of ours)
        f"ON CONFLICT (call_id, number) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in changed)}"
    )


def _fields(leg: LegRecord) -> dict[str, Any]:
    return {
        "role": leg.role,
        "agent_id": leg.agent,
        "offer_id": leg.offer,
        "sip_call_id": leg.dialog.call_id if leg.dialog else leg.sip_call_id,
        "dialog": json.dumps(asdict(leg.dialog) if leg.dialog else {}),
        "began_at": wall(leg.began),
        "answered_at": _wall(leg.answered),
        "ended_at": _wall(leg.ended),
        "sip_status": leg.status,
        **(asdict(leg.quality) if leg.quality else {}),
    }


def wall(moment: float) -> dt.datetime:
    """The time of day of a moment on the monotonic clock: what happened may be written long afterwards."""
    return timezone.now() - dt.timedelta(seconds=time.monotonic() - moment)


def _wall(moment: float | None) -> dt.datetime | None:
    return None if moment is None else wall(moment)
