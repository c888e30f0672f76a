"""`python -m telephony.edge --fd N`: the edge process, started by the node with its end of a socketpair."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from django.conf import settings

from callcenter import heap
from telephony.lean import prepare


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
    heap.settle()
    try:
        asyncio.run(serve(descriptor))
    except OSError as error:
        sys.stderr.write(f"edge: cannot listen on {settings.BIND_ADDRESS}:{settings.SIP_PORT}/udp: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
