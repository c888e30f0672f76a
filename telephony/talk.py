"""The caller and one agent, joined. No Django, no SIP."""

from __future__ import annotations

from dataclasses import dataclass

from .callerside import CallerSide
from .ports import CALLER, LegId, Phone


@dataclass(slots=True)
class Talk:
    """An agent's phone answered. Until the records agree (`settled`) another offer may still win."""

    phone: Phone
    side: CallerSide
    offer: int
    leg: LegId
    others: tuple[int, ...] = ()
    """Offers that rang beside it and were silenced; the records close them when they agree."""
    settled: bool = False
    left: str = ""
    """Why the agent's leg ended, if it did before the records had answered."""

    def connect(self, holding: set[LegId]) -> None:
        """Audio as it ought to be: both ways, or music to the one who is held."""
        if self.left or not self.side.audible:
            return
        if not self.is_held(holding):
            self.phone.bridge(CALLER, self.leg)
            return
        self.phone.unbridge(CALLER, self.leg)
        for leg in (CALLER, self.leg):
            if leg not in holding:
                self.side.play_music(leg)

    def disconnect(self) -> None:
        if not self.left and self.side.audible:
            self.phone.unbridge(CALLER, self.leg)

    def is_held(self, holding: set[LegId]) -> bool:
        return bool(holding & {CALLER, self.leg})
