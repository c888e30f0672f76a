"""Guessers, scanners and floods; and a database that is away. On an edge of its own, with limits as in real life."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import connection

from telephony.edge.limits import FAILURES, PROBES
from tests.sip.edge.kit import SDP, Company, Edge, Phone, answered, fresh, registered, running_edge
from tests.sip.harness.stack import Stack
from tests.until import until

CONTACT = "Contact: <sip:x@10.0.0.1>"


@pytest.fixture(scope="module")
def edge(company: Company, database: Stack) -> Iterator[Edge]:
    # The pool would be the web server's; an edge that took it would wait for a database that is away.
    with running_edge(database.environment, SIP_REQUESTS_PER_SECOND="200", SIP_CALLS_PER_SECOND="1", DATABASE_POOL="4") as running_:
        yield running_


@pytest.fixture
def security_log(database: Stack) -> Path:
    return database.folder / "log" / "sip-security.log"


def events(log: Path, host: str) -> list[str]:
    lines = log.read_text().splitlines() if log.exists() else []
    return [line.partition('SecurityEvent="')[2].partition('"')[0] for line in lines if f'RemoteAddress="IPV4/UDP/{host}/' in line]


def test_who_guesses_passwords_is_not_answered_any_more(edge: Edge, company: Company, security_log: Path) -> None:
    thief = Phone(edge.address, company.alice.sip_username, "wrong", host="127.0.20.1")
    for _ in range(FAILURES):
        assert thief.register(CONTACT).status == 401
    assert answered(thief, thief.register_request()) == 0
    assert events(security_log, thief.host) == ["InvalidPassword"] * FAILURES + ["ChallengeResponseFailed"]
    # A public number is still reached from there, and others sign in as before.
    assert answered(thief, thief.invite_request("nobody")) == 407
    assert Phone(edge.address, company.alice.sip_username).register(CONTACT).status == 200


def test_a_phone_that_is_registered_is_not_locked_out_with_its_neighbour(edge: Edge, company: Company) -> None:
    good = Phone(edge.address, company.bob.sip_username, host="127.0.21.1")
    assert good.register(CONTACT).status == 200
    bad = Phone(edge.address, "nobody", "wrong", host="127.0.21.1")
    for _ in range(FAILURES):
        bad.register(CONTACT)
    assert answered(bad, bad.register_request()) == 0
    assert good.register(CONTACT).status == 200


def test_who_has_an_account_is_forgiven_no_guess_at_another(edge: Edge, company: Company) -> None:
    own = Phone(edge.address, company.bob.sip_username, host="127.0.28.1")
    thief = Phone(edge.address, company.alice.sip_username, "wrong", host=own.host)
    for _ in range(FAILURES):
        assert own.register(CONTACT).status == 200
        assert thief.register(CONTACT).status == 401
    assert answered(thief, thief.register_request()) == 0


def test_a_registered_phone_that_guesses_is_heard_for_itself_only(edge: Edge, company: Company) -> None:
    phone = Phone(edge.address, company.bob.sip_username, host="127.0.29.1")
    assert phone.register(CONTACT).status == 200
    phone.name, phone.password = company.alice.sip_username, "wrong"
    for _ in range(FAILURES):
        assert phone.register(CONTACT).status == 401
    challenge = phone.challenge()
    guess = phone.authorization("Authorization", challenge, "REGISTER", f"sip:{edge.address[0]}:{edge.address[1]}")
    assert answered(phone, phone.register_request(guess)) == 0
    called = phone.authorization("Proxy-Authorization", phone.ask(phone.invite_request(company.private)), "INVITE", "sip:x@y")
    assert answered(phone, phone.invite_request(company.private, called)) == 0
    phone.name, phone.password = company.bob.sip_username, "demo"
    assert phone.register(CONTACT).status == 200


def test_who_tries_numbers_is_noticed_and_then_ignored(edge: Edge, security_log: Path) -> None:
    scanner = Phone(edge.address, host="127.0.22.1")
    seen = [answered(scanner, scanner.invite_request(f"1{number}")) for number in range(int(PROBES.burst) + 60)]
    assert set(seen) == {407, 0}
    assert "FailedACL" in events(security_log, scanner.host)


@pytest.mark.parametrize("agent_name", ["friendly-scanner", "sipvicious", "sipcli/v1.8", "VaxSIPUserAgent/3.1", "pplsip"])
def test_scanners_hear_nothing(edge: Edge, agent_name: str) -> None:
    phone = Phone(edge.address, host="127.0.23.1")
    assert answered(phone, phone.request("OPTIONS", "sip:100@127.0.0.1", f"User-Agent: {agent_name}")) == 0
    assert answered(phone, phone.request("OPTIONS", "sip:100@127.0.0.1", "User-Agent: Desk Phone 7")) == 200


def test_a_stranger_cannot_take_all_processes(edge: Edge, company: Company) -> None:
    flood = Phone(edge.address, host="127.0.24.1")
    for _ in range(30):
        flood.send(flood.invite_request(company.public), edge.address)
    statuses = [flood.receive().status for _ in range(14)]
    assert set(statuses) == {503}
    other = Phone(edge.address, host="127.0.24.2")
    before = len(edge.claimed())
    other.send(other.invite_request(company.public), edge.address)
    until(lambda: len(edge.claimed()) > before, what="another source to be served")


def test_a_flood_from_one_address_does_not_silence_others(edge: Edge) -> None:
    flood = Phone(edge.address, host="127.0.25.1")
    for _ in range(4000):
        flood.send(flood.request("OPTIONS", "sip:x@127.0.0.1"), edge.address)
    other = Phone(edge.address, host="127.0.25.2")
    until(lambda: answered(other, other.request("OPTIONS", "sip:x@127.0.0.1")) == 200, what="others to be answered")
    assert len(_drain(flood)) < 3000


def _drain(phone: Phone) -> list[int]:
    found = []
    with contextlib.suppress(TimeoutError):
        while True:
            found.append(phone.receive(0.3).status)
    return found


def test_the_log_names_no_user_and_no_number(edge: Edge, company: Company, security_log: Path) -> None:
    Phone(edge.address, company.alice.sip_username, "wrong", host="127.0.26.1").register(CONTACT)
    until(lambda: events(security_log, "127.0.26.1"), what="the line in the log")
    assert company.alice.sip_username not in security_log.read_text()


def test_an_invite_storm_in_one_call_does_not_reach_its_process(edge: Edge, company: Company) -> None:
    """32 set-ups in a second abort PJSIP."""
    caller = Phone(edge.address, host="127.0.27.1")
    call_id = fresh("storm")
    for _ in range(100):
        caller.send(caller.invite_request(company.public, call_id=call_id), edge.address)
    assert edge.alive()
    got = 0
    with contextlib.suppress(TimeoutError):
        while True:
            got += edge.process.receive(0.3).call_id == call_id
    assert 1 <= got <= 30


class TestWithoutDatabase:
    @pytest.fixture
    def away(self, company: Company, edge: Edge, database: Stack) -> Iterator[Phone]:
        """A registered phone; then the database stops."""
        phone = Phone(edge.address, company.bob.sip_username, host="127.0.30.1")
        assert phone.register(CONTACT).status == 200
        self.device = registered(company.bob)[-1].device_id
        connection.close()
        place = database.database()
        with psycopg.connect(dbname="postgres", user=place["USER"], host=place["HOST"], autocommit=True) as elsewhere:
            elsewhere.execute("ALTER DATABASE callcenter ALLOW_CONNECTIONS false")
            elsewhere.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'callcenter'")
            yield phone
            elsewhere.execute("ALTER DATABASE callcenter ALLOW_CONNECTIONS true")

    def test_phones_are_told_to_come_back_and_calls_go_on(self, away: Phone, edge: Edge, company: Company) -> None:
        began = time.monotonic()
        refused = away.register(CONTACT)
        assert (refused.status, refused.get("retry-after")) == (503, "5")
        assert time.monotonic() - began < 1.5, "a phone should not wait for what cannot come"
        edge.tell(op="reload")
        # A caller gets through,
        stranger = Phone(edge.address, host="127.0.30.2")
        before = len(edge.claimed())
        stranger.send(stranger.invite_request(company.public), edge.address)
        until(lambda: len(edge.claimed()) > before, what="the call to be claimed")
        # an agent's password is still known, and the agent's phone is still rung.
        away.invite(company.private)
        until(lambda: edge.claimed()[-1].startswith("agent:"), what="the agent's call to be claimed")
        talker = Phone(edge.address)
        talker.host, talker.port = edge.process.host, edge.process.port
        edge.process.send(talker.request("INVITE", f"sip:device-{self.device}@{edge.address[0]}", body=SDP), edge.address)
        assert away.receive().method == "INVITE"

    def test_and_it_is_as_before_when_the_database_is_back(self, edge: Edge, company: Company) -> None:
        phone = Phone(edge.address, company.bob.sip_username, host="127.0.30.3")
        until(lambda: phone.register(CONTACT).status == 200, what="the registrar to work again")


def test_an_edge_that_starts_without_a_database_waits_for_it(company: Company, database: Stack) -> None:
    """It answers, but knows nobody yet: phones and callers are told to come back, nobody is called a liar."""
    nowhere = {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/callcenter"}
    with running_edge(database.environment, **nowhere) as lost:
        phone = Phone(lost.address, company.alice.sip_username)
        assert phone.challenge().status == 503
        assert phone.ask(phone.invite_request(company.public)).status == 503
        assert lost.alive()
