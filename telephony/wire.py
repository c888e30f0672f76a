"""Facts as JSON lines, between the node and its call processes."""

from __future__ import annotations

import array
import json
import socket
from dataclasses import asdict
from typing import Any

from .ports import (
    CallbackWanted,
    CallComing,
    CallMoved,
    ClerkAssigned,
    CommandGiven,
    Drain,
    FarewellDue,
    NodeFact,
    OfferOpened,
    OfferWithdrawn,
    RowClosed,
    Target,
)

INT = array.array("i").itemsize
MOST_SOCKETS = 4

_FACTS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (OfferWithdrawn, CommandGiven, CallMoved, FarewellDue, RowClosed, Drain, ClerkAssigned, CallComing, CallbackWanted)
}


def encode(fact: NodeFact) -> bytes:
    return line({"fact": type(fact).__name__, **asdict(fact)})


def decode(text: bytes) -> NodeFact:
    """
    :raises LookupError: for a fact that this version does not know.
    """
    fields = json.loads(text)
    name = fields.pop("fact")
    if name == "OfferOpened":
        targets = tuple(Target(**target) for target in fields.pop("targets"))
        return OfferOpened(targets=targets, **fields)
    fact: NodeFact = _FACTS[name](**fields)
    return fact


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def message(text: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def receive(pipe: socket.socket) -> tuple[bytes, list[int]]:
    """What is there now, with the descriptors that came along. Raises BlockingIOError when there is nothing.

    `socket.recv_fds` of Python 3.11 and 3.12 forgets its flags and would wait.
    """
    data, ancillary, _, _ = pipe.recvmsg(65536, socket.CMSG_SPACE(MOST_SOCKETS * INT), socket.MSG_DONTWAIT)
    numbers = array.array("i")
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(content[: len(content) - len(content) % INT])
    return data, list(numbers)


class Lines:
    """Cuts a byte stream into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [text for text in whole if text]
