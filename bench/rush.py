"""A rush: 100 callers at the same instant, 10 agents who answer after 0.2 s and talk for 1.5 s, no wrap-up.

    .venv/bin/python -m bench.rush

Ideal is ten rounds of 1.7 s; what is above it is the time agents spent waiting for their next call.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from collections import Counter
from typing import TYPE_CHECKING

from bench.lab import Goal, laboratory, machine, report, spread

if TYPE_CHECKING:
    from tests.sip.harness.dialog import Call as PhoneCall

ANSWER_AFTER, TALK_FOR = 0.2, 1.5


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--callers", type=int, default=100)
    options.add_argument("--agents", type=int, default=10)
    chosen = options.parse_args()
    before = machine()
    with laboratory() as (stack, fleet):
        from queues.models import Call
        from tests.sip import facts
        from tests.sip.given import staffed_team
        from tests.sip.harness.fleet import Takes
        from tests.until import until

        takes = [Takes(answer_after=ANSWER_AFTER, talk_for=TALK_FOR)] * chosen.agents
        team, agents = staffed_team(stack, fleet, *takes)
        callers = [fleet.phone(f"rush{index}") for index in range(chosen.callers)]
        calls = fleet.call_at_once(callers, team.number)
        until(lambda: all(call.over for call in calls), within=120, every=0.05, what="all callers to be served")
        elapsed = max(call.ended_at for call in calls) - min(call.invited_at for call in calls)
        rows = Call.objects.filter(queue=team.queue)
        until(lambda: not rows.exclude(state="ended").exists(), within=20, every=0.1, what="the rows to be closed")
        facts.nothing_is_stuck(team.queue)
        answered = rows.filter(outcome="answered").count()
        statuses = dict(Counter(str(call.status) for call in calls))
        gaps = [gap for agent in agents for gap in _gaps(agent.calls)]
    ideal = (chosen.callers / chosen.agents) * (ANSWER_AFTER + TALK_FOR)
    goals = [
        Goal("callers served", answered, chosen.callers, at_least=True),
        Goal("time to the last hang-up / ideal", round(elapsed / ideal, 3), 1.1, "x"),
    ]
    figures = {
        "seconds": round(elapsed, 2),
        "ideal_seconds": ideal,
        "agent_idle_between_calls_ms": spread(gaps),
        "last_statuses_of_callers": statuses,
    }
    print(figures)
    return report("rush", before, goals, figures)


def _gaps(calls: list[PhoneCall]) -> list[float]:
    """From an agent's hang-up to the next INVITE at the agent's phone."""
    return [after.invited_at - before.ended_at for before, after in itertools.pairwise(calls)]


if __name__ == "__main__":
    sys.exit(main())
