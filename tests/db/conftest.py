"""After every test in this folder the invariants must hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from callcenter.core import bell, roles
from queues import invariants
from telephony import spool

from . import mailbox
from .forms import client_of


@pytest.fixture(autouse=True)
def everything_adds_up(request: pytest.FixtureRequest) -> Iterator[None]:
    marked = request.node.get_closest_marker("django_db")
    if marked:
        request.getfixturevalue("transactional_db" if marked.kwargs.get("transaction") else "db")
    yield
    if marked and not request.node.get_closest_marker("inconsistent_on_purpose"):
        assert invariants.broken() == []


@pytest.fixture
def manager() -> Client:
    return client_of(roles.MANAGER)


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    heard: list[str] = []
    ring = bell.ring

    def overhear(channel: str, **note: Any) -> None:
        heard.append(channel)
        ring(channel, **note)

    monkeypatch.setattr(bell, "ring", overhear)
    return heard


@pytest.fixture
def voicemail_folder(settings: Any, tmp_path: Path) -> Path:
    """A data folder of the test's own, where call processes may record."""
    settings.DATA_DIR = tmp_path
    spool.prepare(mailbox.NODE, None)
    return tmp_path
