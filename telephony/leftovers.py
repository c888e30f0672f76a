"""What the node's predecessor left behind: processes that still say good-bye, and calls of those that died."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from .models import CallProcess
from .services import calls, nodes

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 60.0
"""A process whose node is gone ends its call and writes the end; one that has not done so by then hangs."""


class Leftovers:
    """
    :param bye: sends the BYE of a dialog that nobody owns any more.
    :param gone: told of the SIP port of each process that has ended.
    """

    def __init__(self, node: str, *, bye: Callable[[dict[str, Any]], None], gone: Callable[[int], None]) -> None:
        self.node = node
        self.bye = bye
        self.gone = gone
        self._alive: dict[str, CallProcess] = {}
        self._lock = threading.Lock()
        self._since = time.monotonic()

    def find(self) -> None:
        """At the node's start: take note of what still lives, close what does not."""
        rows = {process.name: process for process in nodes.open_processes(self.node)}
        with self._lock:
            self._alive = {name: process for name, process in rows.items() if _lives(process.pid)}
        for name in nodes.left_behind(self.node) - self.names():
            self._close(name)

    def names(self) -> set[str]:
        with self._lock:
            return set(self._alive)

    def ports(self) -> list[int]:
        """Their SIP ports: the edge must carry their BYEs."""
        with self._lock:
            return [process.sip_port for process in self._alive.values()]

    def watch(self) -> None:
        """Now and then: close those that ended; end those that hang."""
        with self._lock:
            alive = list(self._alive.values())
        for process in alive:
            if not _lives(process.pid):
                self._close(process.name)
                # Not before: what a database that is away keeps from being closed is tried again.
                with self._lock:
                    self._alive.pop(process.name, None)
                self.gone(process.sip_port)
            elif time.monotonic() > self._since + PATIENCE_SECONDS:
                log.error("a call process of the last node hangs; it is ended", process=process.name)
                with contextlib.suppress(ProcessLookupError):  # it ended this instant
                    os.kill(process.pid, signal.SIGKILL)

    def _close(self, process: str) -> None:
        for dialog in calls.open_dialogs(self.node, process):
            self.bye(dialog)
        if calls.process_lost(self.node, process, exit_code=None):
            log.error("call lost", process=process)


def _lives(pid: int) -> bool:
    """Still there, and still one of ours: process ids are used again."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return b"telephony.nursery" in command and state != "Z"
