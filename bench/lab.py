"""What benchmarks of calls share: a stack of its own, phones, the machine's name, percentiles, the report.

The load generator runs in the benchmark's process; the product's processes are its children, and only
theirs is the CPU time that is counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from tests.sip.harness.fleet import Fleet
    from tests.sip.harness.stack import Stack

RESULTS = Path(__file__).resolve().parent / "results"

IDLE_CORES = 0.05


@contextlib.contextmanager
def laboratory(**settings: str) -> Iterator[tuple[Stack, Fleet]]:
    """A stack on a database that syncs to disk, its rows readable, and an empty fleet of phones."""
    folder = Path(tempfile.mkdtemp(prefix="callcenter-bench-"))
    folder.chmod(0o755)
    os.environ |= {"CALLCENTER_DATA": str(folder / "bench"), "DJANGO_SETTINGS_MODULE": "callcenter.settings"}
    import django

    django.setup()
    from tests.sip.harness.fleet import Fleet
    from tests.sip.harness.stack import Stack

    try:
        with Stack(folder / "stack", durable=True, **settings) as stack, stack.rows(), Fleet(stack.edge) as fleet:
            yield stack, fleet
            fleet.hang_up_all(within=20)
            for complaint in stack.complaints():
                print("The node complained:", complaint)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Cost:
    """What the product's processes used so far, and hold now."""

    at: float
    cpu_seconds: float
    database_seconds: float
    pss_bytes: int
    processes: int


def cost(stack: Stack) -> Cost:
    """CPU and memory of node, edge and call processes; PostgreSQL's apart."""
    assert stack.node
    ours = [psutil.Process(stack.node.pid), *stack.processes()]
    server = int((stack.folder / "postgres" / "postmaster.pid").read_text().split()[0])
    database = [psutil.Process(server), *psutil.Process(server).children()]
    return Cost(time.monotonic(), sum(map(_cpu, ours)), sum(map(_cpu, database)), sum(map(pss, ours)), len(ours))


def until_idle(stack: Stack) -> None:
    """What was started or registered a moment ago is done: node, database and all of theirs use little of a core."""
    from tests.until import until

    def idle() -> bool:
        before = cost(stack)
        time.sleep(1.0)
        after = cost(stack)
        used = after.cpu_seconds + after.database_seconds - before.cpu_seconds - before.database_seconds
        return used / (after.at - before.at) < IDLE_CORES

    until(idle, within=60, what="the machine to be idle")


def _cpu(process: psutil.Process) -> float:
    """Also of children that ended and were waited for."""
    with contextlib.suppress(psutil.Error):
        times = process.cpu_times()
        return float(times.user + times.system + times.children_user + times.children_system)
    return 0.0


def pss(process: psutil.Process) -> int:
    """Proportional set size: pages shared with the fork server are counted once, not in every call."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("nan")


def spread(seconds: Sequence[float]) -> dict[str, float]:
    """Milliseconds: p50, p95, p99, most, and how many were measured."""
    shares = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    found: dict[str, float] = {name: round(1000 * percentile(seconds, share), 1) for name, share in shares}
    return {**found, "max": round(1000 * max(seconds, default=float("nan")), 1), "count": len(seconds)}


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return {
        "processor": next((line.partition(":")[2].strip() for line in lines if "model name" in line), "?"),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


@dataclass(frozen=True)
class Goal:
    """One figure with what it must reach."""

    name: str
    value: float
    limit: float
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def report(name: str, before: dict[str, Any], goals: list[Goal], figures: dict[str, Any]) -> int:
    """Write `results/<name>.json`, print the table; the exit code: 0 if every goal is met."""
    RESULTS.mkdir(exist_ok=True)
    lines = [{"figure": goal.name, "value": goal.value, "limit": goal.limit, "unit": goal.unit, "met": goal.met} for goal in goals]
    whole = {"benchmark": name, "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "machine": before, "goals": lines, "figures": figures}
    (RESULTS / f"{name}.json").write_text(json.dumps(whole, indent=2) + "\n")
    print(f"\n{name}: {before['processor']}, {before['cores']} cores, load before {before['load_before']}")
    for goal in goals:
        bound = ">=" if goal.at_least else "<="
        print(f"  {'ok  ' if goal.met else 'MISS'} {goal.name:<44} {goal.value:>10.3f} {goal.unit:<8} ({bound} {goal.limit:g})")
    print(f"  written to {RESULTS / (name + '.json')}")
    return 0 if all(goal.met for goal in goals) else 1
