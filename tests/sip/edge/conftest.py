"""A database of its own for the tests of the edge; no node, no call processes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sip.edge.calls import Call
from tests.sip.edge.kit import Company, Edge, Phone, Process, running_edge
from tests.sip.harness.stack import Stack
from tests.until import until

HOSTS = (f"127.0.{net}.{host}" for net in itertools.count(50) for host in range(1, 255))


@pytest.fixture(scope="package")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("edge")
    for above in (folder, folder.parent, folder.parent.parent):
        above.chmod(0o755)  # as root the database runs as another user
    stack = Stack(folder)
    stack.make_database()
    yield stack
    stack.database_ends.close()


@pytest.fixture(scope="module")
def company(database: Stack, django_db_blocker: Any) -> Iterator[Company]:
    with django_db_blocker.unblock(), database.rows():
        yield Company()


@pytest.fixture(scope="module")
def edge(company: Company, database: Stack) -> Iterator[Edge]:
    with running_edge(database.environment, SIP_EXPIRES_MIN="2", SIP_EXPIRES_MAX="600") as running_:
        yield running_


@pytest.fixture
def agent(company: Company, edge: Edge) -> Any:
    made = company.agent()
    # From an address of its own: until the edge knows the agent it is a guesser, who would be locked out with all others.
    probe = Phone(edge.address, made.sip_username, host=next(HOSTS))
    edge.tell(op="reload")
    until(lambda: probe.register("Contact: *", "Expires: 0").status == 200, what="the edge to know the new agent")
    probe.close()
    return made


@pytest.fixture
def phone(edge: Edge, agent: Any) -> Iterator[Phone]:
    made = Phone(edge.address, agent.sip_username)
    yield made
    made.close()


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


@pytest.fixture
def call(stranger: Phone, process: Process, company: Company) -> Call:
    return Call(stranger, process, company.public)


@pytest.fixture
def desk(edge: Edge, agent: Any) -> Phone:
    phone = Phone(edge.address, agent.sip_username)
    assert phone.register("Contact: <sip:desk@192.0.2.77:7777;line=1>").status == 200
    return phone
