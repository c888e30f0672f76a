"""What agents want: to work, to pause, to go. A busy agent's wish waits until the call is written up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agents import services as agents
from agents.models import Agent, BreakReason
from agents.states import AVAILABLE, BREAK, ENGAGED, OFFLINE
from callcenter.core import bell
from callcenter.core.errors import NotFound

from .. import engagement, matching
from ..locks import Held, hold, one_transaction
from ..models import Membership, Strategy
from ..refusals import NotLoggedIn
from ..strategies import newcomer_load

SHIFT_COUNTS = {Strategy.FEWEST_CALLS: "calls_since_login", Strategy.LEAST_TALK_TIME: "talk_seconds_since_login"}
"""Strategies that compare counts of a shift, and which."""


@one_transaction
def set_available(agent_id: int, *, actor: str) -> Agent:
    """The agent wants calls. While busy this takes back the wish for a break or for going."""
    held = hold(agent_ids=[agent_id])
    agent = held.agents[agent_id]
    if agent.state in ENGAGED:
        agents.wish(agent, "", actor=actor)
    elif agent.state != AVAILABLE:
        begin_work(held, agent, actor=actor)
    matching.match_agent(held, agent_id)  # also after a wish was taken back: a second slot may be free
    return agent


@one_transaction
def take_break(agent_id: int, reason_id: int, *, actor: str) -> Agent:
    """Pause, or change the reason of the pause.

    :raises NotLoggedIn: the agent is offline.
    """
    held = hold(agent_ids=[agent_id])
    agent = held.agents[agent_id]
    reason = BreakReason.objects.filter(pk=reason_id).first()
    if reason is None:
        raise NotFound("There is no such reason for a break.")
    if agent.state == OFFLINE:
        raise NotLoggedIn
    if agent.state in ENGAGED:
        agents.wish(agent, BREAK, reason, actor=actor)
    elif agent.break_reason != reason:
        engagement.move(agent, "went_on_break", actor=actor, cause=reason.code, break_reason=reason)
    return agent


@one_transaction
def go_offline(agent_id: int, *, actor: str) -> Agent:
    """End the shift, after the present call if there is one."""
    held = hold(agent_ids=[agent_id])
    agent = held.agents[agent_id]
    end_work(held, agent, actor=actor)
    return agent


def begin_work(held: Held, agent: Agent, *, actor: str, cause: str = "") -> None:
    fields: dict[str, Any] = {"break_reason": None, "misses_in_row": 0}
    if agent.state == OFFLINE:
        fields |= {"logged_in_at": held.now, **_first_loads(agent)}
        bell.ring_alarm()  # calls may be waiting for a step of their relaxation that this agent could satisfy
    engagement.move(agent, "became_available", actor=actor, cause=cause, **fields)


def end_work(held: Held, agent: Agent, *, actor: str, cause: str = "") -> None:
    if agent.state in ENGAGED:
        agents.wish(agent, OFFLINE, actor=actor)
    elif agent.state != OFFLINE:
        gone = {"break_reason": None, "logged_in_at": None}
        engagement.move(agent, "went_offline", actor=actor, cause=cause, **gone)


def _first_loads(agent: Agent) -> dict[str, int]:
    """Where the counts of the shift begin: colleagues in a queue that compares them must not see all calls go to the newcomer."""
    mine = {membership.queue_id: membership for membership in Membership.objects.filter(agent=agent).select_related("queue")}
    return {count: _first_load(agent, count, _that_compare(mine.values(), strategy)) for strategy, count in SHIFT_COUNTS.items()}


def _that_compare(memberships: Iterable[Membership], strategy: str) -> dict[int, int]:
    """The capacity score of the agent in each queue with this strategy."""
    return {one.queue_id: one.weight for one in memberships if one.queue.usual_strategy == strategy}


def _first_load(agent: Agent, count: str, weights: dict[int, int]) -> int:
    others = Membership.objects.filter(queue__in=weights).exclude(agent=agent).exclude(agent__state=OFFLINE)
    colleagues = others.values_list("queue", f"agent__{count}", "weight") if weights else ()
    return newcomer_load((load, score, weights[queue]) for queue, load, score in colleagues)
