"""Hostile packets through the real edge to real call processes: INVITE, ACK, re-INVITE, INFO, BYE, and answers to our own INVITEs.

PJSIP in the wheel aborts on many of these when they reach it (see docs/architecture.md): not one may.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import Any

import pytest

from telephony.edge.message import Malformed, Message
from tests.sip.edge.kit import SDP, Company, Edge, Phone, fresh
from tests.sip.edge.mutants import mutate
from tests.sip.edge.target import Range
from tests.until import until

MUTATIONS = int(os.environ.get("FUZZ_MUTATIONS", "5200"))
SEED = int(os.environ.get("FUZZ_SEED", "0")) or random.randrange(1 << 30)
LEAST = {"INVITE": 0.05, "ACK": 0.05, "answer": 0.05, "re-INVITE": 0.1, "other": 0.1}
"""Share of each kind of packet that must have been shot; usual is three times as much."""
RENEW_SECONDS = 30.0
"""So often the desk registers again: it must be rung to the end, however long that takes."""
PATIENCE = 0.06
"""Seconds for an answer; no answer is an answer too."""
IN_DIALOG = 0.02
"""Ten times what an answer within a dialog takes on a quiet machine; half of these requests get none."""
SET_UP = 1.0
"""Seconds for the answer of a process that was given the call."""


class Aimed(Edge):
    """Gives each claim to a process of the range that has no call yet."""

    targets: Range
    last_port = 0
    used = False
    """Whether a process was given the call of the INVITE sent last."""

    def choose(self) -> int:
        until(lambda: self.targets.idle, within=10, what="an idle target")
        self.last_port = self.targets.idle.pop(0)
        self.used = True
        self.targets.spawn()
        self.tell(op="process", port=self.last_port)
        return self.last_port


class Attacker:
    """One caller and one agent's phone, both hostile. Keeps the packets of the current call, to be shown when a process dies."""

    def __init__(self, edge: Aimed, desk: Phone, number: str, dice: random.Random) -> None:
        self.edge, self.desk, self.number, self.dice = edge, desk, number, dice
        self.phone = Phone(edge.address)
        self.shots: Counter[str] = Counter()
        self.rung: set[str] = set()
        self.past: set[str] = set()
        """Call-IDs of the INVITEs before the present one."""
        self.registered_at = time.monotonic()
        self.history: list[str] = []
        self.earlier: list[str] = []

    @property
    def packets(self) -> str:
        """Of this call and the one before: a process may die a moment later."""
        return "\n----\n".join([*self.earlier, *self.history])

    def shoot(self, wire: Phone, kind: str, text: str) -> None:
        self.shots[kind] += 1
        mutant = mutate(text, self.dice)
        self.history.append(mutant)
        wire.send(mutant, self.edge.address)

    def heard(self, wire: Phone, within: float = PATIENCE) -> Message | None:
        try:
            return wire.receive(within)
        except (TimeoutError, Malformed):
            return None

    def final(self, within: float = PATIENCE) -> Message | None:
        """The next final answer to the caller, of this call or of one whose Call-ID was mutated: not the echo of an earlier one."""
        end = time.monotonic() + within
        while (answer := self.heard(self.phone, max(end - time.monotonic(), 0.001))) is not None:
            if answer.status >= 200 and answer.call_id not in self.past:
                return answer
        return None

    def call(self) -> None:
        """Hostile INVITEs until one gets through, then all that can follow in its dialog."""
        self.earlier, self.history = self.history, []
        if time.monotonic() > self.registered_at + RENEW_SECONDS:
            until(self._register, within=10, what="the desk to be registered")
        body = SDP if self.dice.random() < 0.7 else ""
        for _ in range(30):
            call_id = fresh("fuzz")
            invite = self.phone.invite_request(self.number, call_id=call_id, branch="z9hG4bK" + fresh(), body=body)
            self.edge.used = False
            if self.dice.random() < 0.15:
                self.phone.send(invite, self.edge.address)  # a clean one, so that what follows is reached as well
            else:
                self.shoot(self.phone, "INVITE", invite)
            answer = self.final() or (self.final(SET_UP) if self.edge.used else None)
            self.past.add(call_id)
            if answer and answer.status == 200:
                self._talk(answer, "" if body else SDP)
                return

    def _talk(self, ok: Message, answer_body: str) -> None:
        routes = [f"Route: {value}" for value in reversed(ok.values("record-route"))]
        target = f"sip:{self.edge.address[0]}:{self.edge.last_port}"
        tag = ok.tag("to")

        def request(method: str, cseq: int, *extra: str, body: str = "") -> str:
            return self.phone.request(method, target, *routes, *extra, call_id=ok.call_id, cseq=cseq, body=body, to=f"<sip:x@y>;tag={tag}")

        self.shoot(self.phone, "ACK", request("ACK", 1, body=answer_body))
        self.phone.send(request("ACK", 1, body=answer_body), self.edge.address)
        self._ring()
        for turn in range(6):
            cseq = 2 + 2 * turn
            self.shoot(self.phone, "re-INVITE", request("INVITE", cseq, body=SDP))
            if (answer := self.final(IN_DIALOG)) and answer.status == 200:
                self.shoot(self.phone, "ACK", request("ACK", cseq, body=self.dice.choice(("", SDP))))
            other, extra, content = self.dice.choice(OTHERS)
            self.shoot(self.phone, "other", request(other, cseq + 1, *extra, body=content))
            self.final(0.01)
        self.phone.send(request("BYE", 50), self.edge.address)
        self.final(IN_DIALOG)

    def _ring(self) -> None:
        """The process rings our desk phone: answer badly."""
        invite = self._invited(0.5)
        if invite is None:
            return
        for status, body in ((180, ""), (183, SDP), (200, SDP), (200, SDP)):
            reply = invite.reply(status, "Reason", ("Contact", f"<sip:{self.desk.name}@{self.desk.host}:{self.desk.port}>"), to_tag="desk")
            reply.headers[2:2] = [header for header in invite.headers if header[0] == "record-route"]
            if body:
                reply.set("Content-Type", "application/sdp")
                reply.body = body.encode()
            self.shoot(self.desk, "answer", reply.encode().decode("latin-1"))
        while self.heard(self.desk, 0.01):
            pass

    def _invited(self, within: float) -> Message | None:
        """The INVITE of this call; what is repeated for earlier ones is passed over."""
        end = time.monotonic() + within
        while (heard := self.heard(self.desk, max(end - time.monotonic(), 0.001))) is not None:
            if heard.method == "INVITE" and heard.is_request and heard.call_id not in self.rung:
                self.rung.add(heard.call_id)
                return heard
        return None

    def _register(self) -> bool:
        while self.heard(self.desk, 0.01):
            pass
        self.registered_at = time.monotonic()
        return registered(self.desk)


