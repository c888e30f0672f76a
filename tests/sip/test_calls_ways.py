"""What callers hear and when they are billed, which phones ring, who may call what."""

from __future__ import annotations

from django.utils import timezone

from agents.models import Device
from queues.models import AnswerMode, Call
from queues.states import OfferOutcome
from tests.sip import facts
from tests.sip.given import AGENT_TONE, CALLER_TONE, call_to, conversation, staffed_team
from tests.sip.harness import dialog
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.phones import Bank
from tests.sip.harness.stack import PASSWORD, Stack
from tests.until import until

RINGS, ANSWERS = Takes(), Takes(answer_after=0.1)
SOUND = 100.0
"""Mean square of samples above which it is music, not silence."""


# ---- answer modes ------------------------------------------------------------------------------------------
def test_answer_mode_answers_at_once_and_plays_music(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, RINGS, answer_mode=AnswerMode.ANSWER)
    caller = call_to(team, fleet)
    until(lambda: caller.talking, within=2, what="the call to be answered")
    until(lambda: _loudness(caller) > SOUND, what="the caller to hear music")
    assert facts.only_call(team.queue).answered_at is None, "answered means: by an agent"
    facts.until_ringing(team.queue)
    ringing = agent.ringing
    assert ringing
    ringing.answer()
    until(lambda: caller.hears(AGENT_TONE), what="the music to give way to the agent")
    assert caller.share(AGENT_TONE, 0.2) > 0.95, "music goes on under the agent's voice"


def test_ringback_mode_answers_only_with_the_agent(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, RINGS, answer_mode=AnswerMode.RINGBACK)
    caller = call_to(team, fleet)
    facts.until_ringing(team.queue)
    assert (caller.state, caller.status) == ("early", 180)
    assert caller.stream is None
    ringing = agent.ringing
    assert ringing
    ringing.answer()
    until(lambda: caller.hears(AGENT_TONE) and agent.calls[0].hears(CALLER_TONE), what="both to hear each other")


def test_early_media_mode_plays_music_before_the_answer(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, RINGS, answer_mode=AnswerMode.EARLY_MEDIA)
    caller = call_to(team, fleet)
    until(lambda: _loudness(caller) > SOUND, what="the caller to hear music")
    assert (caller.state, caller.status) == ("early", 183)
    facts.until_ringing(team.queue)
    ringing = agent.ringing
    assert ringing
    ringing.answer()
    until(lambda: caller.talking and caller.hears(AGENT_TONE), what="the caller to be answered and to hear the agent")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="caller")


# ---- in the conversation -----------------------------------------------------------------------------------
def test_hold_from_the_agents_phone_plays_music_and_resumes(stack: Stack, bank: Bank) -> None:
    team = stack.team(agents=1)
    agent = bank.phone(team.agents[0].sip_username, PASSWORD, tone=1000).answering(after=0.1).register()
    facts.until_available(team.agents)
    line = bank.phone("holder", tone=440).call(f"sip:{team.number}@{bank.edge}")
    until(lambda: line.hears(1000), within=8, what="the caller to hear the agent")
    far = agent.talking
    assert far
    far.hold()
    until(lambda: Call.objects.get(queue=team.queue).held_since, what="the hold to be known")
    until(lambda: line.share(1000) < 0.1, what="the caller to hear no more of the agent")
    far.resume()
    until(lambda: line.hears(1000), what="the caller to hear the agent again")
    until(lambda: far.hears(440), what="the agent to hear the caller again")
    assert Call.objects.get(queue=team.queue).held_since is None
    line.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[0], hung_up_by="caller")
    assert call.segments.get().hold_seconds > 0


