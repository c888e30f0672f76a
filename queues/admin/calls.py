"""The call list, quick with a million rows, and the call page: everything that is known about one call."""

from __future__ import annotations

import contextlib
import uuid
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from callcenter.core import adminbase
from callcenter.core.figures import CountFilter
from callcenter.core.words import chip, span

from .. import metrics, requirements, story
from ..models import Call, Offer, Segment
from ..states import CallOutcome, OfferOutcome, SegmentOutcome

OUTCOME_COLOURS = {
    CallOutcome.ANSWERED: "green",
    CallOutcome.ABANDONED: "amber",
    CallOutcome.OVERFLOWED: "amber",
    CallOutcome.VOICEMAIL: "blue",
    CallOutcome.REFUSED: "grey",
    CallOutcome.REJECTED: "grey",
    CallOutcome.CALLBACK: "blue",
    CallOutcome.SERVED: "green",
    CallOutcome.OUTSIDE: "green",
    CallOutcome.UNREACHED: "amber",
    CallOutcome.LOST: "red",
}
OFFER_COLOURS = {
    OfferOutcome.OPEN: "blue",
    OfferOutcome.ACCEPTED: "green",
    OfferOutcome.RESCINDED: "grey",
    OfferOutcome.CANCELLED: "grey",
}
SEGMENT_COLOURS = {
    SegmentOutcome.WAITING: "blue",
    SegmentOutcome.ANSWERED: "green",
    SegmentOutcome.VOICEMAIL: "blue",
    SegmentOutcome.REFUSED: "grey",
}

GOOD_MOS, FAIR_MOS = 4.0, 3.6
"""ITU-T G.107 Annex B: above 4.03 users are satisfied, below 3.60 many are not."""


class FigureFilter(CountFilter):
    counts = metrics.CALLS_TO_VOICEMAIL


@admin.register(Call)
class CallAdmin(adminbase.RecordAdmin):
    list_display = (
        "id",
        "state_chip",
        "outcome_chip",
        "caller",
        "dialled",
        "queue",
        "agent",
        "arrived_at",
        "waited",
        "talked",
        "disposition",
    )
    list_filter = ("state", "outcome", "queue", "agent__team", ("arrived_at", admin.DateFieldListFilter), "disposition", FigureFilter)
    list_select_related = ("queue", "agent", "disposition")
    sortable_by = ("id", "arrived_at")
    search_fields = ("id",)
    search_help_text = "Call number, caller's number, SIP Call-ID or public id, complete"
    change_form_template = "admin/queues/call/change_form.html"

    def get_search_results(self, request: HttpRequest, queryset: QuerySet[Call], search_term: str) -> tuple[QuerySet[Call], bool]:
        """Whole values only: each is answered from an index, however many calls there are."""
        term = search_term.strip()
        return (queryset.filter(_exactly(term)) if term else queryset), False

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        call = self.get_object(request, object_id)
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **(page(call) if call else {})})

    @admin.display(description="outcome", ordering="outcome")
    def outcome_chip(self, call: Call) -> SafeString | str:
        return chip(call.get_outcome_display(), OUTCOME_COLOURS.get(CallOutcome(call.outcome), "grey")) if call.outcome else "–"

    @admin.display(description="caller", ordering="caller_number")
    def caller(self, call: Call) -> str:
        return call.caller_name or call.caller_number or "unknown"

    @admin.display(description="waited")
    def waited(self, call: Call) -> str:
        return span(between(call.arrived_at, call.answered_at or call.hung_up_at))

    @admin.display(description="talked")
    def talked(self, call: Call) -> str:
        return span(between(call.answered_at, call.hung_up_at))


def _exactly(term: str) -> Q:
    found = Q(caller_number=term) | Q(sip_call_id=term)
    if term.isdigit() and int(term) < 2**63:
        found |= Q(pk=int(term))
    with contextlib.suppress(ValueError):
        found |= Q(public_id=uuid.UUID(term))
    return found


def page(call: Call) -> dict[str, Any]:
    """What the call page shows."""
    offers = list(call.offers.select_related("agent", "queue", "segment"))
    segments = list(call.segments.select_related("queue", "agent"))
    asked = requirements.words_of([call.requirement_id, *(segment.requirement_id for segment in segments)])
    return {
        "title": f"Call {call.pk}",
        "call": call,
        "state": call.machine.state(call.state),
        "outcome_colour": OUTCOME_COLOURS.get(CallOutcome(call.outcome), "grey") if call.outcome else "",
        "collected": story.collected(call),
        "lines": story.timeline(call),
        "offers": [_offer(offer) for offer in offers],
        "segments": [_segment(segment, asked) for segment in segments],
        "asks_for": ", ".join(asked.get(call.requirement_id or 0, ())),
        "waited": between(call.arrived_at, call.answered_at or call.hung_up_at),
        "talked": between(call.answered_at, call.hung_up_at),
        # The legs belong to the app above; the relation is there because the models are.
        "legs": [{"leg": leg, "colour": mos_colour(leg.mos)} for leg in call.legs.select_related("agent")],
        "runs": call.flow_runs.select_related("version__flow").prefetch_related("visits").order_by("pk"),
        "commands": call.commands.all(),
    }


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds, if both moments have come."""
    return (end - start).total_seconds() if start and end else None


def mos_colour(mos: float | None) -> str:
    if mos is None:
        return "grey"
    return "green" if mos >= GOOD_MOS else "amber" if mos >= FAIR_MOS else "red"


def _offer(offer: Offer) -> dict[str, Any]:
    return {
        "offer": offer,
        "colour": OFFER_COLOURS.get(OfferOutcome(offer.outcome), "red"),
        "considered": story.considered(offer),
        "rang": between(offer.opened_at, offer.closed_at),
        "strategy": (offer.why or {}).get("strategy", ""),
        "assigned_by": (offer.why or {}).get("assigned_by", ""),
        "lent_to": f"queue:{helper}" if (helper := (offer.why or {}).get("lent_to")) else "",
    }


def _segment(segment: Segment, asked: dict[int, list[str]]) -> dict[str, Any]:
    return {
        "asked": ", ".join(asked.get(segment.requirement_id or 0, ())),
        "segment": segment,
        "colour": SEGMENT_COLOURS.get(SegmentOutcome(segment.outcome), "amber"),
        "waited": between(segment.entered_at, segment.left_at),
        "talked": between(segment.answered_at, segment.ended_at),
        "paperwork": between(segment.ended_at, segment.wrap_up_ended_at),
    }
