"""Phones sign in and off, on the wire and in the rows."""

from __future__ import annotations

import time
from typing import Any

import pytest

from agents.models import Device
from telephony.services.registrar import expire_registrations
from tests.sip.edge.kit import Company, Edge, Phone, registered
from tests.until import until


def test_a_challenge_offers_sha_256_first_and_md5_second(phone: Phone) -> None:
    challenge = phone.challenge()
    assert challenge.status == 401
    offers = challenge.values("www-authenticate")
    assert [offer.partition("algorithm=")[2].split(",")[0] for offer in offers] == ["SHA-256", "MD5"]
    assert all('qop="auth"' in offer and 'realm="callcenter"' in offer for offer in offers)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_phone_signs_in(phone: Phone, agent: Any, algorithm: str) -> None:
    phone.algorithm = algorithm
    reply = phone.register("Contact: <sip:desk@10.1.2.3>", "Expires: 300")
    assert reply.status == 200
    assert reply.values("contact") == ["<sip:desk@10.1.2.3>;expires=300"]
    (row,) = registered(agent)
    assert (row.contact, row.received_host, row.received_port) == ("sip:desk@10.1.2.3", phone.host, phone.port)
    device = Device.objects.get(agent=agent)
    assert row.device == device
    assert abs((device.lease_until - row.expires_at).total_seconds()) < 1


def test_an_agent_has_several_phones(phone: Phone, agent: Any, edge: Edge) -> None:
    other = Phone(edge.address, agent.sip_username)
    phone.register("Contact: <sip:one@10.0.0.1:5070>", "Expires: 300")
    reply = other.register("Contact: <sip:two@10.0.0.2>;expires=60", "Expires: 300")
    contacts = reply.values("contact")
    assert len(contacts) == 2
    assert contacts[1] == "<sip:two@10.0.0.2>;expires=60"
    assert Device.objects.filter(agent=agent).count() == 2


def test_without_a_contact_the_list_is_answered_and_nothing_changes(phone: Phone, agent: Any) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>", "Expires: 300")
    challenge = phone.challenge()
    uri = f"sip:{phone.edge[0]}:{phone.edge[1]}"
    proof = phone.authorization("Authorization", challenge, "REGISTER", uri)
    lines = phone.register_request(proof).split("\r\n")
    reply = phone.ask("\r\n".join(line for line in lines if not line.startswith("Contact")))
    assert reply.status == 200
    assert len(reply.values("contact")) == 1
    assert len(registered(agent)) == 1


def test_a_refresh_keeps_the_device(phone: Phone, agent: Any) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>", "Expires: 10")
    before = registered(agent)[0]
    phone.register("Contact: <sip:one@10.0.0.1>", "Expires: 500")
    (after,) = registered(agent)
    assert after.device_id == before.device_id
    assert after.expires_at > before.expires_at


def test_expires_0_signs_one_phone_off(phone: Phone, agent: Any) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>, <sip:two@10.0.0.2>", "Expires: 300")
    reply = phone.register("Contact: <sip:one@10.0.0.1>;expires=0")
    assert [row.contact for row in registered(agent)] == ["sip:two@10.0.0.2"]
    assert len(reply.values("contact")) == 1
    assert Device.objects.filter(agent=agent).count() == 1


def test_a_star_signs_all_off(phone: Phone, agent: Any) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>, <sip:two@10.0.0.2>", "Expires: 300")
    reply = phone.register("Contact: *", "Expires: 0")
    assert reply.status == 200
    assert not reply.values("contact")
    assert not registered(agent)
    assert not Device.objects.filter(agent=agent).exists()


@pytest.mark.parametrize("lines", [("Contact: *", "Expires: 60"), ("Contact: *",), ("Contact: *", "Contact: <sip:a@b>", "Expires: 0")])
def test_a_star_that_does_not_sign_off_is_refused(phone: Phone, agent: Any, lines: tuple[str, ...]) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>", "Expires: 300")
    assert phone.register(*lines).status == 400
    assert len(registered(agent)) == 1


