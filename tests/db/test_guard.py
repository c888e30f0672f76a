"""The database refuses what the state tables do not declare."""

from __future__ import annotations

import pytest

from agents.states import AGENT
from callcenter.core import guard
from queues.states import CALL

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("table", "machine"), [("agents_agent", AGENT), ("queues_call", CALL)])
def test_the_trigger_allows_exactly_the_pairs_of_the_table(table: str, machine: object) -> None:
    assert guard.installed_pairs(table) == machine.pairs()  # type: ignore[attr-defined]
