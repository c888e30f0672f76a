"""The end of a process as a power cut makes it: all of it at once, and no good-bye."""

from __future__ import annotations

import contextlib

import psutil

from tests.until import until


def kill_outright(pid: int) -> None:
    """SIGKILL to the process and everything below it, before any of them can notice; returns when all are dead."""
    top = psutil.Process(pid)
    top.suspend()  # it starts nothing more while we look
    everything = [top, *top.children(recursive=True)]
    for process in everything:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    until(lambda: all(map(_dead, everything)), what="all to be dead")


def _dead(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE  # its parent reaps it
    return True
