"""What dead parts leave to us: as subreaper we are the parent of every orphan of theirs."""

from __future__ import annotations

import asyncio
import contextlib
import os

import psutil

LOOK_SECONDS = 5.0


async def bury() -> None:
    """Take leave of dead orphans, for ever; else each stays in the process table for as long as we run."""
    before: set[int] = set()
    while True:
        dead = _dead()
        # Our own parts are awaited by asyncio and gone by the second look; what is still there is nobody's.
        _reap(dead & before)
        before = dead
        await asyncio.sleep(LOOK_SECONDS)


def _reap(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _dead() -> set[int]:
    found = set()
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if child.status() == psutil.STATUS_ZOMBIE:
                found.add(child.pid)
    return found


def kill_leftovers() -> None:
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
