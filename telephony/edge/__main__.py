"""`python -m telephony.edge --fd N`: the edge process, started by the node with its end of a socketpair."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys

import django
from django.conf import settings

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "auditlog", "callcenter.core", "agents", "queues", "ivr", "telephony"]


def main() -> int:
    parser = argparse.ArgumentParser(prog="telephony.edge", description=__doc__)
    parser.add_argument("--fd", type=int, required=True, help="Descriptor of the socketpair to the node.")
    descriptor = parser.parse_args().fd
    # The node decides when we go: a Ctrl-C in the terminal reaches the whole process group.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    prepare()
    from . import security
    from .server import serve

    security.write_to(settings.DATA_DIR / "log" / "sip-security.log")
    try:
        asyncio.run(serve(descriptor))
    except OSError as error:
        sys.stderr.write(f"edge: cannot listen on {settings.BIND_ADDRESS}:{settings.SIP_PORT}/udp: {error.strerror}\n")
        return 1
    return 0


def prepare() -> None:
    """Django with the few apps that the edge needs: it must be back within a second, and half of a start is the others."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
    settings.INSTALLED_APPS = APPS
    django.setup()


if __name__ == "__main__":
    sys.exit(main())
