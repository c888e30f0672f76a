"""One stack for all tests of this folder; each test has agents and a queue of its own in it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sip.harness.fleet import Fleet
from tests.sip.harness.phones import Bank
from tests.sip.harness.stack import Stack


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "kills: kills parts of the product, whose log may complain of it")


@pytest.fixture(scope="package")
def running_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    folder.parent.chmod(0o755)
    folder.parent.parent.chmod(0o755)
    with Stack(folder, RTP_TIMEOUT_SECONDS="6") as stack:
        yield stack


@pytest.fixture
def stack(running_stack: Stack, django_db_blocker: Any, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """The running stack, its rows readable; afterwards its log must have nothing to complain of."""
    running_stack.complaints()
    with django_db_blocker.unblock(), running_stack.rows():
        yield running_stack
    complaints = running_stack.complaints()
    if not request.node.get_closest_marker("kills"):
        assert not complaints, "\n".join(complaints)


@pytest.fixture
def fleet(stack: Stack) -> Iterator[Fleet]:
    with Fleet(edge=stack.edge) as made:
        yield made
        # pytest shows this with a failure only
        print(*made.trace, sep="\n")
        with contextlib.suppress(AssertionError):
            made.hang_up_all()


@pytest.fixture
def bank(stack: Stack) -> Iterator[Bank]:
    with Bank(edge=f"{stack.edge[0]}:{stack.edge[1]}") as made:
        yield made
