"""Whoever leaves, however, in whatever state: the other side is released and the record tells what happened."""

from __future__ import annotations

import pytest

from agents.models import Agent
from queues.models import AnswerMode, Call, Offer
from queues.states import CallOutcome, OfferOutcome
from tests.sip import facts
from tests.sip.given import AGENT_TONE, CALLER_TONE, call_to, conversation, staffed_team
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.stack import Stack
from tests.until import until

MODES = [AnswerMode.ANSWER, AnswerMode.RINGBACK, AnswerMode.EARLY_MEDIA]
RINGS, ANSWERS = Takes(), Takes(answer_after=0.1)


# ---- the caller leaves -------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", MODES)
def test_caller_gives_up_while_waiting(stack: Stack, fleet: Fleet, mode: AnswerMode) -> None:
    team = stack.team(agents=1, answer_mode=mode)
    caller = call_to(team, fleet)
    facts.until_waiting(team.queue)
    until(lambda: caller.state == ("talking" if mode == AnswerMode.ANSWER else "early"), what="the caller to hear something")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_abandoned(call)
    _left_cleanly(fleet, caller.status, mode)


@pytest.mark.parametrize("mode", MODES)
def test_caller_gives_up_while_an_agent_is_rung(stack: Stack, fleet: Fleet, mode: AnswerMode) -> None:
    team, [agent] = staffed_team(stack, fleet, RINGS, answer_mode=mode)
    caller = call_to(team, fleet)
    facts.until_ringing(team.queue)
    caller.hang_up()
    until(lambda: agent.calls[0].over and agent.calls[0].status == 487, what="the agent's phone to be quiet")
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_abandoned(call)
    assert facts.outcomes(call) == [OfferOutcome.RESCINDED]
    # It should not count as the agent's miss
    facts.until_available(team.agents)
    assert Agent.objects.get(pk=team.agents[0].pk).misses_in_row == 0
    _left_cleanly(fleet, caller.status, mode)


def test_caller_gives_up_at_once(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, RINGS, answer_mode=AnswerMode.RINGBACK)
    callers = [call_to(team, fleet, f"hasty{index}") for index in range(4)]
    for caller in callers:
        caller.hang_up()
    until(lambda: all(caller.over for caller in callers), what="the callers to be free")
    calls = facts.until_all_over(team.queue, len(callers))
    until(lambda: all(call.over for call in agent.calls), what="the agent's phone to be quiet")
    assert sorted(call.caller_number for call in calls) == [caller.phone.user for caller in callers]
    for call in calls:
        facts.was_abandoned(call)
        assert set(facts.outcomes(call)) <= {OfferOutcome.RESCINDED}
    # It should not count as the agent's miss
    facts.until_available(team.agents)
    assert Agent.objects.get(pk=team.agents[0].pk).misses_in_row == 0
    assert {caller.status for caller in callers} == {487}
    assert not fleet.received(481)


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_either_hangs_up(stack: Stack, fleet: Fleet, who: str) -> None:
    team, caller, agent = conversation(stack, fleet)
    leaves, stays = (caller, agent) if who == "caller" else (agent, caller)
    leaves.hang_up()
    until(lambda: stays.over and leaves.bye_status == 200, what="both to be free")
    assert stays.by_peer
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[0], hung_up_by=who)
    facts.until_available(team.agents)


@pytest.mark.parametrize("round_", range(5))
def test_both_hang_up_at_once(stack: Stack, fleet: Fleet, round_: int) -> None:
    team, caller, agent = conversation(stack, fleet)
    fleet.hang_up_at_once([caller, agent])
    until(lambda: caller.bye_status == agent.bye_status == 200, what="both to be told 200")
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call)
    assert call.hung_up_by in ("caller", "agent")
    assert not fleet.received(481)


@pytest.mark.parametrize("who", ["caller", "agent"])
def test_someone_hangs_up_while_on_hold(stack: Stack, fleet: Fleet, who: str) -> None:
    team, caller, agent = conversation(stack, fleet)
    agent.hold()
    until(lambda: Call.objects.get(queue=team.queue).held_since, what="the hold to be known")
    (caller if who == "caller" else agent).hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by=who)
    assert call.segments.get().hold_seconds > 0
    assert not fleet.received(481)


