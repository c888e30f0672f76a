"""What every installation starts with: queues and results to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.apps.registry import Apps

DIRECT = "direct"
"""Slug of the queue that counts calls to agents' extensions; everybody is a member."""

QUEUES: tuple[dict[str, Any], ...] = (
    {"slug": "general", "name": "General"},
    {"slug": "support", "name": "Support", "wrap_up_seconds": 45},
    {"slug": "sales", "name": "Sales"},
    {"slug": "billing", "name": "Billing"},
    {"slug": "vip", "name": "VIP", "weight_seconds": 120, "service_level_seconds": 10, "service_level_target": 90},
    {"slug": "premium", "name": "Premium", "weight_seconds": 60, "service_level_seconds": 15, "service_level_target": 90},
    # A call to a colleague: ringing as on any phone, no music, no place in line, nobody else takes it.
    {
        "slug": DIRECT, "name": "Direct calls", "everyone": True, "answer_mode": "ringback",
        "retry_limit": 1, "ring_seconds": 30, "wrap_up_seconds": 0, "max_wait": 45, "max_wait_no_agent": 5,
    },
)  # fmt: skip

ONE_AGENT_IS_ABSENT = ("absent_paused", "absent_unreachable", "absent_busy")
"""No colleague steps in, so who calls an agent that is on a break, out of reach or talks is led on."""

NOT_AVAILABLE = "The person you are calling cannot take your call now."
"""What callers of an extension hear when nobody answers it."""

PLACE_EVERY = 45
"""Seconds from one announcement of the place in line to the next, in a queue that nobody has changed."""

DISPOSITIONS: tuple[dict[str, Any], ...] = (
    {"code": "solved", "label": "Solved", "position": 1},
    {"code": "sale", "label": "Sale", "position": 2},
    {"code": "call-back", "label": "To be called back", "position": 3},
    {"code": "passed-on", "label": "Passed on", "position": 4},
    {"code": "complaint", "label": "Complaint", "position": 5},
    {"code": "wrong-number", "label": "Wrong number", "position": 6},
)


def install(apps: Apps, schema_editor: Any = None) -> None:
    """Create what is missing; leave alone what is there."""
    Queue, Disposition = apps.get_model("queues", "Queue"), apps.get_model("queues", "Disposition")
    chosen = [Disposition.objects.get_or_create(code=given["code"], defaults=given)[0] for given in DISPOSITIONS]
    for given in QUEUES:
        queue, created = Queue.objects.get_or_create(slug=given["slug"], defaults={**given, **_in_columns(Queue, given["slug"])})
        if created:
            queue.dispositions.set(chosen)
            _say_something(apps, queue)


def _in_columns(Queue: Any, slug: str) -> dict[str, Any]:
    """What depends on how far the migrations have run: callers heard by columns once, and who is absent was told by none."""
    if slug != DIRECT:
        return {}
    heard = {"announce_position": False, "fallback_message": NOT_AVAILABLE} if hasattr(Queue, "fallback_message") else {}
    return heard | (dict.fromkeys(ONE_AGENT_IS_ABSENT, True) if hasattr(Queue, "absent_paused") else {})


def _say_something(apps: Apps, queue: Any) -> None:
    """Its first announcement, or for extensions its way out."""
    try:
        Announcement, WayOut = apps.get_model("queues", "Announcement"), apps.get_model("queues", "WayOut")
    except LookupError:
        return
    if queue.slug == DIRECT:
        WayOut.objects.create(queue=queue, message=NOT_AVAILABLE)
    else:
        Announcement.objects.create(queue=queue, kind="position", every=PLACE_EVERY)
