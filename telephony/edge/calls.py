"""Which call process has which dialog-to-be, as the node tells us. The node owns this; the edge only mirrors it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from .admission import Caller
from .message import Message
from .uri import Address

CLAIM_SECONDS = 16.0
"""A claim that the node did not answer is forgotten then, later than the node gives it up; the caller's next retransmission claims anew."""


@dataclass(slots=True)
class Held:
    """An INVITE that waits for its process, and a CANCEL that came meanwhile."""

    caller: Caller
    messages: list[tuple[Message, Address]]
    since: float = field(default_factory=time.monotonic)


class Calls:
    def __init__(self, host: str) -> None:
        self.host = host
        """The address that all call processes of this node bind to."""
        self.ports: set[int] = set()
        self.affinity: dict[str, int] = {}
        self.callers: dict[str, Caller] = {}
        self.held: dict[str, Held] = {}
        self.draining = False
        self.leaving = False
        """The node is gone: only dialogs that stand are served."""

    def restore(self, ports: Iterable[int], affinity: dict[str, int]) -> None:
        self.ports = set(ports)
        for name, port in affinity.items():
            key, caller = self.read_name(name)
            self.affinity[key] = port
            self.callers[key] = caller

    @staticmethod
    def name(key: str, caller: Caller) -> str:
        """How the node knows a call: with its source, so that an edge that starts anew knows it too."""
        return f"{key}|{caller.source}"

    @staticmethod
    def read_name(name: str) -> tuple[str, Caller]:
        key, _, source = name.rpartition("|")
        return key, Caller(source)

    def owns(self, address: Address) -> bool:
        return address[1] in self.ports and address[0] == self.host

    def process_for(self, key: str) -> Address | None:
        port = self.affinity.get(key)
        return (self.host, port) if port in self.ports else None

    def started(self, port: int) -> None:
        self.ports.add(port)

    def gone(self, port: int) -> None:
        """The process is over; what it had is answered by the edge from now on."""
        self.ports.discard(port)
        for key in [key for key, owner in self.affinity.items() if owner == port]:
            del self.affinity[key]
            self.callers.pop(key, None)

    def claimed(self, key: str, port: int) -> Held | None:
        """The node gave the call a process; returns what is waiting for it."""
        self.ports.add(port)
        self.affinity[key] = port
        held = self.held.pop(key, None)
        if held:
            self.callers[key] = held.caller
        return held

    def waits(self, key: str) -> bool:
        held = self.held.get(key)
        return held is not None and held.since > time.monotonic() - CLAIM_SECONDS

    def hold(self, key: str, held: Held) -> None:
        now = time.monotonic()
        for old in [name for name, one in self.held.items() if one.since < now - CLAIM_SECONDS]:
            del self.held[old]
        self.held[key] = held

    def count(self, source: str) -> int:
        """Calls of one source, those included that still wait for a process."""
        waiting = sum(held.caller.source == source for held in self.held.values())
        return waiting + sum(caller.source == source for caller in self.callers.values())
