"""The database refuses what the state tables do not declare."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction

from agents.states import AGENT
from callcenter.core import events, guard
from callcenter.core.models import LogEntry
from queues.callbackstates import CALLBACK
from queues.states import CALL

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("table", "machine"), [("agents_agent", AGENT), ("queues_call", CALL), ("queues_callback", CALLBACK)])
def test_the_trigger_allows_exactly_the_pairs_of_the_table(table: str, machine: object) -> None:
    assert guard.installed_pairs(table) == machine.pairs()  # type: ignore[attr-defined]


@pytest.mark.parametrize("change", ["UPDATE core_logentry SET actor = 'somebody'", "DELETE FROM core_logentry"])
def test_the_log_takes_no_change_back(change: str) -> None:
    events.append("agent.wished", subject="agent:1", actor="user:1")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert LogEntry.objects.get().actor == "user:1"
