"""Addresses of providers: looked up in the thread that reads the rows, never while a packet waits."""

from __future__ import annotations

import ipaddress
import logging
import socket
import time

from .uri import Address

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""So long an answer is good; the rows are read every five seconds."""

_known: dict[str, tuple[float, str]] = {}


def resolve(host: str, port: int) -> Address | None:
    """The first IPv4 address; the last one known while the name server is away; None: never known."""
    try:
        return str(ipaddress.IPv4Address(host)), port
    except ValueError:
        pass
    since, address = _known.get(host, (-FRESH_SECONDS, ""))
    if time.monotonic() >= since + FRESH_SECONDS:
        address = _look_up(host) or address
        _known[host] = time.monotonic(), address
    return (address, port) if address else None


def _look_up(host: str) -> str:
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_DGRAM)
    except OSError as error:
        log.warning("provider's name cannot be resolved, going on with what is known (%s)", type(error).__name__)
        return ""
    return str(found[0][4][0])
