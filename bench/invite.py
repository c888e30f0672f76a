"""From the event to the INVITE leaving, with the real node: an agent becomes available while callers wait.

    .venv/bin/python -m bench.invite [--rounds 100]

The clock runs from the moment before the service call that makes the agent available to the INVITE at the
agent's phone: the row-locked match among all waiting calls and all agents, the bell, the node, the call's
process, the edge. The waiting calls but one are rows that another, idle node would carry.

An event comes half a second after its caller, when the births that the caller's arrival asked for are over. What it is
while a process is born or ends beside it, on one of two cores, stands in the JSON under `hurried`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.lab import Goal, laboratory, machine, report, spread
from callcenter import heap

if TYPE_CHECKING:
    from tests.sip.harness.fleet import Fleet
    from tests.sip.harness.stack import Stack, Team

ELSEWHERE = "elsewhere"
CALM = 0.5
"""Seconds between a caller's arrival and the event that is measured."""
RUNS = {
    "2/5": (2, 5, CALM), "100/1,000": (100, 1000, CALM), "100/1,000 hurried": (100, 1000, 0.0), "1,000/10,000": (1000, 10000, CALM),
}  # fmt: skip
"""Agents, waiting calls, seconds of calm."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rounds", type=int, default=100)
    chosen = options.parse_args()
    before = machine()
    found = {}
    with laboratory() as (stack, fleet):
        for name, size in RUNS.items():
            found[name] = spread(_measure(stack, fleet, *size, rounds=chosen.rounds))
    middle, large = found["100/1,000"], found["1,000/10,000"]
    goals = [
        Goal("event to INVITE, 100 agents, 1,000 waiting, p95", middle["p95"], 20, "ms"),
        Goal("the same with 1,000 and 10,000, ratio of medians", large["p50"] / middle["p50"], 1.5, "x"),
    ]
    figures = {f"{name} agents/waiting, ms": figures for name, figures in found.items()}
    return report("invite", before, goals, {**figures, **_in_the_database(chosen.rounds)})


def _in_the_database(events: int) -> dict[str, Any]:
    """Minimal commit, plpgsql and our services up to the bell, measured right afterwards: what of it all is the database."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [sys.executable, "-m", "bench.matching", "--events", str(events), "--json", file.name]
        subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
        sizes: dict[str, dict[str, Any]] = json.loads(Path(file.name).read_text())["ms"]
    return {f"{name} in the database alone, {what}, ms": row for name, kinds in sizes.items() for what, row in kinds.items()}


def _measure(stack: Stack, fleet: Fleet, agents: int, waiting: int, calm: float, *, rounds: int) -> list[float]:
    from agents.models import BreakReason
    from queues.services import set_available, take_break
    from tests.sip import facts
    from tests.sip.harness.stack import PASSWORD
    from tests.until import until

    team = stack.team(agents=agents)
    phone = fleet.phone(team.agents[0].sip_username, PASSWORD)
    assert phone.register().status == 200
    facts.until_available(team.agents[:1])
    agent, reason = team.agents[0].pk, BreakReason.objects.filter(selectable=True).first()
    assert reason
    take_break(agent, reason.pk, actor="user:0")
    _fill(team, waiting - 1)
    _first_in_line(team)
    heap.settle()  # ten thousand rows were instances a moment ago, which no server has in its memory
    found = []
    for number in range(rounds):
        caller = fleet.phone(f"first{team.number}-{number}").call(team.number)
        facts.until_waiting(team.queue, waiting)
        time.sleep(calm)
        began = time.monotonic()
        set_available(agent, actor="user:0")
        ringing = until(lambda: phone.ringing, within=10, every=0.005, what="the phone to ring")
        found.append(ringing.invited_at - began)
        take_break(agent, reason.pk, actor="user:0")
        caller.hang_up()
        until(lambda end=ringing: end.over, what="the phone to be quiet")  # type: ignore[misc]
        until(lambda: _on_break(agent), what="the agent to be on the break")
    _empty(team)
    return found


def _first_in_line(team: Team) -> None:
    """The call that is measured has the highest priority, so that it is the one the agent gets."""
    from ivr.models import Number

    Number.objects.filter(number=team.number).update(priority=10)


def _on_break(agent: int) -> bool:
    from agents.models import Agent

    return Agent.objects.filter(pk=agent, state="break").exists()


def _fill(team: Team, count: int) -> None:
    """Waiting calls of another node; its heartbeat says that it lives. Analyzed, as autovacuum does within a minute."""
    from django.db import connection
    from django.utils import timezone

    from queues.models import Call, Segment
    from telephony.models import Node

    now = timezone.now()
    Node.objects.update_or_create(name=ELSEWHERE, defaults={"heartbeat_at": now + timedelta(days=1)})
    fields: dict[str, Any] = {"queue": team.queue, "state": "queued", "node": ELSEWHERE}
    rows = [
        Call(
            **fields,
            process=f"{team.number}-{index}",
            caller_number=str(index),
            enqueued_at=now,
            order_key=now + timedelta(milliseconds=index),
        )
        for index in range(count)
    ]
    made = Call.objects.bulk_create(rows)
    Segment.objects.bulk_create([Segment(call=call, number=1, queue=team.queue, entered_at=now) for call in made])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _empty(team: Team) -> None:
    from queues.models import Call

    Call.objects.filter(queue=team.queue, node=ELSEWHERE).delete()


if __name__ == "__main__":
    sys.exit(main())
