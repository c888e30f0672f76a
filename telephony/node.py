"""One telephony node: supervises its edge and its call processes, and carries word between rows and calls.

The event loop never touches the database: the bell's reader, the clock and the outbox have threads of
their own. So a database that is away stops no INVITE, no audio and no hang-up.
"""

from __future__ import annotations

import asyncio
import functools
import os
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any

import structlog
from django.conf import settings

from . import births, spool
from .addresses import PROCESS_HOST, edge_address
from .clerks import Clerks, Customer
from .clock import Clock
from .edgechild import EdgeChild
from .hearing import Heard, Hearing
from .leftovers import Leftovers
from .outbox import Outbox
from .pool import UNKNOWN, Child, Pool, most_processes, ports_of
from .ports import CallComing, ClerkAssigned, CommandGiven, FarewellDue, NodeFact, OfferOpened, OfferWithdrawn, RowClosed
from .services import calls, nodes, recordings
from .takingup import TakingUp

log = structlog.get_logger(__name__)

CALL_PROCESS = "telephony.callprocess:main"
GOODBYE_SECONDS = 5.0
"""How long call processes have to say BYE and write their end when the node stops."""
DATABASE_SECONDS = 3.0
"""So long the start waits for the rows; then calls are taken all the same, and recorded when the database is there."""
WARM_SECONDS = 10.0
"""So long the edge waits for the first call process; then it registers phones at least."""
LOST_AFTER_SECONDS = 5.0
"""A live call in the rows whose process we do not know: not younger than this, it is not just arriving."""

MOST_NONCES = 20_000
"""A nonce lives a minute: this is more than 300 registrations a second."""


