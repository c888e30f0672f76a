"""A call process dies while phones ring for it: the edge tells them to stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from telephony.edge.message import Message
from tests.sip.edge.calls import dial
from tests.sip.edge.kit import SDP, Edge, Phone, Process

LONGER = 1.2
"""Seconds in which two repetitions would have come (T1 = 0.5 s)."""


class Rung:
    """An agent's phone that a process rings."""

    def __init__(self, edge: Edge, process: Process, agent: Any, desk: Phone) -> None:
        self.edge, self.process, self.desk = edge, process, desk
        self.request = dial(process, edge, agent)
        process.send(self.request, edge.address)
        self.invite = desk.receive()

    def answer(self, status: int, body: str = "") -> Message:
        """Of the phone, on the way to the process."""
        reply = self.invite.reply(status, "Reason", to_tag="desk")
        at = next(place for place, (name, _) in enumerate(reply.headers) if name != "via")
        reply.headers[at:at] = [header for header in self.invite.headers if header[0] == "record-route"]
        reply.set("Contact", f"<sip:desk@{self.desk.host}:{self.desk.port}>")
        if body:
            reply.set("Content-Type", "application/sdp")
            reply.body = body.encode()
        self.desk.send(reply, self.edge.address)
        return reply

    def die(self) -> None:
        """The process was killed and the node says so."""
        self.edge.tell(op="gone", port=self.process.port)

    def expect(self, method: str) -> Message:
        heard = self.desk.receive()
        assert heard.method == method, heard.start
        return heard


@pytest.fixture
def rung(edge: Edge, process: Process, agent: Any, desk: Phone) -> Iterator[Rung]:
    made = Rung(edge, process, agent, desk)
    yield made
    edge.tell(op="process", port=process.port)


def test_a_phone_that_rings_for_a_dead_process_is_cancelled(rung: Rung) -> None:
    rung.answer(180)
    assert rung.process.receive().status == 180
    rung.die()
    cancel = rung.expect("CANCEL")
    assert cancel.uri == rung.invite.uri
    assert cancel.values("via") == rung.invite.values("via")[:1]
    assert [cancel.get(name) for name in ("from", "to", "call-id")] == [rung.invite.get(name) for name in ("from", "to", "call-id")]
    assert cancel.get("cseq") == f"{rung.invite.cseq} CANCEL"
    assert rung.expect("CANCEL").encode() == cancel.encode(), "repeated until answered"
    # Its answers are taken and go nowhere; the second is acknowledged, as often as it comes.
    rung.desk.send(cancel.reply(200, "OK", to_tag="desk"), rung.edge.address)
    for _ in range(2):
        rung.answer(487)
        ack = rung.expect("ACK")
        assert (ack.uri, ack.values("via"), ack.tag("to")) == (cancel.uri, cancel.values("via"), "desk")
        assert ack.get("cseq") == f"{rung.invite.cseq} ACK"
    assert rung.desk.silent(LONGER)
    assert rung.process.silent()


def test_a_487_stops_the_cancels_although_their_own_answer_was_lost(rung: Rung) -> None:
    rung.answer(180)
    rung.process.receive()
    rung.die()
    rung.expect("CANCEL")
    rung.answer(487)
    rung.expect("ACK")
    assert rung.desk.silent(LONGER)


def test_no_cancel_before_the_phone_has_said_anything(rung: Rung) -> None:
    """RFC 3261 9.1: it might overtake the INVITE."""
    rung.die()
    assert rung.desk.silent(LONGER)
    rung.answer(180)
    rung.expect("CANCEL")


def test_a_phone_that_was_answered_before_it_heard_the_cancel_is_hung_up(rung: Rung) -> None:
    rung.answer(180)
    rung.process.receive()
    rung.die()
    rung.expect("CANCEL")
    rung.answer(200, SDP)
    acknowledged_and_hung_up(rung)


def test_a_phone_whose_200_the_dead_process_never_acknowledged_is_hung_up(rung: Rung) -> None:
    rung.answer(200, SDP)
    assert rung.process.receive().status == 200
    rung.die()
    assert rung.desk.silent(), "what was answered is not cancelled"
    rung.answer(200, SDP)  # its repetition, for want of an ACK
    acknowledged_and_hung_up(rung)


def acknowledged_and_hung_up(rung: Rung) -> None:
    ack, bye = rung.expect("ACK"), rung.expect("BYE")
    contact = f"sip:desk@{rung.desk.host}:{rung.desk.port}"
    for request in (ack, bye):
        assert (request.uri, request.call_id, request.tag("to")) == (contact, rung.invite.call_id, "desk")
        assert request.tag("from") == rung.invite.tag("from")
        assert len(request.values("via")) == 1
    assert (ack.cseq, bye.cseq) == (rung.invite.cseq, rung.invite.cseq + 1)
    assert ack.get("via") not in (bye.get("via"), rung.invite.get("via")), "a transaction of its own"
    rung.desk.send(bye.reply(200, "OK"), rung.edge.address)
    rung.answer(200, SDP)
    rung.expect("ACK")
    assert rung.desk.silent(LONGER), "one BYE is enough"


@pytest.mark.parametrize("status", [486, 487, 603])
def test_a_phone_that_refused_hears_no_more(rung: Rung, status: int) -> None:
    rung.answer(180)
    rung.answer(status)
    assert [rung.process.receive().status for _ in range(2)] == [180, status]
    rung.expect("ACK")
    rung.die()
    assert rung.desk.silent(LONGER)


def test_a_talk_is_left_to_the_bye_that_the_node_asks_for(rung: Rung) -> None:
    ok = rung.answer(200, SDP)
    rung.process.receive()
    talker = Phone(rung.edge.address)
    talker.host, talker.port = rung.process.host, rung.process.port
    routes = [f"Route: {value}" for value in reversed(ok.values("record-route"))]
    target = f"sip:desk@{rung.desk.host}:{rung.desk.port}"
    ack = talker.request("ACK", target, *routes, call_id=rung.invite.call_id, to=ok.get("to"), tag=rung.invite.tag("from"))
    rung.process.send(ack, rung.edge.address)
    rung.expect("ACK")
    rung.die()
    rung.answer(200, SDP)  # was on its way; the node's BYE ends this dialog
    assert rung.desk.silent()


def test_phones_of_other_processes_ring_on(rung: Rung, edge: Edge) -> None:
    rung.answer(180)
    rung.process.receive()
    other = Process()
    edge.tell(op="process", port=other.port)
    edge.tell(op="gone", port=other.port)
    assert edge.alive()
    assert rung.desk.silent()
    rung.answer(180)
    assert rung.process.receive().status == 180


def test_an_edge_that_was_killed_meanwhile_leaves_the_phone_to_its_expiry(rung: Rung, edge: Edge) -> None:
    rung.answer(180)
    rung.process.receive()
    edge.kill()
    edge.start()
    rung.die()
    assert edge.alive()
    assert rung.desk.silent()
