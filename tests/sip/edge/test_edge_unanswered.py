"""A call process that is gone before its caller was answered: the edge tells the caller."""

from __future__ import annotations

import pytest

from telephony.edge.message import Message
from tests.sip.edge.calls import Call
from tests.sip.edge.kit import SDP, Company, Edge, Phone, Process, answered
from tests.until import until


def ack(call: Call, failure: Message) -> str:
    target = f"sip:{call.number}@x"
    return call.phone.request("ACK", target, call_id=call.call_id, branch=call.branch, to=failure.get("to"))


def cancel(call: Call) -> str:
    return call.phone.request("CANCEL", f"sip:{call.number}@x", call_id=call.call_id, branch=call.branch)


def process_is_gone(call: Call, edge: Edge) -> None:
    edge.tell(op="gone", port=call.process.port)


def rings(call: Call, status: int = 180) -> None:
    call.process.answer(call.invite, status, body=SDP if status == 183 else "")
    assert call.phone.receive().status == status


@pytest.mark.parametrize("heard", [0, 180, 183], ids=["nothing", "ringing", "early media"])
def test_the_caller_is_told_until_it_acknowledges(call: Call, edge: Edge, heard: int) -> None:
    if heard:
        rings(call, heard)
    process_is_gone(call, edge)
    told = call.phone.receive(1.0)
    assert (told.status, told.cseq_method, told.get("retry-after")) == (500, "INVITE", "")
    assert told.values("via")[0].split(";received")[0].endswith(call.branch)
    assert call.phone.receive(1.0).encode() == told.encode(), "it should be repeated"
    call.phone.send(ack(call, told), call.phone.edge)
    assert call.phone.silent(1.5), "it should be repeated no more"


def test_somebody_elses_ack_stops_nothing(call: Call, edge: Edge) -> None:
    process_is_gone(call, edge)
    told = call.phone.receive()
    call.phone.send(ack(call, told).replace(told.tag("to"), "guessed"), call.phone.edge)
    assert call.phone.receive(1.0).status == 500


def test_a_cancel_that_comes_too_late_is_answered(call: Call, edge: Edge) -> None:
    rings(call)
    process_is_gone(call, edge)
    told = call.phone.receive()
    call.phone.send(ack(call, told), call.phone.edge)
    ok = call.phone.ask(cancel(call))
    assert (ok.status, ok.cseq_method, ok.tag("to")) == (200, "CANCEL", told.tag("to"))


def test_a_cancel_that_the_dead_process_got_ends_the_invite(call: Call, edge: Edge) -> None:
    """Nobody knew yet that it was dead."""
    rings(call)
    call.phone.send(cancel(call), call.phone.edge)
    assert call.process.receive().method == "CANCEL"
    process_is_gone(call, edge)
    told = call.phone.receive()
    assert (told.status, told.cseq_method) == (487, "INVITE")
    call.phone.send(ack(call, told), call.phone.edge)
    assert call.phone.ask(cancel(call)).status == 200


def test_a_repetition_begins_no_other_call(call: Call, edge: Edge, process: Process) -> None:
    process_is_gone(call, edge)
    told = call.phone.receive()
    call.phone.send(ack(call, told), call.phone.edge)
    edge.tell(op="process", port=process.port)
    claims = len(edge.claimed())
    assert call.phone.ask(call.request).encode() == told.encode()
    assert len(edge.claimed()) == claims


@pytest.mark.parametrize("status", [200, 486, 603])
def test_who_was_answered_is_told_nothing_more(call: Call, edge: Edge, status: int) -> None:
    rings(call)
    call.process.answer(call.invite, status, body=SDP if status == 200 else "")
    assert call.phone.receive().status == status
    call.phone.send(call.request, call.phone.edge)  # repeated before the answer was there
    assert call.process.receive().method == "INVITE"
    process_is_gone(call, edge)
    assert call.phone.silent(1.0)


def test_other_calls_ring_on(call: Call, edge: Edge, company: Company, process: Process) -> None:
    other_process = Process()
    edge.tell(op="process", port=other_process.port)
    edge.process = other_process
    other = Call(Phone(edge.address), other_process, company.public)
    process_is_gone(call, edge)
    assert call.phone.receive().status == 500
    assert other.phone.silent()
    other.process.answer(other.invite, 200, body=SDP)
    assert other.phone.receive().status == 200
    edge.process = process
    other_process.close()


def test_an_edge_that_starts_anew_learns_it_from_a_repetition(call: Call, edge: Edge) -> None:
    edge.kill()
    edge.start()
    call.phone.send(call.request, call.phone.edge)
    assert call.process.receive().method == "INVITE"
    process_is_gone(call, edge)
    assert call.phone.receive().status == 500


def test_an_edge_that_starts_anew_knows_nothing_to_cancel(call: Call, edge: Edge) -> None:
    edge.kill()
    edge.start()
    process_is_gone(call, edge)
    until(lambda: answered(call.phone, cancel(call)) == 481, what="the CANCEL to lead nowhere")
