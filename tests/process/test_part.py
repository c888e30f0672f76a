"""One supervised part, with small programs in its place."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from callcenter.runner import part as part_module
from callcenter.runner.errors import CannotRun
from callcenter.runner.part import Part, Spec
from tests.until import auntil


def made(folder: Path, program: str) -> Part:
    spec = Spec(name="web", command=[sys.executable, "-c", program], environment=dict(os.environ), folder=folder)
    return Part(spec, folder, lambda line: None)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_part_that_ends_at_once_each_time_stops_the_start_and_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_module, "FIRST_PAUSE_SECONDS", 0.001)
    part = made(tmp_path, "print('no such table'); raise SystemExit(3)")
    with pytest.raises(CannotRun, match=r"web ended 5 times right after its start \(exit code 3\); .*web\.log"):
        await part.supervise()
    assert part.log_path.read_text() == "no such table\n" * 5


async def test_after_the_start_a_crash_loop_is_retried_and_no_longer_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(part_module, "FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(part_module, "LOOP_PAUSE_SECONDS", 0.001)
    part = made(tmp_path, "raise SystemExit(3)")
    part.settled = True
    task = asyncio.create_task(part.supervise())
    await auntil(lambda: part.starts > 6, within=20)
    part.stopping = True
    await task


async def test_a_part_that_ignores_the_request_is_killed_with_its_children(tmp_path: Path) -> None:
    program = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
stubborn = "import signal; signal.signal(15, signal.SIG_IGN); print('child', flush=True); signal.pause()"
child = subprocess.Popen([sys.executable, "-c", stubborn])
print(child.pid, flush=True)
signal.pause()
"""
    part = made(tmp_path, program)
    task = asyncio.create_task(part.supervise())
    await auntil(lambda: part.log_path.exists() and "child" in part.log_path.read_text() and part.log_path.read_text().count("\n") == 2)
    pids = [int(line) for line in part.log_path.read_text().split() if line.isdigit()]
    await part.stop(0.1)
    await task
    await auntil(lambda: not any(map(alive, pids)))


async def test_more_output_than_a_pipe_holds_never_blocks_a_part(tmp_path: Path) -> None:
    part = made(tmp_path, "import sys, signal; sys.stdout.write('x' * 1_000_000); print(); print('done', flush=True); signal.pause()")
    task = asyncio.create_task(part.supervise())
    await auntil(lambda: part.log_path.exists() and part.log_path.stat().st_size > 1_000_000)
    await part.stop(5)
    await task
    assert part.log_path.read_text().endswith("done\n")


async def test_a_part_ends_with_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    """In a process of its own, because the supervisor must die."""
    program = f"""
import asyncio, os, pathlib, sys
sys.path.insert(0, {str(Path.cwd())!r})
from callcenter.runner.part import Part, Spec
folder = pathlib.Path({str(tmp_path)!r})
spec = Spec("web", [sys.executable, "-c", "import os, signal; print(os.getpid(), flush=True); signal.pause()"], dict(os.environ), folder)
asyncio.run(Part(spec, folder, print).supervise())
"""
    supervisor = await asyncio.create_subprocess_exec(sys.executable, "-c", program)
    log = tmp_path / "web.log"
    await auntil(lambda: log.exists() and log.read_text().endswith("\n"), within=20)
    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()
    pid = int(log.read_text())
    await auntil(lambda: not alive(pid))
