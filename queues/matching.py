"""Calls meet agents: the part of every event's transaction that writes offers.

The event has locked its queues (`locks.hold`) and written its own fact; here, as long as there is a free
agent and a call that the agent may take, the earliest such call is offered to the agent whom its queue's
strategy prefers. The order of calls is one over all queues of an agent, and a call that nobody can take is
simply not in anybody's line, so it blocks no other.

Agents are locked before calls, and a call that another process holds is passed over, never waited for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from agents.models import Agent
from callcenter.core import bell, sql
from callcenter.core.stateful import advance, write

from . import engagement, roster
from .locks import LOCK_AGENTS, Held
from .models import Call, Offer, Queue, Strategy
from .ranking import Ranking, not_free
from .slices import AGENT
from .states import AGENT_RINGING, QUEUED
from .strategies import AT_ONCE

ACTOR = "system:matching"

SHORTEST_RING = 3.0
"""Seconds; below that a phone has not even begun to ring."""

# With the stay that waits, of which there is one.
OPEN = """
INSERT INTO queues_offer (call_id, segment_id, queue_id, agent_id, slot, outcome, opened_at, expires_at, why)
SELECT s.call_id, s.id, %(queue)s, %(agent)s, %(slot)s, 'open', %(opened_at)s, %(expires_at)s, %(why)s::jsonb
FROM queues_segment s WHERE s.call_id = %(call)s AND s.outcome = 'waiting'
RETURNING id, segment_id
"""


def match_agent(held: Held, agent_id: int) -> int:
    """Offer calls to this agent, whose queues are all held, until the slots are full or the line is empty."""
    offered, passed_over = 0, set[int]()
    while _free(held, held.agents[agent_id]):
        call = _take_first(held, agent_id, but=passed_over)
        if call is None:
            break
        taken = _place(held, call, first_of=agent_id)
        offered += taken
        if not taken:
            passed_over.add(call.pk)
    return offered


def match_agents(held: Held, agent_ids: Iterable[int]) -> int:
    return sum(match_agent(held, agent_id) for agent_id in sorted(agent_ids))


def match_call(held: Held, call: Call) -> bool:
    """Offer this call, which is held with its queue, if anybody can take it now; True if a phone rings."""
    if call.state != QUEUED or call.queue_id is None or (call.not_before and call.not_before > held.now):
        return False
    return bool(_place(held, call))


def ring_one_more(held: Held, call: Call) -> bool:
    """Offer this call, which rings agents already, to one more whom nothing else waits for; True if another phone rings."""
    return call.state == AGENT_RINGING and call.queue_id is not None and bool(_place(held, call))


def _take_first(held: Held, agent_id: int, *, but: set[int]) -> Call | None:
    """The first call of the agent's line, locked; one that another process is at is left out.

    A call's row is waited for only by who holds its queue, so whoever takes it may then wait for an agent.
    """
    call = roster.take_first(agent_id, held.now, but=but)
    return held.call if call and held.call and call.pk == held.call.pk else call


def _place(held: Held, call: Call, *, first_of: int | None = None) -> int:
    """Offer the call to the best agent (ring all: to all of the tier). An agent whose own line begins with
    an earlier call gets that one first, and the search goes on.

    :param first_of: the agent at whose line's head the call was just seen.
    """
    queue = held.queue(call.queue_id or 0)
    ranking = roster.ranked(queue, call, held.now)
    everybody = ranking.strategy in AT_ONCE
    chosen: list[Agent] = []
    for agent in _locked(held, ranking, everybody=everybody):
        if agent.pk == first_of or _serve_earlier(held, agent, call):
            chosen.append(agent)
            if not everybody:
                break
    return _open_offers(held, call, queue, chosen, ranking) if chosen else 0


def _locked(held: Held, ranking: Ranking, *, everybody: bool) -> Iterator[Agent]:
    """The ranked agents, locked and looked at again: each when the one before could not, or all at once by id."""
    for pk in sorted(ranking.order) if everybody else ():
        lock_agent(held, pk)
    for pk in ranking.order:
        agent = lock_agent(held, pk)
        if agent and _free(held, agent):
            yield agent


def lock_agent(held: Held, agent_id: int) -> Agent | None:
    if agent_id not in held.agents:
        found = sql.row(LOCK_AGENTS, [[agent_id]])
        if found is None:
            return None
        held.agents[agent_id] = AGENT.make(found)
    return held.agents[agent_id]


def _serve_earlier(held: Held, agent: Agent, call: Call) -> bool:
    """Give the agent the calls that come before this one in the agent's own line; True if a slot is left then.

    Such a call waits in a queue that this event did not lock, because a cool-down or a delay of it has just
    ended. Taking it away is safe without that lock: it makes no pair, it ends one. A call that rings already stands in
    nobody's line any more: it comes after whatever does.
    """
    passed_over: set[int] = set()
    while _free(held, agent):
        earlier = _take_first(held, agent.pk, but=passed_over)
        if earlier is None or earlier.pk == call.pk:
            return earlier is not None or call.state == AGENT_RINGING
        queue = held.queue(earlier.queue_id or 0)
        _open_offers(held, earlier, queue, [agent], roster.ranked(queue, earlier, held.now))
        passed_over.add(earlier.pk)
    return False


def _free(held: Held, agent: Agent) -> bool:
    """Whether the agent's locked row allows a call; the phone was looked at where the agent was found."""
    return not not_free(roster.of(agent, reachable=True), held.now)


