"""`/healthz`: whether all parts are up, for load balancers, monitoring and the runner."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from callcenter.core.models import Heartbeat
from telephony.models import Node

log = logging.getLogger(__name__)

SILENCE_SECONDS = 10
"""Relay and nodes write a sign of life every two seconds; after five missed ones the part counts as gone."""


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when all parts are up; 503 names the missing ones. It says nothing else, so it needs no log-in."""
    parts = {name: _holds(probe) for name, probe in PROBES.items()}
    missing = [name for name, up in parts.items() if not up]
    shown = {name: "up" if up else "missing" for name, up in parts.items()}
    body = {"status": "unavailable" if missing else "ok", "parts": shown, "missing": missing}
    response = JsonResponse(body, status=503 if missing else 200)
    # Django logs every 5xx as an error; this one is an answer, asked for every second.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def _holds(probe: Callable[[], bool]) -> bool:
    try:
        return probe()
    except (DatabaseError, redis.RedisError, OSError) as error:
        log.debug("health: %s fails (%s)", probe.__name__, type(error).__name__)
        return False


def web() -> bool:
    return True  # it is who answers


def database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def redis_answers() -> bool:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()
    return True


def relay() -> bool:
    return Heartbeat.objects.filter(name="relay", at__gt=_recently()).exists()


def telephony() -> bool:
    """One that takes calls: a node whose edge does not listen yet, or no more, is none."""
    return Node.objects.filter(heartbeat_at__gt=_recently()).exclude(sip_address="").exists()


def _recently() -> datetime:
    return timezone.now() - timedelta(seconds=SILENCE_SECONDS)


PROBES: dict[str, Callable[[], bool]] = {
    "web": web,
    "database": database,
    "redis": redis_answers,
    "relay": relay,
    "telephony": telephony,
}
