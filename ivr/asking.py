"""Turns what a web step asks into a request: the connection's address and secret are put in here, and nowhere else."""

from __future__ import annotations

from typing import Any

import structlog

from callcenter.core import sealed

from . import web
from .models import WebConnection

log = structlog.get_logger(__name__)


def request_for(data: dict[str, Any]) -> web.Request | None:
    """
    :param data: as a web step asks (`ivr.flow.words.Ask`).
    :returns: None if the connection is not there (any more) or its secret cannot be read.
    """
    headers, url, internal = dict(data["headers"]), data["url"], False
    if data["connection"]:
        connection = WebConnection.objects.filter(slug=data["connection"]).first()
        if connection is None:
            log.error("flow asks a web service over a connection that is not there", connection=data["connection"])
            return None
        try:
            headers |= {connection.header: sealed.unseal(connection.secret)} if connection.secret else {}
        except sealed.Unreadable:
            log.error("the secret of a connection cannot be read; type it in again", connection=connection.slug)
            return None
        url, internal = f"{connection.base_url.rstrip('/')}/{url.lstrip('/')}", connection.internal
    return web.Request(url, data["method"], tuple(headers.items()), data["body"], data["timeout"], data["retries"], internal)


def answer_of(request: web.Request) -> dict[str, Any] | None:
    """What the flow is told: the answer, or None if there is none. Takes as long as the request may."""
    try:
        return {"response": web.fetch(request)}
    except web.WebFailed as failed:
        log.warning("a web service of a flow failed", reason=str(failed))
        return None
