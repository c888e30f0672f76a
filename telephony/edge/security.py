"""Security events, one line each, in the words of Asterisk: fail2ban's stock `asterisk` filter reads them.

A line names the address, never a password, a digest, a caller's or a dialled number.
"""

from __future__ import annotations

import logging
import logging.handlers
import os
import time
from pathlib import Path

from .uri import Address

log = logging.getLogger("telephony.edge.security")

WRONG_PASSWORD = "InvalidPassword"  # noqa: S105
"""A digest that does not fit; for unknown users too, so that the log tells nobody which users exist."""
SCAN = "FailedACL"
"""Keeps calling numbers that are not open to it, and never answers when asked who it is."""
LOCKED_OUT = "ChallengeResponseFailed"
"""Guessed so often that we do not answer it for a while."""
FLOOD = "LoadAverageLimit"
"""More calls than one address may begin. fail2ban's filter ignores this one: a busy customer is no attacker."""


def report(event: str, source: Address, local: Address) -> None:
    host, port = source
    log.warning(
        'SecurityEvent="%s",EventTV="%s",Severity="Error",Service="SIP",EventVersion="2",AccountID="<unknown>",SessionID="0x0",'
        'LocalAddress="IPV4/UDP/%s/%d",RemoteAddress="IPV4/UDP/%s/%d"',
        event, time.strftime("%Y-%m-%dT%H:%M:%S%z"), *local, host, port,
    )  # fmt: skip


def write_to(path: Path) -> None:
    """Send the lines to a file of their own, for fail2ban to follow."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.handlers.WatchedFileHandler(path, delay=True)  # rotated by logrotate
    handler.setFormatter(logging.Formatter(f"[%(asctime)s] SECURITY[{os.getpid()}] telephony.edge: %(message)s", "%Y-%m-%d %H:%M:%S%z"))
    log.addHandler(handler)
    log.propagate = False
