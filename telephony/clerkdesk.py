"""The records of one call as its process knows them: a clerk who writes, at the other end of a socket.

A call process reads what strangers send, so it has no database, no credentials and no code to use them.
"""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from .ports import CallerArrived
from .records import DeskFact, FlowRunEnded, FlowVisited, LegRecord, Recording
from .wire import Lines
from .wishes import Wish, fact


class ClerkDesk:
    """`records.Desk` in wishes. Those that were not carried out yet are told again to the next clerk, should this one die.

    :param leg_changed: told of each leg before its row is written, for those who must know even while the clerk is away.
    """

    def __init__(self, *, leg_changed: Callable[[LegRecord], None]) -> None:
        self.leg_changed = leg_changed
        self._socket: socket.socket | None = None
        self._lines = Lines()
        self._backlog = bytearray()
        self._open: dict[int, Wish] = {}
        self._made = 0

    # ---- the clerk ------------------------------------------------------------------------------------------------
    def assign(self, clerk: socket.socket) -> None:
        """This is the clerk now; everything that is open is asked again, in its order."""
        self.dismiss()
        clerk.setblocking(False)
        self._socket = clerk
        for wish in self._open.values():
            self._backlog += replace(wish, again=True).line()
        self._flush()

    def dismiss(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket, self._lines, self._backlog = None, Lines(), bytearray()

    def fileno(self) -> int:
        """-1 while there is no clerk."""
        return self._socket.fileno() if self._socket else -1

    @property
    def empty(self) -> bool:
        """Everything is written."""
        return not self._open

    def hear(self) -> list[DeskFact]:
        """What the clerk has answered since the last time."""
        self._flush()
        heard = []
        for text in self._lines.feed(self._received()):
            message: dict[str, Any] = json.loads(text)
            if "done" in message:
                self._open.pop(message["done"], None)
            else:
                heard.append(fact(message))
        return heard

    def _received(self) -> bytes:
        if self._socket is None:
            return b""
        try:
            data = self._socket.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            self.dismiss()
        return data

    def _ask(self, name: str, **args: Any) -> None:
        self._made += 1
        wish = self._open[self._made] = Wish(self._made, name, args)
        if self._socket:
            self._backlog += wish.line()
            self._flush()

    def _flush(self) -> None:
        """What the clerk does not take at once waits: the call must not."""
        if self._socket and self._backlog:
            with contextlib.suppress(OSError):  # full, or gone: the next reading tells
                del self._backlog[: self._socket.send(self._backlog)]

    # ---- records.Desk ---------------------------------------------------------------------------------------------
    def arrive(self, caller: CallerArrived) -> None:
        self._ask("route", caller=asdict(caller))
        self._ask("arrive", caller=asdict(caller))

    def ask(self, number: int, what: str, data: dict[str, Any]) -> None:
        self._ask("ask", number=number, what=what, data=data)

    def flow_begun(self, version: int, at: float) -> None:
        self._ask("flow_begun", version=version, at=at)

    def flow_visited(self, visit: FlowVisited) -> None:
        self._ask("flow_visited", visit=asdict(visit))

    def flow_ended(self, ended: FlowRunEnded) -> None:
        self._ask("flow_ended", ended=asdict(ended))

    def enqueue(self, target: dict[str, Any]) -> None:
        self._ask("enqueue", target=target)

    def put_through(self) -> None:
        self._ask("put_through")

    def offer_rang(self, offer: int) -> None:
        self._ask("offer_rang", offer=offer)

    def offer_dialled(self, offer: int) -> None:
        self._ask("offer_dialled", offer=offer)

    def accept(self, offer: int) -> None:
        self._ask("accept", offer=offer)

    def offer_failed(self, offer: int, outcome: str, status: int | None) -> None:
        self._ask("offer_failed", offer=offer, outcome=outcome, status=status)

    def hold(self) -> None:
        self._ask("hold")

    def resume(self) -> None:
        self._ask("resume")

    def announce(self, numbers: tuple[int, ...]) -> None:
        self._ask("announce", numbers=numbers)

    def moved(self) -> None:
        self._ask("moved")

    def farewell(self) -> None:
        self._ask("farewell")

    def call_customer(self) -> None:
        self._ask("call_customer")

    def customer_answered(self) -> None:
        self._ask("customer_answered")

    def check_callback(self, number: str) -> None:
        self._ask("check_callback", number=number)

    def note_callback(self, wanted: dict[str, Any]) -> None:
        self._ask("note_callback", wanted=wanted)

    def callback_times(self, since: str, wanted: dict[str, Any]) -> None:
        self._ask("callback_times", since=since, wanted=wanted)

    def request_callback(self, number: str, at: str = "") -> None:
        self._ask("request_callback", number=number, at=at)

    def open_box(self, box: str) -> None:
        self._ask("open_box", box=box)

    def keep_message(self, recording: Recording) -> None:
        self._ask("keep_message", recording=asdict(recording))

    def drop_message(self, recorded: str) -> None:
        self._ask("drop_message", recorded=recorded)

    def hang_up(self, by: str, reason: str) -> None:
        self._ask("hang_up", by=by, reason=reason)

    def settle(self, command: int, done: bool, reason: str = "") -> None:
        self._ask("settle", command=command, done=done, reason=reason)

    def save_leg(self, leg: LegRecord) -> None:
        self.leg_changed(leg)
        self._ask("save_leg", leg=asdict(leg))