def registered(desk: Phone) -> bool:
    return desk.register(f"Contact: <sip:desk@{desk.host}:{desk.port}>").status == 200


DIGIT = "Signal=5\r\nDuration=160\r\n"
OTHERS: list[tuple[str, list[str], str]] = [
    ("INFO", ["Content-Type: application/dtmf-relay"], DIGIT), ("INFO", ["Content-Type: application/dtmf"], "5"), ("UPDATE", [], SDP),
    ("PRACK", ["RAck: 1 1 INVITE"], SDP), ("REFER", ["Refer-To: <sip:a@b>"], ""), ("NOTIFY", ["Event: refer"], ""), ("OPTIONS", [], ""),
    ("BYE", ["X: y"], SDP), ("CANCEL", [], ""), ("INVITE", ["Require: 100rel"], SDP),
]  # fmt: skip


@pytest.fixture
def aimed(company: Company, database: Any) -> Any:
    edge = Aimed(database.environment).start()
    yield edge
    edge.stop()


def test_a_stream_without_an_address_ends_no_call_process(aimed: Aimed, company: Company) -> None:
    """Of two streams the second is switched off; a process that read its address was gone without an answer."""
    phone = Phone(aimed.address)
    body = SDP.replace("c=IN IP4 127.0.0.1\r\n", "") + "c=IN IP4 127.0.0.1\r\nm=audio 4002 RTP/AVP 8\r\n"
    with Range(aimed.address, device=1) as targets:
        aimed.targets = targets
        targets.spawn()
        phone.send(phone.invite_request(company.public, body=body), aimed.address)
        until(lambda: phone.receive().status == 200, what="the call to be answered")
    assert not targets.crashes()


def test_hostile_packets_end_neither_edge_nor_call_process(aimed: Aimed, company: Company) -> None:
    dice = random.Random(SEED)
    desk = Phone(aimed.address, company.alice.sip_username)
    assert registered(desk)
    began = time.monotonic()
    with Range(aimed.address, company.alice.devices.get().pk) as targets:
        aimed.targets = targets
        for _ in range(4):
            targets.spawn()
        attacker = Attacker(aimed, desk, company.public, dice)
        while attacker.shots.total() < MUTATIONS:
            attacker.call()
            assert not targets.crashes(), f"seed {SEED}: a process ended with {targets.crashes()}; its packets:\n{attacker.packets}"
            assert aimed.child.poll() is None, f"seed {SEED}: the edge ended"
        aimed_alive = aimed.alive()
        took = time.monotonic() - began
    print(f"seed {SEED}: {dict(attacker.shots)}, {len(attacker.rung)} rung, {targets.started} processes, {took:.0f} s, 0 crashes")
    assert aimed_alive
    assert len(targets.exits) == targets.started, "of every process it is known how it ended"
    assert not targets.crashes(), f"seed {SEED}: a process ended with {targets.crashes()}; the last packets:\n{attacker.packets}"
    assert targets.started > MUTATIONS / 100, "too few calls got through to prove anything"
    for kind, least in LEAST.items():
        assert attacker.shots[kind] >= least * MUTATIONS, f"too few of a kind to prove anything: {attacker.shots}"
