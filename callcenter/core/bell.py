"""The bell: the only home of NOTIFY and LISTEN.

A ring is sent inside the transaction that wrote the fact, so it is heard only if the fact is there,
and it carries an id and a word, never the fact itself: who hears it reads the row again.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from . import sql

log = logging.getLogger(__name__)

EVENTS = "events"
"""Rung once by every transaction that appended to the event log."""

ALARMS = "alarms"
"""Rung when something became due at once or nearly so (`ring_alarm`), so that the clock looks again."""

CLOCK_LOOKS_EVERY = 1.0
"""Seconds. The clock reads all deadlines so often in any case: only a nearer one is worth a ring, and a sweep for it."""

EDGE = "edge"
"""Rung when what a SIP edge keeps in memory changed: agents' credentials, numbers, trunks, bindings."""


TAKE_UP = "take_up"
"""Rung when an agent was reserved for a call that no process carries yet: a callback. The first node takes it up."""


def node_channel(node: str) -> str:
    return f"node_{node}"


RING_EVENTS = f"pg_notify('{EVENTS}', '')"
"""For the RETURNING clause of the event log's INSERT: the row and its ring in one round trip."""


class Ring(NamedTuple):
    """A ring for another statement to send along, whose RETURNING clause has `SEND`."""

    channel: str
    note: str

    @classmethod
    def of(cls, channel: str, **note: Any) -> Ring:
        return cls(channel, json.dumps(note) if note else "")


SEND = "pg_notify(%s, %s)"


def ring(channel: str, **note: Any) -> None:
    """NOTIFY inside the current transaction; identical rings of one transaction are heard once."""
    send(Ring.of(channel, **note))


def send(one: Ring) -> None:
    sql.run(f"SELECT {SEND}", one)


def ring_alarm(*, seconds_away: float = 0) -> None:
    """A deadline was written that is `seconds_away`; far ones are found by the clock's own look in time."""
    if seconds_away <= CLOCK_LOOKS_EVERY:
        ring(ALARMS)


class Ear:
    """Hears rings on a connection of its own and comes back after every loss of it.

    `listen()` yields (channel, note) for each ring, and `None` when `seconds` passed in silence or the
    connection was made anew: then the hearer re-reads everything, because rings may have been lost.
    """

    def __init__(self, channels: list[str], *, dsn: str | None = None, retry_seconds: float = 0.5) -> None:
        self.channels = channels
        self.dsn = dsn
        self.retry_seconds = retry_seconds
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True

    def listen(self, seconds: float = 5.0) -> Iterator[tuple[str, dict[str, Any]] | None]:
        while not self.stopped:
            try:
                with contextlib.closing(self._connect()) as wire:
                    yield None
                    yield from self._hear(wire, seconds)
            except psycopg.OperationalError as error:
                log.warning("bell: connection lost, listening again soon (%s)", type(error).__name__)
                yield None
                time.sleep(self.retry_seconds)

    def _hear(self, wire: psycopg.Connection[Any], seconds: float) -> Iterator[tuple[str, dict[str, Any]] | None]:
        while not self.stopped:
            heard = False
            for ring_ in wire.notifies(timeout=seconds, stop_after=1):
                heard = True
                yield ring_.channel, json.loads(ring_.payload or "{}")
            if not heard:
                yield None

    def _connect(self) -> psycopg.Connection[Any]:
        wire = psycopg.connect(self.dsn or connection_string(), autocommit=True, connect_timeout=3)
        for channel in self.channels:
            wire.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
        return wire


def connection_string() -> str:
    """Django's default database as libpq writes it: the bell needs a direct connection, no pooler."""
    known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
    wanted = {key: value for key, value in connection.get_connection_params().items() if key in known and value not in (None, "")}
    return psycopg.conninfo.make_conninfo("", **wanted)
