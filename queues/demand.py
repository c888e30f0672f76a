"""What ranking knows: the agents as matching sees them, and the call with its queue's rule. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from .skills import Levels, Needs

NONE: Levels = MappingProxyType({})

STICKY = "sticky"

NORMAL_WEIGHT = 10
"""The capacity score of an agent of whom nothing else is said: others have half of it, or twice as much."""


class Candidate(NamedTuple):
    """An agent as matching sees one: a member of the queue, or somebody called by extension. A tuple: a queue may have 1,000.

    `load`: what the strategy compares, calls or seconds. `weight`: the capacity score in this queue, which bears the load.
    `levels`: the skills that the call asks for, as far as the agent has them.
    """

    agent: int
    state: str
    reachable: bool = True
    open_calls: int = 0
    max_calls: int = 1
    ready_at: datetime | None = None
    leaving: bool = False
    active: bool = True
    logged_in: bool = True
    tier: int = 0
    position: int = 0
    idle_since: datetime | None = None
    load: int = 0
    weight: int = NORMAL_WEIGHT
    levels: Mapping[int, int] = NONE


@dataclass(frozen=True, slots=True)
class Demand:
    """The call and its queue's rule.

    `pointer` is the queue's (round-robin), `last_tried` the call's own (linear); `second` is the strategy of a sticky queue
    for calls that are kept for nobody. `preferred`: for now the call is kept for this agent; `wanted`: it is for this one alone.
    `needs`: what is asked for now; `asked`: what was before any relaxation. `ringing`: whose phones ring for the call already.
    """

    now: datetime
    strategy: str
    second: str = "longest-idle"
    waited: float = 0.0
    tier_wait: float = 0.0
    pointer: int = 0
    last_tried: int | None = None
    wanted: int | None = None
    preferred: int | None = None
    needs: Needs = ()
    asked: Needs = ()
    ringing: frozenset[int] = frozenset()

    @property
    def rule(self) -> str:
        """The strategy that decides about this call at this moment."""
        return self.second if self.strategy == STICKY and self.preferred is None else self.strategy
