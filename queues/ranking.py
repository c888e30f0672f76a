"""Who gets whom, and why: pure ranking of agents for one call.

An agent is eligible if every condition of `first_failing` holds, in that order; the first that fails is the
answer to "why not me". Among the eligible agents of the lowest open tier the queue's strategy decides by a
tuple per agent, lowest first, the agent's id last so that there are no ties:

longest-idle   the later of last release and last offer; never either comes first
round-robin    the agents after the queue's pointer, then the rest, by id; the pointer moves with each offer
fewest-calls   calls answered since login; a newcomer starts at the colleagues' minimum (`newcomer_calls`)
random         a draw
linear         the configured positions, starting after the agent whom this call was offered to last
ring-all       everybody at once
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from agents.states import AVAILABLE, BREAK, ENGAGED, OFFLINE, ON_CALL, RINGING

WANTS_CALLS = (AVAILABLE, RINGING, ON_CALL)
"""States in which an agent takes a call if a slot is free: an agent with one slot only when available."""

WORKING = (AVAILABLE, *ENGAGED)
"""States that count as working when tiers are opened; a break does not."""

EXPLAINED = 20
"""So many ranked and left-out agents each are named with an offer, of a queue of 1,000 those first whom nobody would guess
from their own state; of the others it is stored how many there were for each reason."""

ABSENT = frozenset({OFFLINE, BREAK, "deactivated"})
"""Reasons that everybody knows of without being told."""

Key = tuple[Any, ...]


class Candidate(NamedTuple):
    """An agent as matching sees one: a member of the queue, or somebody called by extension. A tuple: a queue may have 1,000."""

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
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """The call and its queue's rule. `pointer` is the queue's (round-robin); `last_tried` is the call's own (linear)."""

    now: datetime
    strategy: str
    waited: float = 0.0
    tier_wait: float = 0.0
    pointer: int = 0
    last_tried: int | None = None
    wanted: int | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """`order`: agents to ask, best first. `left_out`: agent to the name of the first failing condition."""

    strategy: str
    tier: int | None
    order: tuple[int, ...]
    keys: dict[int, Key] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)

    def explain(self) -> dict[str, Any]:
        """As JSON, for `Offer.why`."""
        ranked = [{"agent": agent, "key": [_plain(part) for part in self.keys[agent]]} for agent in self.order[:EXPLAINED]]
        left_out = sorted(self.left_out.items(), key=lambda one: one[1] in ABSENT)
        others = Counter({"ranked": max(0, len(self.order) - EXPLAINED)}) + Counter(why for _, why in left_out[EXPLAINED:])
        named = {str(agent): why for agent, why in left_out[:EXPLAINED]}
        return {"strategy": self.strategy, "tier": self.tier, "ranked": ranked, "left_out": named, "others": dict(others)}


def rank(candidates: Iterable[Candidate], demand: Demand, draw: Callable[[], float] = random.random) -> Ranking:
    members = list(candidates)
    left_out = {c.agent: why for c in members if (why := first_failing(c, demand, members))}
    eligible = [c for c in members if c.agent not in left_out]
    tier = min((c.tier for c in eligible), default=None)
    left_out |= {c.agent: "higher_tier" for c in eligible if c.tier != tier}
    chosen = [c for c in eligible if c.tier == tier]
    keys = STRATEGIES[demand.strategy](chosen, members, demand, draw)
    order = tuple(sorted(keys, key=lambda agent: (*keys[agent], agent)))
    return Ranking(demand.strategy, tier, order, keys, left_out)


def first_failing(c: Candidate, demand: Demand, members: Sequence[Candidate]) -> str:
    """Name of the first condition that keeps this agent from this call; empty if there is none."""
    if demand.wanted is not None:
        return not_free(c, demand.now) if c.agent == demand.wanted else "another_agent_wanted"
    if why := not_free(c, demand.now):
        return why
    if not c.logged_in:
        return "logged_out_of_queue"
    return "" if tier_open(c.tier, demand, members) else "tier_closed"


def not_free(c: Candidate, now: datetime) -> str:
    """The conditions that hold for any call: the wish to work, a phone, a free slot, the cool-down."""
    if not c.active:
        return "deactivated"
    if c.state not in WANTS_CALLS:
        return c.state
    if c.leaving:
        return "leaving"
    if not c.reachable:
        return "unreachable"
    if c.open_calls >= c.max_calls:
        return "busy"
    if c.ready_at is not None and c.ready_at > now:
        return "cooling_down"
    return ""


def tier_open(tier: int, demand: Demand, members: Sequence[Candidate]) -> bool:
    """After its share of the wait, or at once if nobody of a lower tier is working within reach."""
    if tier == 0 or demand.waited >= demand.tier_wait * tier:
        return True
    return not any(m.tier < tier and m.logged_in and m.reachable and m.active and m.state in WORKING for m in members)


def newcomer_calls(colleagues: Iterable[int]) -> int:
    """Where the count of an agent begins who logs in: the least of the colleagues', so that nobody is flooded."""
    return min(colleagues, default=0)


Keys = dict[int, Key]
Draw = Callable[[], float]


def _longest_idle(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    epoch = demand.now - timedelta(days=36500)
    return {c.agent: (c.idle_since or epoch,) for c in chosen}


def _round_robin(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    return {c.agent: (c.agent <= demand.pointer,) for c in chosen}


def _fewest_calls(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    return {c.agent: (c.calls,) for c in chosen}


def _random(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    return {c.agent: (draw(),) for c in chosen}


def _linear(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    # An agent who has left the queue since has no position: the call begins at the top again.
    pointer = next(((m.position, m.agent) for m in members if m.agent == demand.last_tried), (-1, -1))
    return {c.agent: ((c.position, c.agent) <= pointer, c.position) for c in chosen}


def _ring_all(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    return {c.agent: () for c in chosen}


STRATEGIES: dict[str, Callable[[list[Candidate], list[Candidate], Demand, Draw], Keys]] = {
    "longest-idle": _longest_idle,
    "round-robin": _round_robin,
    "fewest-calls": _fewest_calls,
    "random": _random,
    "linear": _linear,
    "ring-all": _ring_all,
}


def _plain(part: Any) -> Any:
    return part.isoformat() if isinstance(part, datetime) else part
