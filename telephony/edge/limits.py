"""How much one source may ask for: token buckets, and a lock-out for those who guess passwords."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

MAX_SOURCES = 50_000


@dataclass(frozen=True, slots=True)
class Rate:
    per_second: float
    burst: float


PROBES = Rate(5, 100)
"""INVITEs from one address that had to be asked for a password: who keeps asking for numbers is looking for them."""
PER_PROCESS = Rate(50, 120)
"""Messages to one call process."""
PER_PROCESS_INVITES = Rate(8, 16)
"""INVITEs to one call process: 32 set-ups in a second abort PJSIP (its handles are freed after half a second)."""

FAILURES = 20
"""Wrong passwords from one address within FAILURE_SECONDS before it is locked out."""
FAILURE_SECONDS = 60.0
LOCKED_SECONDS = 300.0


class Buckets:
    """One bucket for each name; full ones are forgotten when there are too many."""

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._levels: dict[object, tuple[float, float]] = {}

    def take(self, name: object) -> bool:
        now = self._clock()
        level, since = self._levels.get(name, (self.rate.burst, now))
        level = min(self.rate.burst, level + (now - since) * self.rate.per_second)
        if name not in self._levels and len(self._levels) >= MAX_SOURCES:
            self._levels.clear()  # a flood of forged addresses: start again rather than grow
        self._levels[name] = (max(level - 1, 0) if level >= 1 else level, now)
        return level >= 1

    def forget(self, name: object) -> None:
        self._levels.pop(name, None)


class LockOut:
    """Addresses that guessed too often are not answered for a while.

    Wrong passwords for all users count together; a right one forgives those for its own user only, for a guesser may
    have an account too.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[str, list[tuple[float, str]]] = {}
        """When and for whom, by address."""
        self._until: dict[str, float] = {}

    def failed(self, host: str, username: str) -> bool:
        """Count a wrong password; True when this one locks the address out."""
        now = self._clock()
        if len(self._failures) >= MAX_SOURCES:
            self._failures.clear()
        recent = [(moment, name) for moment, name in self._failures.get(host, []) if moment > now - FAILURE_SECONDS]
        self._failures[host] = [*recent, (now, username)]
        if len(recent) + 1 < FAILURES:
            return False
        self._until[host] = now + LOCKED_SECONDS
        del self._failures[host]
        return True

    def passed(self, host: str, username: str) -> None:
        kept = [(moment, name) for moment, name in self._failures.pop(host, []) if name != username]
        if kept:
            self._failures[host] = kept

    def holds(self, host: str) -> bool:
        until = self._until.get(host)
        if until is not None and until <= self._clock():
            del self._until[host]
            return False
        return until is not None


class Limits:
    """`requests`: of any kind from one address. `invites`: new calls of strangers from one address; each costs a process."""

    def __init__(self, *, requests: Rate, invites: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self.requests = Buckets(requests, clock)
        self.invites = Buckets(invites, clock)
        self.probes = Buckets(PROBES, clock)
        self.process = Buckets(PER_PROCESS, clock)
        self.process_invites = Buckets(PER_PROCESS_INVITES, clock)
        self.lock_out = LockOut(clock)

    def forget_process(self, port: int) -> None:
        self.process.forget(port)
        self.process_invites.forget(port)
