"""Addresses of providers, looked up beside everything else: a name server that is away must hold up neither packets nor rows."""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time

from .uri import Address

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""So long an answer is good; the rows are read every five seconds."""
FIRST_SECONDS = 0.2
"""So long the first answer is waited for; if it comes later, the next reading has it."""

_known: dict[str, tuple[float, str]] = {}
_asking: set[str] = set()


def resolve(host: str, port: int) -> Address | None:
    """The first IPv4 address; the last one known while the name server is away; None: not known yet."""
    try:
        return str(ipaddress.IPv4Address(host)), port
    except ValueError:
        pass
    since, address = _known.get(host, (-FRESH_SECONDS, ""))
    if time.monotonic() >= since + FRESH_SECONDS and host not in _asking:
        _asking.add(host)
        thread = threading.Thread(target=_ask, args=(host, address), name="names", daemon=True)
        thread.start()
        if not address:
            thread.join(FIRST_SECONDS)
            address = _known.get(host, (0.0, ""))[1]
    return (address, port) if address else None


def _ask(host: str, known: str) -> None:
    try:
        _known[host] = time.monotonic(), _look_up(host) or known
    finally:
        _asking.discard(host)


def _look_up(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("provider's name cannot be resolved, going on with what is known (%s)", type(error).__name__)
        return ""
    return str(found[0][4][0])