class Node:
    def __init__(self, name: str) -> None:
        self.name = name
        self.edge_address = edge_address()
        self.loop = asyncio.get_running_loop()
        self.draining = False
        self.stopping = asyncio.Event()
        self.affinity: dict[str, int] = {}
        self.claiming: set[str] = set()
        self.nonces: dict[str, int] = {}
        self.nonces_since = time.time()
        self.unknown_since: dict[str, float] = {}
        self.outbox = Outbox()
        self.edge = EdgeChild(hello=self._hello, hear=self._from_edge)
        self.pool = Pool(
            idle=settings.IDLE_PROCESSES,
            limit=most_processes(),
            target=CALL_PROCESS,
            birth=self._birth,
            ready=self._child_ready,
            gone=self._child_gone,
        )
        self.clerks = Clerks(name, count=settings.CLERKS, hand=self._hand_clerk)
        self.leftovers = Leftovers(
            name,
            bye=lambda dialog: self._soon(self._bye, dialog),
            gone=lambda port: self._soon(self.edge.send, {"op": "gone", "port": port}),
        )
        self.hearing = Hearing(
            name,
            edge=lambda: self.edge_address,
            deliver=lambda heard: self._soon(self._deliver, heard),
            alarms=lambda: self.clock.alarm(),
            reload=lambda: self._soon(self.edge.send, {"op": "reload"}),
            take_up=lambda call: self._soon(self.taking_up.begin, call),
        )
        self.taking_up = TakingUp(
            name, self.pool, self.outbox, edge=lambda: self.edge_address, soon=self._soon, taken=self._tell_all, gone=self._child_gone_late
        )
        self.clock = Clock(name, beat=self._beat)
        self._claims: set[asyncio.Task[None]] = set()

    # ---- life -----------------------------------------------------------------------------------------------------
    async def run(self) -> None:
        """Until told to stop."""
        self._take_signals()
        self._prepare_spool()
        self.outbox.start()
        self.outbox.put("node_started", lambda _: self._started())
        # The edge must know from its first packet which processes of our predecessor still say good-bye.
        await asyncio.to_thread(self.outbox.wait_empty, DATABASE_SECONDS)
        self.hearing.start()
        self.clock.start()
        self.clerks.start()
        await self.clerks.wait_ready(WARM_SECONDS)
        self.pool.start()
        # No INVITE before somebody is there to take it: a restarted node's callers would hear nothing for seconds.
        await self.pool.wait_ready(WARM_SECONDS)
        edge = asyncio.create_task(self.edge.keep_running())
        log.info("node runs", node=self.name, sip=self.edge_address)
        await self.stopping.wait()
        await self._stop()
        await edge

    def _started(self) -> None:
        nodes.started(self.name, pid=os.getpid())
        self.leftovers.find()

    def _prepare_spool(self) -> None:
        """Without it calls are taken all the same; who would leave a message hears that it is not possible."""
        try:
            spool.prepare(self.name, births.account())
        except OSError as error:
            log.error("voicemail cannot be recorded: its folder cannot be made", error=error.strerror)

    def _take_signals(self) -> None:
        self.loop.add_signal_handler(signal.SIGTERM, self._drain)
        self.loop.add_signal_handler(signal.SIGINT, self.stopping.set)

    def _drain(self) -> None:
        """First SIGTERM: no new calls, those in progress go on for a while. Second: stop."""
        if self.draining:
            self.stopping.set()
            return
        log.info("node drains", calls=len(self._busy()))
        self.draining = True
        self.edge.send({"op": "drain"})
        self.pool.drain()
        self._claims.add(task := asyncio.create_task(self._drained()))
        task.add_done_callback(self._claims.discard)

    async def _drained(self) -> None:
        await self.pool.wait_empty(settings.DRAIN_SECONDS)
        self.stopping.set()

    async def _stop(self) -> None:
        """The calls first, through an edge that still works; then the edge; then the last rows."""
        self.hearing.stop()
        self.pool.close()
        await self.pool.wait_empty(GOODBYE_SECONDS)
        await self.clerks.stop()
        self.edge.stop()
        self.clock.stop()
        self.outbox.put("node_stopped", lambda _: nodes.stopped(self.name))
        await asyncio.to_thread(self.outbox.wait_empty, GOODBYE_SECONDS)
        await self.pool.dismiss_nursery()
        log.info("node stopped", node=self.name)

    def _soon(self, call: Any, *args: Any) -> None:
        """From a thread into the loop; a loop that has ended needs to hear nothing."""
        try:
            self.loop.call_soon_threadsafe(call, *args)
        except RuntimeError:
            return

    def _beat(self) -> None:
        listens = self.edge_address if self.edge.ready.is_set() else ""
        nodes.beat(self.name, sip_address=listens, edge_restarts=self.edge.restarts, draining=self.draining)
        self.leftovers.watch()
        recordings.recover(self.name, {*list(self.pool.children), *self.leftovers.names()})

    # ---- edge -----------------------------------------------------------------------------------------------------
    def _hello(self) -> dict[str, Any]:
        ports = [child.sip_port for child in self.pool.children.values() if child.sip_port]
        return {
            "op": "hello",
            "node": self.name,
            "secret_epoch": 0,
            "affinity": self.affinity,
            "processes": [*ports, *self.leftovers.ports()],
            "nonces": self.nonces,
            "nonces_since": self.nonces_since,
        }

    def _from_edge(self, message: dict[str, Any]) -> None:
        match message["op"]:
            case "claim":
                self._claims.add(task := asyncio.create_task(self._claim(message["key"])))
                task.add_done_callback(self._claims.discard)
            case "nonce":
                self._remember_nonce(message["nonce"], message["nc"])
            case "ready":
                log.info("edge listens", host=message["host"], port=message["port"])
                self.clock.beat_soon()
                if self.draining:
                    self.edge.send({"op": "drain"})

    def _remember_nonce(self, nonce: str, count: int) -> None:
        """How often a nonce was used, for the next edge; the oldest are forgotten, long after they became stale."""
        self.nonces.pop(nonce, None)
        self.nonces[nonce] = count
        while len(self.nonces) > MOST_NONCES:
            del self.nonces[next(iter(self.nonces))]

    async def _claim(self, key: str) -> None:
        if key in self.affinity:  # asked again after an edge restart
            self.edge.send({"op": "claimed", "key": key, "port": self.affinity[key], "busy": False})
            return
        if key in self.claiming:  # asked again by a new edge, while the first question waits for a process
            return
        self.claiming.add(key)
        child = await self.pool.claim()
        self.claiming.discard(key)
        if child is None:
            self.edge.send({"op": "claimed", "key": key, "port": None, "busy": True})
            return
        self.affinity[key] = child.sip_port
        log.info("call claimed", process=child.name, sip_call_id=key.partition("|")[0])
        self.edge.send({"op": "claimed", "key": key, "port": child.sip_port, "busy": False})
        self.pool.tell(child, CallComing())

    def _bye(self, dialog: dict[str, Any]) -> None:
        self.edge.insist({"op": "bye", "dialog": dialog})

    # ---- call processes ---------------------------------------------------------------------------------------------
    def _birth(self, name: str, number: int) -> dict[str, Any]:
        """The fields of `callprocess.Options`."""
        first, last = ports_of(number)
        return {
            "node": self.name, "name": name, "sip_host": PROCESS_HOST, "edge": self.edge_address,
            "rtp_port_min": first, "rtp_port_max": last,
            "media_host": settings.BIND_ADDRESS, "public_address": settings.SIP_PUBLIC_ADDRESS,
            "session_expires": settings.SESSION_EXPIRES_SECONDS, "rtp_timeout": settings.RTP_TIMEOUT_SECONDS,
        }  # fmt: skip

    def _child_ready(self, child: Child) -> None:
        self.edge.send({"op": "process", "port": child.sip_port})
        self.clerks.serve(Customer(child.name, child.pid, child.sip_port))

    def _hand_clerk(self, process: str, sock: socket.socket) -> None:
        child = self.pool.children.get(process)
        if child is None:
            sock.close()
            return
        self.pool.hand(child, ClerkAssigned(), sock)

    def _child_gone(self, child: Child, code: int) -> None:
        """A process ended. A clean one wrote its own end; for another we say the BYEs and close its rows."""
        self.affinity = {key: port for key, port in self.affinity.items() if port != child.sip_port}
        if code != 0:
            log.error("call process died", process=child.name, exit_code=code, had_call=child.arrived)
            for dialog in child.dialogs.values():
                self._bye(dialog)
        self.edge.send({"op": "gone", "port": child.sip_port})
        self.clerks.forget(child.name)
        if child.arrived:
            self.outbox.put("process_gone", lambda _: self._write_gone(child, code))

    def _child_gone_late(self, child: Child) -> None:
        """It died while a call was written down as its own."""
        self.outbox.put("process_gone", lambda _: self._write_gone(child, UNKNOWN))

    def _write_gone(self, child: Child, code: int) -> None:
        # Also after a clean exit: a call it could not write to its end is closed here.
        if calls.process_ended(self.name, child.name, code):
            log.error("call lost", process=child.name, exit_code=code)

    def _busy(self) -> list[Child]:
        return [child for child in self.pool.children.values() if child.claimed_at is not None]

    # ---- word from the rows -------------------------------------------------------------------------------------------
    def _deliver(self, heard: Heard) -> None:
        self._tell_all(heard.facts)
        if heard.whole:
            self._compare(heard.whole, heard.began)

    def _compare(self, rows: calls.Owned, began: float) -> None:
        """Everything was read again: make good what lost rings left undone."""
        self._tell_all([*rows.offers, *rows.commands])
        for process in rows.leaving:
            self._tell(process, FarewellDue())
        still_open = {fact.offer for _, fact in rows.offers if isinstance(fact, OfferOpened)}
        for child in self._busy():
            self._withdraw_closed(child, still_open, began)
            self._check_row(child, rows.live, began)
        self._lose_unknown(rows.live)
        for call in rows.nobodys:
            self.taking_up.begin(call)

    def _withdraw_closed(self, child: Child, still_open: set[int], began: float) -> None:
        for (kind, offer), at in list(child.sent.items()):
            if kind == "offer" and at < began and offer not in still_open:
                self.pool.tell(child, OfferWithdrawn(offer))
                del child.sent[kind, offer]

    def _check_row(self, child: Child, live: set[str], began: float) -> None:
        """A process whose call is closed in the rows, though it did not close it, was taken for dead by somebody."""
        if child.name in live or not child.arrived or child.arrived_at > began - LOST_AFTER_SECONDS:
            return
        self.outbox.put("check_row", lambda _: self._close_if_closed(child))

    def _close_if_closed(self, child: Child) -> None:
        if calls.closed(self.name, [child.name]):
            self._soon(self.pool.tell, child, RowClosed())

    def _lose_unknown(self, live: set[str]) -> None:
        """Calls of ours in the rows that no process carries: their process died before its end could be written."""
        now = time.monotonic()
        unknown = live - self.pool.children.keys() - self.leftovers.names()
        self.unknown_since = {process: self.unknown_since.get(process, now) for process in unknown}
        for process, since in list(self.unknown_since.items()):
            if now - since >= LOST_AFTER_SECONDS:
                self.outbox.put("process_lost", functools.partial(self._write_lost, process))

    def _write_lost(self, process: str, _: bool) -> None:
        calls.process_lost(self.name, process, exit_code=None)

    def _tell_all(self, facts: Sequence[tuple[str, NodeFact]]) -> None:
        """What a process should know is told at once: phones of one moment ring together."""
        of: dict[str, list[NodeFact]] = {}
        for process, fact in facts:
            of.setdefault(process, []).append(fact)
        for process, all_of_it in of.items():
            self._tell(process, *all_of_it)

    def _tell(self, process: str, *facts: NodeFact) -> None:
        child = self.pool.children.get(process)
        if child is not None and child.arrived:  # else it would hear of offers before it knows what they are for
            self.pool.tell(child, *[fact for fact in facts if _is_news(child, fact)])


def _is_news(child: Child, fact: NodeFact) -> bool:
    """Note that it was told. False: it was told before."""
    key = _key(fact)
    if key in child.sent:
        return False
    if key:
        child.sent[key] = time.monotonic()
    return True


def _key(fact: NodeFact) -> tuple[str, int] | None:
    """What makes two facts the same one, told twice."""
    if isinstance(fact, OfferOpened):
        return "offer", fact.offer
    return ("command", fact.command) if isinstance(fact, CommandGiven) else None
