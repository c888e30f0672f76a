"""Which rows an event locks, in which order, and how it starts again when the set grew meanwhile.

Two sides meet in a match: a call that waits and an agent who is free. Each side's event writes its own row
and looks for the other; if neither could see the other's uncommitted row, the pair would be missed for
ever. So both lock what they share before they write: the queues. The order is the same everywhere: queues
by id, agents by id, the call, offers. Whoever locks an agent's row holds the agent's queues as well.

Three statements do it: look who and what belongs together and lock the queues, lock the agents, lock the call
and see whether anything changed since the look.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

import psycopg
from django.db import OperationalError, transaction
from django.utils import timezone

from agents.models import Agent
from callcenter.core import sql
from callcenter.core.errors import NotFound

from .models import Call, Queue, WayOut
from .slices import AGENT, CALL, QUEUE
from .ways import COLUMNS, Way

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 10
"""A lock set that grew ten times in a row is no race but a mistake of ours."""


class Grew(Exception):
    """A row joined the set while its locks were being taken: begin again."""


def one_transaction(service: Callable[P, R]) -> Callable[P, R]:
    """Run the service in one transaction, again from the start when its lock set grew or the database broke a deadlock."""

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(ATTEMPTS - 1):
            try:
                with transaction.atomic():
                    return service(*args, **kwargs)
            except Grew:
                continue
            except OperationalError as error:
                if not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                    raise
                log.info("%s: deadlock, trying again", service.__name__)
        with transaction.atomic():
            return service(*args, **kwargs)

    return run


@dataclass(slots=True)
class Held:
    """The rows that this transaction has locked; `now` was read after the last of them was granted."""

    queues: dict[int, Queue] = field(default_factory=dict)
    agents: dict[int, Agent] = field(default_factory=dict)
    call: Call | None = None
    now: datetime = field(default_factory=timezone.now)
    ways: dict[int, tuple[Way, ...]] = field(default_factory=dict)
    """The ways out of each queue of the chain, in their order."""

    @property
    def the_call(self) -> Call:
        if self.call is None:
            raise NotFound("There is no such call.")
        return self.call

    def queue(self, pk: int) -> Queue:
        return self.queues[pk] if pk in self.queues else Queue.objects.get(pk=pk)

    def ways_of(self, queue_id: int) -> tuple[Way, ...]:
        """Read with the locks of a chain; asked for without one, now."""
        if queue_id not in self.ways:
            found = WayOut.objects.filter(queue=queue_id).order_by("position", "id")
            self.ways[queue_id] = tuple(Way.of(row) for row in found)
        return self.ways[queue_id]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an event asks to lock: a call, or the call of an offer; further agents and queues; the chain of ways out."""

    call: int | None = None
    offer: int | None = None
    agents: tuple[int, ...] = ()
    queues: tuple[int, ...] = ()
    chain: bool = False

    @property
    def values(self) -> dict[str, Any]:
        return {
            "call": self.call, "offer": self.offer, "agents": list(self.agents), "queues": list(self.queues), "chain": self.chain,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """What the look found, before anything but queues was locked. `version`: of the call's row."""

    call: int | None = None
    version: str | None = None
    hands: frozenset[int] = frozenset()


# In whose hands the call is: whom it rings, who talks to the caller, who writes it up. Nobody joins them without a
# change of the call's own row (`assign_to_agent`), so an unchanged `xmin` later says that these are still all.
_SEE = """
WITH RECURSIVE seen AS MATERIALIZED (
  SELECT id, xmin::text AS version, state, queue_id, agent_id, wanted_agent_id FROM queues_call
  WHERE id = coalesce(%(call)s::bigint, (SELECT call_id FROM queues_offer WHERE id = %(offer)s::bigint))
), hands (id) AS MATERIALIZED (
  SELECT agent_id FROM seen WHERE state IN ('dialling', 'active', 'wrap_up') AND agent_id IS NOT NULL
  UNION SELECT o.agent_id FROM seen JOIN queues_offer o ON o.call_id = seen.id
    WHERE seen.state = 'agent_ringing' AND o.released_at IS NULL
  UNION SELECT unnest(%(agents)s::bigint[])
), chain (id) AS (
  (SELECT queue_id FROM seen WHERE queue_id IS NOT NULL UNION SELECT unnest(%(queues)s::bigint[])
   UNION SELECT d.next_queue_id FROM queues_directcalls d WHERE %(chain)s AND d.next_queue_id IS NOT NULL AND d.agent_id IN (
     SELECT wanted_agent_id FROM seen UNION SELECT unnest(%(agents)s::bigint[])))
  UNION SELECT w.next_queue_id FROM chain JOIN queues_wayout w ON w.queue_id = chain.id
    WHERE %(chain)s AND w.kind = 'queue' AND w.next_queue_id IS NOT NULL
)
"""
_FOUND = "(SELECT id FROM seen), (SELECT version FROM seen), ARRAY(SELECT id FROM hands)"

# Together with the locks, so that a queue without rules of overflow costs no statement more.
_WAYS = f"""CASE WHEN %(chain)s THEN (
  SELECT jsonb_agg(jsonb_build_array({COLUMNS}) ORDER BY position, id) FROM queues_wayout WHERE queue_id = q.id) END"""  # noqa: S608

LOOK = f"{_SEE} SELECT {_FOUND}, ARRAY(SELECT id FROM chain), 0"  # noqa: S608

# Not a join: rows are locked in the order of the sort, and only once all their ids are known.
LOOK_AND_LOCK = f"""{_SEE}
SELECT {_FOUND}, {_WAYS}, {QUEUE.columns("q")} FROM queues_queue q
WHERE q.id = ANY (ARRAY(SELECT id FROM chain UNION SELECT m.queue_id FROM queues_membership m WHERE m.agent_id IN (SELECT id FROM hands)))
ORDER BY q.id FOR NO KEY UPDATE
"""  # noqa: S608

LOCK_AGENTS = f"SELECT {AGENT.columns('a')} FROM agents_agent a WHERE id = ANY (%s) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608

# By now the agents are locked, so this statement sees every membership that they were given under that lock.
_ALL_HELD = """NOT EXISTS (
  SELECT 1 FROM queues_membership m WHERE m.agent_id = ANY (%(agents)s::bigint[]) AND m.queue_id <> ALL (%(queues)s::bigint[]))"""

ALL_HELD = f"SELECT {_ALL_HELD}"

LOCK_CALL = f"""
SELECT {_ALL_HELD}, c.xmin::text, {CALL.columns("c")} FROM queues_call c WHERE c.id = %(call)s FOR NO KEY UPDATE OF c
"""  # noqa: S608


def hold(
    *, call_id: int | None = None, offer_id: int | None = None, agent_ids: Iterable[int] = (), queue_ids: Iterable[int] = (),
    chain: bool = False,
) -> Held:  # fmt: skip
    """Lock the call, the agents that have it in their hands, the named ones, and all the queues they share with others.

    :param offer_id: instead of the call: the one that this offer is about.
    :param chain: the queues as well that the ways out of the call's and the named queues lead to, with all these ways, and those that
        the agent whom the caller wants sends callers to.
    :raises NotFound: no such call, offer or agent.
    """
    wanted = Wanted(call_id, offer_id, tuple(agent_ids), tuple(queue_ids), chain)
    held = Held()
    seen = _look_and_lock(held, wanted)
    if seen.hands:
        _lock_agents(held, seen.hands)
    if call_id is not None or offer_id is not None:
        _lock_call(held, seen, wanted)
    elif seen.hands and not sql.only_row(ALL_HELD, _locked(held))[0]:
        raise Grew
    held.now = timezone.now()
    return held


def _look_and_lock(held: Held, wanted: Wanted) -> Seen:
    found = sql.rows(LOOK_AND_LOCK, wanted.values)
    held.queues = {row[4]: QUEUE.make(row[4:]) for row in found}
    if wanted.chain:
        held.ways = {row[4]: tuple(Way(*way) for way in json.loads(row[3] or "[]")) for row in found}
    # Without a queue to lock there is no row either, and nothing that the look found.
    call, version, hands = (found or sql.rows(LOOK, wanted.values))[0][:3]
    return Seen(call, version, frozenset(hands))


def _lock_agents(held: Held, agents: Iterable[int]) -> None:
    wanted = list(agents)
    held.agents = {row[0]: AGENT.make(row) for row in sql.rows(LOCK_AGENTS, [wanted])}
    if len(held.agents) != len(wanted):
        raise NotFound("There is no such agent.")


def _lock_call(held: Held, seen: Seen, wanted: Wanted) -> None:
    """Nobody may have joined between the look and the locks. What is locked now cannot change any more."""
    found = sql.row(LOCK_CALL, {"call": seen.call, **_locked(held)}) if seen.call is not None else None
    if found is None:
        raise NotFound("There is no such call." if wanted.offer is None else "There is no such offer.")
    all_held, version = found[:2]
    held.call = CALL.make(found[2:])
    if not all_held or (version != seen.version and _grew(held, wanted)):
        raise Grew
    if held.call.queue_id and held.call.queue_id not in held.queues:
        raise Grew


def _grew(held: Held, wanted: Wanted) -> bool:
    """Look again at a call whose row somebody changed before it was locked."""
    _, _, hands, queues, _ = sql.rows(LOOK, wanted.values)[0]
    return not (held.agents.keys() >= set(hands) and held.queues.keys() >= set(queues))


def _locked(held: Held) -> dict[str, list[int]]:
    return {"agents": list(held.agents), "queues": list(held.queues)}
