"""JSON lines between edge and node over a socketpair. When the node goes, so does the edge."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

LINE_LIMIT = 16 * 1024 * 1024
"""The hello of a node with thousands of calls is one long line."""


class Pipe:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, descriptor: int) -> Pipe:
        sock = socket.socket(fileno=descriptor)
        sock.setblocking(False)
        return cls(*await asyncio.open_connection(sock=sock, limit=LINE_LIMIT))

    def tell(self, note: dict[str, object]) -> None:
        self._writer.write(json.dumps(note).encode() + b"\n")

    async def notes(self) -> AsyncIterator[dict[str, Any]]:
        """What the node says, until it is gone."""
        while line := await self._reader.readline():
            yield json.loads(line)
