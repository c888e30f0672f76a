"""Where the story of a call stands."""

from __future__ import annotations

from enum import Enum


class Phase(Enum):
    IDLE = "idle"
    ARRIVING = "arriving"
    GUIDED = "guided"
    WAITING = "waiting"
    TALKING = "talking"
    RECORDING = "recording"
    """The caller leaves a message."""
    LEAVING = "leaving"
    OVER = "over"
