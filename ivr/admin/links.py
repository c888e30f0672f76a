"""Where the rows behind a figure of a flow are: lists of the admin, by plain look-ups that can be read and changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from ..models import Flow, FlowVersion


def rows(
    figure: str = "", *, flow: Flow, version: FlowVersion | None = None, since: datetime | None = None, step: str = "", exit_name: str = ""
) -> str:
    """The callers that a figure counts; with a step and exit, those who took that way."""
    return _list("flowrun", "", figure, flow, version, since, {"visits__step__exact": step, "visits__exit__exact": exit_name})


def visits(
    figure: str = "",
    *,
    flow: Flow,
    version: FlowVersion | None = None,
    since: datetime | None = None,
    step: str = "",
    exit_name: str = "",
) -> str:
    """The visits of steps that a figure counts."""
    return _list("flowvisit", "run__", figure, flow, version, since, {"step__exact": step, "exit__exact": exit_name})


def _list(
    model: str, prefix: str, figure: str, flow: Flow, version: FlowVersion | None, since: datetime | None, more: dict[str, str]
) -> str:
    lookups: dict[str, Any] = {
        "figure": figure,
        f"{prefix}version__flow__id__exact": None if version else flow.pk,
        f"{prefix}version__id__exact": version.pk if version else None,
        f"{prefix}began_at__gte": since.isoformat() if since else None,
        **more,
    }
    given = {name: value for name, value in lookups.items() if value not in (None, "")}
    return f"{reverse(f'admin:ivr_{model}_changelist')}?{urlencode(given)}"
