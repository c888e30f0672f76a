"""Who gets whom, and why: pure ranking of agents for one call.

An agent is eligible if every condition of `first_failing` holds, in that order; the first that fails is the
answer to "why not me". Among the eligible agents of the lowest open tier the queue's strategy decides
(`strategies`, one function each).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agents.states import AVAILABLE, BREAK, ENGAGED, OFFLINE, ON_CALL, RINGING

from .demand import Candidate as Candidate
from .demand import Demand as Demand
from .skills import Need, missing
from .strategies import STRATEGIES, Draw, Key

WANTS_CALLS = (AVAILABLE, RINGING, ON_CALL)
"""States in which an agent takes a call if a slot is free: an agent with one slot only when available."""

WORKING = (AVAILABLE, *ENGAGED)
"""States that count as working when tiers are opened; a break does not."""

EXPLAINED = 20
"""So many ranked and left-out agents each are named with an offer, of a queue of 1,000 those first whom nobody would guess
from their own state; of the others it is stored how many there were for each reason."""

ABSENT = frozenset({OFFLINE, BREAK, "deactivated"})
"""Reasons that everybody knows of without being told."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """`order`: agents to ask, best first. `left_out`: agent to the name of the first failing condition.

    `lacks`: of those left out for their skills, the first need that is missing, and the level the agent has.
    """

    strategy: str
    tier: int | None
    order: tuple[int, ...]
    keys: dict[int, Key] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)
    lacks: dict[int, tuple[Need, int]] = field(default_factory=dict)

    def explain(self) -> dict[str, Any]:
        """As JSON, for `Offer.why`."""
        ranked = [{"agent": agent, "key": [_plain(part) for part in self.keys[agent]]} for agent in self.order[:EXPLAINED]]
        left_out = sorted(self.left_out.items(), key=lambda one: one[1] in ABSENT)
        others = Counter({"ranked": max(0, len(self.order) - EXPLAINED)}) + Counter(why for _, why in left_out[EXPLAINED:])
        named = {str(agent): why for agent, why in left_out[:EXPLAINED]}
        found = {"strategy": self.strategy, "tier": self.tier, "ranked": ranked, "left_out": named, "others": dict(others)}
        return {**found, "lacks": self._lacks(named)} if self.lacks else found

    def _lacks(self, named: Iterable[str]) -> dict[str, list[int]]:
        """Agent to skill, level asked for, level had."""
        known = ((agent, self.lacks[int(agent)]) for agent in named if int(agent) in self.lacks)
        return {agent: [need.skill, need.level, level] for agent, (need, level) in known}


def rank(candidates: Iterable[Candidate], demand: Demand, draw: Draw = random.random) -> Ranking:
    members = list(candidates)
    at_work = lowest_tier_at_work(members, demand) if any(c.tier for c in members) else None
    left_out = {c.agent: why for c in members if (why := first_failing(c, demand, at_work))}
    eligible = [c for c in members if c.agent not in left_out]
    tier = min((c.tier for c in eligible), default=None)
    left_out |= {c.agent: "higher_tier" for c in eligible if c.tier != tier}
    chosen = [c for c in eligible if c.tier == tier]
    keys = STRATEGIES[demand.rule](chosen, members, demand, draw)
    order = tuple(sorted(keys, key=lambda agent: (*keys[agent], agent)))
    return Ranking(demand.rule, tier, order, keys, left_out, _lacking(members, left_out, demand))


def first_failing(c: Candidate, demand: Demand, at_work: int | None) -> str:
    """Name of the first condition that keeps this agent from this call; empty if there is none.

    :param at_work: see `lowest_tier_at_work`.
    """
    if demand.wanted is not None:
        return not_free(c, demand.now) if c.agent == demand.wanted else "another_agent_wanted"
    if why := not_free(c, demand.now):
        return why
    if not c.logged_in:
        return "logged_out_of_queue"
    if demand.needs and missing(c.levels, demand.needs):
        return "skills"
    if demand.preferred is not None:
        return "" if c.agent == demand.preferred else "kept_for_another"
    if c.agent in demand.ringing:
        return "rings_already"
    return "" if tier_open(c.tier, demand, at_work) else "tier_closed"


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


def tier_open(tier: int, demand: Demand, at_work: int | None) -> bool:
    """After its share of the wait, or at once if nobody of a lower tier is working within reach."""
    return tier == 0 or demand.waited >= demand.tier_wait * tier or at_work is None or at_work >= tier


def lowest_tier_at_work(members: Iterable[Candidate], demand: Demand) -> int | None:
    """The lowest tier of which somebody works within reach who has the skills, or None. Who lacks them serves this caller
    no more than who has gone home."""
    here = (m for m in members if m.logged_in and m.reachable and m.active and m.state in WORKING)
    return min((m.tier for m in here if not (demand.needs and missing(m.levels, demand.needs))), default=None)


def _lacking(members: Iterable[Candidate], left_out: dict[int, str], demand: Demand) -> dict[int, tuple[Need, int]]:
    found = ((c, missing(c.levels, demand.needs)) for c in members if left_out.get(c.agent) == "skills")
    return {c.agent: (need, c.levels.get(need.skill, 0)) for c, need in found if need}


def _plain(part: Any) -> Any:
    return part.isoformat() if isinstance(part, datetime) else part
