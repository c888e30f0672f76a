"""A flow in order, and callers who came through flows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ivr.models import Flow, FlowRun, FlowVersion, FlowVisit
from queues.models import Call

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "format": 1, "language": "en", "start": "menu", "fallback_queue": "general",
    "steps": {
        "menu": {"kind": "menu", "say": "Press 1 for support.", "exits": {"1": "support", "2": "bye"}},
        "support": {"kind": "queue", "queue": "support"},
        "bye": {"kind": "hang_up", "say": "Good-bye."},
    },
}  # fmt: skip


def changed(**steps: Any) -> dict[str, Any]:
    return {**GOOD, "steps": {**GOOD["steps"], **steps}}


def version(slug: str = "main", number: int = 1) -> FlowVersion:
    flow, _ = Flow.objects.get_or_create(slug=slug, defaults={"name": slug.title()})
    return FlowVersion.objects.create(flow=flow, number=number, document={})


def came(through: FlowVersion, outcome: str, *steps: tuple[str, str], led_to: str = "", at: datetime = NOON, each: float = 10) -> FlowRun:
    """A caller who takes `each` seconds for every (step, exit)."""
    call = Call.objects.create(state="ended", outcome="abandoned", hung_up_by="caller", hung_up_at=at, ended_at=at)
    left = at + timedelta(seconds=each * len(steps))
    over: dict[str, Any] = {} if outcome == "running" else {"ended_at": left}
    run = FlowRun.objects.create(call=call, version=through, outcome=outcome, led_to=led_to, began_at=at, **over)
    for number, (step, exit_name) in enumerate(steps):
        entered = at + timedelta(seconds=each * number)
        FlowVisit.objects.create(
            run=run, number=number + 1, step=step, kind="menu", exit=exit_name, entered_at=entered,
            left_at=entered + timedelta(seconds=each) if exit_name else None,
        )  # fmt: skip
    return run
