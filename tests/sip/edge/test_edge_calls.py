"""Who may call, and every packet of a call on its way between phones and call processes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from telephony.edge.message import Message
from tests.sip.edge.kit import SDP, Company, Edge, Phone, Process, answered, fresh, running_edge
from tests.until import until

CONTACT = "Contact: <sip:x@10.0.0.1>"


@pytest.fixture
def stranger(edge: Edge) -> Iterator[Phone]:
    made = Phone(edge.address)
    yield made
    made.close()


@pytest.fixture
def process(edge: Edge) -> Iterator[Process]:
    """A call process of this test's own: the next call goes to it."""
    before, edge.process = edge.process, Process()
    edge.tell(op="process", port=edge.process.port)
    yield edge.process
    edge.process.close()
    edge.tell(op="gone", port=edge.process.port)
    edge.process = before


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

    def in_dialog(self, method: str, cseq: int = 2, *extra: str, body: str = "") -> str:
        """A request of the caller's phone."""
        target = f"sip:{self.process.host}:{self.process.port}"
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


@pytest.fixture
def call(stranger: Phone, process: Process, company: Company) -> Call:
    return Call(stranger, process, company.public)


# ---- admission -------------------------------------------------------------------------------------------------
def test_a_stranger_reaches_a_public_number(call: Call, edge: Edge) -> None:
    assert call.invite.start.startswith(f"INVITE sip:{call.number}@")
    assert call.invite.get("x-cc-source") == "public"


def test_a_stranger_is_asked_for_a_password_at_other_numbers(stranger: Phone, company: Company, edge: Edge, process: Process) -> None:
    """Whether they exist or not."""
    known = stranger.ask(stranger.invite_request(company.private))
    unknown = stranger.ask(stranger.invite_request("no-such-number"))
    assert (known.status, unknown.status) == (407, 407)
    assert process.silent()


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_an_agents_phone_calls_numbers_that_are_not_public(
    edge: Edge, process: Process, company: Company, agent: Any, algorithm: str
) -> None:  # fmt: skip
    phone = Phone(edge.address, agent.sip_username)
    phone.algorithm = algorithm
    phone.invite(company.private)
    invite = process.receive()
    assert invite.get("x-cc-source") == f"agent:{agent.pk}"
    assert not invite.get("proxy-authorization")
    assert b"m=audio 4000 RTP/AVP 9 8 0 101" in invite.body


def test_an_agents_phone_hears_that_a_number_does_not_exist(edge: Edge, agent: Any) -> None:
    phone = Phone(edge.address, agent.sip_username)
    phone.invite("no-such-number")
    assert phone.receive().status == 404


def test_a_wrong_password_is_asked_again(edge: Edge, agent: Any, company: Company, process: Process) -> None:
    phone = Phone(edge.address, agent.sip_username, "wrong")
    phone.invite(company.private)
    assert phone.receive().status == 407
    assert process.silent()


def test_a_trunk_is_known_by_its_address(edge: Edge, company: Company, process: Process) -> None:
    trunk = company.trunk(addresses="127.0.7.0/28\n203.0.113.9")
    phone = Phone(edge.address, host="127.0.7.3")
    reload(edge, lambda: phone.ask(phone.invite_request("no-such-number")).status == 404)
    phone.send(phone.invite_request(company.private), edge.address)
    assert process.receive().get("x-cc-source") == f"trunk:{trunk.pk}"
    outside = Phone(edge.address, host="127.0.7.16")
    assert outside.ask(outside.invite_request(company.private)).status == 407


def test_a_trunk_is_known_by_its_password(edge: Edge, company: Company, process: Process) -> None:
    trunk = company.trunk(username=fresh("carrier"), password="s3cret")
    phone = Phone(edge.address, trunk.username, "s3cret")

    def heard() -> bool:
        phone.invite("no-such-number")
        return phone.receive().status == 404

    reload(edge, heard)
    phone.invite(company.private)
    assert process.receive().get("x-cc-source") == f"trunk:{trunk.pk}"
    assert phone.register(CONTACT).status == 403


