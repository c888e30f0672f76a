"""Many phones ring for one call: all at once, each for its own agent, and only one is answered."""

from __future__ import annotations

import psutil
import pytest
from django.db.models import QuerySet

from agents.models import Agent
from queues import services
from queues.models import Call, Offer, Strategy
from queues.states import OfferOutcome
from telephony.models import CallProcess, Leg
from tests.sip import facts
from tests.sip.given import AGENT_TONE, CALLER_TONE, call_to, staffed_team
from tests.sip.harness import dialog
from tests.sip.harness.fleet import Fleet, Phone, Takes
from tests.sip.harness.phones import Bank
from tests.sip.harness.stack import PASSWORD, Stack, Team
from tests.until import PATIENCE, until

RINGS = Takes()
MOMENT = 0.1
"""Seconds between the first and the last phone that rings: it would be the second INVITE's, were there several."""


class Ringing:
    """Six agents of one queue whose phones ring for one caller."""

    def __init__(self, stack: Stack, fleet: Fleet, agents: int = 6) -> None:
        self.stack, self.fleet = stack, fleet
        self.team, self.phones = staffed_team(stack, fleet, *[RINGS] * agents, ring_seconds=30, strategy=Strategy.RING_ALL)
        self.caller = call_to(self.team, fleet)
        self.ends = until_all_ring(self.phones)
        until(lambda: self.offers().filter(rang_at__isnull=False).count() == agents, what="the records to know that all ring")

    @property
    def call(self) -> Call:
        return facts.only_call(self.team.queue)

    def offers(self) -> QuerySet[Offer]:
        return Offer.objects.filter(queue=self.team.queue, outcome=OfferOutcome.OPEN)

    def outcome_of(self, number: int) -> tuple[str, int | None]:
        offer = Offer.objects.filter(queue=self.team.queue, agent=self.team.agents[number]).earliest("id")
        return offer.outcome, offer.sip_status

    def others(self, *numbers: int) -> list[dialog.Call]:
        return [end for number, end in enumerate(self.ends) if number not in numbers]

    def others_are_not_blamed(self, *numbers: int) -> None:
        others = [agent for number, agent in enumerate(self.team.agents) if number not in numbers]
        facts.until_available(others)
        assert {agent.misses_in_row for agent in Agent.objects.filter(pk__in=[one.pk for one in others])} == {0}

    def talks(self, number: int) -> None:
        """The caller and this agent hear each other; nobody else has anything to say any more."""
        end = self.ends[number]
        tone = self.phones[number].tone
        until(lambda: self.caller.hears(tone) and end.hears(CALLER_TONE), within=8, what="both to hear each other")
        until(lambda: all(other.over for other in self.others(number)), what="the other phones to be quiet")

    def ends_well(self, number: int) -> None:
        self.caller.hang_up()
        [call] = facts.until_all_over(self.team.queue, 1)
        facts.was_answered(call, by=self.team.agents[number], hung_up_by="caller")
        assert not self.fleet.received(481)


def until_all_ring(phones: list[Phone]) -> list[dialog.Call]:
    until(lambda: all(phone.ringing for phone in phones), within=8, what=f"all {len(phones)} phones to ring")
    ends = [phone.calls[-1] for phone in phones]
    began = [end.invited_at for end in ends]
    assert max(began) - min(began) < MOMENT * PATIENCE
    assert len({end.call_id for end in ends}) == 1, "one INVITE"
    return ends


@pytest.fixture
def ringing(stack: Stack, fleet: Fleet) -> Ringing:
    return Ringing(stack, fleet)


def devices(stack: Stack, fleet: Fleet, count: int) -> tuple[Team, list[Phone]]:
    """One agent with several phones."""
    team = stack.team(agents=1, ring_seconds=30)
    name = team.agents[0].sip_username
    phones = [fleet.phone(name, PASSWORD, tone=AGENT_TONE + 200 * index, takes=RINGS) for index in range(count)]
    fleet.register_all(phones)
    facts.until_available(team.agents)
    return team, phones


