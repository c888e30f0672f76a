"""Bridged calls with RTP on both legs, through edge and ACD: how many, how fast, at what cost.

    .venv/bin/python -m bench.calls [--calls 100] [--seconds 20] [--rate 16]

Three parts: calls set up one by one (latency), calls set up at a steady rate (clean or not), calls held
all at once (loss, CPU, memory). Every packet of every leg is counted at the phones.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from bench.lab import Goal, cost, laboratory, machine, percentile, pss, report, spread, until_idle

if TYPE_CHECKING:
    from tests.sip.harness.dialog import Call as PhoneCall
    from tests.sip.harness.fleet import Fleet, Phone
    from tests.sip.harness.stack import Stack, Team

CALLER_TONE, AGENT_TONE = 1000, 2000
"""Multiples of 50 Hz: recognised in a single packet."""
SINGLE_CALLS = 60
SINGLE_SECONDS = 1.0
"""From one to the next: the one before is written up and its process replaced."""
RATE_SECONDS = 10.0
SETUPS = 15.0
"""Per second, at least."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=100, help="calls at once")
    options.add_argument("--seconds", type=float, default=20, help="how long they are measured")
    options.add_argument("--rate", type=float, default=16, help="set-ups per second that must be clean")
    chosen = options.parse_args()
    before = machine()
    # The phones note when a packet came: their thread must not wait 5 ms for the one that watches.
    sys.setswitchinterval(0.0005)
    with laboratory() as (stack, fleet):
        team, agents = _team(stack, fleet, chosen.calls)
        until_idle(stack)
        latency = _one_by_one(fleet, team, agents)
        rate = _at_a_rate(fleet, team, agents, chosen.rate)
        held = _all_at_once(stack, fleet, team, agents, chosen.calls, chosen.seconds)
    goals = [
        Goal("INVITE to first RTP, p95", latency["invite_to_first_rtp_ms"]["p95"], 30, "ms"),
        Goal("answer to two-way audio, p99", latency["answer_to_two_way_audio_ms"]["p99"], 150, "ms"),
        Goal("set-ups per second, clean", rate["clean_per_second"], SETUPS, "/s", at_least=True),
        Goal(f"packets lost, {chosen.calls} calls at once", held["lost_to_phones"] + held["lost_to_us"], 0),
        Goal("CPU for each bridged call", held["cpu_percent_of_a_core_per_call"], 1.0, "% core"),
        Goal("memory for each bridged call (PSS)", held["pss_mib_per_call"], 10.0, "MiB"),
    ]
    return report("calls", before, goals, {"one_by_one": latency, "at_a_rate": rate, "at_once": held})


def _team(stack: Stack, fleet: Fleet, agents: int) -> tuple[Team, list[Phone]]:
    from tests.sip import facts
    from tests.sip.harness.fleet import Takes
    from tests.sip.harness.stack import PASSWORD

    team = stack.team(agents=agents, ring_seconds=20)
    phones = [fleet.phone(agent.sip_username, PASSWORD, tone=AGENT_TONE, takes=Takes(answer_after=0.1)) for agent in team.agents]
    for phone in phones:
        phone.listens_for = CALLER_TONE
    fleet.register_all(phones)
    facts.until_available(team.agents, within=30)
    return team, phones


def _dial(fleet: Fleet, team: Team, name: str) -> PhoneCall:
    caller = fleet.phone(name, tone=CALLER_TONE)
    caller.listens_for = AGENT_TONE
    return caller.call(team.number)


def _one_by_one(fleet: Fleet, team: Team, agents: list[Phone]) -> dict[str, Any]:
    from tests.until import until

    calls = []
    begun = time.monotonic()
    for index in range(SINGLE_CALLS):
        time.sleep(max(0.0, begun + index * SINGLE_SECONDS - time.monotonic()))
        call = _dial(fleet, team, f"single{index}")
        until(lambda call=call: _heard(call, AGENT_TONE), within=10, what="the caller to hear the agent")  # type: ignore[misc]
        until(lambda: all(_heard(end, CALLER_TONE) for phone in agents if (end := phone.talking)), within=10, what="the agent to hear")
        call.hang_up()
        calls.append(call)
    _until_rows_over(team)
    return {
        "invite_to_first_answer_ms": spread([call.first_answer_at - call.invited_at for call in calls]),
        "invite_to_first_rtp_ms": spread([call.stream.first_at - call.invited_at for call in calls if call.stream]),
        "answer_to_two_way_audio_ms": spread(_two_way(team, calls, agents)),
    }


def _at_a_rate(fleet: Fleet, team: Team, agents: list[Phone], rate: float) -> dict[str, Any]:
    """Each caller leaves 2 s after it was bridged; clean is a call that was bridged and left without a retransmission to us."""
    from tests.until import until

    calls: list[PhoneCall] = []
    begun = time.monotonic()
    mark = len(fleet.trace)
    while time.monotonic() - begun < RATE_SECONDS:
        calls.append(_dial(fleet, team, f"paced{len(calls)}"))
        time.sleep(max(0.0, begun + len(calls) / rate - time.monotonic()))
        _leave_after(calls, 2.0)
    elapsed = time.monotonic() - begun

    def all_left() -> bool:
        _leave_after(calls, 2.0)
        return all(call.over for call in calls)

    until(all_left, within=30, every=0.05, what="all callers to leave")
    _until_rows_over(team)
    repeated = _repeated(list(fleet.trace)[mark:])
    clean = sum(1 for call in calls if _heard(call, AGENT_TONE) and call.bye_status == 200)
    return {
        "offered": len(calls),
        "clean": clean,
        "offered_per_second": round(len(calls) / elapsed, 2),
        "clean_per_second": round(clean / elapsed, 2) if clean == len(calls) else 0.0,
        "invites_repeated_by_callers": repeated,
        "invite_to_first_rtp_ms": spread([call.stream.first_at - call.invited_at for call in calls if call.stream]),
        "answer_to_two_way_audio_ms": spread(_two_way(team, calls, agents)),
    }


