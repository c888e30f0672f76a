"""What a dead call process can no longer send: BYEs, built from its stored dialogs, and the like; repeated until they are answered."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from .hops import Ours
from .message import Message
from .tokens import MAGIC, Signer
from .uri import Address, NameAddr, Uri, Via, parameters

log = logging.getLogger(__name__)

WAITS = (0.5, 1.0, 2.0, 4.0)
"""Seconds between repetitions (RFC 3261 17.1.2.2: T1 doubling up to T2)."""


class Farewell:
    def __init__(self, ours: Ours, signer: Signer, send: Callable[[bytes, Address], None]) -> None:
        self._ours = ours
        self._signer = signer
        self._send = send
        self._waiting: dict[str, asyncio.TimerHandle] = {}

    def say(self, dialog: dict[str, Any]) -> bool:
        """Send a BYE for the dialog (fields of DialogData). False if nothing in it tells where to."""
        message = self._message(dialog, "BYE")
        to = self._destination(message, dialog)
        if to is None:
            log.warning("bye: the stored dialog names no address that we can reach")
            return False
        self.repeat(self._sign(message), message.encode(), to)
        return True

    def acknowledge(self, dialog: dict[str, Any], to: Address) -> None:
        """ACK the 200 that made the dialog."""
        message = self._message(dialog, "ACK")
        self._sign(message)
        self._send(message.encode(), to)

    def _sign(self, message: Message) -> str:
        """Put our Via on it; returns the branch."""
        branch = MAGIC + message.method.lower() + self._signer.to_tag(message)
        host, port = self._ours.outside
        message.push("Via", f"SIP/2.0/UDP {host}:{port};rport;branch={branch}")
        return branch

    def repeat(self, branch: str, data: bytes, to: Address) -> None:
        """Send it, again and again until an answer to this branch stops it."""
        self.stop(branch)
        self._repeat(branch, data, to, 0)

    def _repeat(self, branch: str, data: bytes, to: Address, turn: int) -> None:
        self._send(data, to)
        if turn < len(WAITS):
            loop = asyncio.get_running_loop()
            self._waiting[branch] = loop.call_later(WAITS[turn], self._repeat, branch, data, to, turn + 1)
        else:
            self._waiting.pop(branch, None)

    def answered(self, via: Via | None) -> None:
        """A final response came for one of our own requests."""
        if via:
            self.stop(via.branch)

    def stop(self, branch: str) -> None:
        if timer := self._waiting.pop(branch, None):
            timer.cancel()

    def _message(self, dialog: dict[str, Any], method: str) -> Message:
        lines = [
            ("From", f"{_bare(dialog['local_uri'])};tag={dialog['local_tag']}"),
            ("To", f"{_bare(dialog['remote_uri'])};tag={dialog['remote_tag']}"),
            ("Call-ID", dialog["call_id"]),
            ("CSeq", f"{int(dialog['local_cseq']) + (method != 'ACK')} {method}"),
            ("Max-Forwards", "70"),
            *([("Reason", 'SIP;cause=500;text="call process lost"')] if method == "BYE" else []),
        ]
        target = NameAddr.parse(dialog["remote_target"])
        uri = target.uri if target else dialog["remote_target"]
        message = Message(f"{method} {uri} SIP/2.0", [(name.lower(), f"{name}: {value}") for name, value in lines])
        for route in dialog.get("route_set", ()):
            if self._flow(route) is None:
                message.headers.append(("route", f"Route: {route}"))
        return message

    def _flow(self, route: str) -> Address | None:
        uri = Uri.parse((NameAddr.parse(route) or NameAddr("", "")).uri)
        flow = self._signer.read_flow(parameters(uri.params).get("f", "")) if uri else None
        return flow.address if flow else None

    def _destination(self, message: Message, dialog: dict[str, Any]) -> Address | None:
        """The address in our own flow token. Never the Request-URI: that would make the edge send where it is told."""
        return next(filter(None, (self._flow(route) for route in dialog.get("route_set", ()))), None)


def _bare(address: str) -> str:
    """From or To without its tag."""
    found = NameAddr.parse(address)
    return f"<{found.uri if found else address}>"
