"""More callers than agents: everybody is served, in order, and hears the right person."""

from __future__ import annotations

from queues.models import Call, Offer
from queues.states import ACTIVE, OfferOutcome
from tests.sip import facts
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.phones import Bank, Line, Phone
from tests.sip.harness.stack import PASSWORD, Stack
from tests.until import until


def test_five_callers_at_once_are_served_by_two_agents(stack: Stack, bank: Bank) -> None:
    team = stack.team(agents=2)
    agents = {
        agent.pk: bank.phone(agent.sip_username, PASSWORD, tone=1000 + 200 * index).answering(after=0.2).register()
        for index, agent in enumerate(team.agents)
    }
    facts.until_available(team.agents)
    callers = [bank.phone(f"caller{index}", tone=400 + 50 * index) for index in range(5)]
    lines = {phone.user: phone.call(f"sip:{team.number}@{bank.edge}") for phone in callers}

    # It should let two talk and keep three waiting
    facts.until_active(team.queue, 2)
    facts.until_waiting(team.queue, 3)
    served: list[int] = []
    while len(served) < 5:
        call = until(lambda: Call.objects.filter(queue=team.queue, state=ACTIVE).exclude(pk__in=served).first(), within=10, what="the next")
        assert call.agent_id
        caller = next(phone for phone in callers if phone.user == call.caller_number)
        _hear_each_other(lines[caller.user], caller, agents[call.agent_id])
        served.append(call.pk)
        # Callers and agents hang up in turn
        (lines[caller.user] if len(served) % 2 else _line_of(agents[call.agent_id])).hang_up()
        until(lambda line=lines[caller.user]: line.over, what="the caller to be free")  # type: ignore[misc]

    calls = facts.until_all_over(team.queue, 5)
    for number, call in enumerate(sorted(calls, key=lambda call: served.index(call.pk)), 1):
        facts.was_answered(call, hung_up_by="caller" if number % 2 else "agent")
    _served_in_order(calls)


def test_a_hundred_callers_at_once_are_served_by_ten_agents(stack: Stack, fleet: Fleet) -> None:
    team = stack.team(agents=10)
    tones = {agent.pk: 2500 + 50 * index for index, agent in enumerate(team.agents)}
    takes = Takes(answer_after=0.1)
    agents = {agent.pk: fleet.phone(agent.sip_username, PASSWORD, tone=tones[agent.pk], takes=takes) for agent in team.agents}
    fleet.register_all(list(agents.values()))
    facts.until_available(team.agents)
    callers = {f"many{index}": fleet.phone(f"many{index}", tone=400 + 20 * index) for index in range(100)}
    calls = dict(zip(callers, fleet.call_at_once(list(callers.values()), team.number), strict=True))

    served: set[int] = set()
    while len(served) < 100:
        for call in until(lambda: Call.objects.filter(queue=team.queue, state=ACTIVE).exclude(pk__in=served), within=15, what="the next"):
            assert call.agent_id
            caller, agent = calls[call.caller_number], agents[call.agent_id]
            until(lambda c=caller, tone=tones[call.agent_id]: c.hears(tone, 0.2), what="the caller to hear the agent")  # type: ignore[misc]
            far = agent.talking
            assert far
            until(lambda f=far, tone=caller.phone.tone: f.hears(tone, 0.2), what="the agent to hear the caller")  # type: ignore[misc]
            served.add(call.pk)
            (caller if call.pk % 2 else far).hang_up()

    done = facts.until_all_over(team.queue, 100, within=20)
    for call in done:
        facts.was_answered(call, hung_up_by="caller" if call.pk % 2 else "agent")
    _served_in_order(done)
    assert not fleet.received(481)


def _hear_each_other(line: Line, caller: Phone, agent: Phone) -> None:
    until(lambda: line.hears(agent.tone), what=f"{caller.user} to hear {agent.user}")
    until(lambda: _line_of(agent).hears(caller.tone), what=f"{agent.user} to hear {caller.user}")
    assert line.share(caller.tone) < 0.05, "the caller hears an echo"


def _line_of(agent: Phone) -> Line:
    return until(lambda: agent.talking, what=f"{agent.user} to talk")


def _served_in_order(calls: list[Call]) -> None:
    """The accepted offers were opened in the order of the calls' places."""
    accepted = Offer.objects.filter(call__in=calls, outcome=OfferOutcome.ACCEPTED).order_by("id")
    places = [offer.call.order_key for offer in accepted.select_related("call")]
    assert places == sorted(places, key=lambda place: place or 0)
