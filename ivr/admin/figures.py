"""The figures of one flow as a page: completion, where callers hang up, how long steps take, what A/B ways are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from callcenter.core.figures import Bar, bars, columns

from .. import metrics
from ..flow import document as documents
from ..models import Flow
from . import links, periods

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

TILES = (
    ("callers", "callers", "Who came into the flow."),
    ("completed", "led to the end", "Handed to a queue, an agent, a mailbox … as the flow says, or served and hung up by it."),
    ("abandoned", "hung up in it", "The caller hung up before the flow was through."),
    ("fallback", "to the fallback queue", "An exit led nowhere, a step failed, or nobody typed any more."),
    ("lost", "lost", "By a failure of ours."),
    ("running", "in it now", ""),
)
ENDS = (
    ("to_queue", "Queue"), ("to_agent", "Agent"), ("to_outside", "Number outside"), ("voicemail", "Voicemail"), ("callback", "Callback"),
    ("to_flow", "Other flow"), ("self_served", "Served by the flow"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    title: str
    figures: metrics.StepFigures
    reach: float
    link: str
    dropped_link: str
    exits: list[tuple[str, int, str]]


def page(model_admin: ModelAdmin[Any]) -> Callable[[HttpRequest, int], HttpResponse]:
    def figures(request: HttpRequest, pk: int) -> HttpResponse:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        flow = get_object_or_404(Flow.objects.select_related("published"), pk=pk)
        context = {**model_admin.admin_site.each_context(request), "opts": model_admin.opts, **_context(periods.asked(request, flow))}
        return TemplateResponse(request, "admin/ivr/flow/figures.html", context)

    return figures


def _context(chosen: periods.Asked) -> dict[str, Any]:
    total = metrics.flow_figures(**chosen.where)
    document = (chosen.version or chosen.flow.published or chosen.flow).__dict__
    flow, _ = documents.inspect(document.get("document") or document.get("draft"))
    return {
        "title": f"Figures of {chosen.flow}",
        "flow": chosen.flow,
        "asked": chosen,
        "periods": periods.PERIODS,
        "versions": list(chosen.flow.versions.values_list("number", flat=True)[:12]),
        "total": total,
        "tiles": [(total.counts[name], words, hint, links.rows(name, **chosen.link)) for name, words, hint in TILES],
        "ends": bars((words, total.counts[name], links.rows(name, **chosen.link)) for name, words in ENDS if total.counts[name]),
        "days": _days(chosen),
        "steps": _rows(chosen, flow, total.counts["callers"]),
        "comparisons": _comparisons(chosen, flow),
    }


def _days(chosen: periods.Asked) -> list[Bar]:
    found: dict[date, metrics.FlowFigures] = dict(metrics.by_day(**chosen.where))
    none = metrics.FlowFigures(dict.fromkeys(metrics.COUNTS, 0))
    days = [(day, found.get(day, none)) for day in chosen.period.drawn(found)]
    return columns((f"{day:%d %b}", one.counts["callers"], "", one.completion or 0) for day, one in days)


def _rows(chosen: periods.Asked, flow: documents.Flow, callers: int) -> list[Row]:
    """The steps that most come to first."""
    found = sorted(metrics.step_figures(**chosen.where).items(), key=lambda item: -item[1].visits)
    return [
        Row(
            name,
            _title(flow, name),
            one,
            100 * one.callers / (callers or 1),
            links.visits(step=name, **chosen.link),
            links.visits("dropped", step=name, **chosen.link),
            [
                (_exit(flow, name, way), count, links.visits(step=name, exit_name=way, **chosen.link))
                for way, count in sorted(one.exits.items(), key=lambda item: -item[1])
            ],
        )
        for name, one in found
    ]


def _title(flow: documents.Flow, name: str) -> str:
    step = flow.steps.get(name)
    return (step.label or step.title) if step else "no longer in the flow"


def _exit(flow: documents.Flow, name: str, way: str) -> str:
    """An exit as the flow calls it."""
    step = flow.steps.get(name)
    labels = {outlet.name: outlet.label for outlet in step.outlets()} if step else {}
    return {"lost": "Failed", "back": "Back", "repeat": "Again"}.get(way) or labels.get(way, way)


def _comparisons(chosen: periods.Asked, flow: documents.Flow) -> list[dict[str, Any]]:
    steps = [step for step in flow.steps.values() if step.kind == "split"]
    return [
        {
            "title": step.label or step.name,
            "variants": [
                {"one": one, "link": links.rows(step=step.name, exit_name=one.exit, **chosen.link)}
                for one in metrics.comparison([step.name], **chosen.where)
            ],
        }
        for step in steps
    ]
