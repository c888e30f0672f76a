"""The outbox: in order, through an absent database, and never stopped by one bad write."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import OperationalError

from callcenter.core.errors import Refusal
from telephony import outbox as module
from telephony.outbox import Outbox


class Connection:
    closed = 0

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def connection(monkeypatch: pytest.MonkeyPatch) -> Connection:
    made = Connection()
    monkeypatch.setattr(module, "connection", made)
    return made


@pytest.fixture
def outbox(connection: Connection) -> Iterator[Outbox]:
    made = Outbox(retry_seconds=0.01)
    made.start()
    yield made
    assert made.wait_empty(5)


def test_jobs_are_done_in_the_order_in_which_they_came(outbox: Outbox) -> None:
    done: list[int] = []
    for number in range(50):
        outbox.put(str(number), lambda _, number=number: done.append(number))  # type: ignore[misc]
    assert outbox.wait_empty(5)
    assert done == list(range(50))


def test_an_absent_database_delays_but_neither_loses_nor_reorders(outbox: Outbox, connection: Connection) -> None:
    done: list[tuple[str, bool]] = []
    absences = iter(range(3))

    def first(again: bool) -> None:
        if next(absences, None) is not None:
            raise OperationalError
        done.append(("first", again))

    outbox.put("first", first)
    outbox.put("second", lambda again: done.append(("second", again)))
    assert outbox.wait_empty(5)
    assert done == [("first", True), ("second", False)]
    assert connection.closed >= 3


@pytest.mark.parametrize("error", [Refusal("no"), ValueError("a bug")])
def test_a_write_that_cannot_be_done_does_not_hold_up_those_behind_it(outbox: Outbox, error: Exception) -> None:
    done: list[str] = []

    def bad(_: bool) -> None:
        raise error

    outbox.put("bad", bad)
    outbox.put("good", lambda _: done.append("good"))
    assert outbox.wait_empty(5)
    assert done == ["good"]


def test_it_is_not_empty_while_a_job_waits_for_the_database(outbox: Outbox) -> None:
    away = [True]

    def job(_: bool) -> None:
        if away[0]:
            raise OperationalError

    outbox.put("job", job)
    assert not outbox.wait_empty(0.1)
    assert not outbox.empty
    away[0] = False
    assert outbox.wait_empty(5)