# ---- one is answered ---------------------------------------------------------------------------------------
def test_six_agents_ring_together_and_the_fourth_answers(ringing: Ringing) -> None:
    ringing.ends[3].answer()
    ringing.talks(3)
    assert {(end.status, end.by_peer) for end in ringing.others(3)} == {(487, True)}
    ringing.others_are_not_blamed(3)
    assert sorted(facts.outcomes(ringing.call)) == [OfferOutcome.ACCEPTED, *[OfferOutcome.CANCELLED] * 5]
    # It should have a leg on record for every phone that rang
    legs = Leg.objects.filter(call=ringing.call, role=Leg.Role.AGENT)
    until(lambda: legs.filter(ended_at__isnull=False).count() == 5, what="the legs of the others to be closed")
    assert legs.count() == 6
    ringing.ends_well(3)
    assert all(seen.method != "BYE" for seen in ringing.fleet.trace if seen.user != ringing.phones[3].user and seen.user != "caller")


def test_five_devices_of_one_agent_ring_together(stack: Stack, fleet: Fleet) -> None:
    team, phones = devices(stack, fleet, 5)
    caller = call_to(team, fleet)
    ends = until_all_ring(phones)
    ends[4].answer()
    until(lambda: caller.hears(phones[4].tone) and ends[4].hears(CALLER_TONE), within=8, what="both to hear each other")
    until(lambda: all(end.over and end.status == 487 for end in ends[:4]), what="the agent's other phones to be quiet")
    ends[4].hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="agent")
    assert facts.outcomes(call) == [OfferOutcome.ACCEPTED]


@pytest.mark.parametrize("same_agent", [True, False], ids=["one agent's phones", "two agents"])
def test_two_answer_at_the_same_instant(stack: Stack, fleet: Fleet, same_agent: bool) -> None:
    if same_agent:
        team, phones = devices(stack, fleet, 5)
    else:
        team, phones = staffed_team(stack, fleet, *[RINGS] * 5, ring_seconds=30, strategy=Strategy.RING_ALL)
    caller = call_to(team, fleet)
    ends = until_all_ring(phones)
    fleet.at_once(ends[1].take, ends[2].take)
    until(lambda: sum(end.over for end in ends) == 4, what="all but one to be free")
    [winner] = [end for end in ends if not end.over]
    [loser] = [end for end in ends[1:3] if end.over]
    assert loser.by_peer
    assert loser.answered_at, "it was answered, and heard BYE"
    until(lambda: caller.hears(winner.phone.tone) and winner.hears(CALLER_TONE), within=8, what="both to hear each other")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="caller")
    facts.until_available(team.agents)
    assert not Agent.objects.filter(pk__in=[agent.pk for agent in team.agents], misses_in_row__gt=0).exists()


def test_two_lines_of_one_phone_ring_for_their_two_agents(stack: Stack, fleet: Fleet, bank: Bank) -> None:
    """The stack of a softphone sees one INVITE on both its lines, and may take the second for a loop."""
    team = stack.team(agents=2, ring_seconds=30, strategy=Strategy.RING_ALL)
    lines = [bank.phone(agent.sip_username, PASSWORD, tone=AGENT_TONE).only_ringing().register() for agent in team.agents]
    facts.until_available(team.agents)
    caller = call_to(team, fleet)
    until(lambda: all(line.ringing for line in lines), within=8, what="both lines to ring")
    answered = lines[1].ringing
    assert answered
    answered.answer()
    until(lambda: caller.hears(AGENT_TONE) and answered.hears(CALLER_TONE), within=8, what="both to hear each other")
    until(lambda: not lines[0].ringing, what="the other line to be quiet")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[1], hung_up_by="caller")


# ---- one does not want it ----------------------------------------------------------------------------------
@pytest.mark.parametrize(("status", "outcome"), [(486, OfferOutcome.BUSY), (603, OfferOutcome.REJECTED), (480, OfferOutcome.NO_ANSWER)])
def test_one_of_six_refuses_and_the_others_ring_on(ringing: Ringing, status: int, outcome: OfferOutcome) -> None:
    ringing.ends[2].reject(status)
    until(lambda: ringing.outcome_of(2) == (outcome, status), what="the refusal on record")
    assert ringing.offers().count() == 5
    assert all(end.state == "ringing" for end in ringing.others(2))
    ringing.ends[5].answer()
    ringing.talks(5)
    ringing.others_are_not_blamed(2, 5)
    assert Agent.objects.get(pk=ringing.team.agents[2].pk).misses_in_row == 1
    ringing.ends_well(5)


def test_all_refuse_and_each_is_judged_by_its_own_word(ringing: Ringing) -> None:
    words = {486: OfferOutcome.BUSY, 603: OfferOutcome.REJECTED, 480: OfferOutcome.NO_ANSWER, 404: OfferOutcome.UNREACHABLE}
    said = [486, 603, 480, 404, 486, 603]
    ringing.fleet.at_once(*(lambda end=end, status=status: end._finish(status) for end, status in zip(ringing.ends, said, strict=True)))
    until(
        lambda: [ringing.outcome_of(number) for number in range(6)] == [(words[status], status) for status in said],
        what="six refusals on record",
    )
    ringing.caller.hang_up()
    facts.until_all_over(ringing.team.queue, 1)


