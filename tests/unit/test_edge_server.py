"""The edge ends with its node, whatever its database does in that instant."""

from __future__ import annotations

import asyncio

import pytest
from django.db import OperationalError

from telephony.edge.server import Server


async def test_a_database_error_that_comes_with_the_end_does_not_keep_the_edge_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    server = object.__new__(Server)
    monkeypatch.setattr(server, "_database", None, raising=False)
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", lambda *_: answer)
    refreshing = asyncio.create_task(server.refresh())
    await asyncio.sleep(0)
    answer.set_exception(OperationalError())
    refreshing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await refreshing
