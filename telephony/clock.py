"""The node's clock: does what is due in the rows when it is due, looks at least every second, and gives signs of life.

Every node has one; the sweep's lease row lets one at a time do the work.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from django.db import Error, connection, transaction
from django.utils import timezone

from callcenter.core import bell
from queues import services as acd

from .services import calls, nodes, registrar

log = structlog.get_logger(__name__)

LONGEST_SLEEP = bell.CLOCK_LOOKS_EVERY
BEAT_SECONDS = 2.0
REAP_SECONDS = 2.0
RETRY_SECONDS = 0.5
GAP_SECONDS = 2 * BEAT_SECONDS
"""Beats of ours that are further apart: the database was away or stood still, maybe for every node."""
WITNESS_SECONDS = nodes.DEAD_AFTER_SECONDS + GAP_SECONDS
"""So long without a gap must a node have beaten itself before it takes another for dead. After an outage all heartbeats
are old, and who is first to beat again would bury the others with calls that are talked on."""


class Clock:
    """
    :param beat: writes the node's sign of life.
    """

    def __init__(self, node: str, *, beat: Callable[[], None]) -> None:
        self.node = node
        self.beat = beat
        self._alarm = threading.Event()
        self._stopped = False
        self._beat_at = self._reap_at = 0.0
        self._beaten_at = self._steady_since = -WITNESS_SECONDS
        """When our last beat was written, and since when none was missing."""

    def start(self) -> None:
        threading.Thread(target=self._run, name="clock", daemon=True).start()

    def alarm(self) -> None:
        """A deadline was written: look again now."""
        self._alarm.set()

    def beat_soon(self) -> None:
        """Something changed that the sign of life tells."""
        self._beat_at = 0.0
        self.alarm()

    def stop(self) -> None:
        self._stopped = True
        self._alarm.set()

    def _run(self) -> None:
        while not self._stopped:
            self._alarm.wait(self._turn())

    def _turn(self) -> float:
        """Do what is due. Returns how many seconds to sleep."""
        self._alarm.clear()  # before reading: a deadline written while we read is looked at again
        try:
            return self._due()
        except Error as error:
            log.warning("clock: rows cannot be reached, trying again", error=type(error).__name__)
            connection.close()
            time.sleep(RETRY_SECONDS)  # not to be cut short: alarms say nothing while there is no database
            return 0
        except Exception:
            log.exception("clock: a turn failed")
            return LONGEST_SLEEP

    def _due(self) -> float:
        now = time.monotonic()
        if now >= self._beat_at + BEAT_SECONDS:
            self._beat_at = now
            self.beat()
            self._note_beat(time.monotonic())
        if now >= self._reap_at + REAP_SECONDS:
            self._reap_at = now
            self._reap()
        deadline = acd.sweep(self.node, listening_since=self._listening_since())
        if deadline is None:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.0, (deadline - timezone.now()).total_seconds()))

    def _listening_since(self) -> datetime:
        return timezone.now() - timedelta(seconds=time.monotonic() - self._steady_since)

    def _note_beat(self, written: float) -> None:
        if written > self._beaten_at + GAP_SECONDS:
            self._steady_since = written
        self._beaten_at = written

    def _reap(self) -> None:
        """Registrations that ran out, and what dead nodes left behind."""
        registrar.expire_registrations()
        silent = nodes.dead_nodes()
        for dead in silent if self._may_judge() else ():
            if dead != self.node:
                self._bury(dead)

    def _may_judge(self) -> bool:
        """Asked when the heartbeats have been read: until then, too, the database may have stood still."""
        steady = self._beaten_at >= self._steady_since + WITNESS_SECONDS
        return steady and time.monotonic() <= self._beaten_at + GAP_SECONDS

    def _bury(self, dead: str) -> None:
        lost = sum(_lose(dead, process) for process in nodes.left_behind(dead))
        log.error("a node is dead; its calls are closed", dead=dead, lost=lost)
        nodes.buried(dead)


@transaction.atomic
def _lose(dead: str, process: str) -> bool:
    """True if a call was lost; a node that has come back keeps the rest of its calls."""
    return nodes.still_dead(dead) and calls.process_lost(dead, process, exit_code=None)
