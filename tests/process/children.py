"""Children for tests of the pool: what a call process does at its pipe, without a phone."""

from __future__ import annotations

import os
import signal
import socket
import sys

from telephony import wire


def obedient(behaviour: str, pipe: socket.socket) -> None:
    """Becomes ready, then waits for the pipe to say Drain or to close. Some behave worse."""
    if behaviour == "stillborn":
        os._exit(3)
    preload = sys.modules.get("telephony.preload")
    own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    own.bind(("127.0.0.1", 0))
    born_of = getattr(preload, "LOADED_BY", None) == os.getppid()
    pipe.sendall(wire.line({"ready": own.getsockname()[1], "preloaded": born_of, "modules": len(sys.modules)}))
    if behaviour == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    pipe.recv(1000)  # Drain, or the end of the pipe
    os._exit(0)
