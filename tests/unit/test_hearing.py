"""When a node reads what was rung for, and when it reads everything. That bells are heard at all is tested by every call."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from telephony import hearing
from telephony.hearing import Heard, Hearing
from telephony.services.calls import Owned
from tests.until import until

HOUR = 3600.0
NOTHING = Owned(offers=[], commands=[], live=set(), leaving=set())


class Rows:
    """Stands in for the rows: notes what is read."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def owned(self, node: str, *, edge: str) -> Owned:
        self.read.append("everything")
        return NOTHING

    def open_offers(self, node: str, *, edge: str, only: list[int]) -> list[Any]:
        self.read.append(f"offers {only}")
        return []


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> Rows:
    rows = Rows()
    monkeypatch.setattr(hearing, "calls", rows)
    return rows


@pytest.fixture
def node(rows: Rows) -> Iterator[Hearing]:
    told: list[Heard] = []
    made = Hearing(
        "n", edge=lambda: "127.0.0.1:5060", deliver=told.append, alarms=lambda: None, reload=lambda: None, take_up=lambda call: None
    )
    reader = threading.Thread(target=made._read)
    made.start = reader.start  # type: ignore[method-assign]  # without the listening thread, which needs a database
    yield made
    made.stop()
    reader.join()


def rings(node: Hearing, *offers: int) -> None:
    for offer in offers:
        node._notes.put(("node_n", {"event": "offer", "id": offer, "process": "p"}))


def test_an_offer_is_told_before_everything_is_read_again(node: Hearing, rows: Rows) -> None:
    node._read_all_at = time.monotonic() - hearing.READ_AGAIN_SECONDS - 1
    rings(node, 7)
    node.start()
    until(lambda: len(rows.read) >= 2, what="both to be read")
    assert rows.read[:2] == ["offers [7]", "everything"]


def test_where_bells_never_rest_everything_is_read_at_last(node: Hearing, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hearing, "LULL_SECONDS", HOUR)
    node._read_all_at = time.monotonic() - hearing.MOST_SECONDS - 1
    rings(node, 7)
    node.start()
    until(lambda: rows.read == ["everything"], what="everything to be read")


def test_offers_of_one_moment_are_one_read(node: Hearing, rows: Rows) -> None:
    node._read_all_at = time.monotonic()
    rings(node, 7, 8, 9)
    node.start()
    until(lambda: rows.read[:1] == ["offers [7, 8, 9]"], what="the offers to be read")
