"""A part's log is drained whatever happens, and only what matters is shown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from callcenter.runner import logfile
from callcenter.runner.logfile import LogFile, drain, loud_part


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('{"event": "edge died", "level": "error"}', "error: edge died"),
        ('{"event": "all well", "level": "info"}', ""),
        ('{"broken', ""),
        ("FATAL:  no space", "FATAL:  no space"),
        ("LOG:  checkpoint complete", ""),
        ("Traceback (most recent call last):", ""),
        ("django.db.utils.OperationalError: the connection is lost", "django.db.utils.OperationalError: the connection is lost"),
    ],
)
def test_what_the_console_shows(line: str, shown: str) -> None:
    assert loud_part(line.encode()) == shown


async def test_a_line_longer_than_the_buffer_neither_stops_the_drain_nor_is_lost(tmp_path: Path) -> None:
    stream = asyncio.StreamReader(limit=1024)
    long = b"x" * 3 * logfile.LONGEST_LINE
    stream.feed_data(long + b"\nERROR: after it\n")
    stream.feed_eof()
    shown: list[str] = []
    await drain(stream, LogFile(tmp_path / "web.log"), shown.append)
    assert (tmp_path / "web.log").read_bytes() == long + b"\nERROR: after it\n"
    assert shown == ["ERROR: after it"]


def test_a_log_that_has_grown_is_set_aside_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "MAX_BYTES", 10)
    log = LogFile(tmp_path / "web.log")
    for line in (b"first line\n", b"second\n", b"third!!\n"):
        log.write(line)
    assert (tmp_path / "web.log.1").read_bytes() == b"first line\n"
    assert (tmp_path / "web.log").read_bytes() == b"second\nthird!!\n"
