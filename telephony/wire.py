"""Facts as JSON lines, between the node and its call processes."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from .ports import CallMoved, CommandGiven, Drain, FarewellDue, NodeFact, OfferOpened, OfferWithdrawn, RowClosed, Target

_FACTS: dict[str, type[Any]] = {kind.__name__: kind for kind in (OfferWithdrawn, CommandGiven, CallMoved, FarewellDue, RowClosed, Drain)}


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


class Lines:
    """Cuts a byte stream into lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *whole, self._rest = (self._rest + data).split(b"\n")
        return [text for text in whole if text]
