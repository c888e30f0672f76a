"""INVITEs that the edge answered with 5xx or 487: their repetitions get the same answer, though there may be room by now.

The caller takes the first final answer, acknowledges it and is gone; a repetition that was on its way meanwhile
(RFC 3261 17.1.1.2) must not begin a call that nobody would hear. A later try is another transaction and is served.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .message import Message
from .shield import Refused

LIFE_SECONDS = 32.0
"""64 × T1: the caller's client transaction repeats nothing after that (timer B)."""
MOST = 10_000
"""A flood pushes the oldest out; what is lost then is the protection of callers who answered at once."""

Transaction = tuple[str, int, str]


class Refusals:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said: dict[Transaction, tuple[float, Refused]] = {}
        """In the order in which they end."""

    def remember(self, invite: Message, refused: Refused) -> None:
        self._forget()
        self._said[_transaction(invite)] = self._clock() + LIFE_SECONDS, refused

    def of(self, invite: Message) -> Refused | None:
        """What was answered to this INVITE; None: it is new."""
        until, refused = self._said.get(_transaction(invite), (0.0, None))
        return refused if until > self._clock() else None

    def _forget(self) -> None:
        while self._said:
            oldest = next(iter(self._said))
            if self._said[oldest][0] > self._clock() and len(self._said) < MOST:
                return
            del self._said[oldest]


def _transaction(invite: Message) -> Transaction:
    """RFC 3261 17.2.3, and the address it came from: the Via is stamped with it."""
    return invite.key, invite.cseq, invite.get("via")