def test_too_short_an_interval_is_answered_with_the_least(phone: Phone, agent: Any) -> None:
    reply = phone.register("Contact: <sip:one@10.0.0.1>;expires=1")
    assert reply.status == 423
    assert reply.get("min-expires") == "2"
    assert not registered(agent)


def test_too_long_an_interval_is_cut(phone: Phone) -> None:
    assert phone.register("Contact: <sip:one@10.0.0.1>", "Expires: 99999").get("contact").endswith(";expires=600")


def test_a_registration_that_is_not_refreshed_runs_out(phone: Phone, agent: Any, edge: Edge) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>;expires=2")
    device = registered(agent)[0].device_id
    until(lambda: expire_registrations() and not registered(agent), within=5, what="the registration to run out")
    assert not Device.objects.filter(pk=device).exists()


def test_an_overtaken_request_changes_nothing(phone: Phone, agent: Any) -> None:
    phone.register("Contact: <sip:one@10.0.0.1>", "Expires: 300", cseq=50)
    phone.cseq = 10
    assert phone.register("Contact: <sip:one@10.0.0.1>;expires=0", cseq=12).status == 500
    assert len(registered(agent)) == 1


def test_a_repeated_request_gets_the_same_answer(phone: Phone, agent: Any) -> None:
    challenge = phone.challenge()
    proof = phone.authorization("Authorization", challenge, "REGISTER", f"sip:{phone.edge[0]}:{phone.edge[1]}")
    request = phone.register_request(proof, "Contact: <sip:one@10.0.0.1>", "Expires: 300", branch="z9hG4bKsame")
    first = phone.ask(request)
    again = phone.ask(request)
    assert (first.status, first.encode()) == (200, again.encode())


def test_a_phone_behind_nat_is_reached_where_its_request_came_from(phone: Phone, agent: Any, edge: Edge) -> None:
    """Its Contact has no port, and names an address that nobody can reach."""
    phone.register("Contact: <sip:desk@192.0.2.77>", "Expires: 300")
    device = registered(agent)[0].device_id
    ringing = Phone(edge.address)
    uri = f"sip:device-{device}@{edge.address[0]}:{edge.address[1]}"
    edge.process.send(ringing.request("INVITE", uri).replace(f":{ringing.port}", f":{edge.process.port}"), edge.address)
    invite = phone.receive()
    assert invite.start == "INVITE sip:desk@192.0.2.77 SIP/2.0"
    assert phone.source == edge.address


def test_the_address_book_follows_a_phone_that_moves(phone: Phone, agent: Any, edge: Edge) -> None:
    phone.register("Contact: <sip:desk@192.0.2.77>", "Expires: 300")
    moved = Phone(edge.address, agent.sip_username)
    moved.register("Contact: <sip:desk@192.0.2.77>", "Expires: 300")
    assert [row.received_port for row in registered(agent)] == [moved.port]


def _shape(reply: Any) -> list[str]:
    """A reply without what is new in every one."""
    fixed = [line for name, line in reply.headers if name not in ("via", "from", "to", "call-id", "cseq", "www-authenticate")]
    offers = [value.partition("nonce=")[0] + value.partition(", algorithm")[2] for value in reply.values("www-authenticate")]
    return [reply.start, *fixed, *offers]


def test_an_unknown_user_and_a_wrong_password_look_the_same(edge: Edge, agent: Any) -> None:
    wrong = Phone(edge.address, agent.sip_username, "wrong").register("Contact: <sip:x@10.0.0.1>")
    unknown = Phone(edge.address, "nobody-here", "wrong").register("Contact: <sip:x@10.0.0.1>")
    assert wrong.status == 401
    assert _shape(wrong) == _shape(unknown)
    assert "stale" not in wrong.get("www-authenticate")


def test_nobody_registers_for_somebody_else(phone: Phone, agent: Any, company: Company) -> None:
    assert phone.register("Contact: <sip:x@10.0.0.1>", aor=company.bob.sip_username).status == 403
    assert not registered(company.bob)


def test_the_extension_is_as_good_as_the_name(phone: Phone, agent: Any) -> None:
    assert phone.register("Contact: <sip:x@10.0.0.1>", aor=agent.extension).status == 200


