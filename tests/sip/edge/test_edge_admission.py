"""Who may call, as whom, and where nobody gets."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sip.edge.calls import Call
from tests.sip.edge.kit import SDP, Company, Edge, Phone, Process, fresh
from tests.until import until

CONTACT = "Contact: <sip:x@10.0.0.1>"


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


@pytest.mark.parametrize("domain", ["callcenter", "CallCenter", "127.0.0.1", "pbx.example.com"])
def test_an_agents_phone_is_asked_who_it_is_at_a_public_number_too(
    edge: Edge, process: Process, company: Company, agent: Any, domain: str
) -> None:  # fmt: skip
    """By whatever name it knows us."""
    phone = Phone(edge.address, agent.sip_username)
    uri, call_id = f"sip:{company.public}@{domain}", fresh("call")
    first = from_(phone, domain, phone.request("INVITE", uri, body=SDP, call_id=call_id))
    challenge = phone.ask(first)
    assert challenge.status == 407
    proof = phone.authorization("Proxy-Authorization", challenge, "INVITE", uri)
    phone.send(from_(phone, domain, phone.request("INVITE", uri, proof, body=SDP, call_id=call_id, cseq=2)), edge.address)
    assert process.receive().get("x-cc-source") == f"agent:{agent.pk}"


def test_nobody_calls_a_public_number_as_an_agent_without_the_password(
    edge: Edge, process: Process, company: Company, agent: Any
) -> None:  # fmt: skip
    for name in (agent.sip_username, agent.extension):
        phone = Phone(edge.address, name, "wrong")
        phone.invite(company.public)
        assert phone.receive().status == 407
    assert process.silent()


def test_a_stranger_who_is_called_like_an_agent_is_not_asked(edge: Edge, process: Process, company: Company, agent: Any) -> None:
    phone = Phone(edge.address, agent.sip_username)
    phone.send(from_(phone, "example.org", phone.invite_request(company.public)), edge.address)
    assert process.receive().get("x-cc-source") == "public"


def test_a_stranger_who_claims_to_be_nobody_of_ours_is_not_asked(edge: Edge, process: Process, company: Company) -> None:
    """As `sipp -sn uac` does."""
    phone = Phone(edge.address, "sipp")
    phone.send(from_(phone, edge.address[0], phone.invite_request(company.public)), edge.address)
    assert process.receive().get("x-cc-source") == "public"


def from_(phone: Phone, domain: str, request: str) -> str:
    return request.replace(f"From: <sip:{phone.name}@callcenter>", f"From: <sip:{phone.name}@{domain}>")


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
    phone = Phone(edge.address, trunk.username, "s3cret", host="127.0.9.1")

    def heard() -> bool:
        phone.invite("no-such-number")
        return phone.receive().status == 404

    reload(edge, heard)
    for number in (company.private, company.public):
        phone.invite(number)
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

    later = Phone(edge.address, host=phone.host)

    def served() -> bool:
        later.send(later.invite_request(company.private), edge.address)
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


def reload(edge: Edge, known: Any) -> None:
    edge.tell(op="reload")
    until(known, what="the edge to know the new rows")
