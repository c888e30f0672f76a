"""The builder: its page, and what the page asks for and sends. Only calls services; every refusal is an answer that says why."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render

from callcenter.core import roles
from callcenter.core.errors import NotAllowed, NotFound, Refusal
from callcenter.core.intents import BadRequest

from .. import flowservices, metrics
from ..flow import document as documents
from ..flow.cases import target_of
from ..flow.catalogue import catalogue
from ..flow.compare import Change
from ..flow.order import in_order
from ..flow.simulate import Outcome
from ..models import Flow, FlowVersion
from ..refusals import told
from . import links, periods

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

LOOK, TRY, EDIT = "look", "try", "edit"

VERSIONS_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of the page, taken apart.

    :ivar body: what was sent as JSON, or the query of a GET.
    """

    request: HttpRequest
    flow: Flow
    user: User
    body: dict[str, Any]

    def integer(self, name: str) -> int:
        value = self.body.get(name)
        if isinstance(value, str) and value.isdecimal() and len(value) < 10:
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
            raise BadRequest(f"{name} must be a whole number.", field=name)
        return value

    def text(self, name: str) -> str:
        value = self.body.get(name, "")
        if not isinstance(value, str) or "\0" in value:
            raise BadRequest(f"{name} must be a text.", field=name)
        return value

    @property
    def document(self) -> Any:
        return self.body.get("document")


Answer = dict[str, Any] | HttpResponse


class Builder:
    """The views, for the admin of flows."""

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin = model_admin

    def page(self, request: HttpRequest, pk: int) -> HttpResponse:
        flow = self._flow(request, pk)
        return render(request, "admin/ivr/flow/builder.html", {"flow": flow, "rights": " ".join(self.rights(request))})

    def answer(self, request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
        flow = self._flow(request, pk)
        if (request.method or "", name) not in OPERATIONS:
            raise Http404
        right, work = OPERATIONS[request.method or "", name]
        try:
            self._allow(request, right)
            answer = work(Asked(request, flow, _user(request), _body(request, name)))
        except Refusal as refusal:
            return JsonResponse(refusal.as_dict(), status=refusal.status)
        return answer if isinstance(answer, HttpResponse) else JsonResponse(answer)

    def _flow(self, request: HttpRequest, pk: int) -> Flow:
        if not self.model_admin.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Flow.objects.select_related("published__published_by", "draft_by"), pk=pk)

    def _allow(self, request: HttpRequest, right: str) -> None:
        if right not in self.rights(request):
            raise NotAllowed("Managers edit and publish flows; supervisors look at them and try them out.")

    def rights(self, request: HttpRequest) -> tuple[str, ...]:
        if self.model_admin.has_change_permission(request):
            return (LOOK, TRY, EDIT)
        return (LOOK, TRY) if roles.has_role(_user(request), roles.SUPERVISOR) else (LOOK,)