def test_caller_vanishes_from_a_conversation(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    caller.vanish()
    until(lambda: agent.over, within=20, what="the agent to be released")
    assert agent.by_peer
    [call] = facts.until_all_over(team.queue, 1, within=45)
    facts.was_answered(call)
    facts.until_available(team.agents)


def test_caller_vanishes_from_the_queue(stack: Stack, fleet: Fleet) -> None:
    team = stack.team(agents=1)
    caller = call_to(team, fleet)
    facts.until_waiting(team.queue)
    caller.vanish()
    [call] = facts.until_all_over(team.queue, 1, within=45)
    assert call.outcome == CallOutcome.ABANDONED


# ---- the agent does not take it ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("takes", "outcome"),
    [
        (Takes(answer_after=0.1, status=486), OfferOutcome.BUSY),
        (Takes(answer_after=0.1, status=603), OfferOutcome.REJECTED),
        (Takes(answer_after=0.1, status=480), OfferOutcome.NO_ANSWER),
        (Takes(answer_after=0.1, status=404), OfferOutcome.UNREACHABLE),
        (Takes(), OfferOutcome.NO_ANSWER),
    ],
)
def test_call_goes_to_the_next_agent_when_one_does_not_take_it(stack: Stack, fleet: Fleet, takes: Takes, outcome: OfferOutcome) -> None:
    team, [_, second] = staffed_team(stack, fleet, takes, ANSWERS, ring_seconds=3, strategy="linear")
    caller = call_to(team, fleet)
    until(lambda: caller.hears(second.tone), within=10, what="the caller to hear the second agent")
    # It should have kept its place, and the first agent should be free again after the cool-down
    call = facts.only_call(team.queue)
    assert facts.outcomes(call) == [outcome, OfferOutcome.ACCEPTED]
    assert call.attempts == 1
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[1], hung_up_by="caller")
    assert not fleet.received(481)


def test_call_comes_back_to_the_only_agent_who_refused_it(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, Takes(answer_after=0.1, status=486))
    caller = call_to(team, fleet)
    until(lambda: Offer.objects.filter(queue=team.queue, outcome=OfferOutcome.BUSY).exists(), what="the refusal to be noted")
    agent.takes = ANSWERS
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the second attempt to be answered")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="caller")


def test_agent_whose_phone_is_dead_is_given_up(stack: Stack, fleet: Fleet) -> None:
    """It never says that it rings, and has its whole ring time all the same: longer than offers go unheard of."""
    team, [dead, second] = staffed_team(stack, fleet, Takes(silent=True), ANSWERS, ring_seconds=7, strategy="linear")
    caller = call_to(team, fleet)
    until(lambda: caller.hears(second.tone), within=16, what="the caller to hear the second agent")
    assert not dead.calls
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    assert facts.outcomes(call)[-1] == OfferOutcome.ACCEPTED
    assert facts.outcomes(call)[0] in (OfferOutcome.NO_ANSWER, OfferOutcome.UNREACHABLE)


def test_agent_signs_off_while_ringing(stack: Stack, fleet: Fleet) -> None:
    team, [first, second] = staffed_team(stack, fleet, RINGS, ANSWERS, ring_seconds=30, strategy="linear")
    caller = call_to(team, fleet)
    facts.until_ringing(team.queue)
    assert first.unregister().status == 200
    until(lambda: caller.hears(second.tone), within=8, what="the caller to hear the second agent long before the ring time is over")
    until(lambda: first.calls[0].over, what="the first phone to be quiet")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[1])
    assert Agent.objects.get(pk=team.agents[0].pk).state == "offline"


def test_agent_answers_at_the_moment_the_caller_leaves(stack: Stack, fleet: Fleet) -> None:
    """Whichever the product sees first decides; nobody is left with a dead line, and no row half way."""
    team, [agent] = staffed_team(stack, fleet, RINGS, answer_mode=AnswerMode.RINGBACK)
    for number in range(1, 5):
        caller = call_to(team, fleet)
        facts.until_ringing(team.queue)
        ringing = agent.ringing
        assert ringing
        fleet.at_once(ringing.take, caller.leave)
        until(lambda ends=(caller, ringing): all(end.over for end in ends), what="both to be free")  # type: ignore[misc]
        facts.until_all_over(team.queue, number)
        facts.until_available(team.agents)
    assert not fleet.received(481)


def test_many_hang_up_at_once(stack: Stack, fleet: Fleet) -> None:
    team, phones = staffed_team(stack, fleet, *[ANSWERS] * 8)
    callers = [call_to(team, fleet, f"crowd{index}") for index in range(8)]
    facts.until_active(team.queue, 8)
    until(lambda: all(any(caller.hears(phone.tone) for phone in phones) for caller in callers), what="every caller to hear an agent")
    until(lambda: all(phone.calls[0].hears(CALLER_TONE) for phone in phones), what="every agent to hear a caller")
    ends = [*callers, *(phone.calls[0] for phone in phones)]
    fleet.hang_up_at_once(ends)
    for call in facts.until_all_over(team.queue, 8, within=15):
        facts.was_answered(call)
    facts.until_available(team.agents)
    assert not fleet.received(481)


def _left_cleanly(fleet: Fleet, status: int, mode: AnswerMode) -> None:
    assert status == (200 if mode == AnswerMode.ANSWER else 487)
    assert not fleet.received(481)
