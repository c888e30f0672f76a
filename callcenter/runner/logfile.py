"""A part's log: every line in its file, the loud ones on the console too."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

MAX_BYTES = 20 * 2**20
"""Then the file becomes NAME.log.1, and the one before it is dropped: 40 MB for each part at most."""

LOUD_WORDS = re.compile(r"\b(WARNING|ERROR|CRITICAL|FATAL|PANIC)\b|^[\w.]*(Error|Exception|Refused)(:|$)")
"""The last line of a traceback says what happened; the rest is in the file."""

LOUD_LEVELS = {"warning", "error", "critical"}
CHUNK = LONGEST_LINE = 64 * 1024


class LogFile:
    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab", buffering=0)
        self._size = path.stat().st_size

    def write(self, chunk: bytes) -> None:
        if self._size > MAX_BYTES:
            self._file.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self._file = self.path.open("ab", buffering=0)
            self._size = 0
        try:
            self._size += self._file.write(chunk)
        except OSError:
            # A full disk must not stop the drain: a part that cannot write to its pipe freezes.
            return

    def close(self) -> None:
        self._file.close()


async def drain(stream: asyncio.StreamReader, log: LogFile, loud: Callable[[str], None]) -> None:
    """Read until the part closes its end; `loud` gets what a person should see now.

    By chunks and not by `readline()`, which throws away a line longer than the reader's limit.
    """
    rest = b""
    while chunk := await stream.read(CHUNK):
        *lines, rest = (rest + chunk).split(b"\n")
        # A line without end is cut, so that memory stays bounded.
        lines, rest = ([*lines, rest], b"") if len(rest) > LONGEST_LINE else (lines, rest)
        log.write(chunk)
        for shown in filter(None, map(loud_part, lines)):
            loud(shown)


def loud_part(raw: bytes) -> str:
    """What of a line belongs on the console; empty: nothing."""
    line = raw.decode(errors="replace").rstrip()
    if line.startswith("{"):
        return _loud_json(line)
    return line if LOUD_WORDS.search(line) else ""


def _loud_json(line: str) -> str:
    try:
        entry = json.loads(line)
    except ValueError:
        return ""
    if not isinstance(entry, dict) or entry.get("level") not in LOUD_LEVELS:
        return ""
    return f"{entry['level']}: {entry.get('event', '')}"
