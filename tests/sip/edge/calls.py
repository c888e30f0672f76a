"""Calls through an edge, both ends pretended: callers to call processes, call processes to agents' devices."""

from __future__ import annotations

from typing import Any

from telephony.edge.message import Message
from tests.sip.edge.kit import SDP, Edge, Phone, Process, fresh


class Call:
    """A call of a phone to a public number that its process answered."""

    def __init__(self, phone: Phone, process: Process, number: str) -> None:
        self.phone, self.process, self.number, self.call_id = phone, process, number, fresh("call")
        self.branch = "z9hG4bK" + fresh()
        self.request = phone.invite_request(number, call_id=self.call_id, branch=self.branch)
        phone.send(self.request, phone.edge)
        self.invite = process.receive()
        self.edge = process.source

    def answer(self) -> Message:
        self.process.answer(self.invite, 200, body=SDP)
        self.ok = self.phone.receive()
        self.routes = [f"Route: {value}" for value in reversed(self.ok.values("record-route"))]
        return self.ok

    def in_dialog(self, method: str, cseq: int = 2, *extra: str, body: str = "", target: str = "") -> str:
        """A request of the caller's phone."""
        target = target or f"sip:{self.process.host}:{self.process.port}"
        return self.phone.request(
            method, target, *self.routes, *extra, call_id=self.call_id, cseq=cseq, body=body, to=f"<sip:{self.number}@x>;tag=ours"
        )  # fmt: skip

    def from_process(self, method: str, *extra: str, body: str = "") -> str:
        """A request of the call process."""
        talker = Phone(self.phone.edge)
        talker.host, talker.port = self.process.host, self.process.port
        routes = [f"Route: {value}" for value in self.invite.values("record-route")]
        target = f"sip:{self.phone.name}@{self.phone.host}:{self.phone.port}"
        request = talker.request(
            method, target, *routes, *extra, call_id=self.call_id, cseq=7, body=body, to="<sip:c@x>;tag=t1", tag="ours"
        )
        talker.close()
        return request


def dial(process: Process, edge: Edge, agent: Any, method: str = "INVITE", body: str = SDP) -> str:
    device = agent.devices.get().pk
    talker = Phone(edge.address)
    talker.host, talker.port = process.host, process.port
    return talker.request(
        method, f"sip:device-{device}@{edge.address[0]}", f"Route: <sip:{edge.address[0]}:{edge.address[1]};lr>", "X-CC-Secret: 1",
        body=body, call_id="out" + agent.name, branch="z9hG4bKout" + agent.name,
    )  # fmt: skip
