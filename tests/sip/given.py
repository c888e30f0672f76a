"""Situations that tests of calls begin with."""

from __future__ import annotations

from typing import Any

from tests.sip import facts
from tests.sip.harness.dialog import Call
from tests.sip.harness.fleet import Fleet, Phone, Takes
from tests.sip.harness.stack import PASSWORD, Stack, Team
from tests.until import until

CALLER_TONE, AGENT_TONE = 440, 1000


def staffed_team(stack: Stack, fleet: Fleet, *takes: Takes, **queue: Any) -> tuple[Team, list[Phone]]:
    """A team with one registered, available agent for each way of taking calls; tones 1000, 1200, …"""
    team = stack.team(agents=len(takes), **queue)
    phones = [
        fleet.phone(agent.sip_username, PASSWORD, tone=AGENT_TONE + 200 * index, takes=way)
        for index, (agent, way) in enumerate(zip(team.agents, takes, strict=True))
    ]
    fleet.register_all(phones)
    facts.until_available(team.agents)
    return team, phones


def call_to(team: Team, fleet: Fleet, name: str = "caller") -> Call:
    return fleet.phone(name, tone=CALLER_TONE).call(team.number)


def conversation(stack: Stack, fleet: Fleet, **queue: Any) -> tuple[Team, Call, Call]:
    """A caller and an agent who hear each other: the team, the caller's end, the agent's end."""
    team, [phone] = staffed_team(stack, fleet, Takes(answer_after=0.1), **queue)
    caller = call_to(team, fleet)
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the caller to hear the agent")
    agent = phone.calls[-1]
    until(lambda: agent.hears(CALLER_TONE), what="the agent to hear the caller")
    return team, caller, agent
