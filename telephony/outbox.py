"""An ordered outbox to the database, in a thread of its own.

The call must not wait for the database: SIP is pumped and music played whatever the records do. Jobs run
one after the other in the order in which they came. When the database is away the first job is tried
again until it is back, and the others keep their order behind it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection

from callcenter.core.errors import Refusal

log = logging.getLogger(__name__)

RETRY_SECONDS = 0.5
KEEP_SECONDS = 0.2
"""A connection is kept a little for the job that mostly follows; a waiting caller costs none."""

Job = Callable[[bool], None]
"""Called with True when it is tried again: then it may have been done already, and only the answer got lost."""


class Outbox:
    def __init__(self, *, retry_seconds: float = RETRY_SECONDS) -> None:
        self.retry_seconds = retry_seconds
        self._jobs: queue.Queue[tuple[str, Job]] = queue.Queue()
        self._open = 0
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def put(self, name: str, job: Job) -> None:
        with self._changed:
            self._open += 1
        self._jobs.put((name, job))

    @property
    def empty(self) -> bool:
        """Everything is written."""
        with self._changed:
            return self._open == 0

    def wait_empty(self, seconds: float) -> bool:
        """Until everything is written; False if something is left after so long."""
        with self._changed:
            return self._changed.wait_for(lambda: self._open == 0, seconds)

    def _run(self) -> None:
        while True:
            try:
                name, job = self._jobs.get(timeout=KEEP_SECONDS)
            except queue.Empty:
                connection.close()
                name, job = self._jobs.get()
            self._until_done(name, job)
            with self._changed:
                self._open -= 1
                self._changed.notify_all()

    def _until_done(self, name: str, job: Job) -> None:
        again = False
        while not carried_out(name, job, again):
            again = True
            time.sleep(self.retry_seconds)


def carried_out(name: str, job: Job, again: bool) -> bool:
    """One try; False if the database is away. What the rows refuse, or fails in our code, is logged and done with:
    one bad write must not hold up those behind it."""
    try:
        job(again)
    except (OperationalError, InterfaceError) as error:
        log.warning("database away, %s is kept (%s)", name, type(error).__name__)
        connection.close()
        return False
    except Refusal as refusal:
        log.info("%s refused: %s", name, refusal.code)
    except Exception:
        log.exception("%s failed", name)
    return True