def _leave_after(calls: list[PhoneCall], seconds: float) -> None:
    now = time.monotonic()
    for call in calls:
        if call.talking and call.stream and now - call.stream.heard_at.get(AGENT_TONE, now) > seconds:
            call.hang_up()


def _repeated(seen: list[Any]) -> int:
    sent = [(one.user, one.call_id) for one in seen if not one.received and one.start.startswith("INVITE")]
    return len(sent) - len(set(sent))


def _all_at_once(stack: Stack, fleet: Fleet, team: Team, agents: list[Phone], count: int, seconds: float) -> dict[str, Any]:
    from tests.until import until

    idle = cost(stack)
    calls: list[PhoneCall] = []
    for index in range(count):
        calls.append(_dial(fleet, team, f"held{index}"))
        time.sleep(0.1)
    until(lambda: all(_heard(call, AGENT_TONE) for call in calls), within=60, every=0.1, what="all callers to hear an agent")
    time.sleep(3)  # the figures are of talk, not of set-up
    begun = cost(stack)
    time.sleep(seconds)
    ended = cost(stack)
    memory = _memory_of_calls(stack)
    ends = [*calls, *(end for phone in agents if (end := phone.talking))]
    streams = [end.stream for end in ends if end.stream]
    received, lost = sum(stream.received for stream in streams), sum(stream.lost for stream in streams)
    fleet.hang_up_at_once(list(calls))
    _until_rows_over(team)
    cores = (ended.cpu_seconds - begun.cpu_seconds) / (ended.at - begun.at)
    return {
        "calls": count,
        "seconds": seconds,
        "received_by_phones": received,
        "lost_to_phones": lost,
        **_lost_to_us(team, count),
        "cores": round(cores, 3),
        "cpu_percent_of_a_core_per_call": round(100 * cores / count, 3),
        "database_cores": round((ended.database_seconds - begun.database_seconds) / (ended.at - begun.at), 3),
        "pss_mib_per_call": round(sum(memory) / len(memory) / 2**20, 2),
        "pss_mib_before": round(idle.pss_bytes / 2**20, 1),
        "pss_mib_whole": round(ended.pss_bytes / 2**20, 1),
        "processes": ended.processes,
        "longest_gap_ms": round(1000 * max(stream.longest_gap for stream in streams), 1),
    }


def _memory_of_calls(stack: Stack) -> list[int]:
    """PSS of every process that carries a call; node, edge and the fork server's own share are in the whole."""
    from telephony.models import CallProcess

    carrying = set(CallProcess.objects.filter(ended_at=None).values_list("pid", flat=True))
    return [pss(process) for process in stack.processes() if process.pid in carrying]


def _lost_to_us(team: Team, count: int) -> dict[str, float]:
    """What our own legs say about the last `count` calls."""
    from telephony.models import Leg

    last = team.queue.calls.order_by("-id")[:count].values_list("pk", flat=True)
    legs = Leg.objects.filter(call__in=list(last), answered_at__isnull=False)
    lost = sum(round(leg.rx_packets * leg.loss_percent / (100 - leg.loss_percent)) for leg in legs if leg.loss_percent)
    jitters = [leg.jitter_ms for leg in legs if leg.jitter_ms is not None]
    return {"received_by_us": sum(leg.rx_packets for leg in legs), "lost_to_us": lost, "jitter_ms_p95": percentile(jitters, 0.95)}


def _heard(call: PhoneCall, tone: int) -> bool:
    return bool(call.stream and tone in call.stream.heard_at)


def _two_way(team: Team, calls: list[PhoneCall], agents: list[Phone]) -> list[float]:
    """For each call: from the agent's 200 until both heard the other's tone."""
    from queues.models import Call

    numbers = {call.phone.user: call for call in calls}
    by_agent: dict[str, list[Call]] = defaultdict(list)
    for row in Call.objects.filter(queue=team.queue, agent__isnull=False).select_related("agent").order_by("answered_at"):
        by_agent[row.agent.sip_username if row.agent else ""].append(row)
    found = []
    for phone in agents:
        ends = [end for end in phone.calls if end.answered_at]
        for row, end in zip(by_agent[phone.user], ends, strict=False):
            caller = numbers.get(row.caller_number)
            if caller and caller.stream and end.stream and _heard(caller, AGENT_TONE) and _heard(end, CALLER_TONE):
                found.append(max(caller.stream.heard_at[AGENT_TONE], end.stream.heard_at[CALLER_TONE]) - end.answered_at)
    return found


def _until_rows_over(team: Team) -> None:
    from queues.models import Call
    from tests.until import until

    until(lambda: not Call.objects.filter(queue=team.queue).exclude(state="ended").exists(), within=60, every=0.1, what="rows to be closed")


if __name__ == "__main__":
    sys.exit(main())
