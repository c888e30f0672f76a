"""A caller is put through to a number outside: it rings through a trunk, both talk, or the flow goes on. No Django, no SIP."""

from __future__ import annotations

import contextlib
from typing import Any

from .legbook import LegBook
from .ports import CALLER, LegId, Phone


class Outward:
    """The other end of the caller's line, while it is one outside."""

    def __init__(self, phone: Phone, legs: LegBook) -> None:
        self.phone = phone
        self.legs = legs
        self.leg: LegId | None = None
        self.talks = False
        self.deadline: float | None = None

    def dial(self, permit: dict[str, Any], now: float) -> bool:
        """Call the number, the caller hearing it ring; False if there is no line for it.

        :param permit: uri, ring_seconds, ringing (the file of the tone).
        """
        self.leg = self.phone.call_outside(str(permit["uri"]))
        if self.leg is None:
            return False
        self.legs.outside_began(self.leg, now)
        self.deadline = now + float(permit["ring_seconds"])
        with contextlib.suppress(OSError):  # a tone that cannot be played must not cost the call
            self.phone.play_music(CALLER, (str(permit["ringing"]),))
        return True

    def sounds(self) -> None:
        """The network lets itself be heard: its tone instead of ours. Nobody there hears the caller before the answer."""
        if self.leg is not None and not self.talks:
            self.phone.listen(CALLER, self.leg)

    def answered(self) -> None:
        assert self.leg is not None
        self.talks, self.deadline = True, None
        self.phone.stop_playing(CALLER)
        self.phone.bridge(CALLER, self.leg)

    def connect(self, *, held: bool) -> None:
        """One of both holds the other, or no longer."""
        if self.leg is not None and self.talks:
            (self.phone.unbridge if held else self.phone.bridge)(CALLER, self.leg)

    def tick(self, now: float) -> None:
        """Nobody has answered in time."""
        if self.deadline is not None and now >= self.deadline:
            self.deadline = None
            if self.leg is not None:
                self.legs.hang_up(self.leg)

    def over(self) -> bool:
        """The leg has ended; True if they had talked."""
        talked, self.leg, self.talks, self.deadline = self.talks, None, False, None
        self.phone.stop_playing(CALLER)
        return talked
