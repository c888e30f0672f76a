"""`python -m telephony.clerk --fd N`: a clerk writes down what the calls of its node say. Started by the node.

Each call process has a socket to one clerk. So a call costs no database connection, its process needs neither
Django nor credentials, and the few lasting connections have every statement planned already.
One job is done after the other. The wishes of one call keep their order, but of several calls those come first that
free an agent or give a waiting caller to one; new callers come next, and papers last. While the database is away the
first job is tried again, and the others keep their order behind it.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import selectors
import signal
import socket
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import structlog

from callcenter import heap

from .wire import Lines, line
from .wishes import PAPERS, UNHURRIED, Wish, answer, done

if TYPE_CHECKING:
    from .desk import RowDesk
    from .records import DeskFact

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5
PATIENCE_SECONDS = 1.0
"""So long a call process that does not read may hold up the others; its answers are short and mostly fit into the socket."""
LAST_SECONDS = 600.0
"""Without its node a clerk stays for the calls that still end, but no longer; what is left then the reaper closes."""


class Client:
    """One call process, at the other end of its socket."""

    def __init__(self, hello: dict[str, Any], sock: socket.socket) -> None:
        from .desk import Owner, RowDesk  # with Django, which is set up by now

        self.name: str = hello["process"]
        self.socket = sock
        self.socket.settimeout(PATIENCE_SECONDS)
        self._sending = threading.Lock()
        """What a web service says is told by a thread of its own; two lines must not mix."""
        self.lines = Lines()
        self.wishes: deque[Wish] = deque()
        self.desk: RowDesk = RowDesk(Owner(hello["node"], self.name, hello["pid"], hello["sip_port"]), self._tell)

    def carry_out(self, wish: Wish, again: bool) -> None:
        self.desk.carry_out(wish, again=again)

    def acknowledge(self, wish: Wish) -> None:
        self._send(done(wish.number))

    def _tell(self, fact: DeskFact) -> None:
        self._send(answer(fact))

    def _send(self, data: bytes) -> None:
        with self._sending, contextlib.suppress(OSError):  # it is gone; what it wished is written all the same
            self.socket.sendall(data)


class Clerk:
    """:param node: our end of the socket to the node, which sends the socket of each new call process over it."""

    def __init__(self, node: socket.socket) -> None:
        self.node = node
        self.node_gone_at: float | None = None
        self.clients: set[Client] = set()
        self._urgent: deque[Client] = deque()
        self._unhurried: deque[Client] = deque()
        """Clients whose next wish is of this kind; each is in one of the two at most."""
        self._papers: deque[tuple[Client, Wish]] = deque()
        self._selector = selectors.DefaultSelector()
        self._selector.register(node, selectors.EVENT_READ, None)

    def run(self) -> None:
        """Until the node is gone and every call of it has ended."""
        with contextlib.suppress(OSError):  # a node that has gone already has left calls to be ended
            self.node.sendall(line({"op": "ready"}))
        while not self._finished():
            self._listen(0 if self._has_work() else 1.0)
            if self._has_work():
                self._do_next()

    def _has_work(self) -> bool:
        return bool(self._urgent or self._unhurried or self._papers)

    def _finished(self) -> bool:
        if self.node_gone_at is None:
            return False
        idle = not (self.clients or self._has_work())
        return idle or time.monotonic() > self.node_gone_at + LAST_SECONDS

    # ---- hearing ----------------------------------------------------------------------------------------------------
    def _listen(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            if key.data is None:
                self._hear_node()
            else:
                self._hear(key.data)

    def _hear_node(self) -> None:
        """Each message brings one call process with its socket; it comes whole (SOCK_SEQPACKET)."""
        data, sockets, _, _ = socket.recv_fds(self.node, 65536, 1)
        if not data:
            self._selector.unregister(self.node)
            self.node_gone_at = time.monotonic()
        for number in sockets:
            client = Client(json.loads(data), socket.socket(fileno=number))
            self.clients.add(client)
            self._selector.register(client.socket, selectors.EVENT_READ, client)

    def _hear(self, client: Client) -> None:
        try:
            data = client.socket.recv(65536)
        except OSError:
            data = b""
        for text in client.lines.feed(data):
            self._note(client, Wish.of(json.loads(text)))
        if not data:  # what it wished is still carried out
            self._selector.unregister(client.socket)
            self.clients.discard(client)

    def _note(self, client: Client, wish: Wish) -> None:
        if wish.name in PAPERS:
            self._papers.append((client, wish))
            return
        client.wishes.append(wish)
        if len(client.wishes) == 1:
            self._line_up(client)

    def _line_up(self, client: Client) -> None:
        (self._unhurried if client.wishes[0].name in UNHURRIED else self._urgent).append(client)

    # ---- writing ----------------------------------------------------------------------------------------------------
    def _do_next(self) -> None:
        line = self._urgent or self._unhurried
        if not line:
            self._do(*self._papers.popleft())
            return
        client = line.popleft()
        self._do(client, client.wishes[0])
        client.wishes.popleft()
        if client.wishes:
            self._line_up(client)

    def _do(self, client: Client, wish: Wish) -> None:
        from .outbox import carried_out

        structlog.contextvars.bind_contextvars(process=client.name)
        job = functools.partial(client.carry_out, wish)
        again = False
        while not carried_out(wish.name, job, again):
            again = True
            self._rest()
        client.acknowledge(wish)
        structlog.contextvars.clear_contextvars()

    def _rest(self) -> None:
        """While the database is away; sockets are still read, so that no call process has to wait to say something."""
        until = time.monotonic() + RETRY_SECONDS
        while (left := until - time.monotonic()) > 0:
            self._listen(left)


def _warm_up() -> None:
    """The first caller should not wait for a connection, for modules or for the music to be composed."""
    from django.db import Error

    from ivr.services import route
    from queues import hours_reading

    from . import desk, prompts  # noqa: F401

    prompts.default_music()
    with contextlib.suppress(Error):  # the database may come later
        route("", source="public")
        hours_reading.warm_up()


def main() -> int:
    parser = argparse.ArgumentParser(prog="telephony.clerk", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="Descriptor of the socket to the node.")
    descriptor = parser.parse_args().fd
    for unwanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(unwanted, signal.SIG_IGN)  # it goes when the node and the last call have gone
    from .lean import prepare

    prepare()
    _warm_up()
    heap.settle()
    Clerk(socket.socket(fileno=descriptor)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
