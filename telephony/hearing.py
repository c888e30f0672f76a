"""How a node hears of what matching decided: the bell wakes it, then it reads the rows.

One thread listens, another reads what was rung for, many rings at a time. Rings may be lost (a connection
that broke, a database that restarted), so everything is read again every few seconds and after each loss.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.db import Error, connection

from callcenter.core import bell

from .ports import CallMoved, FarewellDue, NodeFact, OfferWithdrawn, RowClosed
from .services import calls

log = structlog.get_logger(__name__)

READ_AGAIN_SECONDS = 5.0
LULL_SECONDS = 0.2
"""Without a ring for so long, reading everything again makes no offer wait. It takes a few milliseconds."""
MOST_SECONDS = 15.0
"""After so long everything is read again also where bells ring all the time."""
RETRY_SECONDS = 0.5

Note = tuple[str, dict[str, Any]] | None
"""A channel and its note; None: everything must be read again."""


@dataclass(slots=True)
class Heard:
    """What call processes should be told."""

    facts: list[tuple[str, NodeFact]] = field(default_factory=list)
    whole: calls.Owned | None = None
    """All that the rows say about this node's calls, when everything was read again."""
    began: float = 0.0
    """When reading began, on the monotonic clock: what was sent later is not in it."""


class Hearing:
    """
    :param edge: tells host:port of the edge, which devices are dialled through.
    :param deliver: takes what was heard; called from the reading thread.
    :param alarms: called when a deadline was written, and `reload` when the edge's knowledge is old.
    :param take_up: told of each call that rings an agent and has no process.
    """

    def __init__(
        self,
        node: str,
        *,
        edge: Callable[[], str],
        deliver: Callable[[Heard], None],
        alarms: Callable[[], None],
        reload: Callable[[], None],
        take_up: Callable[[int], None],
    ) -> None:
        self.node = node
        self.edge = edge
        self.deliver = deliver
        self.alarms = alarms
        self.reload = reload
        self.take_up = take_up
        self.ear = bell.Ear([bell.node_channel(node), bell.ALARMS, bell.EDGE, bell.TAKE_UP])
        self._notes: queue.SimpleQueue[Note] = queue.SimpleQueue()
        self._read_all_at = 0.0
        self._stopped = False

    def start(self) -> None:
        threading.Thread(target=self._listen, name="bell", daemon=True).start()
        threading.Thread(target=self._read, name="reader", daemon=True).start()

    def stop(self) -> None:
        self._stopped = True
        self.ear.stop()
        self._notes.put(None)

    # ---- the listening thread -----------------------------------------------------------------------------------
    def _listen(self) -> None:
        for note in self.ear.listen(READ_AGAIN_SECONDS):
            if note is None:
                self.alarms()
                self.reload()
                self._notes.put(None)
            elif note[0] == bell.ALARMS:
                self.alarms()
            elif note[0] == bell.EDGE:
                self.reload()
            elif note[0] == bell.TAKE_UP:
                self.take_up(note[1]["call"])
            else:
                self._notes.put(note)

    # ---- the reading thread ---------------------------------------------------------------------------------------
    def _read(self) -> None:
        while not self._stopped:
            notes = self._next_notes()
            try:
                self.deliver(self._heard(notes))
            except Error as error:
                log.warning("rows cannot be read, trying again", error=type(error).__name__)
                connection.close()
                time.sleep(RETRY_SECONDS)
                self._notes.put(None)
            except Exception:
                log.exception("reading for the call processes failed")

    def _next_notes(self) -> list[Note]:
        """All that were rung since the last time: a hundred offers are two queries, not two hundred."""
        due = self._read_all_at + READ_AGAIN_SECONDS - time.monotonic()
        try:
            notes = [self._notes.get(timeout=max(due, LULL_SECONDS))]
        except queue.Empty:
            return [None]
        while not self._notes.empty():
            notes.append(self._notes.get_nowait())
        return notes

    def _heard(self, notes: list[Note]) -> Heard:
        heard = Heard(began=time.monotonic())
        if None in notes or heard.began > self._read_all_at + MOST_SECONDS:
            self._read_all_at = heard.began
            heard.whole = calls.owned(self.node, edge=self.edge())
        else:
            self._rung(heard, [note[1] for note in notes if note])
        heard.facts += [fact for note in notes if note and (fact := _plain(note[1]))]
        return heard

    def _rung(self, heard: Heard, notes: list[dict[str, Any]]) -> None:
        offers = [note["id"] for note in notes if note.get("event") == "offer"]
        commands = [note["id"] for note in notes if note.get("event") == "command"]
        if offers:
            heard.facts += calls.open_offers(self.node, edge=self.edge(), only=offers)
        if commands:
            heard.facts += calls.open_commands(self.node, only=commands)


def _plain(note: dict[str, Any]) -> tuple[str, NodeFact] | None:
    """Rings that say all there is to know."""
    process = note.get("process", "")
    match note.get("event"):
        case "withdrawn":
            return process, OfferWithdrawn(note["id"])
        case "moved":
            return process, CallMoved()
        case "farewell":
            return process, FarewellDue()
        case "closed":
            return process, RowClosed()
    return None