def _open_offers(held: Held, call: Call, queue: Queue, agents: list[Agent], ranking: Ranking) -> int:
    why = ranking.explain()
    for agent in agents:
        open_offer(held, call, queue, agent, why=why, actor=ACTOR)
    return len(agents)


def open_offer(held: Held, call: Call, queue: Queue, agent: Agent, *, why: dict[str, object], actor: str) -> Offer:
    """Reserve one slot of the agent for the call and ring the node that carries it. Both rows are locked."""
    ring = max(SHORTEST_RING, queue.ring_seconds * (queue.ring_shrink / 100) ** call.attempts)
    offer = Offer(
        call=call, queue=queue, agent=agent, slot=engagement.free_slot(agent), why=why,
        opened_at=held.now, expires_at=held.now + timedelta(seconds=ring),
    )  # fmt: skip
    offer.pk, offer.segment_id = sql.only_row(OPEN, _opened(offer))
    engagement.reserve(agent, now=held.now, call_id=call.pk, actor=actor)
    if call.state == AGENT_RINGING:
        ring_node(call, "offer", offer.pk)
    else:
        data = {"agent": agent.pk, "offer": offer.pk, "queue": queue.pk}
        advance(call, "assign_to_agent", actor=actor, data=data, ring=_for_node(call, "offer", offer.pk))
    _move_pointer(held, queue, agent)
    return offer


def _move_pointer(held: Held, queue: Queue, agent: Agent) -> None:
    """Round robin goes on behind this agent, whoever chose the agent.

    Not in a queue that is not held (`_serve_earlier`): its row would be locked after the agents' rows, out of order.
    There the pointer stays, and the next call of that queue may ask the same agent first once more.
    """
    if queue.usual_strategy == Strategy.ROUND_ROBIN and queue.pk in held.queues:
        write(queue, rr_pointer=agent.pk)


def _opened(offer: Offer) -> dict[str, Any]:
    return {
        "call": offer.call_id, "queue": offer.queue_id, "agent": offer.agent_id, "slot": offer.slot,
        "opened_at": offer.opened_at, "expires_at": offer.expires_at, "why": json.dumps(offer.why),
    }  # fmt: skip


def ring_node(call: Call, event: str, about: int) -> None:
    """Tell the process that carries the call, through its node, that something in the rows concerns it."""
    if ring := _for_node(call, event, about):
        bell.send(ring)


def _for_node(call: Call, event: str, about: int) -> bell.Ring | None:
    """A callback that rings an agent has no process yet: every node hears of it, and the first one takes it up."""
    if not call.node:
        return bell.Ring.of(bell.TAKE_UP, call=call.pk) if event == "offer" else None
    return bell.Ring.of(bell.node_channel(call.node), call=call.pk, process=call.process, event=event, id=about)
