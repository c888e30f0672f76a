"""How much one source may ask for, and what fail2ban reads of it."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from telephony.edge import security
from telephony.edge.limits import FAILURES, LOCKED_SECONDS, Buckets, LockOut, Rate


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    clock = Clock()
    bucket = Buckets(Rate(10, 5), clock)
    assert [bucket.take("a") for _ in range(6)] == [True] * 5 + [False]
    assert bucket.take("b"), "each source has its own"
    clock.now += 0.1
    assert [bucket.take("a") for _ in range(2)] == [True, False]


def test_forged_sources_do_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.edge.limits.MAX_SOURCES", 100)
    bucket = Buckets(Rate(1, 1), Clock())
    for number in range(1000):
        bucket.take(number)
    assert len(bucket._levels) <= 100


def test_who_guesses_is_locked_out_for_a_while() -> None:
    clock = Clock()
    locks = LockOut(clock)
    assert [locks.failed("h", "bob") for _ in range(FAILURES)] == [False] * (FAILURES - 1) + [True]
    assert locks.holds("h")
    assert not locks.holds("other")
    clock.now += LOCKED_SECONDS
    assert not locks.holds("h")


def test_a_right_password_forgives_the_wrong_ones() -> None:
    locks = LockOut(Clock())
    for _ in range(FAILURES - 1):
        locks.failed("h", "bob")
    locks.passed("h", "bob")
    assert not locks.failed("h", "bob")


def test_a_right_password_forgives_nothing_of_what_was_guessed_for_others() -> None:
    locks = LockOut(Clock())
    for _ in range(FAILURES - 1):
        locks.failed("h", "bob")
        locks.failed("elsewhere", "alice")
        locks.passed("h", "alice")
    assert locks.failed("h", "bob")
    assert locks.holds("h")
    assert not locks.holds("elsewhere")


def test_wrong_passwords_for_all_users_count_together() -> None:
    locks = LockOut(Clock())
    assert [locks.failed("h", f"user{number}") for number in range(FAILURES)] == [False] * (FAILURES - 1) + [True]


def test_slow_typing_mistakes_lock_nobody_out() -> None:
    clock = Clock()
    locks = LockOut(clock)
    for _ in range(FAILURES * 3):
        assert not locks.failed("h", "bob")
        clock.now += 10


# What Debian 12's /etc/fail2ban/filter.d/asterisk.conf looks for, after the date in front has been taken away.
PREFIX = re.compile(
    r"^(?:\[\])?\s*(?:NOTICE|SECURITY|WARNING)(?:\s*\[\d+\]):?(?:\[C-[\da-f]*\])?:? [^:]+:\d*(?:(?: in)? [^:]+:)? (?P<content>.+)$"
)
EVENT = re.compile(
    r'^SecurityEvent="(?:FailedACL|InvalidAccountID|ChallengeResponseFailed|InvalidPassword)"'
    r'(?:(?:,(?!RemoteAddress=)\w+="[^"]*")*|.*?),RemoteAddress="IPV[46]/[^/"]+/(?P<host>[0-9.]+)/\d+"(?:,(?!RemoteAddress=)\w+="[^"]*")*$'
)
DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4}")


def written(event: str, folder: Path) -> str:
    security.write_to(folder / "sip-security.log")
    try:
        security.report(event, ("203.0.113.9", 5071), ("198.51.100.1", 5060))
        return (folder / "sip-security.log").read_text()
    finally:
        for handler in security.log.handlers[:]:
            security.log.removeHandler(handler)
            handler.close()
        logging.getLogger("telephony.edge.security").propagate = True


@pytest.mark.parametrize("event", [security.WRONG_PASSWORD, security.LOCKED_OUT, security.SCAN])
def test_fail2ban_finds_the_address(event: str, tmp_path: Path) -> None:
    prefix = PREFIX.match(DATE.sub("", written(event, tmp_path).strip()))
    assert prefix
    found = EVENT.match(prefix["content"])
    assert found
    assert found["host"] == "203.0.113.9"


def test_fail2ban_does_not_ban_a_busy_customer(tmp_path: Path) -> None:
    assert not EVENT.search(DATE.sub("", written(security.FLOOD, tmp_path)).partition(": ")[2])
