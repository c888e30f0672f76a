"""Wait for a fact instead of sleeping: `until(lambda: call.state == "active", within=5, what="the call to be active")`."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Found = TypeVar("Found")
PATIENCE = float(os.environ.get("TEST_PATIENCE", "1"))
"""Factor on every wait, for a machine that is busy with other things; what is measured is not stretched by it."""


def until(condition: Callable[[], Found | None], *, within: float = 5.0, every: float = 0.02, what: str = "") -> Found:
    """Ask `condition` again and again until its answer is true, and return that answer.

    :param within: seconds after which it has failed.
    :param every: seconds between two questions.
    :param what: what is waited for, as the failure names it.
    :raises AssertionError: with the last answer, or from the last failed assertion inside `condition`.
    """
    deadline = time.monotonic() + within * PATIENCE
    while True:
        failure: AssertionError | None = None
        try:
            answer = condition()
        except AssertionError as error:
            failure, last = error, str(error)
        else:
            if answer:
                return answer
            last = repr(answer)
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within * PATIENCE:g} s: {what or condition!r}; last: {last}") from failure
        time.sleep(every)


async def auntil(condition: Callable[[], Found | Awaitable[Found]], *, within: float = 5.0, every: float = 0.02, what: str = "") -> Found:
    """As `until`, for coroutines: `condition` may be awaitable, and other tasks run between two questions."""
    deadline = time.monotonic() + within * PATIENCE
    while True:
        answer = condition()
        if isinstance(answer, Awaitable):
            answer = await answer
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within * PATIENCE:g} s: {what or condition!r}; last: {answer!r}")
        await asyncio.sleep(every)
