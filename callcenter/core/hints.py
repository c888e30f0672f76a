"""Hints: how a screen's socket learns that it should read again.

The relay publishes a hint to a group ("agent.4", "call.17", "board") for each event. Hints may be lost, for
Redis keeps nothing; that costs latency only, because every socket reads again after a few seconds anyway.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from weakref import WeakKeyDictionary

import redis.exceptions
from channels.layers import get_channel_layer

log = logging.getLogger(__name__)

EVERYBODY = "everybody"
"""Group of all sockets; the relay calls it when hints may have been lost."""

LAYER_TROUBLE = (redis.exceptions.RedisError, OSError, asyncio.TimeoutError)
RETRY_SECONDS = 2.0


class Hub:
    """Follows groups for all the sockets of this process over one channel, and outlives the loss of Redis.

    Channels' own consumers subscribe one by one and cannot even open while Redis is away.
    """

    def __init__(self) -> None:
        self._layer = get_channel_layer()
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._joined: set[str] = set()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def follow(self, groups: Iterable[str], heard: asyncio.Event) -> None:
        for group in groups:
            self._followers.setdefault(group, set()).add(heard)
        self._wake()

    def leave(self, groups: Iterable[str], heard: asyncio.Event) -> None:
        for group in groups:
            followers = self._followers.get(group, set())
            followers.discard(heard)
            if not followers:
                self._followers.pop(group, None)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        if not any(not task.done() for task in self._tasks):
            self._tasks = [asyncio.create_task(self._run())]

    async def _run(self) -> None:
        channel = ""
        while not channel:
            with contextlib.suppress(*LAYER_TROUBLE):
                channel = await self._layer.new_channel()
            if not channel:
                await asyncio.sleep(RETRY_SECONDS)
        listening = asyncio.create_task(self._listen(channel))
        try:
            while True:
                await self._settle(channel)
        finally:
            listening.cancel()

    async def _settle(self, channel: str) -> None:
        """Bring the subscriptions in line with what is followed; after trouble try again soon."""
        try:
            for group in self._followers.keys() - self._joined:
                await self._layer.group_add(group, channel)
                self._joined.add(group)
                self._tell(group)  # what happened before the subscription stood was not heard
            for group in self._joined - self._followers.keys():
                await self._layer.group_discard(group, channel)
                self._joined.discard(group)
        except LAYER_TROUBLE:
            await asyncio.sleep(RETRY_SECONDS)
            return
        await self._changed.wait()
        self._changed.clear()

    async def _listen(self, channel: str) -> None:
        while True:
            message = await self._layer.receive(channel)
            self._tell(message["group"])

    def _tell(self, group: str) -> None:
        for heard in self._followers.get(group, ()):
            heard.set()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub()
    return _hubs[loop]