def test_forty_ring_together_and_the_last_one_answers_when_all_others_refuse_at_once(stack: Stack, fleet: Fleet) -> None:
    ringing = Ringing(stack, fleet, agents=40)
    fleet.at_once(*(lambda end=end: end._finish(486) for end in ringing.others(39)))
    until(lambda: ringing.offers().count() == 1, what="39 refusals on record")
    assert {ringing.outcome_of(number) for number in range(39)} == {(OfferOutcome.BUSY, 486)}
    ringing.ends[39].answer()
    ringing.talks(39)
    ringing.ends_well(39)


@pytest.mark.parametrize("kind", ["reject_offer", "cancel_offer"])
def test_one_offer_is_ended_on_a_screen_and_only_its_phone_stops(ringing: Ringing, kind: str) -> None:
    offer = Offer.objects.get(queue=ringing.team.queue, agent=ringing.team.agents[1])
    services.command(ringing.call.pk, kind, actor=f"agent:{offer.agent_id}", offer=offer.pk)
    until(lambda: ringing.ends[1].over, what="its phone to be quiet")
    assert (ringing.ends[1].status, ringing.ends[1].by_peer) == (487, True)
    wanted = OfferOutcome.REJECTED if kind == "reject_offer" else OfferOutcome.RESCINDED
    until(lambda: ringing.outcome_of(1)[0] == wanted, what="the offer to be closed")
    assert all(end.state == "ringing" for end in ringing.others(1))
    ringing.ends[4].answer()
    ringing.talks(4)
    ringing.ends_well(4)


def test_a_phone_that_signs_off_stops_alone(ringing: Ringing) -> None:
    """Its offer is withdrawn by the rows."""
    ringing.phones[0].unregister()
    until(lambda: ringing.ends[0].over, what="its phone to be quiet")
    assert ringing.outcome_of(0)[0] == OfferOutcome.UNREACHABLE
    assert all(end.state == "ringing" for end in ringing.others(0))
    ringing.ends[1].answer()
    ringing.talks(1)
    ringing.ends_well(1)


def test_the_caller_gives_up_and_all_six_are_quiet(ringing: Ringing) -> None:
    ringing.caller.hang_up()
    until(lambda: all(end.over for end in ringing.ends), what="all phones to be quiet")
    assert {(end.status, end.by_peer) for end in ringing.ends} == {(487, True)}
    facts.until_all_over(ringing.team.queue, 1)
    ringing.others_are_not_blamed()


# ---- parts of telephony are killed -------------------------------------------------------------------------
@pytest.mark.kills
def test_the_call_process_is_killed_while_six_ring(ringing: Ringing) -> None:
    process = until(lambda: CallProcess.objects.filter(name=ringing.call.process, ended_at=None).first(), what="the call's process")
    psutil.Process(process.pid).kill()
    until(lambda: all(end.over for end in ringing.ends), within=2, what="all phones to be cancelled")
    assert {(end.status, end.by_peer) for end in ringing.ends} == {(487, True)}
    facts.until_all_over(ringing.team.queue, 1)
    ringing.others_are_not_blamed()


@pytest.mark.kills
def test_the_edge_is_killed_while_six_ring_and_one_is_answered(ringing: Ringing) -> None:
    ringing.stack.edge_process().kill()
    until(ringing.stack.answers, within=3, every=0.02, what="the edge to answer again")
    ringing.ends[5].reject(486)
    until(lambda: ringing.outcome_of(5) == (OfferOutcome.BUSY, 486), what="the refusal on record")
    ringing.ends[4].answer()
    ringing.talks(4)
    ringing.others_are_not_blamed(4, 5)
    ringing.ends_well(4)


@pytest.mark.kills
def test_the_edge_is_killed_while_six_ring_and_the_caller_gives_up(ringing: Ringing) -> None:
    ringing.stack.edge_process().kill()
    until(ringing.stack.answers, within=3, every=0.02, what="the edge to answer again")
    ringing.caller.hang_up()
    until(lambda: all(end.over for end in ringing.ends), what="all phones to be quiet")
    facts.until_all_over(ringing.team.queue, 1)
    ringing.others_are_not_blamed()
