"""`python -m callcenter.runner`: run everything until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from pathlib import Path

from .errors import CannotRun


def main() -> int:
    argparse.ArgumentParser(
        prog="callcenter.runner",
        description="Runs all parts of the contact center on this machine until Ctrl-C. Settings: docs/operations.md.",
    ).parse_args()
    try:
        _run()
    except CannotRun as error:
        print(error, file=sys.stderr)  # noqa: T201 (the one sentence)
        return 1
    return 0


def _run() -> None:
    settings_readable()
    # Only now: these read the settings.
    from callcenter import settings

    from .console import Console
    from .house import House
    from .preflight import alone, enough_disk, free_port

    with alone(settings.DATA_DIR):
        enough_disk(settings.DATA_DIR)
        free_port(settings.BIND_ADDRESS, settings.HTTP_PORT, kind=socket.SOCK_STREAM, variable="HTTP_PORT")
        free_port(settings.BIND_ADDRESS, settings.SIP_PORT, kind=socket.SOCK_DGRAM, variable="SIP_PORT")
        logs = settings.DATA_DIR / "log"
        logs.mkdir(exist_ok=True)
        console = Console()
        console.step(f"The contact center starts; its data is in {settings.DATA_DIR}")
        asyncio.run(House(console, logs).run())


def settings_readable() -> None:
    """:raises CannotRun: if the settings, or the folder where they keep the secret key, stand in the way."""
    from django.core.exceptions import ImproperlyConfigured

    from .preflight import folder_sentence

    try:
        import callcenter.settings  # noqa: F401
    except OSError as error:
        folder = Path(os.environ.get("CALLCENTER_DATA", "var")).resolve()
        raise CannotRun(folder_sentence(folder, error)) from None
    except (ImproperlyConfigured, ValueError) as error:
        raise CannotRun(f"A setting cannot be read: {error}. docs/operations.md lists all settings.") from None


if __name__ == "__main__":
    sys.exit(main())