def _user(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _body(request: HttpRequest, name: str) -> dict[str, Any]:
    if request.method == "GET" or name == "import":
        return dict(request.GET.items())
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        raise BadRequest("The request is no JSON.") from None
    if not isinstance(found, dict):
        raise BadRequest("The request is no object.")
    return found


def _state(asked: Asked) -> Answer:
    """Everything that the page begins with."""
    flow = asked.flow
    return {
        "flow": {"name": flow.name, "slug": flow.slug, "active": flow.active},
        "document": flow.draft,
        **_draft(flow),
        "catalogue": catalogue(),
        "choices": flowservices.choices(),
        **_versions(flow),
    }


def _draft(flow: Flow) -> dict[str, Any]:
    by = flow.draft_by
    return {
        "revision": flow.draft_revision,
        "draft_by": (by.get_full_name() or by.username) if by else "",
        "draft_at": flow.draft_at.isoformat() if flow.draft_at else None,
    }


def _versions(flow: Flow) -> dict[str, Any]:
    rows = flow.versions.select_related("published_by").defer("document")[:VERSIONS_SHOWN]
    return {"published": flow.published.number if flow.published else None, "versions": [_version(row) for row in rows]}


def _version(version: FlowVersion) -> dict[str, Any]:
    by = version.published_by
    return {
        "number": version.number,
        "note": version.note,
        "by": (by.get_full_name() or by.username) if by else "somebody",
        "at": version.published_at.isoformat(),
    }


def _version_of(asked: Asked, name: str = "version") -> FlowVersion:
    found = asked.flow.versions.filter(number=asked.integer(name)).first()
    if found is None:
        raise NotFound("There is no such version of this flow.")
    return found


def _save(asked: Asked) -> Answer:
    return {"revision": flowservices.save_draft(asked.flow, asked.document, asked.integer("revision"), by=asked.user)}


def _check(asked: Asked) -> Answer:
    """What is wrong as it stands, and each step in one line."""
    flow, _ = documents.inspect(in_order(asked.document))
    return {
        "complaints": told(flowservices.checks(asked.document, asked.flow.slug)),
        "summaries": {name: step.summary() for name, step in flow.steps.items()},
    }


def _simulate(asked: Asked) -> Answer:
    return _outcome(flowservices.try_out(asked.document, asked.body.get("scene", {})))


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {
        "visits": [asdict(visit) for visit in outcome.visits],
        "end": {"to": outcome.end.to, "target": target_of(outcome.end), "data": outcome.end.data} if outcome.end else None,
        "asks": {"most": outcome.asks.most, "terminator": outcome.asks.terminator, "secret": outcome.asks.secret} if outcome.asks else None,
        "variables": outcome.variables,
        "language": outcome.language,
    }


def _cases(asked: Asked) -> Answer:
    """Every test case with how it goes in the document that was sent."""
    return {"cases": [_verdict(one) for one in flowservices.dry_run(asked.flow, asked.document)]}


def _verdict(verdict: flowservices.Verdict) -> dict[str, Any]:
    case = verdict.case
    return {
        "id": case.pk, "name": case.name, "scene": case.scene, "expected": case.expected, "passed": verdict.passed,
        "failures": verdict.failures, "path": verdict.path,
    }  # fmt: skip


def _save_case(asked: Asked) -> Answer:
    flowservices.save_case(asked.flow, asked.text("name"), asked.body.get("scene", {}), asked.document)
    return _cases(asked)


def _delete_case(asked: Asked) -> Answer:
    flowservices.delete_case(asked.flow, asked.integer("id"))
    return _cases(asked)


def _diff(asked: Asked) -> Answer:
    return {"changes": [_change(one) for one in flowservices.diff(asked.flow, asked.document)]}


def _change(change: Change) -> dict[str, Any]:
    return {"step": change.step, "what": change.what, "title": change.title, "fields": [asdict(one) for one in change.fields]}


def _publish(asked: Asked) -> Answer:
    version = flowservices.publish(asked.flow, by=asked.user, note=asked.text("note"), revision=asked.integer("revision"))
    return _versions(version.flow)


def _rollback(asked: Asked) -> Answer:
    version = flowservices.rollback(asked.flow, _version_of(asked), by=asked.user, note=asked.text("note"))
    return _versions(version.flow)


def _old(asked: Asked) -> Answer:
    return {"document": _version_of(asked).document}


def _import(asked: Asked) -> Answer:
    revision, complaints, lines = flowservices.import_text(asked.flow, asked.request.body, asked.integer("revision"), by=asked.user)
    asked.flow.refresh_from_db()
    return {"document": asked.flow.draft, "revision": revision, "complaints": told(complaints, lines)}


def _export(asked: Asked) -> Answer:
    format_ = asked.text("format") or "yaml"
    if format_ not in flowservices.FORMATS:
        raise BadRequest("Flows are exported as yaml or json.", field="format")
    document = _version_of(asked).document if "version" in asked.body else asked.flow.draft
    answer = HttpResponse(flowservices.export(document, format_), content_type=f"{flowservices.FORMATS[format_]}; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{asked.flow.slug}.{format_}"'
    return answer


def _figures(asked: Asked) -> Answer:
    """Of every step, for the colours on the canvas; each with the address of its rows."""
    chosen = periods.asked(asked.request, asked.flow)
    total = metrics.flow_figures(**chosen.where)
    return {
        "callers": total.counts["callers"],
        "ended": total.counts["ended"],
        "completion": total.completion,
        "steps": {name: _step_figures(name, one, chosen) for name, one in metrics.step_figures(**chosen.where).items()},
    }


def _step_figures(name: str, figures: metrics.StepFigures, chosen: periods.Asked) -> dict[str, Any]:
    return {
        **asdict(figures),
        "drop_off": figures.drop_off,
        "rows": links.visits(step=name, **chosen.link),
        "dropped_rows": links.visits("dropped", step=name, **chosen.link),
    }


OPERATIONS: dict[tuple[str, str], tuple[str, Callable[[Asked], Answer]]] = {
    ("GET", "state"): (LOOK, _state),
    ("POST", "save"): (EDIT, _save),
    ("POST", "check"): (LOOK, _check),
    ("POST", "simulate"): (TRY, _simulate),
    ("POST", "cases"): (LOOK, _cases),
    ("POST", "save-case"): (EDIT, _save_case),
    ("POST", "delete-case"): (EDIT, _delete_case),
    ("POST", "diff"): (LOOK, _diff),
    ("POST", "publish"): (EDIT, _publish),
    ("POST", "rollback"): (EDIT, _rollback),
    ("GET", "version"): (LOOK, _old),
    ("POST", "import"): (EDIT, _import),
    ("GET", "export"): (LOOK, _export),
    ("GET", "figures"): (LOOK, _figures),
}
"""Every request of the page: which right it needs, and what answers it."""
