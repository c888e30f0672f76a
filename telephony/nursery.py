"""`python -m telephony.nursery --fd N`: bears call processes, each a fork of this one with everything loaded. Started by the node.

Here is no Django, no connection and no SIP endpoint: what is not there costs no memory, no fork and no
attack. The node asks for a birth with the child's end of its pipe; births and deaths are told back.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from callcenter import heap

from . import callprocess as callprocess
from . import wire

SECRETS = ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "DATABASE_URL", "REDIS_URL", "EMAIL_URL")
"""Call processes read what strangers send: what opens doors is not in their environment."""

Main = Callable[[dict[str, Any], socket.socket], None]


class Nursery:
    """:param node: our end of the link; the node's end closing ends the nursery, not its children."""

    def __init__(self, node: socket.socket) -> None:
        self.node = node
        self.names: dict[int, str] = {}
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)

    def run(self) -> None:
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write)
        poll = select.poll()
        poll.register(self.node, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while True:
            ready = {number for number, _ in poll.poll()}
            if self._wake_read in ready:
                os.read(self._wake_read, 4096)
                self._tell_deaths()
            if self.node.fileno() in ready and not self._hear():
                return

    def _hear(self) -> bool:
        """One order of the node; False when there is no node any more."""
        data, sockets = wire.receive(self.node)
        if not data:
            return False
        order = json.loads(data)
        with socket.socket(fileno=sockets[0]) as pipe:
            self._bear(order, pipe)
        return True

    def _bear(self, order: dict[str, Any], pipe: socket.socket) -> None:
        pid = os.fork()
        if pid == 0:
            self._become_child(order, pipe)
        self.names[pid] = order["name"]
        self._tell(born=order["name"], pid=pid)

    def _become_child(self, order: dict[str, Any], pipe: socket.socket) -> None:
        """Never returns: whatever happens in a child, it must not go on as a second nursery."""
        code = 1
        try:
            self._let_go()
            module, _, name = order["target"].partition(":")
            main: Main = getattr(importlib.import_module(module), name)
            main(order["options"], pipe)
            code = 0
        except BaseException as error:
            sys.stderr.write(f"call process: {error!r}\n")
        finally:
            os._exit(code)

    def _let_go(self) -> None:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.node.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _tell_deaths(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return
                self._tell(ended=self.names.pop(pid, ""), code=os.waitstatus_to_exitcode(status))

    def _tell(self, **news: object) -> None:
        with contextlib.suppress(OSError):
            self.node.sendall(wire.line(news))


def main() -> int:
    parser = argparse.ArgumentParser(prog="telephony.nursery", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="Descriptor of the link to the node.")
    descriptor = parser.parse_args().fd
    for unwanted in (signal.SIGINT, signal.SIGTERM):
        signal.signal(unwanted, signal.SIG_IGN)  # the node decides; a talk is not cut by a Ctrl-C
    for name in SECRETS:
        os.environ.pop(name, None)
    heap.settle()
    Nursery(socket.socket(fileno=descriptor)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
