"""The channel layer on Redis; when Redis goes, one line says so, and one when it is back."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection

from .hints import LAYER_TROUBLE

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
WAIT_SECONDS = 0.1
"""How long one look for messages lasts."""


class Shard(RedisSingleShardConnection):  # type: ignore[misc]
    """The library's own receiver writes a traceback each second while Redis is away."""

    away = False

    async def subscribe(self, channel: str) -> None:
        with self._noticed():
            await super().subscribe(channel)

    async def _do_receiving(self) -> None:
        while True:
            try:
                await self._receive_once()
            except LAYER_TROUBLE:
                await asyncio.sleep(RETRY_SECONDS)

    async def _receive_once(self) -> None:
        if not (self._pubsub and self._pubsub.subscribed):
            await asyncio.sleep(WAIT_SECONDS)
            return
        with self._noticed():
            message = await self._pubsub.get_message(ignore_subscribe_messages=True, timeout=WAIT_SECONDS)
        self._receive_message(message)

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        """Says when it begins to fail and when it works again. What fails is raised."""
        try:
            yield
        except LAYER_TROUBLE as error:
            if not self.away:
                log.warning("channel layer: Redis is away; screens read every few seconds and are not pushed (%s)", type(error).__name__)
            self.away = True
            raise
        if self.away:
            log.info("channel layer: Redis is back")
        self.away = False


class ChannelLayer(RedisPubSubChannelLayer):  # type: ignore[misc]
    def _get_layer(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._layers:
            made = super()._get_layer()
            made._shards = [Shard(shard.host, made) for shard in made._shards]  # not connected yet
        return self._layers[loop]
