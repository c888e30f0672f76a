"""Where the edge and the call processes of one node find each other.

Call processes listen for SIP on loopback whatever BIND_ADDRESS says: a packet that has not passed the edge cannot reach them
from another machine. The edge's one socket reaches them all the same, for every address of a machine is local to it.
"""

from __future__ import annotations

from django.conf import settings

PROCESS_HOST = "127.0.0.1"
"""The address that all call processes bind to for SIP; their audio is on BIND_ADDRESS."""


def edge_host() -> str:
    """The address from which the edge's packets come to call processes, and where they send theirs."""
    return PROCESS_HOST if settings.BIND_ADDRESS == "0.0.0.0" else settings.BIND_ADDRESS  # noqa: S104


def edge_address() -> str:
    """host:port through which everything goes out."""
    return f"{edge_host()}:{settings.SIP_PORT}"