def test_a_trunk_may_not_have_more_calls_than_agreed(edge: Edge, company: Company, process: Process) -> None:
    company.trunk(addresses="127.0.8.1", max_calls=2)
    phone = Phone(edge.address, host="127.0.8.1")
    reload(edge, lambda: phone.ask(phone.invite_request("no-such-number")).status == 404)
    for _ in range(2):
        phone.send(phone.invite_request(company.private), edge.address)
        process.receive()
    full = phone.ask(phone.invite_request(company.private))
    assert (full.status, full.get("retry-after")) == (503, "10")
    edge.kill()
    edge.start()
    refused = phone.invite_request(company.private)
    again = phone.ask(refused)
    assert again.status == 503
    edge.tell(op="gone", port=process.port)
    edge.tell(op="process", port=process.port)

    def served() -> bool:
        phone.send(phone.invite_request(company.private), edge.address)
        return not process.silent()

    until(served, what="a call to be let in again")
    edge.tell(op="gone", port=process.port)
    edge.tell(op="process", port=process.port)
    assert phone.ask(refused).encode() == again.encode(), "its repetition should begin no call"


def test_nobody_can_say_who_the_edge_says_they_are(stranger: Phone, process: Process, company: Company) -> None:
    stranger.send(stranger.invite_request(company.public, "X-CC-Source: agent:1", "X-CC-Anything: 1", "X-Customer: 7"), stranger.edge)
    invite = process.receive()
    assert invite.values("x-cc-source") == ["public"]
    assert not invite.get("x-cc-anything")
    assert invite.get("x-customer") == "7"


@pytest.mark.parametrize("method", ["BYE", "INFO", "UPDATE", "REFER", "NOTIFY", "PRACK", "CANCEL"])
def test_requests_outside_a_dialog_lead_nowhere(stranger: Phone, process: Process, method: str) -> None:
    reply = stranger.ask(stranger.request(method, "sip:victim@127.0.0.9:5999", f"Route: <sip:{stranger.host}:{stranger.port};lr>"))
    assert reply.status == 481
    assert process.silent()


@pytest.mark.parametrize("method", ["MESSAGE", "SUBSCRIBE", "PUBLISH", "FOO"])
def test_unwanted_methods_are_refused(stranger: Phone, method: str) -> None:
    reply = stranger.ask(stranger.request(method, "sip:general@127.0.0.1"))
    assert reply.status == 405
    assert "INVITE" in reply.get("allow")


def test_the_edge_relays_to_nobody(stranger: Phone, process: Process, company: Company) -> None:
    victim = Phone(stranger.edge)
    target = f"sip:{victim.host}:{victim.port}"
    inside = stranger.request("BYE", target, to="<sip:a@b>;tag=x")
    with_route = stranger.request("BYE", target, f"Route: <{target};lr>", to="<sip:a@b>;tag=x")
    forged = stranger.request(
        "BYE", target, f"Route: <sip:{stranger.edge[0]}:{stranger.edge[1]};lr;f=fwAAAZ42ABYJyBSIt6diQDG_>", to="<sip:a@b>;tag=x"
    )  # fmt: skip
    for request in (inside, with_route, forged, stranger.request("INVITE", target, f"Route: <{target};lr>")):
        assert stranger.ask(request).status in (407, 481)
    assert victim.silent()


def test_a_response_cannot_be_used_to_reach_somebody_else(stranger: Phone, call: Call) -> None:
    """Our Via on top of the victim's: the branch is signed with the address it answers to."""
    victim = Phone(stranger.edge)
    forged = call.invite.reply(200, "OK", to_tag="x")
    forged.headers[1] = (
        "via",
        f"Via: SIP/2.0/UDP {victim.host}:{victim.port};rport={victim.port};received={victim.host};branch={call.branch}",
    )
    stranger.send(forged, stranger.edge)
    assert victim.silent()


# ---- the way of a call -----------------------------------------------------------------------------------------
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


# ---- towards phones --------------------------------------------------------------------------------------------
@pytest.fixture
def desk(edge: Edge, agent: Any) -> Phone:
    phone = Phone(edge.address, agent.sip_username)
    assert phone.register("Contact: <sip:desk@192.0.2.77:7777;line=1>").status == 200
    return phone


