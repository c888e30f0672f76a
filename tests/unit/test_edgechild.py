"""What the node tells an edge that was not there when it was said."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from telephony import edgechild, wire
from telephony.edgechild import Child, EdgeChild, Message

HELLO: Message = {"op": "hello"}
BYE: Message = {"op": "bye", "dialog": {"call_id": "early"}}


@pytest.fixture
def edge() -> EdgeChild:
    return EdgeChild(hello=lambda: HELLO, hear=lambda message: None)


async def _told(edge: EdgeChild, monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """All that an edge hears in its life; this one ends as soon as it has begun."""
    ours, theirs = socket.socketpair()
    theirs.shutdown(socket.SHUT_WR)
    child = Child(await asyncio.create_subprocess_exec("true"), *await asyncio.open_unix_connection(sock=ours))

    async def start() -> Child:
        return child

    monkeypatch.setattr(Child, "start", start)
    await edge._life()
    with theirs, theirs.makefile("rb") as heard:
        return [wire.message(line) for line in heard]


def test_what_is_insisted_on_is_told_to_the_next_edge_and_to_the_one_after_it(edge: EdgeChild, monkeypatch: pytest.MonkeyPatch) -> None:
    async def two_edges() -> list[list[Message]]:
        edge.insist(BYE)
        edge.send({"op": "drain"})
        return [await _told(edge, monkeypatch), await _told(edge, monkeypatch)]

    assert asyncio.run(two_edges()) == [[HELLO, BYE], [HELLO, BYE]]


def test_what_is_old_is_told_to_nobody(edge: EdgeChild, monkeypatch: pytest.MonkeyPatch) -> None:
    async def much_later() -> Any:
        edge.insist(BYE)
        monkeypatch.setattr(edgechild, "INSIST_SECONDS", -1.0)
        return await _told(edge, monkeypatch)

    assert asyncio.run(much_later()) == [HELLO]
    edge.insist(BYE)
    assert not edge._insisted, "nor kept"
