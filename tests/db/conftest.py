"""After every test in this folder the invariants must hold."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from queues import invariants


@pytest.fixture(autouse=True)
def everything_adds_up(request: pytest.FixtureRequest) -> Iterator[None]:
    marked = request.node.get_closest_marker("django_db")
    if marked:
        request.getfixturevalue("transactional_db" if marked.kwargs.get("transaction") else "db")
    yield
    if marked and not request.node.get_closest_marker("inconsistent_on_purpose"):
        assert invariants.broken() == []
