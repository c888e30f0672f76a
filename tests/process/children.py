"""Children for tests of the pool: what a call process does at its pipe, without a phone."""

from __future__ import annotations

import os
import signal
import socket
import sys
from typing import Any

from telephony import wire


def obedient(options: dict[str, Any], pipe: socket.socket) -> None:
    """Becomes ready, then waits for the pipe to say Drain or to close. Some behave worse."""
    behaviour = options["behaviour"]
    if behaviour == "stillborn":
        os._exit(3)
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    pipe.sendall(wire.line({"ready": own.getsockname()[1], "modules": sorted(sys.modules), "secret": "SECRET_KEY" in os.environ}))
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    pipe.recv(1000)  # Drain, or the end of the pipe
    os._exit(0)
