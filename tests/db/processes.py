"""Real processes on the test database: each has its own connection and can be killed at any instant."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, connections

context = multiprocessing.get_context("fork")


def start(work: Callable[..., None], *args: Any) -> Any:
    """Fork a child that runs `work`. Our own connection is closed first: two processes on one socket would garble it."""
    connections.close_all()
    child = context.Process(target=work, args=args, daemon=True)
    child.start()
    return child


@contextmanager
def killed_at_statement(number: int) -> Iterator[None]:
    """`kill -9` of this very process just before its `number`th SQL statement, in the middle of a transaction."""
    left = number

    def count(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(count):
        yield


def other_sessions() -> int:
    """Sessions of other processes on this database: the dead are gone when their backends noticed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        return int(cursor.fetchone()[0])
