"""The strategies: by which key each sorts the eligible agents of the lowest open tier, lowest first. Pure.

The agent's id always comes last, so there are no ties. A key is a tuple, never numbers packed into one.

The *capacity score* is `Candidate.weight`, 1 to 100 per membership, 10 for everybody of whom nothing is said. Genesys Cloud
and Twilio TaskRouter bound how much an agent has at once (our `max_concurrent_calls`) and TaskRouter sorts by whole numbers on the
worker, Wazo has penalties (our tiers); none of them shares work out in proportion. Here the score does: where calls or
talk time are compared it divides them, and in a weighted draw it is the weight. A score of 5 means half the calls of a 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from .demand import NORMAL_WEIGHT, STICKY, Candidate, Demand
from .skills import score as fitness

Key = tuple[Any, ...]
Keys = dict[int, Key]
Draw = Callable[[], float]
"""A number in [0, 1)."""

AT_ONCE = ("ring-all",)
"""Strategies that ring everybody whom they name."""

LOADED = ("fewest-calls", "fewest-today", "least-talk-time")
WEIGHTED = (*LOADED, "weighted-random")
"""Strategies that look at the capacity score."""


def longest_idle(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """The later of last release and last offer; who never had either comes first.

    Asterisk's `leastrecent` counts completed calls only, so a phone that nobody answers gets every call.
    """
    return {c.agent: (_idle_since(c, demand),) for c in chosen}


def round_robin(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """By id, the agents after the queue's pointer first, then the rest; the pointer moves with each offer, answered or not
    (Asterisk's `rrmemory`)."""
    return {c.agent: (c.agent <= demand.pointer,) for c in chosen}


def linear(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """By configured position, starting after the agent whom this call was offered to last."""
    # An agent who has left the queue since has no position: the call begins at the top again.
    pointer = next(((m.position, m.agent) for m in members if m.agent == demand.last_tried), (-1, -1))
    return {c.agent: ((c.position, c.agent) <= pointer, c.position) for c in chosen}


def fewest_calls(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """Calls answered since login ÷ capacity score. Who logs in starts where the least busy colleague is (`newcomer_load`)."""
    return {c.agent: (_load(c),) for c in chosen}


def fewest_today(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """Calls answered today ÷ capacity score, logged out in between or not; the day begins at the installation's midnight.

    Nobody is given a start, so a late shift gets the calls until it has caught up: where that is unwelcome, fewest-calls.
    """
    return {c.agent: (_load(c),) for c in chosen}


def least_talk_time(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """Seconds talked since login ÷ capacity score, calls that have ended; who logs in starts where the least busy colleague is."""
    return {c.agent: (_load(c),) for c in chosen}


def at_random(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """A draw."""
    return {c.agent: (draw(),) for c in chosen}


def weighted_random(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """A draw in which each agent's chance to be first is the share of the capacity score, and so on among the rest.

    −ln(1 − draw) ÷ score: waiting times with these rates, of which the shortest wins (Efraimidis and Spirakis 2006).
    """
    return {c.agent: (-math.log(1.0 - draw()) / c.weight,) for c in chosen}


def skills_weighted(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """−Σ level × weight of the skills that the call asked for when it came, then longest idle.

    What a relaxation no longer demands is still better had than not (Genesys Cloud: “best available skills”).
    """
    return {c.agent: (-fitness(c.levels, demand.asked), _idle_since(c, demand)) for c in chosen}


def sticky(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """The agent who last talked to this caller within `sticky_days`, for the first `sticky_seconds` of waiting and whatever the
    tier; nobody else is eligible meanwhile. After that, or if that agent is not at work, the queue's second strategy."""
    return {c.agent: () for c in chosen}


def ring_all(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """Every eligible agent of the tier at once; the first to answer wins, the others are cancelled without a miss."""
    return {c.agent: () for c in chosen}


def ring_progressively(chosen: list[Candidate], members: list[Candidate], demand: Demand, draw: Draw) -> Keys:
    """As ring-all, but one agent first and one more each `progressive_seconds`, the longest idle next; each rings for the whole
    ring time, and the first to answer wins."""
    return longest_idle(chosen, members, demand, draw)


def _load(c: Candidate) -> float:
    """What an agent with the usual score would have for it."""
    return c.load * NORMAL_WEIGHT / c.weight


def _idle_since(c: Candidate, demand: Demand) -> datetime:
    return c.idle_since or demand.now - timedelta(days=36500)


STRATEGIES: dict[str, Callable[[list[Candidate], list[Candidate], Demand, Draw], Keys]] = {
    "longest-idle": longest_idle,
    "round-robin": round_robin,
    "linear": linear,
    "fewest-calls": fewest_calls,
    "fewest-today": fewest_today,
    "least-talk-time": least_talk_time,
    "random": at_random,
    "weighted-random": weighted_random,
    "skills-weighted": skills_weighted,
    STICKY: sticky,
    "ring-all": ring_all,
    "ring-progressively": ring_progressively,
}


def newcomer_load(colleagues: Iterable[tuple[int, int, int]]) -> int:
    """Where the count of an agent begins who logs in: where the least of the colleagues' is in proportion to the capacity
    scores, so that nobody is flooded.

    :param colleagues: of each the load, the capacity score, and the newcomer's score in the queue that they share.
    """
    return min((load * own // score for load, score, own in colleagues), default=0)