def dial(process: Process, edge: Edge, agent: Any, method: str = "INVITE", body: str = SDP) -> str:
    device = agent.devices.get().pk
    talker = Phone(edge.address)
    talker.host, talker.port = process.host, process.port
    return talker.request(
        method, f"sip:device-{device}@{edge.address[0]}", f"Route: <sip:{edge.address[0]}:{edge.address[1]};lr>", "X-CC-Secret: 1",
        body=body, call_id="out" + agent.name, branch="z9hG4bKout" + agent.name,
    )  # fmt: skip


def test_a_process_calls_a_device(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    process.send(dial(process, edge, agent), edge.address)
    invite = desk.receive()
    assert invite.start == "INVITE sip:desk@192.0.2.77:7777;line=1 SIP/2.0"
    assert not invite.get("x-cc-secret")
    assert b"RTP/AVP 9 8 0 101" in invite.body
    ringing = invite.reply(180, "Ringing", to_tag="desk")
    desk.send(ringing, edge.address)
    assert process.receive().status == 180
    process.send(dial(process, edge, agent, "CANCEL", ""), edge.address)
    cancel = desk.receive()
    assert cancel.method == "CANCEL"
    assert cancel.values("via")[0] == invite.values("via")[0]
    process.send(dial(process, edge, agent, "ACK", ""), edge.address)
    assert desk.receive().method == "ACK"


def test_a_phone_that_signs_off_while_it_rings_hears_the_cancel(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    invite, cancel = dial(process, edge, agent), dial(process, edge, agent, "CANCEL", "")
    process.send(invite, edge.address)
    desk.receive()
    assert desk.register("Contact: *", "Expires: 0").status == 200
    process.send(cancel, edge.address)
    assert desk.receive().method == "CANCEL"
    process.send(invite, edge.address)
    assert process.receive().status == 480


def test_the_phone_hangs_up(process: Process, edge: Edge, agent: Any, desk: Phone) -> None:
    process.send(dial(process, edge, agent), edge.address)
    invite = desk.receive()
    routes = [f"Route: {value}" for value in invite.values("record-route")]
    target = f"sip:{process.host}:{process.port}"
    desk.send(desk.request("BYE", target, *routes, call_id=invite.call_id, to="<sip:a@b>;tag=t1", tag="desk"), edge.address)
    assert process.receive().method == "BYE"


def test_only_processes_reach_devices(stranger: Phone, edge: Edge, agent: Any, desk: Phone) -> None:
    device = agent.devices.get().pk
    assert stranger.ask(stranger.invite_request(f"device-{device}")).status == 407
    assert desk.silent()


def test_the_caller_of_a_dead_process_gets_its_bye(call: Call, edge: Edge) -> None:
    call.answer()
    dialog = {
        "call_id": call.call_id, "local_uri": f"<sip:{call.number}@x>", "local_tag": "ours", "remote_uri": "<sip:stranger@callcenter>",
        "remote_tag": "t1", "remote_target": f"sip:stranger@{call.phone.host}:{call.phone.port}", "local_cseq": 4,
        "route_set": call.invite.values("record-route"),
    }  # fmt: skip
    edge.tell(op="bye", dialog=dialog)
    bye = call.phone.receive()
    assert bye.start == f"BYE {dialog['remote_target']} SIP/2.0"
    assert (bye.tag("from"), bye.tag("to"), bye.cseq, bye.call_id) == ("ours", "t1", 5, call.call_id)
    assert call.phone.receive().encode() == bye.encode(), "repeated until answered"
    call.phone.send(bye.reply(200, "OK"), edge.address)
    assert call.phone.silent(1.2)


def test_a_bye_goes_only_where_our_own_token_says(stranger: Phone, edge: Edge) -> None:
    dialog = {
        "call_id": "c", "local_uri": "<sip:a@b>", "local_tag": "1", "remote_uri": "<sip:c@d>", "remote_tag": "2", "local_cseq": 1,
        "remote_target": f"sip:{stranger.host}:{stranger.port}", "route_set": [],
    }  # fmt: skip
    edge.tell(op="bye", dialog=dialog)
    assert stranger.silent(0.3)
    assert edge.alive()


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


def reload(edge: Edge, known: Any) -> None:
    edge.tell(op="reload")
    until(known, what="the edge to know the new rows")
