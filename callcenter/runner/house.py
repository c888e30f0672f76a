"""The whole: start in order, watch, stop in order."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from callcenter import settings
from callcenter.child import adopt_orphans
from callcenter.embedded import EmbeddedError, Server

from . import orphans, plan
from .console import Console
from .errors import CannotRun
from .part import Part, Spec

SERVER_SECONDS = 60.0
READY_SECONDS = 60.0
PARTS_STOP_SECONDS, SERVERS_STOP_SECONDS = 5.5, 3.0
"""Together below the 10 s in which everything must be gone."""


class House:
    def __init__(self, console: Console, logs: Path) -> None:
        self.console = console
        self.logs = logs
        self.parts: list[Part] = []
        self.servers: list[Part] = []
        self.watchers: set[asyncio.Task[None]] = set()
        self.asked_to_stop = asyncio.Event()

    async def run(self) -> None:
        """Until a signal, or until something fails. :raises CannotRun: with the sentence."""
        adopt_orphans()
        self._hear_signals()
        burying = asyncio.create_task(orphans.bury())
        try:
            await self._unless_stopped(self._start())
            await self._unless_stopped(asyncio.Event().wait())
        finally:
            burying.cancel()
            await self._stop()

    def _hear_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled)

    def _signalled(self) -> None:
        if self.asked_to_stop.is_set():
            self.console.line("Killing what is left.")
            for part in (*self.parts, *self.servers):
                part.stopping = True
                part.signal_group(signal.SIGKILL)
        self.asked_to_stop.set()

    async def _unless_stopped(self, work: object) -> None:
        """Await `work`, but come back at once when asked to stop or when a watched part gives up."""
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        stop = asyncio.create_task(self.asked_to_stop.wait())
        try:
            while not task.done() and not stop.done():
                done, _ = await asyncio.wait({task, stop, *self.watchers}, return_when=asyncio.FIRST_COMPLETED)
                for finished in done & self.watchers:
                    self.watchers.discard(finished)
                    finished.result()
            if task.done():
                task.result()
        finally:
            for waiting in (task, stop):
                waiting.cancel()
                with contextlib.suppress(asyncio.CancelledError, CannotRun):
                    await waiting

    async def _start(self) -> None:
        began = time.monotonic()
        servers = plan.servers()
        await asyncio.gather(*(self._start_server(server) for server in servers))
        await self._prepare()
        self.parts += [self._watch(spec) for spec in plan.live_parts()]
        missing = await self._await_health()
        self.parts += [self._watch(spec) for spec in plan.background_parts()]
        for part in (*self.servers, *self.parts):
            part.settled = True
        self.console.ready(time.monotonic() - began, missing)

    async def _start_server(self, server: Server) -> None:
        try:
            # Once before the watch, so that what cannot be made is a sentence and no crash loop.
            await asyncio.to_thread(server.prepare)
        except EmbeddedError as error:
            raise CannotRun(str(error)) from None
        part = self._watch(plan.server_spec(server))
        self.servers.append(part)
        await self._poll(lambda: asyncio.to_thread(server.answers), SERVER_SECONDS, f"{server.name} does not answer; see {part.log_path}")
        await asyncio.to_thread(server.finish)
        self.console.step(f"{server.name} is up")

    def _watch(self, spec: Spec) -> Part:
        part = Part(spec, self.logs, self.console.line)
        self.watchers.add(asyncio.create_task(part.supervise(), name=spec.name))
        return part

    async def _prepare(self) -> None:
        """A part of its own while it runs, so that it is drained and stopped like any other."""
        log = self.logs / "prepare.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                *plan.prepare_command(),
                env=plan.environment(),
                cwd=settings.BASE_DIR,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            try:
                code = await process.wait()
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
        if code:
            raise CannotRun(f"Not ready to start: {last_line(log)} (all of it: {log})")
        self.console.step("database is prepared")

    async def _await_health(self) -> list[str]:
        """Wait until all parts are up; what is still missing at the end is told and waited for no longer."""
        deadline = time.monotonic() + READY_SECONDS
        missing = ["web"]
        while missing and time.monotonic() < deadline:
            missing = await asyncio.to_thread(health_missing)
            if missing:
                await asyncio.sleep(0.2)
        return missing

    async def _poll(self, probe: Callable[[], object], seconds: float, sentence: str) -> None:
        deadline = time.monotonic() + seconds
        while not await probe():  # type: ignore[misc]
            if time.monotonic() > deadline:
                raise CannotRun(sentence)
            await asyncio.sleep(0.02)

    async def _stop(self) -> None:
        """Parts first, together; then the servers they write to; then whatever they left behind."""
        self.console.stopping()
        began = time.monotonic()
        for part in (*self.parts, *self.servers):
            part.stopping = True
        await asyncio.gather(*(part.stop(PARTS_STOP_SECONDS) for part in self.parts))
        await asyncio.gather(*(part.stop(SERVERS_STOP_SECONDS) for part in self.servers))
        for task in self.watchers:
            task.cancel()
        await asyncio.gather(*self.watchers, return_exceptions=True)
        orphans.kill_leftovers()
        self.console.stopped(time.monotonic() - began)


def health_missing() -> list[str]:
    """The parts that /healthz misses; ["web"] while it does not answer."""
    host = settings.BIND_ADDRESS if settings.BIND_ADDRESS not in ("0.0.0.0", "::") else "127.0.0.1"  # noqa: S104 (compared, not bound)
    address = f"[{host}]" if ":" in host else host
    # The header, because the address need not be among the names that browsers use.
    headers = {"Host": settings.ALLOWED_HOSTS[0].lstrip(".").replace("*", "localhost") if settings.ALLOWED_HOSTS else "localhost"}
    request = urllib.request.Request(f"http://{address}:{settings.HTTP_PORT}/healthz", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5):  # noqa: S310
            return []
    except urllib.error.HTTPError as error:
        with contextlib.suppress(ValueError, KeyError):
            return list(json.loads(error.read())["missing"])
    except OSError:
        pass
    return ["web"]


def last_line(path: Path) -> str:
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"
