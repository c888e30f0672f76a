"""How a node takes up a callback that rings an agent and has no process yet.

Every node hears of it; each claims a process of its own, and the row decides which one carries the call. The others have
their process back. If none does, the offer goes back to the line after five seconds like any that no process takes up.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import structlog
from django.db import Error, connection

from .outbox import Outbox
from .pool import Child, Pool
from .ports import CallbackWanted, Drain, NodeFact
from .services import calls

log = structlog.get_logger(__name__)

CLAIM_SECONDS = 3.0
"""The agent's offer is taken back after five seconds."""

Told = Sequence[tuple[str, NodeFact]]


class TakingUp:
    """
    :param edge: host:port of the edge.
    :param soon: runs a function in the node's loop, from a thread.
    :param taken: told what the process of a call that was taken up should hear next: its offers.
    :param gone: told of a process that died while the call was being written down as its own.
    """

    def __init__(
        self, node: str, pool: Pool, outbox: Outbox, *, edge: Callable[[], str], soon: Callable[..., None], taken: Callable[[Told], None],
        gone: Callable[[Child], None],
    ) -> None:  # fmt: skip
        self.node = node
        self.pool = pool
        self.outbox = outbox
        self.edge = edge
        self.soon = soon
        self.taken = taken
        self.gone = gone
        self._under_way: dict[int, asyncio.Task[None]] = {}

    def begin(self, call: int) -> None:
        """Asked twice it is begun once."""
        if call not in self._under_way and not self.pool.draining:
            self._under_way[call] = asyncio.get_running_loop().create_task(self._claim(call))

    async def _claim(self, call: int) -> None:
        child = await self.pool.claim(CLAIM_SECONDS)
        if child is None:
            log.warning("no process for a callback", call=call)
            self._under_way.pop(call, None)
            return
        self.outbox.put("take_up", lambda _: self._write(child, call))

    def _write(self, child: Child, call: int) -> None:
        """In the outbox's thread, once: by the time that a database which is away is back, the offer is taken back."""
        try:
            wanted = calls.take_up(call, node=self.node, process=child.name, pid=child.pid, sip_port=child.sip_port)
            offers = calls.open_offers(self.node, edge=self.edge(), only=calls.offers_of(call)) if wanted else []
        except Error as error:
            log.warning("callback not taken up, database away", call=call, error=type(error).__name__)
            connection.close()
            self.soon(self._unsure, child, call)
            return
        self.soon(self._written, child, call, wanted, offers)

    def _unsure(self, child: Child, call: int) -> None:
        """It may be written, and only the answer got lost: this process must not carry another call. Should the row name it,
        its end is noticed as any other's."""
        self._under_way.pop(call, None)
        self.pool.tell(child, Drain())

    def _written(self, child: Child, call: int, wanted: CallbackWanted | None, offers: Told) -> None:
        self._under_way.pop(call, None)
        if wanted is None:
            self.pool.give_back(child)
            return
        if self.pool.children.get(child.name) is not child:
            self.gone(child)
            return
        child.arrived, child.arrived_at = True, time.monotonic()
        log.info("callback taken up", process=child.name, call=call)
        self.pool.tell(child, wanted)
        self.taken(offers)
