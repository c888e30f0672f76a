"""One supervised part: a child in a session of its own, its log drained, started again when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from callcenter.child import Account, preparation

from .errors import CannotRun
from .logfile import LONGEST_LINE, LogFile, drain

SETTLED_SECONDS = 10.0
"""Who lived so long is taken for well; its next end counts as the first again."""

QUICK_ENDS = 5
"""So many ends in a row, each before it had settled, are a crash loop: 0.1 + 0.3 + 0.9 + 2.7 s of waiting."""

FIRST_PAUSE_SECONDS, PAUSE_FACTOR = 0.1, 3.0
LOOP_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Spec:
    """What a part is.

    :param account: whom it runs as; None: as we do.
    :param before: run before each start (blocking, in a thread): leftovers of a killed predecessor.
    :param mutes: text in loud lines that is nobody's business on the console.
    """

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    stop_signal: signal.Signals = signal.SIGTERM
    account: Account | None = None
    before: Callable[[], None] | None = None
    mutes: tuple[str, ...] = ()


@dataclass
class Part:
    spec: Spec
    logs: Path
    say: Callable[[str], None]
    """Puts a line on the console."""
    stopping: bool = False
    settled: bool = False
    """The whole start has succeeded: from then on a crash loop is retried and no longer the end."""
    starts: int = 0
    process: asyncio.subprocess.Process | None = field(default=None, repr=False)

    @property
    def log_path(self) -> Path:
        return self.logs / f"{self.spec.name}.log"

    async def supervise(self) -> None:
        """Run until `stop()`. :raises CannotRun: if it falls into a crash loop before the start has succeeded."""
        quick_ends = 0
        while not self.stopping:
            began = time.monotonic()
            code = await self._live()
            if self.stopping:
                return
            quick_ends = 1 if time.monotonic() - began > SETTLED_SECONDS else quick_ends + 1
            pause = FIRST_PAUSE_SECONDS * PAUSE_FACTOR ** (quick_ends - 1)
            if quick_ends >= QUICK_ENDS:
                pause = self._crash_loop(quick_ends, code)
            self.say(f"{self.spec.name} ended ({ending(code)}), starting again in {pause:.1f} s; its log is {self.log_path}")
            await asyncio.sleep(pause)

    def _crash_loop(self, times: int, code: int) -> float:
        if not self.settled:
            raise CannotRun(
                f"{self.spec.name} ended {times} times right after its start ({ending(code)}); the reason is at the end of {self.log_path}"
            )
        return LOOP_PAUSE_SECONDS

    async def _live(self) -> int:
        if self.spec.before:
            await asyncio.to_thread(self.spec.before)
        log = LogFile(self.log_path)
        try:
            self.process = await self._start()
            self.starts += 1
            assert self.process.stdout
            # The pipe may outlive the child, in the hands of its own children; the child's end is what counts.
            reader = asyncio.create_task(drain(self.process.stdout, log, self._loud))
            code = await self.process.wait()
            if not self.stopping:
                self.signal_group(signal.SIGKILL)
            await asyncio.wait([reader], timeout=0.5)
            reader.cancel()
            return code
        finally:
            log.close()

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *self.spec.command,
            env=self.spec.environment,
            cwd=self.spec.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            start_new_session=True,
            preexec_fn=preparation(self.spec.account, self.spec.stop_signal),
        )

    def _loud(self, line: str) -> None:
        if not self.stopping and not any(mute in line for mute in self.spec.mutes):
            self.say(f"{self.spec.name}: {line}")

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.returncode is None

    async def stop(self, seconds: float) -> None:
        """Ask, wait, then kill it with all its group."""
        self.stopping = True
        if not self.running:
            return
        assert self.process
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(self.spec.stop_signal)
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.shield(self.process.wait()), seconds)
        self.signal_group(signal.SIGKILL)
        await self.process.wait()

    def signal_group(self, number: signal.Signals) -> None:
        """To the part and whatever it started; it leads a session, so its process id is the group's."""
        if self.process:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)


def ending(code: int) -> str:
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"