def test_a_held_caller_who_sends_no_audio_is_not_taken_for_gone(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    caller.hold()
    held = until(lambda: Call.objects.get(queue=team.queue).held_since, what="the hold to be known")
    # Longer than RTP_TIMEOUT_SECONDS of the stack
    until(lambda: agent.over or (timezone.now() - held).total_seconds() > 8, within=12, what="time to pass")
    assert not agent.over
    caller.resume()
    until(lambda: agent.hears(CALLER_TONE), what="the agent to hear the caller again")


def test_the_record_shows_the_round_trip_to_both_phones(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    for end in (caller, agent):
        assert end.stream
        end.stream.reporting = True
    # A call process reports every five seconds; the answer to that tells it the round trip.
    until(lambda: all(end.stream and end.stream.reports_answered for end in (caller, agent)), within=15, what="both to answer a report")
    # So many packets later the process has read the answers: it looks at its sockets before it sends the next packet.
    heard = {end: end.stream.received for end in (caller, agent) if end.stream}
    until(lambda: all(end.stream and end.stream.received > count + 10 for end, count in heard.items()), what="the answers to be read")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="caller")
    trips = list(call.legs.values_list("rtt_ms", flat=True))
    assert len(trips) == 2
    assert all(trip is not None and 0 <= trip < 200 for trip in trips), trips


# ---- which phones ring -------------------------------------------------------------------------------------
def test_all_phones_of_an_agent_ring_and_the_first_to_answer_wins(stack: Stack, fleet: Fleet) -> None:
    team, [desk] = staffed_team(stack, fleet, RINGS)
    mobile = fleet.phone(team.agents[0].sip_username, PASSWORD, tone=1500)
    assert mobile.register().status == 200
    caller = call_to(team, fleet)
    until(lambda: desk.ringing and mobile.ringing, what="both phones to ring")
    ringing = mobile.ringing
    assert ringing
    ringing.answer()
    until(lambda: caller.hears(1500), what="the caller to hear the mobile")
    until(lambda: desk.calls[0].over and desk.calls[0].status == 487, what="the desk phone to be quiet")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call)
    assert facts.outcomes(call) == [OfferOutcome.ACCEPTED]


def test_two_phones_answered_at_once_leave_one_conversation(stack: Stack, fleet: Fleet) -> None:
    team, [desk] = staffed_team(stack, fleet, RINGS)
    mobile = fleet.phone(team.agents[0].sip_username, PASSWORD, tone=1500)
    assert mobile.register().status == 200
    caller = call_to(team, fleet)
    until(lambda: desk.ringing and mobile.ringing, what="both phones to ring")
    one, other = desk.ringing, mobile.ringing
    assert one
    assert other
    fleet.at_once(one.take, other.take)
    until(lambda: one.over != other.over, what="one of them to be released")
    winner = other if one.over else one
    until(lambda: winner.hears(CALLER_TONE) and caller.hears(winner.phone.tone), what="the other to be bridged")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call)
    assert not fleet.received(481)


def test_one_phone_refuses_and_the_other_answers(stack: Stack, fleet: Fleet) -> None:
    team, [_] = staffed_team(stack, fleet, Takes(answer_after=0.1, status=486))
    mobile = fleet.phone(team.agents[0].sip_username, PASSWORD, tone=1500, takes=Takes(answer_after=0.6))
    assert mobile.register().status == 200
    caller = call_to(team, fleet)
    until(lambda: caller.hears(1500), within=8, what="the caller to hear the mobile")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    assert facts.outcomes(call) == [OfferOutcome.ACCEPTED]


def test_ring_all_rings_everybody_and_the_first_wins_without_a_miss_for_others(stack: Stack, fleet: Fleet) -> None:
    team, phones = staffed_team(stack, fleet, RINGS, RINGS, RINGS, strategy="ring-all")
    caller = call_to(team, fleet)
    until(lambda: all(phone.ringing for phone in phones), what="all phones to ring")
    ringing = phones[1].ringing
    assert ringing
    ringing.answer()
    until(lambda: caller.hears(phones[1].tone), what="the caller to hear the second agent")
    until(lambda: phones[0].calls[0].over and phones[2].calls[0].over, what="the others to be quiet")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[1])
    assert sorted(facts.outcomes(call)) == sorted([OfferOutcome.ACCEPTED, OfferOutcome.CANCELLED, OfferOutcome.CANCELLED])
    facts.until_available(team.agents)


