"""`/healthz` is 200 only when every part is up, and names the one that is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from callcenter import health
from callcenter.core.models import Heartbeat
from telephony.models import Node

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def all_up() -> None:
    Heartbeat.objects.create(name="relay", at=timezone.now())
    Node.objects.create(name="n1", heartbeat_at=timezone.now(), sip_address="127.0.0.1:5060")


def test_all_parts_up(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "parts": {"web": "up", "database": "up", "redis": "up", "relay": "up", "telephony": "up"},
        "missing": [],
    }


def assert_missing(client: Client, part: str) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert part in answer.json()["missing"]
    assert answer.json()["parts"][part] == "missing"


def test_a_silent_relay(client: Client) -> None:
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=health.SILENCE_SECONDS + 1))
    assert_missing(client, "relay")


def test_a_silent_node(client: Client) -> None:
    Node.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=health.SILENCE_SECONDS + 1))
    assert_missing(client, "telephony")


def test_a_node_whose_edge_does_not_listen(client: Client) -> None:
    Node.objects.update(sip_address="")
    assert_missing(client, "telephony")


def test_one_living_node_is_enough(client: Client) -> None:
    Node.objects.create(name="n2", heartbeat_at=timezone.now() - timedelta(hours=1))
    assert client.get("/healthz").status_code == 200


def test_redis_gone(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = "unix:///nonexistent/redis.sock"
    assert_missing(client, "redis")


def test_database_gone_is_told_and_no_error_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> bool:
        raise OperationalError

    monkeypatch.setitem(health.PROBES, "database", away)
    assert_missing(client, "database")


def test_it_needs_no_login_is_never_cached_and_takes_no_post(client: Client) -> None:
    assert "no-store" in client.get("/healthz")["Cache-Control"]
    assert client.post("/healthz").status_code == 405
