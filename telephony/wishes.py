"""What a call process asks of its clerk, and what the clerk answers, as JSON lines. No Django, no SIP.

A wish carries a number; "done" with that number says that it was carried out, whatever came of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from .ports import CallerArrived, DialogData, Quality
from .records import (
    Accepted,
    Announced,
    BoxOpened,
    BoxProfile,
    CallbackChecked,
    CallbackDenied,
    CallbackNoted,
    CallbackTerms,
    CallbackTimes,
    CallbackWhen,
    CustomerMayBeCalled,
    CustomerMayNotBeCalled,
    DeskFact,
    Farewell,
    FlowRunEnded,
    FlowStart,
    FlowVisited,
    LegRecord,
    Moved,
    Placed,
    QueueProfile,
    Recording,
    Routed,
    Scheduled,
    Told,
    Unrouted,
)

UNHURRIED = frozenset({"route", "arrive"})
"""A new caller goes behind everything that gives a waiting one to an agent."""
PAPERS = frozenset({"save_leg", "flow_visited", "flow_ended", "announce", "callback_times", "keep_message", "drop_message"})
"""Wishes nobody waits for: they are carried out after all others, so that paperwork never delays a caller.
Nor does an announcement that has to be spoken first, which takes a tenth of a second, nor a choice of times."""


@dataclass(frozen=True, slots=True)
class Wish:
    """A method of `records.Desk` with its arguments."""

    number: int
    name: str
    args: dict[str, Any]
    again: bool = False
    """Asked before: it may have been carried out already, and only the answer got lost."""

    def line(self) -> bytes:
        return _line({"wish": self.number, "name": self.name, "args": self.args, "again": self.again})

    @classmethod
    def of(cls, message: dict[str, Any]) -> Wish:
        return cls(message["wish"], message["name"], _arguments(message["args"]), message["again"])


def _arguments(args: dict[str, Any]) -> dict[str, Any]:
    return {name: READERS[name](value) if name in READERS else value for name, value in args.items()}


def _leg(fields: dict[str, Any]) -> LegRecord:
    dialog, quality = fields.pop("dialog"), fields.pop("quality")
    if dialog:
        dialog = DialogData(**{**dialog, "route_set": tuple(dialog["route_set"])})
    return LegRecord(**fields, dialog=dialog, quality=Quality(**quality) if quality else None)


READERS: dict[str, Callable[[Any], Any]] = {
    "caller": lambda fields: CallerArrived(**fields),
    "leg": _leg,
    "numbers": tuple,
    "visit": lambda fields: FlowVisited(**fields),
    "ended": lambda fields: FlowRunEnded(**fields),
    "recording": lambda fields: Recording(**fields),
}
"""Arguments that are more than numbers and words."""


def done(number: int) -> bytes:
    return _line({"done": number})


def answer(fact: DeskFact) -> bytes:
    return _line({"fact": type(fact).__name__, **asdict(fact)})


FACTS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        Told,
        Routed,
        Unrouted,
        Placed,
        Moved,
        Announced,
        Farewell,
        BoxOpened,
        Accepted,
        CustomerMayBeCalled,
        CustomerMayNotBeCalled,
        CallbackChecked,
        CallbackNoted,
        CallbackWhen,
        CallbackTimes,
        CallbackDenied,
    )
}


def fact(message: dict[str, Any]) -> DeskFact:
    """
    :raises LookupError: for a fact that this version does not know.
    """
    kind = FACTS[message.pop("fact")]
    if "profile" in message:
        message["profile"] = _profile(message["profile"])
    if message.get("flow"):
        message["flow"] = FlowStart(**message["flow"])
    for name in ("prompts", "invalid", "times"):
        if name in message:
            message[name] = tuple(message[name])
    if message.get("box"):
        message["box"] = _box(message["box"])
    found: DeskFact = kind(**message)
    return found


def _profile(fields: dict[str, Any]) -> QueueProfile:
    announcements = tuple(Scheduled(**one) for one in fields.pop("announcements"))
    terms: dict[str, Any] = fields.pop("callback") or {}
    words: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in terms.items()}
    callback = CallbackTerms(**words) if terms else None
    return QueueProfile(**{**fields, "music": tuple(fields["music"])}, announcements=announcements, callback=callback)


def _box(fields: dict[str, Any]) -> BoxProfile:
    plain: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
    return BoxProfile(**plain)


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
