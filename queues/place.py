"""The place in line of one call, when not everybody who works may serve everybody who waits. Pure.

Calls of a queue stand in one order, but each agent takes the first that the agent may serve: there are as many lines as
there are sets of skills, and a call stands in the lines of all who could serve it. Said is

* the **place** in the line of a middle one of those agents: more than half of them have no more calls before this one. Calls
  that none of them may serve are not counted, however early they came. One agent with a line of an odd length changes
  nothing, and as long as nobody logs in or out, gets other skills, or is asked for less, the place never gets worse.

Of the agents logged in to the queue all count who are not offline, for a break ends. If none of them has the skills, the place
is that among all who wait: it is true, and nobody knows a better one. Where no skills are asked for it is that as well.

For the estimated wait the same lines count, but a call ahead that others may serve as well is expected to be served by
them as often as they are more (`load`), and the pace of the queue is that of all its agents, of whom these are a `share`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

from .skills import Levels, Needs, missing

N = TypeVar("N", int, float)


class Place(NamedTuple):
    """
    :ivar number: as callers hear it, 1 for the next; 0: not in line.
    :ivar load: calls that those who could serve this one will have served when it is served, this one included.
    :ivar share: of the agents of the queue could serve it: 0 to 1.
    """

    number: int
    load: float
    share: float = 1.0


NOWHERE = Place(0, 0)


class Lane(NamedTuple):
    """So many calls ahead, all of which ask for the same."""

    needs: Needs
    calls: int


class Group(NamedTuple):
    """So many agents who are alike in the skills in question."""

    levels: Levels
    agents: int


def among_all(number: int) -> Place:
    """Where everybody may serve everybody."""
    return Place(number, number)


def place(needs: Needs, ahead: Sequence[Lane], crew: Iterable[Group]) -> Place:
    """
    :param needs: what the call asks for now.
    :param ahead: the calls before it, by what they ask for.
    :param crew: everybody who is logged in to the queue and not offline.
    """
    kinds = _kinds(needs, ahead, crew)
    able = {kind: agents for kind, agents in kinds.items() if kind.able}
    if not able:
        return Place(1 + sum(lane.calls for lane in ahead), 0.0, 0.0)
    loads = [lane.calls * _shared(number, kinds) for number, lane in enumerate(ahead)]
    numbers = [(1 + sum(ahead[lane].calls for lane in kind.lanes), agents) for kind, agents in able.items()]
    expected = [(1 + sum(loads[lane] for lane in kind.lanes), agents) for kind, agents in able.items()]
    return Place(_middle(numbers), _middle(expected), sum(able.values()) / kinds.total())


class _Kind(NamedTuple):
    """Of agents: whether they can serve the call, and which lanes ahead of it, by their numbers."""

    able: bool
    lanes: tuple[int, ...]


def _kinds(needs: Needs, ahead: Sequence[Lane], crew: Iterable[Group]) -> Counter[_Kind]:
    """How many agents there are of each kind: each is asked once for each lane, whatever is computed of it."""
    kinds: Counter[_Kind] = Counter()
    for levels, agents in crew:
        served = tuple(number for number, lane in enumerate(ahead) if missing(levels, lane.needs) is None)
        kinds[_Kind(missing(levels, needs) is None, served)] += agents
    return kinds


def _shared(lane: int, kinds: Counter[_Kind]) -> float:
    """Of those who could serve the lane, the part that could serve this call."""
    serving = [(kind.able, agents) for kind, agents in kinds.items() if lane in kind.lanes]
    return sum(agents for able, agents in serving if able) / max(1, sum(agents for _, agents in serving))


def _middle(values: Iterable[tuple[N, int]]) -> N:
    """The upper median of values that so many agents have each."""
    ordered = sorted(values)
    before = sum(agents for _, agents in ordered) // 2
    for value, agents in ordered:
        before -= agents
        if before < 0:
            return value
    raise ValueError("Nobody has a value.")
