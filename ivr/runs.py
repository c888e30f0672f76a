"""The way of a caller through a flow, as rows. Written by the clerks, read by figures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone

from callcenter.core import sql

from .models import FlowRun

BEGIN = """
INSERT INTO ivr_flowrun (call_id, version_id, outcome, led_to, target, last_step, language, variables, began_at)
VALUES (%(call)s, %(version)s, 'running', '', '', '', '', '{}', %(at)s)
ON CONFLICT (call_id) WHERE outcome = 'running' DO NOTHING
"""

# Of the run that the step belongs to: the last that had begun by then. Told twice, it is written once.
VISITED = """
INSERT INTO ivr_flowvisit (run_id, number, step, kind, exit, note, entered_at, left_at)
SELECT r.id, %(number)s, %(step)s, %(kind)s, %(exit)s, %(note)s, %(entered)s, %(left)s
FROM (SELECT id FROM ivr_flowrun WHERE call_id = %(call)s AND began_at <= %(entered)s::timestamptz + interval '1 second'
      ORDER BY id DESC LIMIT 1) r
ON CONFLICT (run_id, number) DO NOTHING
"""


def begin(call_id: int, version_id: int, at: datetime) -> None:
    """The caller comes into this version of a flow; asked again it changes nothing."""
    sql.run(BEGIN, {"call": call_id, "version": version_id, "at": at})


def visited(
    call_id: int, *, number: int, step: str, kind: str, exit_name: str, note: str, entered: datetime, left: datetime | None
) -> None:  # fmt: skip
    """The caller came through a step."""
    sql.run(VISITED, {
        "call": call_id, "number": number, "step": step[:40], "kind": kind[:12], "exit": exit_name[:50], "note": note[:200],
        "entered": entered, "left": left,
    })  # fmt: skip


def ended(call_id: int, outcome: str, at: datetime, **fields: Any) -> None:
    """The caller is out of the flow. Of two who say so the first counts.

    :param fields: led_to, target, last_step, language, variables.
    """
    running = FlowRun.objects.filter(call=call_id, outcome=FlowRun.Outcome.RUNNING)
    running.update(outcome=outcome, ended_at=at, **fields)


def lost(call_ids: Iterable[int]) -> None:
    """The processes of these calls died: nobody will say how their ways ended."""
    running = FlowRun.objects.filter(call__in=list(call_ids), outcome=FlowRun.Outcome.RUNNING)
    running.update(outcome=FlowRun.Outcome.LOST, ended_at=timezone.now())