def test_a_phone_behind_another_port_than_its_contact_is_reached(stack: Stack, fleet: Fleet) -> None:
    team = stack.team(agents=1)
    phone = fleet.phone(team.agents[0].sip_username, PASSWORD, tone=AGENT_TONE, takes=ANSWERS, contact_port=9)
    answer = phone.register()
    assert answer.status == 200
    assert ":9" in answer.get("contact")
    facts.until_available(team.agents)
    caller = call_to(team, fleet)
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the caller to hear the agent")
    phone.calls[0].hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="agent")


def test_a_real_phone_behind_another_port_than_its_contact_is_reached(stack: Stack, bank: Bank) -> None:
    team = stack.team(agents=1)
    name = team.agents[0].sip_username
    agent = bank.phone(name, PASSWORD, tone=1000, contact=f"sip:{name}@192.0.2.7:9").answering(after=0.1).register()
    facts.until_available(team.agents)
    line = bank.phone("natted", tone=440).call(f"sip:{team.number}@{bank.edge}")
    until(lambda: line.hears(1000), within=8, what="the caller to hear the agent")
    far = agent.talking
    assert far
    until(lambda: far.hears(440), what="the agent to hear the caller")
    line.hang_up()
    until(lambda: far.over, what="the agent's phone to be free")


# ---- who may call what -------------------------------------------------------------------------------------
def test_an_extension_reaches_that_agent_and_nobody_else(stack: Stack, fleet: Fleet) -> None:
    team, [first, second] = staffed_team(stack, fleet, ANSWERS, ANSWERS)
    caller = first.call(team.agents[1].extension)  # agents call each other with their own log-in
    until(lambda: caller.hears(second.tone), within=8, what="the first agent to hear the second")
    assert all(call.outgoing for call in first.calls)
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, by=team.agents[1], hung_up_by="caller")
    assert call.wanted_agent_id == team.agents[1].pk


def test_an_unknown_number_is_404_for_those_we_know_and_a_challenge_for_strangers(stack: Stack, fleet: Fleet) -> None:
    _, [insider] = staffed_team(stack, fleet, RINGS)
    known, stranger = insider.call("no-such-number"), fleet.phone("stranger").call("no-such-number")
    until(lambda: known.over and stranger.over, what="both calls to be refused")
    assert (known.status, stranger.status) == (404, 407)


def test_a_stranger_reaches_public_numbers_only(stack: Stack, fleet: Fleet) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS, public=False)
    caller = call_to(team, fleet)
    until(lambda: caller.over, what="the call to be refused")
    assert caller.status in (401, 403, 404, 407)
    assert not Call.objects.filter(queue=team.queue).exists()


def test_a_stranger_cannot_dial_through_us(stack: Stack, fleet: Fleet) -> None:
    for target in ("sip:victim@192.0.2.9:5060", f"sip:device-1@{stack.edge[0]}:{stack.edge[1]}", f"sip:00900123456@{stack.edge[0]}"):
        caller = fleet.phone("stranger").call(target)
        until(lambda caller=caller: caller.over, what="the call to be refused")  # type: ignore[misc]
        assert 400 <= caller.status < 500, target


def test_a_registered_phone_reaches_a_number_that_is_not_public(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS, public=False)
    insider_team, [insider] = staffed_team(stack, fleet, RINGS)
    caller = insider.call(team.number)
    until(lambda: caller.hears(agent.tone), within=8, what="the insider to hear the agent")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="caller")
    assert Device.objects.filter(agent=insider_team.agents[0]).exists()


def test_the_record_says_who_called_what(stack: Stack, fleet: Fleet) -> None:
    team = stack.team(agents=1)
    caller = call_to(team, fleet, "+4930123456")
    facts.until_waiting(team.queue)
    call = facts.only_call(team.queue)
    assert (call.caller_number, call.dialled, call.sip_call_id) == ("+4930123456", team.number, caller.call_id)
    caller.hang_up()
    facts.until_all_over(team.queue, 1)


def _loudness(call: dialog.Call) -> float:
    stream = call.stream
    samples = stream.last(0.4) if stream and len(stream.ear) >= 20 else None
    return float((samples.astype(float) ** 2).mean()) if samples is not None else 0.0
