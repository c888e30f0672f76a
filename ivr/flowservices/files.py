"""Flows as files, both ways."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from callcenter.core import events

from ..flow import document as documents
from ..flow import text
from ..flow.complaints import Complaint
from ..flow.order import in_order
from ..models import Flow
from ..refusals import UnreadableFlow
from .checks import checks
from .drafts import save_draft

FORMATS = {"yaml": "application/yaml", "json": "application/json"}


def export(document: Any, format_: str) -> str:
    """The document as text in one of `FORMATS`."""
    document = in_order(document)
    return text.dumps_json(document) if format_ == "json" else text.dumps_yaml(document)


@transaction.atomic
def import_text(flow: Flow, content: bytes, revision: int, *, by: User) -> tuple[int, list[Complaint], list[int]]:
    """Make a file the draft; callers notice nothing. Returns the new revision, and what must be mended before it is published,
    with the line of each.

    :raises UnreadableFlow: it is no flow; with the line of everything that is wrong.
    :raises DraftChanged: somebody changed the draft meanwhile.
    """
    source, document = _read(content)
    complaints = checks(document, flow.slug)
    new = save_draft(flow, document, revision, by=by)
    events.append("flow.imported", subject=f"flow:{flow.pk}", actor=f"user:{by.pk}", data={"name": flow.name, "revision": new})
    return new, complaints, _lines(source, complaints)


def _read(content: bytes) -> tuple[str, Any]:
    try:
        source = content.decode("utf-8-sig")
        document = text.loads(source)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        wrong = Complaint((), f"Line {line}: The file is not in UTF-8. Save it as UTF-8 text, YAML or JSON.")
        raise UnreadableFlow([wrong], lines=[line]) from None
    except text.TextError as error:
        raise UnreadableFlow(error.complaints, lines=[error.line]) from None
    _, complaints = documents.inspect(document)
    complaints = complaints or text.storable(document)
    if complaints:
        raise UnreadableFlow(complaints, lines=_lines(source, complaints))
    return source, document


def _lines(source: str, complaints: list[Complaint]) -> list[int]:
    return text.lines_of(source, [one.path for one in complaints])
