"""What agents want: to work, to pause, to go. A busy agent's wish waits until the call is written up."""

from __future__ import annotations

from typing import Any

from agents import services as agents
from agents.models import Agent, BreakReason
from agents.states import AVAILABLE, BREAK, ENGAGED, OFFLINE
from callcenter.core.errors import NotFound

from .. import engagement, matching
from ..locks import Held, hold, one_transaction
from ..models import Membership, Strategy
from ..ranking import newcomer_calls
from ..refusals import NotLoggedIn


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
        fields |= {"logged_in_at": held.now, "talk_seconds_since_login": 0, "calls_since_login": _first_count(agent)}
    engagement.move(agent, "became_available", actor=actor, cause=cause, **fields)


def end_work(held: Held, agent: Agent, *, actor: str, cause: str = "") -> None:
    if agent.state in ENGAGED:
        agents.wish(agent, OFFLINE, actor=actor)
    elif agent.state != OFFLINE:
        gone = {"break_reason": None, "logged_in_at": None}
        engagement.move(agent, "went_offline", actor=actor, cause=cause, **gone)


def _first_count(agent: Agent) -> int:
    """Where "calls since login" begins: colleagues of a fewest-calls queue must not see all calls go to the newcomer."""
    shared = Membership.objects.filter(agent=agent, queue__strategy=Strategy.FEWEST_CALLS).values("queue")
    colleagues = Agent.objects.filter(memberships__queue__in=shared).exclude(pk=agent.pk).exclude(state=OFFLINE)
    return newcomer_calls(colleagues.values_list("calls_since_login", flat=True))
