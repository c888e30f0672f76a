"""The channel layer while a real Redis is killed and comes back: hints pass again, and the log stays readable."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from callcenter.core import layer as layers
from callcenter.core.hints import LAYER_TROUBLE
from callcenter.core.layer import ChannelLayer, Shard
from callcenter.embedded import Redis, running
from tests.kill import kill_outright
from tests.until import auntil

AWAY, BACK = "channel layer: Redis is away", "channel layer: Redis is back"


@pytest.fixture
def server(tmp_path: Path) -> Redis:
    return Redis(tmp_path / "var")


@pytest.fixture
async def layer(server: Redis, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChannelLayer]:
    monkeypatch.setattr(layers, "RETRY_SECONDS", 0.05)
    made = ChannelLayer(hosts=[f"unix://{server.socket_path}"])
    yield made
    await made.flush()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[Shard]:
    """Grows with each look for messages."""
    seen: list[Shard] = []
    original = Shard._receive_once

    async def counted(self: Shard) -> None:
        seen.append(self)
        await original(self)

    monkeypatch.setattr(Shard, "_receive_once", counted)
    return seen


async def heard(layer: ChannelLayer, channel: str) -> bool:
    await layer.group_send("board", {"type": "hint", "group": "board"})
    return bool((await layer.receive(channel))["group"] == "board")


async def test_redis_killed_is_one_line_and_redis_back_another(
    server: Redis, layer: ChannelLayer, looks: list[Shard], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with running(server, tmp_path / "log") as child:
        channel = await layer.new_channel()
        await layer.group_add("board", channel)
        assert await heard(layer, channel)
        assert not lines(caplog)
        kill_outright(child.pid)
        begun = len(looks)
        await auntil(lambda: len(looks) > begun + 10, what="ten looks in vain")
        assert [line.partition(";")[0] for line in lines(caplog)] == [AWAY]
    with running(server, tmp_path / "log"):
        await auntil(lambda: BACK in lines(caplog), what="the line that it is back")
        assert await heard(layer, channel), "its subscriptions should stand again"
    assert [line.partition(";")[0] for line in lines(caplog)] == [AWAY, BACK]
    assert not [record for record in caplog.records if record.exc_info], "no traceback"


async def test_redis_away_from_the_start_is_told_once_too(layer: ChannelLayer, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with pytest.raises(LAYER_TROUBLE):
            await layer.new_channel()
    assert [line.partition(";")[0] for line in lines(caplog)] == [AWAY]
    assert not [record for record in caplog.records if record.exc_info], "no traceback"


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name.startswith(("channels", "callcenter"))]
