"""Whether callers could be let into a flow, and what would be new for them."""

from __future__ import annotations

from typing import Any

from ..flow import document as documents
from ..flow.check import check, flows_reached_unasked
from ..flow.compare import Change, differences
from ..flow.complaints import Complaint, FlowError
from ..models import Flow
from . import installation


def checks(document: Any, slug: str = "") -> list[Complaint]:
    """Everything that is wrong with a document here and now, and warnings; the worst first.

    :param slug: of which flow it is the document, to see circles of flows that lead to each other.
    """
    flow, unreadable = documents.inspect(document)
    found = [*unreadable, *(one for one in check(flow, installation.known()) if not _said_already(one, unreadable))]
    circle = _circle(flow, slug) if slug else ()
    if circle:
        names = " → ".join((*circle, circle[0]))
        found.append(Complaint(("steps",), f"These flows lead callers round in a circle without asking anything: {names}."))
    return sorted(found, key=lambda one: one.warning)


def _said_already(one: Complaint, unreadable: list[Complaint]) -> bool:
    """A field that cannot be read is empty to the checks; one complaint about it is enough."""
    return any(one.path[: len(other.path)] == other.path for other in unreadable if len(other.path) > 1)


def diff(flow: Flow, document: Any = None) -> list[Change]:
    """What publishing this document, or the draft, would change for callers."""
    return differences(flow.published.document if flow.published else None, flow.draft if document is None else document)


def _circle(flow: documents.Flow, slug: str) -> tuple[str, ...]:
    """Flows that lead to each other without a question, this one among them; none: empty."""
    ways = {slug: flows_reached_unasked(flow)}
    published = Flow.objects.filter(published__isnull=False).exclude(slug=slug)
    if not ways[slug]:
        return ()
    for other, document in published.values_list("slug", "published__document"):
        try:
            ways[other] = flows_reached_unasked(documents.read(document))
        except FlowError:
            continue
    return _way_back(slug, ways)


def _way_back(slug: str, ways: dict[str, set[str]]) -> tuple[str, ...]:
    seen: set[str] = set()
    ahead: list[tuple[str, ...]] = [(slug,)]
    while ahead:
        way = ahead.pop()
        for following in sorted(ways.get(way[-1], ())):
            if following == slug:
                return way
            if following not in seen:
                seen.add(following)
                ahead.append((*way, following))
    return ()
