"""Which parts there are, and how each is started."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from callcenter import settings
from callcenter.embedded import Postgres, Redis, Server

from .part import Spec

# Sentences that PostgreSQL and Redis write at every ordinary start or stop.
USUAL_POSTGRES = (
    "terminating connection due to administrator command",
    "the database system is starting up",
    "ERROR:  ",
    "STATEMENT:",
    "WARNING:  ",
)
USUAL_REDIS = ("overcommit", "TCP backlog", "Transparent Huge Pages", "memory usage", "no config file")


def servers() -> list[Server]:
    """The embedded ones that no URL replaces."""
    found: list[Server] = []
    if not settings.DATABASE_URL:
        found.append(Postgres(settings.DATA_DIR))
    if settings.EMBEDDED_REDIS:
        found.append(Redis(settings.DATA_DIR))
    return found


def server_spec(server: Server) -> Spec:
    return Spec(
        name=server.name,
        command=server.command,
        environment=server.environment,
        folder=Path("/"),
        stop_signal=server.stop_signal,
        account=server.account,
        before=server.prepare,
        mutes=USUAL_POSTGRES if server.name == "postgres" else USUAL_REDIS,
    )


def environment() -> dict[str, str]:
    """Ours, with what every Django process needs."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "callcenter.settings",
        "CALLCENTER_DATA": str(settings.DATA_DIR),
        "PYTHONUNBUFFERED": "1",
    }


def _python(name: str, *arguments: str, mutes: tuple[str, ...] = (), stop: signal.Signals = signal.SIGTERM) -> Spec:
    command = [sys.executable, *arguments]
    return Spec(name=name, command=command, environment=environment(), folder=settings.BASE_DIR, mutes=mutes, stop_signal=stop)


def prepare_command() -> list[str]:
    return [sys.executable, "-m", "callcenter.runner.prepare"]


def live_parts() -> list[Spec]:
    """What calls and screens need; they may start at once, each waits for what it needs itself."""
    web = ["-m", "daphne", "-b", settings.BIND_ADDRESS, "-p", str(settings.HTTP_PORT), "--ping-interval", "20", "--no-server-name"]
    if settings.BEHIND_TLS_PROXY:
        web.append("--proxy-headers")
    return [
        # SIGTERM would drain: wait for the calls in progress. Who presses Ctrl-C wants it to end now, with a BYE to each.
        _python("telephony", "manage.py", "telephony", stop=signal.SIGINT),
        _python("web", *web, "callcenter.asgi:application"),
        _python("relay", "manage.py", "relay"),
    ]


def background_parts() -> list[Spec]:
    """What may come a moment later, when the start of the others no longer needs the processor."""
    celery = ["-m", "celery", "-A", "callcenter"]
    worker = ["worker", "--concurrency", str(settings.WORKER_PROCESSES), "--without-gossip", "--without-mingle", "--loglevel", "INFO"]
    return [
        _python("worker", *celery, *worker, mutes=("superuser privileges",)),
        _python("beat", *celery, "beat", "--pidfile", "", "--loglevel", "INFO"),
    ]
