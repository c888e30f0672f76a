"""Every packet of a call on its way between callers and call processes."""

from __future__ import annotations

from typing import Any

import pytest

from telephony.edge.message import Message
from tests.sip.edge.calls import Call, dial
from tests.sip.edge.kit import SDP, Company, Edge, Phone, Process, answered, fresh, running_edge
from tests.until import until


def test_a_call_goes_both_ways(call: Call) -> None:
    assert call.invite.get("max-forwards") == "69"
    assert call.answer().status == 200
    assert call.ok.values("via") == [call.invite.values("via")[1]]
    call.phone.send(call.in_dialog("ACK", 1), call.phone.edge)
    assert call.process.receive().start.startswith("ACK")
    call.phone.send(call.in_dialog("INVITE", 2, body=SDP.replace("a=ptime", "a=sendonly\r\na=ptime")), call.phone.edge)
    again = call.process.receive()
    assert again.method == "INVITE"
    assert not again.get("route")
    assert b"a=sendonly" in again.body
    call.process.send(call.from_process("BYE"), call.edge)
    bye = call.phone.receive()
    assert bye.method == "BYE"
    call.phone.send(bye.reply(200, "OK"), call.phone.edge)
    assert call.process.receive().status == 200


def test_the_outside_never_sees_or_sends_g722(call: Call) -> None:
    assert b"m=audio 4000 RTP/AVP 8 0 101\r\n" in call.invite.body
    call.answer()
    assert b"m=audio 4000 RTP/AVP 8 0 101\r\n" in call.ok.body


def test_a_repeated_invite_reaches_the_same_process_once_claimed(call: Call, edge: Edge) -> None:
    claims = len(edge.claimed())
    call.phone.send(call.request, call.phone.edge)
    again = call.process.receive()
    assert again.values("via") == call.invite.values("via")
    assert len(edge.claimed()) == claims


def test_a_repeated_invite_waits_with_the_first(stranger: Phone, process: Process, company: Company, edge: Edge) -> None:
    edge.claims, claims = False, len(edge.claimed())
    request = stranger.invite_request(company.public, call_id="held", branch="z9hG4bKheld")
    for _ in range(3):
        stranger.send(request, stranger.edge)
    cancel = stranger.request("CANCEL", f"sip:{company.public}@x", call_id="held", branch="z9hG4bKheld")
    stranger.send(cancel, stranger.edge)
    until(lambda: len(edge.claimed()) > claims, what="the claim")
    assert edge.alive()
    edge.tell(op="claimed", key=edge.notes[-1]["key"], port=process.port, busy=False)
    edge.claims = True
    assert [process.receive().method for _ in range(2)] == ["INVITE", "CANCEL"]
    assert process.silent()
    assert len(edge.claimed()) == claims + 1


def test_cancel_and_ack_of_a_failure_follow_the_invite(call: Call) -> None:
    cancel = call.phone.request("CANCEL", f"sip:{call.number}@x", call_id=call.call_id, branch=call.branch)
    call.phone.send(cancel, call.phone.edge)
    arrived = call.process.receive()
    assert arrived.method == "CANCEL"
    assert arrived.values("via")[0] == call.invite.values("via")[0]
    call.process.answer(arrived, 200)
    call.process.answer(call.invite, 487)
    assert [call.phone.receive().status for _ in range(2)] == [200, 487]
    ack = call.phone.request("ACK", f"sip:{call.number}@x", call_id=call.call_id, branch=call.branch, to="<sip:x@y>;tag=ours")
    call.phone.send(ack, call.phone.edge)
    arrived = call.process.receive()
    assert arrived.method == "ACK"
    assert arrived.values("via")[0] == call.invite.values("via")[0]


def refused_for_want_of_a_process(stranger: Phone, request: str, edge: Edge) -> Message:
    edge.claims, claims = False, len(edge.claimed())
    stranger.send(request, stranger.edge)
    until(lambda: len(edge.claimed()) > claims, what="the claim")
    edge.tell(op="claimed", key=edge.notes[-1]["key"], port=None, busy=True)
    edge.claims = True
    return stranger.receive()


def test_no_process_to_be_had_is_503_with_a_time_to_come_back(stranger: Phone, company: Company, edge: Edge, process: Process) -> None:
    reply = refused_for_want_of_a_process(stranger, stranger.invite_request(company.public), edge)
    assert (reply.status, reply.get("retry-after")) == (503, "5")


