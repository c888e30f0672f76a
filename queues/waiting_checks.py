"""What announcements, music and ways out must satisfy; every message names the remedy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError

from .phrases import LANGUAGES, speaks
from .uploads import as_music
from .ways import RULES, ToQueue, kind_of, plain

if TYPE_CHECKING:
    from .models import Announcement, Music, Queue, WayOut

LEAST_EVERY_SECONDS = 10
"""Said again sooner than this it would interrupt itself."""


def check_announcement(announcement: Announcement) -> None:
    """:raises ValidationError: with all complaints at once, each at its field."""
    kinds = type(announcement).Kind
    found = {
        "text": _text(announcement, kinds),
        "kind": _language(announcement, kinds),
        "every": _every(announcement, kinds),
        "first_after": _first_after(announcement, kinds),
    }
    _raise(found)


def _text(announcement: Announcement, kinds: Any) -> str:
    if announcement.kind in (kinds.POSITION, kinds.ESTIMATE) or announcement.text.strip():
        return ""
    return "Write what is to be said; place in line and estimated wait alone may do without."


def _language(announcement: Announcement, kinds: Any) -> str:
    language = announcement.queue.language if announcement.queue_id or hasattr(announcement, "queue") else "en"
    if announcement.kind not in (kinds.POSITION, kinds.ESTIMATE) or speaks(language):
        return ""
    return (
        f"Place and wait are composed in {' and '.join(LANGUAGES.values())} only, and this queue speaks “{language}”. "
        "Take a message with a text of your own, or change the queue's language."
    )


def _every(announcement: Announcement, kinds: Any) -> str:
    if not announcement.every:
        return ""
    if announcement.kind == kinds.GREETING:
        return "A greeting is said once, on entry. Enter 0, or make it a message."
    if announcement.every < LEAST_EVERY_SECONDS and announcement.kind != kinds.REOFFER:
        return f"Every {announcement.every} s it would interrupt itself. Take {LEAST_EVERY_SECONDS} s or more, or 0 for once."
    return ""


def _first_after(announcement: Announcement, kinds: Any) -> str:
    if announcement.kind == kinds.GREETING and announcement.first_after:
        return "A greeting is said on entry. Enter 0, or make it a message."
    return ""


def check_music(music: Music) -> None:
    """Brings what was uploaded to the form and loudness that telephones play.

    :raises ValidationError: it cannot be used; with the remedy.
    """
    if not music.file:
        return
    # Here and not above: it brings NumPy, which no other process of this app needs at its start.
    from callcenter.core.audio import Unusable

    try:
        music.file = as_music(music.file)
    except Unusable as refusal:
        _raise({"file": refusal.detail})


def check_way_out(way: WayOut) -> None:
    """:raises ValidationError: with all complaints at once, each at its field."""
    kind = kind_of(way.kind)
    found = {"threshold": _threshold(way), **{field: _unread(way, field) for field in ("next_queue", "target")}}
    found |= {field: complaint for field, complaint in kind.complaints(way).items() if complaint}
    if way.kind == ToQueue.name and way.next_queue_id and not found["next_queue"]:
        found["next_queue"] = _loop(way)
    _raise(found)


def _threshold(way: WayOut) -> str:
    if way.when in RULES and way.threshold is None:
        return "From which number on? Enter callers, seconds, or callers per working agent."
    if way.when == "waited" and way.threshold is not None and way.queue_id and way.threshold < way.queue.ring_seconds:
        return (
            f"Callers would leave after {plain(way.threshold)} s while the first agent still rings for {way.queue.ring_seconds} s. "
            "Make the wait longer or the ring time shorter."
        )
    return ""


def _unread(way: WayOut, field: str) -> str:
    if getattr(way, f"{field}_id" if field == "next_queue" else field) and field not in kind_of(way.kind).reads:
        return f"“{kind_of(way.kind).label}” takes none: remove it, or choose another next step."
    return ""


def _loop(way: WayOut) -> str:
    """Of the row that would close a circle; another row of the same queue cannot, so rows are looked at one by one."""
    names = circle(way.queue, way.next_queue)
    if not names:
        return ""
    return f"Calls would go round in circles: {' → '.join(names)}. Let one of these queues hang up or go elsewhere."


def circle(queue: Queue, following: Queue | None) -> list[str]:
    """Names of the queues on the way round, if any way out of `following` leads back to `queue`."""
    if following is None or queue.pk is None:
        return []
    known = {following.pk: [queue.name, following.name]}
    ahead = [following]
    while ahead:
        here = ahead.pop(0)
        if here.pk == queue.pk:
            return known[here.pk]
        for way in here.ways_out.filter(kind=ToQueue.name).select_related("next_queue"):
            if way.next_queue is not None and way.next_queue.pk not in known:
                known[way.next_queue.pk] = [*known[here.pk], way.next_queue.name]
                ahead.append(way.next_queue)
    return []


def _raise(found: dict[str, str]) -> None:
    complaints = {field: complaint for field, complaint in found.items() if complaint}
    if complaints:
        raise ValidationError(complaints)
