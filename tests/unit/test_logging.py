"""Logs carry what helps, and nothing private."""

from __future__ import annotations

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings

from callcenter.logging import bind, configuration, scrub_text


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    config = configuration("INFO", json=True)
    for handler in config["handlers"].values():
        handler["stream"] = stream
    logging.config.dictConfig(config)
    yield stream
    logging.config.dictConfig(settings.LOGGING)


def last(stream: io.StringIO) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(stream.getvalue().splitlines()[-1])
    return entry


def test_a_line_is_json_with_level_logger_and_time(lines: io.StringIO) -> None:
    logging.getLogger("queues.x").warning("late by %s s", 3)
    assert {**last(lines), "timestamp": "T"} == {"event": "late by 3 s", "level": "warning", "logger": "queues.x", "timestamp": "T"}


def test_the_call_in_extra_is_shown_and_its_number_shortened(lines: io.StringIO) -> None:
    logging.getLogger("x").info("arrived", extra={"call": 17, "caller_number": "+4930123456"})
    assert last(lines)["call"] == 17
    assert last(lines)["caller_number"] == "***56"


@pytest.mark.parametrize("key", ["password", "authorization", "digits", "ha1_md5", "csrf_token"])
def test_secrets_in_extra_are_hidden(lines: io.StringIO, key: str) -> None:
    logging.getLogger("x").info("seen", extra={key: "12"})
    assert last(lines)[key] == "***"


def test_a_traceback_is_scrubbed_too(lines: io.StringIO) -> None:
    try:
        raise ValueError('Authorization: Digest username="alice", response="abc"')
    except ValueError:
        logging.getLogger("x").exception("failed")
    assert "response" not in last(lines)["exception"]
    assert "ValueError: Authorization: ***" in last(lines)["exception"]


def test_bound_context_is_on_every_line(lines: io.StringIO) -> None:
    bind(process="p7")
    logging.getLogger("x").info("one")
    assert last(lines)["process"] == "p7"


def test_lines_for_fail2ban_pass_as_they_are(lines: io.StringIO) -> None:
    line = "NOTICE[1] chan_sip.c: Registration from '<sip:4930123456@x>' failed for '192.0.2.1:5060' - Wrong password"
    logging.getLogger("security").info(line)
    assert lines.getvalue() == line + "\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("call from +4930123456 ended", "call from ***56 ended"),
        ("dialled 0301234567", "dialled ***67"),
        ("2026-11-20 took 1234 ms", "2026-11-20 took 1234 ms"),
        ("call-id ab-1234567890 on 10.0.0.1:50600", "call-id ab-1234567890 on 10.0.0.1:50600"),
        ("Proxy-Authorization: Digest a=1\nVia: x", "Proxy-Authorization: ***\nVia: x"),
    ],
)
def test_numbers_that_stand_alone_are_shortened_in_text(text: str, shown: str) -> None:
    assert scrub_text(text) == shown
