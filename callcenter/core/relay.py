"""The relay: follows the event log and tells screens, through the channel layer, that they should look again.

It sends names of groups only, never facts. Each event hints to the group of its subject and of every agent,
call, queue and voicemail box that its data name, and to the board. Any number of relays may run; two hints do no harm.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Iterable
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as DatabaseTrouble
from django.db import close_old_connections
from django.utils import timezone

from . import bell, events
from .hints import EVERYBODY, LAYER_TROUBLE
from .models import Heartbeat, LogEntry

log = logging.getLogger(__name__)

HEARTBEAT = "relay"
"""Name of the heartbeat row; it is fresh while younger than `HEARTBEAT_LATE_SECONDS`."""
HEARTBEAT_LATE_SECONDS = 10.0

REREAD_SECONDS = 5.0
HEARTBEAT_SECONDS = 2.0
COALESCE_SECONDS = 0.01
"""Events that follow each other so closely become one hint per group."""

BOARD = "board"
KINDS = ("agent", "call", "queue", "box")


class Trail:
    """Where in the event log the relay is.

    Hints need no order, so a row is hinted as soon as it can be seen; but the cursor moves only behind the
    settled rows, so that the row of a slow transaction, with a smaller id, is not passed by.
    """

    def __init__(self) -> None:
        self.cursor: int | None = None
        self.hinted: set[int] = set()

    def groups(self) -> set[str]:
        """The groups to hint to since the last look; everybody at the first look."""
        if self.cursor is None:
            self.cursor = events.settled().values_list("id", flat=True).last() or 0
            return {EVERYBODY}
        # Rows of slow transactions appear between hinted ones; but if one transaction holds the horizon for
        # long, only new rows are read, and those between wait for it to end.
        start = self.cursor if len(self.hinted) < 500 else max(self.hinted)
        seen = LogEntry.objects.filter(id__gt=start).order_by("id")
        settled = events.settled(LogEntry.objects.filter(id__gt=self.cursor))
        visible, behind = list(seen[:1000]), list(settled[:1000])
        fresh = {row.id: row for row in (*visible, *behind) if row.id not in self.hinted}
        if behind:
            self.cursor = behind[-1].id
        self.hinted = {pk for pk in self.hinted.union(fresh) if pk > self.cursor}
        return {group for row in fresh.values() for group in groups_of(row)}


def groups_of(entry: LogEntry) -> set[str]:
    """Whose screens an event touches."""
    found = {BOARD, f"{entry.subject_kind}.{entry.subject_id}"}
    for kind in KINDS:
        for name in (kind, f"{kind}_id"):
            value = entry.data.get(name)
            if isinstance(value, int):
                found.add(f"{kind}.{value}")
    return found


class Relay:
    """One asyncio loop; a thread with the ear wakes it."""

    def __init__(self) -> None:
        self.trail = Trail()
        self.layer = get_channel_layer()
        self.deaf = False
        """The channel layer refused a hint; when it is back, everybody is told to look."""
        self._rung = asyncio.Event()
        self._beaten = 0.0
        self._ear = bell.Ear([bell.EVENTS])

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._hear, args=(loop,), daemon=True, name="ear").start()
        try:
            while True:
                await self.look()
                await asyncio.sleep(COALESCE_SECONDS)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), HEARTBEAT_SECONDS)
        finally:
            self._ear.stop()

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        for _ in self._ear.listen(REREAD_SECONDS):
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._rung.set)

    async def look(self) -> None:
        self._rung.clear()
        try:
            groups = await sync_to_async(self._read)()
        except DatabaseTrouble as error:
            log.warning("relay: the event log cannot be read (%s)", type(error).__name__)
            return
        await self.hint(groups)

    def _read(self) -> set[str]:
        close_old_connections()
        groups = self.trail.groups()
        if time.monotonic() - self._beaten >= HEARTBEAT_SECONDS:
            self._beat()
        return groups

    def _beat(self) -> None:
        data: dict[str, Any] = {"pid": os.getpid(), "cursor": self.trail.cursor, "channel_layer": not self.deaf}
        Heartbeat.objects.update_or_create(name=HEARTBEAT, defaults={"at": timezone.now(), "data": data})
        self._beaten = time.monotonic()

    async def hint(self, groups: Iterable[str]) -> None:
        """Publish; what cannot be published is forgotten, and made good by one hint to everybody later."""
        try:
            for group in {EVERYBODY} if self.deaf else groups:
                await asyncio.wait_for(self.layer.group_send(group, {"type": "hint", "group": group}), 2)
        except LAYER_TROUBLE as error:
            if not self.deaf:
                log.warning("relay: hints are lost, the channel layer is away (%s)", type(error).__name__)
            self.deaf = True
        else:
            if self.deaf:
                log.info("relay: the channel layer is back")
            self.deaf = False