@pytest.mark.parametrize(
    "changes",
    [{"realm": "other"}, {"uri": "sip:elsewhere"}, {"qop": "auth-int"}, {"nc": "1"}, {"cnonce": ""}, {"username": "nobody"}],
    ids=lambda changes: next(iter(changes)),
)
def test_a_proof_for_something_else_is_none(phone: Phone, agent: Any, changes: dict[str, Any]) -> None:
    assert phone.register("Contact: <sip:x@10.0.0.1>", **changes).status in (401, 403)
    assert not registered(agent)


def test_a_recorded_request_cannot_be_played_again(phone: Phone, agent: Any, edge: Edge) -> None:
    challenge = phone.challenge()
    proof = phone.authorization("Authorization", challenge, "REGISTER", f"sip:{phone.edge[0]}:{phone.edge[1]}")
    assert phone.ask(phone.register_request(proof, "Contact: <sip:x@10.0.0.1>")).status == 200
    thief = Phone(edge.address, agent.sip_username)
    replay = thief.ask(thief.register_request(proof, "Contact: <sip:thief@10.6.6.6>"))
    assert replay.status == 401
    assert "stale=true" in replay.get("www-authenticate")
    assert [row.contact for row in registered(agent)] == ["sip:x@10.0.0.1"]


def test_one_nonce_serves_several_requests_if_they_are_counted(phone: Phone) -> None:
    challenge = phone.challenge()
    uri = f"sip:{phone.edge[0]}:{phone.edge[1]}"
    for count in ("00000001", "00000002", "0000000a"):
        proof = phone.authorization("Authorization", challenge, "REGISTER", uri, nc=count)
        assert phone.ask(phone.register_request(proof, "Contact: <sip:x@10.0.0.1>")).status == 200


def test_too_many_phones_of_one_agent_are_refused(phone: Phone, agent: Any) -> None:
    for index in range(10):
        assert phone.register(f"Contact: <sip:x@10.0.0.{index}>").status == 200
    assert phone.register("Contact: <sip:x@10.0.1.1>").status == 403
    assert len(registered(agent)) == 10


def test_who_left_cannot_sign_in(phone: Phone, agent: Any, edge: Edge) -> None:
    type(agent).objects.filter(pk=agent.pk).update(active=False)
    edge.tell(op="reload")
    until(lambda: phone.register("Contact: <sip:x@10.0.0.1>").status == 401, what="the agent to be shut out")


class TestRestart:
    def test_a_nonce_is_good_after_a_restart_but_not_twice(self, phone: Phone, agent: Any, edge: Edge) -> None:
        challenge = phone.challenge()
        uri = f"sip:{phone.edge[0]}:{phone.edge[1]}"
        first = phone.authorization("Authorization", challenge, "REGISTER", uri, nc="00000001")
        second = phone.authorization("Authorization", challenge, "REGISTER", uri, nc="00000002")
        assert phone.ask(phone.register_request(first, "Contact: <sip:x@10.0.0.1>")).status == 200
        until(lambda: edge.nonces, what="the node to know the nonce")
        edge.kill()
        edge.start()
        assert phone.ask(phone.register_request(first, "Contact: <sip:y@10.0.0.1>")).status == 401
        assert phone.ask(phone.register_request(second, "Contact: <sip:x@10.0.0.1>")).status == 200
        assert len(registered(agent)) == 1

    def test_a_nonce_from_before_the_node_cannot_be_played_again(self, phone: Phone, agent: Any, edge: Edge) -> None:
        challenge = phone.challenge()
        proof = phone.authorization("Authorization", challenge, "REGISTER", f"sip:{phone.edge[0]}:{phone.edge[1]}")
        assert phone.ask(phone.register_request(proof, "Contact: <sip:x@10.0.0.1>")).status == 200
        edge.kill()
        edge.nonces, edge.nonces_since = {}, int(time.time()) + 1
        until(lambda: time.time() > edge.nonces_since, what="the second of the new node")
        edge.start()
        replay = phone.ask(phone.register_request(proof, "Contact: <sip:y@10.0.0.1>"))
        assert replay.status == 401
        assert "stale=true" in replay.get("www-authenticate")
        assert phone.register("Contact: <sip:x@10.0.0.1>").status == 200
