"""Callers in menus: what each costs, and how soon a key is answered by the next prompt.

    .venv/bin/python -m bench.menus [--calls 100] [--seconds 20]

All callers are in one flow of two menus that lead to each other, each a tone of its own. First they only listen, then each
presses a key every few seconds; measured is the time from the first packet of the key to the first packet of the other tone.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from typing import TYPE_CHECKING, Any

from bench.lab import Goal, cost, laboratory, machine, report, spread

if TYPE_CHECKING:
    from tests.sip.harness.dialog import Call as PhoneCall
    from tests.sip.harness.fleet import Fleet
    from tests.sip.harness.stack import Stack

TONES = {"One": 1000, "Two": 2000}
"""Multiples of 50 Hz: recognised in a single packet."""
EVERY_SECONDS = 4.0
"""Between two keys of a caller."""


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=100, help="callers at once")
    options.add_argument("--seconds", type=float, default=20, help="how long they press keys")
    chosen = options.parse_args()
    before = machine()
    sys.setswitchinterval(0.0005)  # the phones note when a packet came: their thread must not wait for the one that watches
    with laboratory() as (stack, fleet):
        number = _number(stack)
        calls = _callers(fleet, number, chosen.calls)
        listening = _listen(stack, len(calls))
        pressing = _press(stack, calls, chosen.seconds)
        fleet.hang_up_at_once(list(calls))
    goals = [
        Goal("key to next prompt, p95", pressing["key_to_prompt_ms"]["p95"], 100, "ms"),
        Goal("keys that were not answered", pressing["unanswered"], 0),
        Goal("CPU for each caller in a menu", pressing["cpu_percent_of_a_core_per_call"], 1.0, "% core"),
    ]
    return report("menus", before, goals, {"listening": listening, "pressing": pressing})


def _number(stack: Stack) -> str:
    from ivr.models import Flow, FlowVersion, Number
    from tests.sip.harness.tones import tone, write_wav

    team = stack.team(agents=0)
    for text, frequency in TONES.items():
        write_wav(stack.spoken_file(text), tone(frequency, 120))
    steps = {
        "one": {"kind": "menu", "say": "One", "exits": {"1": "two"}},
        "two": {"kind": "menu", "say": "Two", "exits": {"1": "one"}},
    }
    flow = Flow.objects.create(name="bench", slug="bench")
    document = {"start": "one", "fallback_queue": team.queue.slug, "steps": steps}
    Flow.objects.filter(pk=flow.pk).update(published=FlowVersion.objects.create(flow=flow, number=1, document=document))
    Number.objects.filter(number=team.number).update(target="flow", flow=flow)
    return team.number


def _callers(fleet: Fleet, number: str, count: int) -> list[PhoneCall]:
    from tests.until import until

    calls = []
    for index in range(count):
        caller = fleet.phone(f"caller{index}", tone=400)
        caller.listens_for = TONES["One"]
        calls.append(caller.call(number))
        time.sleep(0.1)
    until(lambda: all(call.stream and call.stream.heard_at for call in calls), within=60, every=0.1, what="all callers to hear the menu")
    return calls


def _listen(stack: Stack, count: int) -> dict[str, Any]:
    time.sleep(3)
    begun = cost(stack)
    time.sleep(10)
    ended = cost(stack)
    return {"cpu_percent_of_a_core_per_call": round(100 * (ended.cpu_seconds - begun.cpu_seconds) / (ended.at - begun.at) / count, 3)}


def _press(stack: Stack, calls: list[PhoneCall], seconds: float) -> dict[str, Any]:
    dice = random.Random(1)
    due = {call: time.monotonic() + dice.uniform(0, EVERY_SECONDS) for call in calls}
    hears = dict.fromkeys(calls, "One")
    waits: list[float] = []
    unanswered = 0
    begun = cost(stack)
    while time.monotonic() < begun.at + seconds:
        for call in [call for call, at in due.items() if at <= time.monotonic()]:
            unanswered += _note(call, hears, waits)
            hears[call] = "Two" if hears[call] == "One" else "One"
            assert call.stream
            call.stream.heard_at.clear()
            call.stream.listening_for = TONES[hears[call]]
            call.press("1")
            due[call] = time.monotonic() + EVERY_SECONDS
        time.sleep(0.005)
    ended = cost(stack)
    return {
        "callers": len(calls),
        "keys": len(waits) + unanswered,
        "key_to_prompt_ms": spread(waits),
        "unanswered": unanswered,
        "cpu_percent_of_a_core_per_call": round(100 * (ended.cpu_seconds - begun.cpu_seconds) / (ended.at - begun.at) / len(calls), 3),
        "database_cores": round((ended.database_seconds - begun.database_seconds) / (ended.at - begun.at), 3),
    }


def _note(call: PhoneCall, hears: dict[PhoneCall, str], waits: list[float]) -> int:
    """What became of the key before; 1 if it was not answered."""
    assert call.stream
    if not call.stream.pressed_at:
        return 0
    heard = call.stream.heard_at.get(TONES[hears[call]])
    if heard is None:
        return 1
    waits.append(heard - call.stream.pressed_at)
    return 0


if __name__ == "__main__":
    sys.exit(main())
