"""The way out to a voicemail box, one of the kinds of `queues.ways`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import TYPE_CHECKING

from django.urls import reverse

from callcenter.core.usage import Usage
from queues.ways import Kind

if TYPE_CHECKING:
    from queues.models import VoicemailBox, WayOut


class ToVoicemail(Kind):
    """The target is the slug of the box. The stay that ends so has overflowed; only a message that is kept makes it a voicemail."""

    name = "voicemail"
    label = "Leave a message in a voicemail box"
    reads = frozenset({"target", "message"})

    def sentence(self, way: WayOut) -> str:
        box = box_named(way.target)
        if box is None:
            return f"to voicemail, but there is no box “{way.target}”: message and hang up"
        return f"to the voicemail box “{box}”" if box.active else f"to the voicemail box “{box}”, which is off: message and hang up"

    def in_list(self, way: WayOut) -> str:
        return f"to voicemail: {way.target}"

    def complaints(self, way: WayOut) -> dict[str, str]:
        if not way.target:
            return {"target": "Choose the box that takes the message, or let the caller hear a message and hang up."}
        box = box_named(way.target)
        if box is None:
            return {"target": f"There is no voicemail box with the stable name “{way.target}”. Choose one that there is."}
        return {} if box.active else {"target": f"“{box}” takes no messages. Switch the box on, or choose another one."}

    def targets(self) -> list[tuple[str, str]]:
        from queues.models import VoicemailBox

        return [(box.slug, box.name if box.active else f"{box.name} (off)") for box in VoicemailBox.objects.order_by("name")]


def usages(slugs: Collection[str]) -> dict[str, list[Usage]]:
    """Which ways out lead to these boxes: they know them by their stable names only."""
    from queues.models import WayOut

    found: dict[str, list[Usage]] = defaultdict(list)
    for way in WayOut.objects.filter(kind=ToVoicemail.name, target__in=slugs).select_related("queue"):
        found[way.target].append(Usage(f"{way.queue}, way out “{way}”", reverse("admin:queues_queue_change", args=[way.queue_id])))
    return dict(found)


def box_named(slug: str) -> VoicemailBox | None:
    from queues.models import VoicemailBox

    return VoicemailBox.objects.filter(slug=slug).first()
