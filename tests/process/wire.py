"""SIP by hand over a bare UDP socket, for what no phone would say."""

from __future__ import annotations

import socket
import time
from typing import Any

from tests.sip.harness import message
from tests.sip.harness.message import Message

from .subject import Subject

CALLER = 0


class Wire:
    """A bare UDP socket that speaks SIP by hand."""

    def __init__(self, subject: Subject) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.peer = subject.address
        self.port = self.socket.getsockname()[1]

    def request(self, method: str, *, cseq: int = 1, to_tag: str = "", body: str = "", call_id: str = "wire", **headers: str) -> Message:
        branch = f"z9hG4bK{method}{cseq}{time.monotonic_ns()}"
        lines = [
            ("via", f"SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch={branch}"), ("max-forwards", "70"),
            ("from", "<sip:wire@127.0.0.1>;tag=w"), ("to", "<sip:support@127.0.0.1>" + (f";tag={to_tag}" if to_tag else "")),
            ("call-id", call_id), ("cseq", f"{cseq} {method}"), ("contact", f"<sip:wire@127.0.0.1:{self.port}>"),
        ]  # fmt: skip
        lines += [(name.replace("_", "-"), value) for name, value in headers.items()]
        if body:
            lines.append(("content-type", "application/sdp"))
        return Message(f"{method} sip:support@127.0.0.1:{self.peer[1]} SIP/2.0", lines, body)

    def send(self, sent: Message) -> None:
        self.socket.sendto(sent.encode(), self.peer)

    def response(self, method: str, least: int = 200) -> Message:
        while True:
            heard = Message.parse(self.socket.recv(65536))
            if heard.status >= least and heard.method == method:
                return heard

    def ask(self, sent: Message) -> Message:
        self.send(sent)
        return self.response(sent.method)


def talking(subject: Subject, wire: Wire, body: str | None = None, **headers: Any) -> Message:
    """Set up the dialog; our 200."""
    wire.send(wire.request("INVITE", body=message.sdp("127.0.0.1", 39998) if body is None else body, **headers))
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    accepted = wire.response("INVITE")
    return accepted


def acknowledge(wire: Wire, accepted: Message, body: str = "") -> None:
    wire.send(wire.request("ACK", to_tag=message.tag(accepted.get("to")), body=body))
