"""Real phones: a caller who chose a language in a menu gets an agent who speaks it, and phones that ring one after the other."""

from __future__ import annotations

from typing import Any

from agents.models import AgentSkill, Skill
from ivr.models import Flow, FlowVersion, Number
from queues.states import OfferOutcome
from tests.sip import facts
from tests.sip.given import AGENT_TONE, call_to, staffed_team
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.stack import Stack, Team
from tests.until import until

ANSWERS, RINGS = Takes(answer_after=0.1), Takes()


def leads_to_german_speakers(team: Team, skill: Skill) -> None:
    steps: dict[str, Any] = {
        "set": {"kind": "set", "skills": {skill.name: 3}, "exits": {"next": "queue"}},
        "queue": {"kind": "queue", "queue": team.queue.slug},
    }
    flow = Flow.objects.create(name=f"speaks {team.number}", slug=f"speaks-{team.number}")
    document = {"start": "set", "fallback_queue": team.queue.slug, "steps": steps}
    Flow.objects.filter(pk=flow.pk).update(published=FlowVersion.objects.create(flow=flow, number=1, document=document))
    Number.objects.filter(number=team.number).update(target=Number.Target.FLOW, flow=flow)


def test_a_flow_asks_for_a_skill_and_the_agent_who_has_it_is_rung(stack: Stack, fleet: Fleet) -> None:
    team, phones = staffed_team(stack, fleet, ANSWERS, ANSWERS)
    skill = Skill.objects.create(name=f"German of {team.number}")
    AgentSkill.objects.create(agent=team.agents[1], skill=skill, level=3)
    leads_to_german_speakers(team, skill)
    caller = call_to(team, fleet)
    until(lambda: caller.hears(AGENT_TONE + 200), within=8, what="the caller to hear the second agent")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[1])
    assert not phones[0].calls
    assert call.offers.get().why["left_out"] == {str(team.agents[0].pk): "skills"}


def test_phones_ring_one_more_at_a_time_and_the_first_to_answer_wins(stack: Stack, fleet: Fleet) -> None:
    team, phones = staffed_team(stack, fleet, RINGS, RINGS, RINGS, strategy="ring-progressively", progressive_seconds=1)
    caller = call_to(team, fleet)
    until(lambda: sum(bool(phone.ringing) for phone in phones) == 2, what="a second phone to ring")
    first, second = facts.only_call(team.queue).offers.order_by("id")
    assert 0.9 < (second.opened_at - first.opened_at).total_seconds() < 3
    late = phones[team.agents.index(second.agent)]
    assert late.ringing
    late.ringing.answer()
    until(lambda: caller.hears(late.tone), what="the caller to hear the second agent")
    until(lambda: all(end.over for phone in phones for end in phone.calls if phone is not late), what="the others to be quiet")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=second.agent)
    assert OfferOutcome.ACCEPTED in facts.outcomes(call)
    assert set(facts.outcomes(call)) == {OfferOutcome.ACCEPTED, OfferOutcome.CANCELLED}
    facts.until_available(team.agents)