def test_a_repetition_of_a_refused_invite_begins_no_call(stranger: Phone, company: Company, edge: Edge, process: Process) -> None:
    """It was on its way when the caller heard the 503, and would find a process now."""
    request = stranger.invite_request(company.public)
    first = refused_for_want_of_a_process(stranger, request, edge)
    claims = len(edge.claimed())
    assert stranger.ask(request).encode() == first.encode()
    assert process.silent()
    assert len(edge.claimed()) == claims


@pytest.mark.parametrize("same_call_id", [True, False], ids=["same Call-ID", "new Call-ID"])
def test_who_comes_back_after_a_refusal_is_served(
    stranger: Phone, company: Company, edge: Edge, process: Process, same_call_id: bool
) -> None:  # fmt: skip
    call_id = fresh("call")
    refused_for_want_of_a_process(stranger, stranger.invite_request(company.public, call_id=call_id), edge)
    later = stranger.invite_request(company.public, call_id=call_id if same_call_id else fresh("call"), cseq=2)
    stranger.send(later, stranger.edge)
    assert process.receive().method == "INVITE"


@pytest.mark.parametrize("method", ["ACK", "INFO", "BYE"])
def test_a_caller_that_heeds_neither_contact_nor_record_route_is_in_its_call(call: Call, method: str) -> None:
    """SIPp's built-in caller sends all that follows to the number it called, through no route."""
    call.answer()
    call.routes = []
    call.phone.send(call.in_dialog(method, 2, target=f"sip:{call.number}@callcenter"), call.phone.edge)
    assert call.process.receive().method == method


@pytest.mark.parametrize(
    ("kind", "body"),
    [("dtmf", "5"), ("dtmf", "Signal=5"), ("dtmf-relay", "Signal=5\r\nDuration=160\r\n"), ("dtmf-relay", "signal= 5\r\nDuration= 160")],
)
def test_a_digit_by_info_reaches_the_process_in_the_form_it_reads(call: Call, kind: str, body: str) -> None:
    call.answer()
    call.phone.send(call.in_dialog("INFO", 2, f"Content-Type: application/{kind}", body=body), call.phone.edge)
    heard = call.process.receive()
    assert (heard.get("content-type"), heard.body) == ("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n")


def test_nobody_without_the_dialogs_from_tag_is_in_a_call(call: Call, edge: Edge) -> None:
    call.answer()
    call.routes = []
    request = call.in_dialog("BYE", 2, target=f"sip:{call.number}@callcenter").replace(";tag=t1", ";tag=other")
    assert call.phone.ask(request).status == 481
    assert call.process.silent()


def test_the_bye_of_a_call_whose_process_is_over_is_answered(call: Call, edge: Edge) -> None:
    """Both sides hung up at once. Never a 481 of ours for that."""
    call.answer()
    edge.tell(op="gone", port=call.process.port)
    until(lambda: answered(call.phone, call.in_dialog("INFO", 3)) == 481, what="the edge to know that the process is gone")
    assert call.phone.ask(call.in_dialog("BYE", 4)).status == 200


def test_a_new_call_is_refused_while_draining_and_calls_go_on(company: Company, database: Any) -> None:
    with running_edge(database.environment) as edge:
        call = Call(Phone(edge.address), edge.process, company.public)
        call.answer()
        edge.tell(op="drain")
        edge.claims = False

        other = Phone(edge.address)
        until(lambda: answered(other, other.invite_request(company.public)) == 503, what="new calls to be refused")
        call.phone.send(call.in_dialog("BYE"), edge.address)
        assert call.process.receive().method == "BYE"


# ---- an edge that dies -----------------------------------------------------------------------------------------
def test_nothing_is_lost_when_the_edge_is_killed(call: Call, edge: Edge, agent: Any, desk: Phone) -> None:
    call.answer()
    early = Call(Phone(edge.address), call.process, call.number)
    edge.kill()
    edge.start()
    # A repeated INVITE finds its process again, and what it may believe of its source.
    early.phone.send(early.request, edge.address)
    again = early.process.receive()
    assert again.values("via") == early.invite.values("via")
    assert again.get("x-cc-source") == "public"
    early.process.answer(early.invite, 200)
    assert early.phone.receive().status == 200
    # The talking call goes on, both ways.
    call.phone.send(call.in_dialog("INVITE", 2, body=SDP), edge.address)
    assert call.process.receive().method == "INVITE"
    call.process.send(call.from_process("BYE"), edge.address)
    assert call.phone.receive().method == "BYE"
    # A phone that registered before is rung.
    call.process.send(dial(call.process, edge, agent), edge.address)
    assert desk.receive().method == "INVITE"
