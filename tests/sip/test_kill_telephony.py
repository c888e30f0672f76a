"""Parts of telephony are killed in mid-call: what was promised for each of them holds, measured by ear."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from queues.models import AnswerMode, Call
from queues.states import CallOutcome
from telephony import clock
from telephony.models import CallProcess
from telephony.services.nodes import DEAD_AFTER_SECONDS
from tests.kill import kill_outright
from tests.sip import facts
from tests.sip.given import AGENT_TONE, CALLER_TONE, call_to, conversation, staffed_team
from tests.sip.harness import dialog
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.stack import Stack
from tests.until import PATIENCE, until

pytestmark = pytest.mark.kills
ANSWERS = Takes(answer_after=0.1)
PACKETS = 50
"""Of RTP, a second."""


@pytest.fixture
def neighbour(stack: Stack) -> Iterator[Stack]:
    """A second node that works with the same rows."""
    made = Stack(stack.folder, RTP_PORT_MIN="30000", RTP_PORT_MAX="31999")
    made.log = stack.folder / "neighbour.log"
    try:
        made.start_node()
        yield made
    finally:
        made.stop_node()


# ---- the edge ----------------------------------------------------------------------------------------------
def test_killed_edge_is_back_within_a_second_and_the_talk_goes_on(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    _forget_gaps(caller, agent)
    before = stack.edge_process()
    before.kill()
    killed = time.monotonic()
    until(stack.answers, within=3, every=0.02, what="the edge to answer again")
    assert time.monotonic() - killed < 1.0
    assert stack.edge_process().pid != before.pid
    until(lambda: caller.hears(AGENT_TONE, 1.0) and agent.hears(CALLER_TONE, 1.0), what="the talk to go on")
    _no_gap(caller, agent)
    # The dialogs should go on too: hold, resume and hang up find their way
    agent.hold()
    until(lambda: Call.objects.get(queue=team.queue).held_since, what="the hold to be known")
    agent.resume()
    until(lambda: caller.hears(AGENT_TONE), what="the caller to hear the agent again")
    caller.hang_up()
    until(lambda: agent.over and caller.bye_status == 200, what="both to be free")
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="caller")


def test_killed_edge_loses_no_registration_and_no_call_that_arrives_meanwhile(stack: Stack, fleet: Fleet) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    stack.edge_process().kill()
    caller = call_to(team, fleet)  # nobody hears this INVITE; its retransmission must be served
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the caller to hear the agent, who did not register again")
    caller.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call)


def test_edge_killed_while_phones_ring(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, Takes(), ring_seconds=30)
    caller = call_to(team, fleet)
    facts.until_ringing(team.queue)
    stack.edge_process().kill()
    until(stack.answers, within=3, every=0.02, what="the edge to answer again")
    ringing = agent.ringing
    assert ringing
    ringing.answer()
    until(lambda: caller.hears(AGENT_TONE) and ringing.hears(CALLER_TONE), within=8, what="both to hear each other")
    ringing.hang_up()
    [call] = facts.until_all_over(team.queue, 1)
    facts.was_answered(call, hung_up_by="agent")


# ---- a call process ----------------------------------------------------------------------------------------
def test_killed_call_process_releases_both_phones_and_the_agent(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    other_team, other_caller, other_agent = conversation(stack, fleet)
    _forget_gaps(other_caller, other_agent)
    _process_of(facts.only_call(team.queue)).kill()
    killed = time.monotonic()
    until(lambda: caller.over and agent.over, within=5, what="both to be released by BYE")
    assert time.monotonic() - killed < 2.0
    assert caller.by_peer
    assert agent.by_peer
    [call] = facts.until_all_over(team.queue, 1)
    assert call.outcome == CallOutcome.LOST
    facts.until_available(team.agents, within=5)
    # It should not have touched the other call
    until(lambda: other_caller.hears(AGENT_TONE, 1.0) and other_agent.hears(CALLER_TONE, 1.0), what="the other call to go on")
    _no_gap(other_caller, other_agent)
    other_caller.hang_up()
    facts.until_all_over(other_team.queue, 1)


def test_killed_process_of_a_waiting_caller_stops_the_phone_that_it_rang_and_frees_the_agent(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, Takes(), ring_seconds=30)
    caller = call_to(team, fleet)
    facts.until_ringing(team.queue)
    ringing = agent.ringing
    assert ringing
    _process_of(facts.only_call(team.queue)).kill()
    killed = time.monotonic()
    until(lambda: ringing.over, within=5, what="the agent's phone to be cancelled")
    assert time.monotonic() - killed < 2.0
    assert (ringing.by_peer, ringing.status) == (True, 487)
    until(lambda: caller.over, within=3, what="the caller to be released")
    [call] = facts.until_all_over(team.queue, 1)
    assert call.outcome == CallOutcome.LOST
    facts.until_available(team.agents, within=5)
    # Its 487 should be acknowledged: a phone that waits for that repeats it, and some show the call meanwhile
    heard = [seen.start.split()[0] for seen in fleet.trace if seen.call_id == ringing.call_id and seen.received]
    assert heard == ["INVITE", "CANCEL", "ACK"]
    agent.takes = ANSWERS
    again = call_to(team, fleet, "again")
    until(lambda: again.hears(AGENT_TONE), within=8, what="the next caller to be served")
    again.hang_up()
    facts.until_all_over(team.queue, 2)


@pytest.mark.parametrize("mode", [AnswerMode.ANSWER, AnswerMode.RINGBACK, AnswerMode.EARLY_MEDIA])
def test_killed_process_leaves_no_caller_waiting(stack: Stack, fleet: Fleet, mode: AnswerMode) -> None:
    team, _ = staffed_team(stack, fleet, Takes(), ring_seconds=30, answer_mode=mode)
    caller = call_to(team, fleet)
    facts.until_ringing(team.queue)
    answered = mode == AnswerMode.ANSWER
    until(lambda: caller.talking if answered else caller.provisionals, what="the caller to hear something")
    _process_of(facts.only_call(team.queue)).kill()
    killed = time.monotonic()
    until(lambda: caller.over, within=5, what="the caller to be told")
    assert time.monotonic() - killed < 2.0
    assert (caller.by_peer, caller.status) == (True, 200 if answered else 500)
    [call] = facts.until_all_over(team.queue, 1)
    assert call.outcome == CallOutcome.LOST
    facts.until_available(team.agents, within=5)
    # An ACK or CANCEL of it should not be told that there was no such call
    heard = [seen.start for seen in fleet.trace if seen.call_id == caller.call_id and seen.received]
    assert not [start for start in heard if " 481 " in start]


def test_killed_process_stops_every_phone_that_it_rang(stack: Stack, fleet: Fleet) -> None:
    team, agents = staffed_team(stack, fleet, Takes(), Takes(), Takes(), ring_seconds=30, strategy="ring-all")
    call_to(team, fleet)
    until(lambda: all(agent.ringing for agent in agents), within=8, what="all three to be rung")
    calls = [agent.calls[-1] for agent in agents]
    _process_of(facts.only_call(team.queue)).kill()
    killed = time.monotonic()
    until(lambda: all(call.over for call in calls), within=5, what="all phones to be cancelled")
    assert time.monotonic() - killed < 2.0
    facts.until_all_over(team.queue, 1)
    facts.until_available(team.agents, within=5)


def test_call_process_killed_while_the_edge_is_replaced(stack: Stack, fleet: Fleet) -> None:
    """No edge is there to say the BYEs; the next one does."""
    team, caller, agent = conversation(stack, fleet)
    process = _process_of(facts.only_call(team.queue))
    stack.edge_process().kill()
    process.kill()
    until(lambda: caller.over and agent.over, within=5, what="both to be released by BYE")
    assert caller.by_peer
    assert agent.by_peer
    [call] = facts.until_all_over(team.queue, 1)
    assert call.outcome == CallOutcome.LOST
    facts.until_available(team.agents, within=5)


# ---- clerks and nursery ------------------------------------------------------------------------------------
def test_killed_clerks_lose_no_word_of_what_was_said(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    waiting = call_to(team, fleet, "waiting")
    facts.until_waiting(team.queue)
    _forget_gaps(caller, agent)
    for clerk in _parts(stack, "telephony.clerk"):
        clerk.kill()
    arriving = call_to(team, fleet, "arriving")  # while nobody can write it down
    caller.hang_up()
    until(lambda: agent.over and caller.bye_status == 200, within=3, what="the agent's phone to be free")
    _no_gap(caller, agent)
    # What the calls said meanwhile should be written by the next clerks: the end of one, the arrival of another
    until(lambda: waiting.hears(AGENT_TONE), within=10, what="the waiting caller to be served")
    first = Call.objects.filter(queue=team.queue).order_by("id").first()
    assert first
    facts.was_answered(first, hung_up_by="caller")
    waiting.hang_up()
    until(lambda: arriving.hears(AGENT_TONE), within=10, what="the third caller to be served")
    arriving.hang_up()
    facts.until_all_over(team.queue, 3)
    facts.until_available(team.agents)


def test_killed_nursery_takes_no_call_with_it_and_new_callers_are_served(stack: Stack, fleet: Fleet) -> None:
    team, caller, agent = conversation(stack, fleet)
    _forget_gaps(caller, agent)
    [nursery] = [one for one in _parts(stack, "telephony.nursery") if one.ppid() == (stack.node.pid if stack.node else 0)]
    nursery.kill()
    until(lambda: caller.hears(AGENT_TONE, 1.0) and agent.hears(CALLER_TONE, 1.0), what="the talk to go on")
    _no_gap(caller, agent)
    others = [call_to(team, fleet, f"other{index}") for index in range(12)]  # more than were born before
    caller.hang_up()
    while others:
        served = until(lambda: [other for other in others if other.hears(AGENT_TONE)], within=10, what="the next caller to be served")
        for other in served:
            other.hang_up()
            others.remove(other)
    calls = facts.until_all_over(team.queue, 13)
    assert {call.outcome for call in calls} == {CallOutcome.ANSWERED}


# ---- the node ----------------------------------------------------------------------------------------------
def _node_alone(stack: Stack) -> None:
    """It needs no new node for the rows to be right: each call process says its BYEs and writes its own end."""
    assert stack.node
    stack.node.kill()
    stack.node.wait()


def _node_with_all_its_processes(stack: Stack) -> None:
    """As the runner and systemd do when the node dies: all is left to the next node, which is there at once."""
    assert stack.node
    kill_outright(stack.node.pid)
    stack.node.wait()
    stack.start_node()


@pytest.mark.parametrize(
    ("kill", "ends"),
    [
        pytest.param(_node_alone, [CallOutcome.ANSWERED, CallOutcome.ABANDONED], id="alone"),
        pytest.param(_node_with_all_its_processes, [CallOutcome.LOST, CallOutcome.LOST], id="with all its processes"),
    ],
)
def test_killed_node_releases_all_phones_and_serves_again(
    stack: Stack, fleet: Fleet, kill: Callable[[Stack], None], ends: list[CallOutcome]
) -> None:
    team, caller, agent = conversation(stack, fleet)
    waiting = call_to(team, fleet, "waiting")
    facts.until_waiting(team.queue)
    until(lambda: waiting.talking, what="the waiting caller to hear music")
    children = stack.processes()
    killed = time.monotonic()
    kill(stack)
    until(lambda: not Call.objects.filter(queue=team.queue).exclude(state="ended").exists(), within=10, what="the rows to be right again")
    assert time.monotonic() - killed < 10 * PATIENCE
    if not _runs(stack):
        stack.start_node()
    until(lambda: caller.over and agent.over and waiting.over, within=10, what="all phones to be released")
    assert all(phone.by_peer for phone in (caller, agent, waiting)), "each by a BYE"
    facts.nothing_is_stuck(team.queue)
    assert [call.outcome for call in facts.calls_of(team.queue)] == ends
    # It should leave none of the old node's processes behind, and serve the next caller without a new registration
    psutil.wait_procs(children, timeout=5)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    facts.until_available(team.agents, within=10)
    again = call_to(team, fleet, "again")
    until(lambda: again.hears(AGENT_TONE), within=8, what="the next caller to be served")
    again.hang_up()
    until(lambda: again.over, what="the caller to be free")
    facts.until_available(team.agents)


# ---- the database ------------------------------------------------------------------------------------------
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_talk_and_music_go_on_while_the_database_is_away(stack: Stack, fleet: Fleet, killed: bool) -> None:
    team, caller, agent = conversation(stack, fleet)
    waiting = call_to(team, fleet, "waiting")
    facts.until_waiting(team.queue)
    until(lambda: waiting.stream and waiting.stream.received > 50, what="the waiting caller to hear music")
    _forget_gaps(caller, agent, waiting)
    with stack.without_database(killed=killed):
        heard = caller.stream.received if caller.stream else 0
        until(lambda: caller.stream and caller.stream.received > heard + 150, within=6, what="three seconds of talk")
        assert caller.hears(AGENT_TONE, 2.0)
        assert agent.hears(CALLER_TONE, 2.0)
        _no_gap(caller, agent, waiting)
        # It should release the other side although nothing can be written
        caller.hang_up()
        until(lambda: agent.over and caller.bye_status == 200, within=3, what="the agent's phone to be free")
    # It should write down what happened meanwhile, and give the agent the next caller
    until(lambda: waiting.hears(AGENT_TONE), within=10, what="the waiting caller to be served")
    first = Call.objects.filter(queue=team.queue).order_by("id").first()
    assert first
    facts.was_answered(first, hung_up_by="caller")
    waiting.hang_up()
    facts.until_all_over(team.queue, 2)
    facts.until_available(team.agents)


def test_two_nodes_do_not_take_each_other_for_dead_after_the_database_was_away(stack: Stack, neighbour: Stack, fleet: Fleet) -> None:
    with Fleet(edge=neighbour.edge) as next_door:
        talks = [conversation(stack, fleet), conversation(neighbour, next_door)]
        ends = [end for _, *both in talks for end in both]
        with stack.without_database():
            _talk_on(ends, DEAD_AFTER_SECONDS + 2)
        _talk_on(ends, clock.WITNESS_SECONDS + clock.REAP_SECONDS + 1)
        assert not any(end.over for end in ends)
        for team, caller, _ in talks:
            caller.hang_up()
            [call] = facts.until_all_over(team.queue, 1)
            facts.was_answered(call, hung_up_by="caller")


def test_a_call_that_arrives_while_the_database_is_away_is_told_so(stack: Stack, fleet: Fleet) -> None:
    team, [agent] = staffed_team(stack, fleet, ANSWERS)
    with stack.without_database():
        caller = call_to(team, fleet, "early")
        refresh = agent.register()
        assert refresh.status == 503
        assert refresh.get("retry-after")
        until(lambda: caller.over or caller.first_answer_at, within=6, what="the caller to hear something")
    # Refused with 5xx, or kept and served as soon as it is back: never silence
    until(lambda: 500 <= caller.status < 600 or caller.hears(AGENT_TONE), within=10, what="the caller to be refused or served")
    caller.hang_up()
    again = call_to(team, fleet, "later")
    until(lambda: again.hears(AGENT_TONE), within=10, what="the next caller to be served")
    again.hang_up()
    until(lambda: not Call.objects.filter(queue=team.queue).exclude(state="ended").exists(), within=10, what="all to be over")


def _runs(stack: Stack) -> bool:
    return stack.node is not None and stack.node.poll() is None


def _parts(stack: Stack, module: str) -> list[psutil.Process]:
    return [process for process in stack.processes() if module in process.cmdline()]


def _process_of(call: Call) -> psutil.Process:
    row = until(lambda: CallProcess.objects.filter(name=call.process, ended_at=None).first(), what="the call's process")
    return psutil.Process(row.pid)


def _talk_on(ends: list[dialog.Call], seconds: float) -> None:
    """Each of them hears so much more; one whose talk ends hears nothing."""
    enough = [(stream, stream.received + seconds * PACKETS) for end in ends if (stream := end.stream)]
    until(lambda: all(stream.received >= target for stream, target in enough), within=seconds + 5, what=f"{seconds:g} s of talk")


def _forget_gaps(*ends: dialog.Call) -> None:
    for end in ends:
        assert end.stream
        end.stream.longest_gap = 0.0


def _no_gap(*ends: dialog.Call) -> None:
    for end in ends:
        assert end.stream
        assert end.stream.longest_gap < 0.2, f"{end.phone.user} heard nothing for {end.stream.longest_gap:.3f} s"
        assert end.stream.lost == 0
