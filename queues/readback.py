"""The ways out of a queue, read back as sentences: what a manager has set up, followed to where callers end."""

from __future__ import annotations

from .models import Queue, WayOut
from .ways import OTHERWISE, ToQueue, kind_of, plain

FOLLOWED = 8
"""Queues that are followed from one to the next; who builds longer chains reads on at the next queue's page."""

WHEN = {
    "otherwise": "Otherwise", "closed": "Closed", "full": "Full", "nobody_there": "Nobody there", "max_wait": "Waited too long",
    "no_agent": "Too long without agents", "retry_limit": "Attempts used up", "length": "More than {} in line",
    "longest": "First in line waits {} s", "waited": "Waited {} s", "per_agent": "More than {} in line per working agent",
}  # fmt: skip


def sentences(queue: Queue) -> list[str]:
    """One for each way out, in their order: “Full: to Overflow, keeping the place; there: message and hang up”."""
    ways = list(queue.ways_out.select_related("next_queue"))
    told = [sentence(way) for way in ways]
    if not any(way.when == OTHERWISE for way in ways):
        told.append("Otherwise: the standard message and hang up")
    return told


def sentence(way: WayOut) -> str:
    return f"{_when(way)}: {_followed(way)}"


def short(queue: Queue) -> str:
    """The usual way out in a few words, for lists. Reads what was prefetched as `ways_out` with `next_queue`."""
    usual = next((way for way in queue.ways_out.all() if way.when == OTHERWISE), None)
    if usual is None:
        return "message and hang up"
    return f"→ {usual.next_queue}" if usual.kind == ToQueue.name else kind_of(usual.kind).in_list(usual)


def _when(way: WayOut) -> str:
    return WHEN.get(way.when, way.get_when_display()).format(plain(way.threshold))


def _followed(way: WayOut | None, steps: int = FOLLOWED) -> str:
    if way is None:
        return "the standard message and hang up"
    said = kind_of(way.kind).sentence(way)
    if way.kind != ToQueue.name or way.next_queue is None or not steps:
        return said
    following = way.next_queue.ways_out.filter(when=OTHERWISE).select_related("next_queue").first()
    return f"{said}; there: {_followed(following, steps - 1)}"
