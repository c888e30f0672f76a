"""How long from an event to the bell that makes the INVITE leave: `python -m bench.matching [--json FILE] [--events N]`.

Two events at three sizes (agents / waiting calls), through the services that the product calls:

  freed    an agent hangs up while the queue is full: the next call is offered to this agent
  arrives  a call is queued while agents are free: it is offered at once

and both once more in a contact center that lives by skills: every call asks for one of twelve requirements, and the
first half of each line for what no agent has, so that whoever is freed must pass over it.

The clock starts before the service is called and stops when another process, which LISTENs as a telephony
node does, hears the bell. Beside them in the same run, on the same tables and with the same listener:

  minimal    one row updated, NOTIFY, commit: what this machine's disk and PostgreSQL ask for at least
  yardstick  `freed` as one plpgsql function without explanations, refusals or limits: what SQL alone would take
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

SIZES = {"2/5": (2, 5, 1), "100/1,000": (100, 1_000, 5), "1,000/10,000": (1_000, 10_000, 20)}
"""Agents, waiting calls, queues; every agent serves two queues (the smallest size has one)."""

EVENTS = ("freed", "arrives", "freed, skills", "arrives, skills")
CHANNEL = "node_bench"
HAS, ENOUGH, TOO_MUCH = 3, 2, 5
"""Levels: what agents have of each skill, and what calls ask for."""
LIMITS = {"p95_ms_at_100/1,000": 20.0, "growth": 1.5}


def listen(dsn: str, heard: Any) -> None:
    """What a node does: one connection that LISTENs. Tells when it heard something (the monotonic clock is the machine's)."""
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as wire:
        wire.execute(f"LISTEN {CHANNEL}")
        heard.send(0.0)
        for _ in wire.notifies():
            heard.send(time.monotonic())


class Bench:
    def __init__(self, events: int) -> None:
        from callcenter.core import bell

        self.events = events
        self.heard, there = multiprocessing.Pipe(duplex=False)
        self.listener = multiprocessing.get_context("spawn").Process(target=listen, args=(bell.connection_string(), there), daemon=True)
        self.listener.start()
        self.heard.recv()

    def time(self, event: Callable[[], Any]) -> float:
        """Milliseconds from here to the bell in the other process."""
        while self.heard.poll():
            self.heard.recv()
        began = time.monotonic()
        event()
        if not self.heard.poll(10):
            raise SystemExit("No bell was heard within 10 s: the event matched nothing.")
        return float(self.heard.recv() - began) * 1000

    def minimal(self) -> list[float]:
        import psycopg

        from callcenter.core import bell

        with psycopg.connect(bell.connection_string(), autocommit=True) as wire:
            wire.execute("CREATE TABLE IF NOT EXISTS bench_minimal (id int PRIMARY KEY, n int)")
            wire.execute("INSERT INTO bench_minimal VALUES (1, 0) ON CONFLICT DO NOTHING")

            def commit() -> None:
                with wire.transaction():
                    wire.execute("UPDATE bench_minimal SET n = n + 1 WHERE id = 1")
                    wire.execute("SELECT pg_notify(%s, '')", [CHANNEL])

            return [self.time(commit) for _ in range(self.events)]

    def freed(self, floor: Floor) -> list[float]:
        from queues import services

        return [self._one_freed(floor, n, lambda call: services.hang_up(call, by="caller")) for n in range(self.events)]

    def yardstick(self, floor: Floor) -> list[float]:
        from django.db import connection

        def call_function(call: int) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT bench_hang_up(%s)", [call])

        return [self._one_freed(floor, n, call_function) for n in range(self.events)]

    def _one_freed(self, floor: Floor, n: int, hang_up: Callable[[int], None]) -> float:
        agent = floor.talking[n % len(floor.talking)]
        call = floor.call_of(agent)
        took = self.time(lambda: hang_up(call))
        floor.answer(agent)
        floor.one_more_waits(n)
        return took

    def arrives(self, floor: Floor) -> list[float]:
        from queues import services

        found = []
        for n in range(self.events):
            call, queue, asked = floor.new_call(), floor.quiet[n % len(floor.quiet)], floor.asked(n)
            found.append(self.time(lambda call=call, queue=queue, asked=asked: services.enqueue(call, queue, skills=asked)))  # type: ignore[misc]
            services.hang_up(call, by="caller")
        return found


class Floor:
    """A contact center of one size: full queues, quiet queues, agents who talk and agents who are free."""

    def __init__(self, agents: int, waiting: int, queues: int, *, skilled: bool = False) -> None:
        self.sequence = 0
        self.empty()
        self.skills = self._skills() if skilled else []
        self.busy = self._queues("busy", queues)
        self.quiet = self._queues("quiet", queues)
        people = self._agents("busy", agents, self.busy, "break")
        self._agents("quiet", agents, self.quiet, "available")
        self._line(waiting + len(people))
        self.talking = people[:20]
        self._talk()
        self._analyze()

    def empty(self) -> None:
        from django.db import connection

        tables = "core_logentry, queues_offer, queues_segment, queues_call, queues_agentstateperiod, agents_device, queues_membership"
        with connection.cursor() as cursor:
            cursor.execute(
                f"TRUNCATE {tables}, agents_agent, agents_skill, queues_requirement, queues_queue, auth_user RESTART IDENTITY CASCADE"
            )

    def _skills(self) -> list[int]:
        from agents.models import Skill

        return [skill.pk for skill in Skill.objects.bulk_create([Skill(name=f"skill {n}") for n in range(6)])]

    def asked(self, n: int, *, level: int = ENOUGH) -> list[Any]:
        """What the nth call asks for."""
        from queues.skills import Need

        return [Need(self.skills[n % len(self.skills)], level)] if self.skills else []

    def _requirement(self, n: int, *, level: int) -> int | None:
        from queues import requirements

        return requirements.intern(self.asked(n, level=level))

    def _queues(self, name: str, count: int) -> list[int]:
        from queues.models import Queue

        made = [Queue(name=f"{name} {i}", slug=f"{name}-{i}", wrap_up_seconds=0) for i in range(count)]
        return [queue.pk for queue in Queue.objects.bulk_create(made)]

    def _agents(self, name: str, count: int, queues: list[int], state: str) -> list[int]:
        from datetime import timedelta

        from django.contrib.auth import get_user_model
        from django.utils import timezone

        from agents.models import Agent, AgentSkill, BreakReason, Device
        from queues.models import AgentStatePeriod, Membership

        now, user = timezone.now(), get_user_model()
        reason = BreakReason.objects.get_or_create(code="bench", defaults={"name": "Bench"})[0] if state == "break" else None
        users = user.objects.bulk_create([user(username=f"{name}{i}") for i in range(count)])
        first = 10_000 if name == "busy" else 20_000
        people = Agent.objects.bulk_create(
            Agent(
                user=users[i], name=f"{name} {i}", extension=str(first + i), sip_username=f"{name}{i}", state=state, break_reason=reason,
                max_misses=0, last_released_at=now - timedelta(seconds=count - i),
            )
            for i in range(count)
        )  # fmt: skip
        Device.objects.bulk_create(Device(agent=one, key=one.name, lease_until=now + timedelta(days=1)) for one in people)
        AgentStatePeriod.objects.bulk_create(AgentStatePeriod(agent=one, state=state, began_at=now) for one in people)
        AgentSkill.objects.bulk_create(AgentSkill(agent=one, skill_id=skill, level=HAS) for one in people for skill in self.skills)
        serves = {(queues[(i + k) % len(queues)], one.pk) for i, one in enumerate(people) for k in (0, 1)}
        Membership.objects.bulk_create(Membership(queue_id=queue, agent_id=one) for queue, one in sorted(serves))
        return [one.pk for one in people]

    def _line(self, waiting: int) -> None:
        from datetime import timedelta

        from django.utils import timezone

        from queues.models import Call, Segment

        now = timezone.now()
        lanes = [self._requirement(n, level=level) for level in (TOO_MUCH, ENOUGH) for n in range(len(self.skills))]
        half = len(lanes) // 2
        calls = Call.objects.bulk_create(
            [
                Call(
                    node="bench", process=f"line{i}", caller_number=f"line{i}", state="queued", queue_id=self.busy[i % len(self.busy)],
                    requirement_id=lanes[i % half + (half if 2 * i >= waiting else 0)] if lanes else None,
                    order_key=now - timedelta(seconds=waiting - i), enqueued_at=now - timedelta(seconds=waiting - i),
                )
                for i in range(waiting)
            ],
            batch_size=2000,
        )  # fmt: skip
        stays = [Segment(call=call, number=1, queue_id=call.queue_id or 0, entered_at=now) for call in calls]
        Segment.objects.bulk_create(stays, batch_size=2000)

    def _talk(self) -> None:
        from queues import services

        for agent in self.talking:
            services.set_available(agent, actor="system:bench")
            self.answer(agent)

    def _analyze(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def call_of(self, agent: int) -> int:
        from queues.models import Call

        return Call.objects.values_list("pk", flat=True).get(agent=agent, state="active")

    def answer(self, agent: int) -> None:
        from queues import services
        from queues.models import Offer

        if not services.accept(Offer.objects.open().get(agent=agent).pk):
            raise SystemExit("The offer that was just made could not be accepted.")

    def new_call(self) -> int:
        from queues import services

        self.sequence += 1
        facts = {"sip_call_id": "", "caller_number": f"bench{self.sequence}", "caller_name": "", "dialled": "support"}
        return services.arrive(node="bench", process=f"new{self.sequence}", **facts).pk

    def one_more_waits(self, n: int) -> None:
        from queues import services

        services.enqueue(self.new_call(), self.busy[n % len(self.busy)], skills=self.asked(n))


def install_yardstick() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute((Path(__file__).parent / "yardstick.sql").read_text())


def figures(milliseconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {"p50": round(cuts[49], 2), "p95": round(cuts[94], 2), "p99": round(cuts[98], 2)}


def run(events: int) -> dict[str, Any]:
    bench, sizes = Bench(events), {}
    for name, (agents, waiting, queues) in SIZES.items():
        floor = Floor(agents, waiting, queues)
        bench.freed(floor) if name == "2/5" else None  # the first calls of a process compile and connect
        sizes[name] = {
            "minimal": figures(bench.minimal()), "yardstick": figures(bench.yardstick(floor)),
            "freed": figures(bench.freed(floor)), "arrives": figures(bench.arrives(floor)),
        }  # fmt: skip
        floor = Floor(agents, waiting, queues, skilled=True)
        sizes[name] |= {"freed, skills": figures(bench.freed(floor)), "arrives, skills": figures(bench.arrives(floor))}
    bench.listener.terminate()
    return {"machine": machine(), "events": events, "ms": sizes, **verdicts(sizes)}


def verdicts(sizes: dict[str, dict[str, dict[str, float]]]) -> dict[str, Any]:
    """The limits, and the ratios to what the same machine did in the same run."""
    middle, large = sizes["100/1,000"], sizes["1,000/10,000"]
    ratios = {
        size: {f"{what} : {to}": round(found[what]["p50"] / found[to]["p50"], 1) for what in EVENTS for to in ("minimal", "yardstick")}
        for size, found in sizes.items()
    }
    growth = {what: round(large[what]["p50"] / middle[what]["p50"], 2) for what in EVENTS}
    worst = max(middle[what]["p95"] for what in EVENTS)
    kept = worst <= LIMITS["p95_ms_at_100/1,000"] and max(growth.values()) <= LIMITS["growth"]
    return {"ratios": ratios, "growth": growth, "limits": LIMITS, "kept": kept}


@contextlib.contextmanager
def database() -> Iterator[None]:
    """A PostgreSQL of its own that syncs to disk as in production, gone afterwards."""
    from callcenter.embedded import Postgres, running

    data = Path(tempfile.mkdtemp(prefix="callcenter-bench-"))
    data.chmod(0o755)  # as root the server runs as another user, who must get through
    os.environ["CALLCENTER_DATA"] = str(data)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
    try:
        with running(Postgres(data), data / "postgres.log"):
            migrate()
            yield
    finally:
        shutil.rmtree(data, ignore_errors=True)


def migrate() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    install_yardstick()


def machine() -> str:
    import django
    from django.db import connection

    version = connection.cursor().execute("SHOW server_version").fetchone()[0]
    load = os.getloadavg()[0]
    software = f"PostgreSQL {version}, Django {django.__version__}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.machine()}, {software}, load {load:.1f}"


def show(found: dict[str, Any]) -> None:
    print(f"{found['machine']}; {found['events']} events each\n")
    print(f"{'agents/waiting':<16}{'':<16}{'p50':>8}{'p95':>8}{'p99':>8}   ms, event to bell heard")
    for size, rows in found["ms"].items():
        for what, row in rows.items():
            print(f"{size:<16}{what:<16}" + "".join(f"{row[p]:>8.2f}" for p in ("p50", "p95", "p99")))
    print("\nratios of medians")
    for size, row in found["ratios"].items():
        print(f"{size:<16}" + ", ".join(f"{name} {value}" for name, value in row.items()))
    print(f"\ngrowth of the median from 1,000 to 10,000 waiting: {found['growth']}")
    print(f"limits {found['limits']}: {'kept' if found['kept'] else 'NOT kept'}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=200, help="events of each kind and size")
    parser.add_argument("--json", help="also write the figures to this file")
    options = parser.parse_args()

    with database():
        found = run(options.events)
    show(found)
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=2)
    return 0 if found["kept"] else 1


if __name__ == "__main__":
    sys.exit(main())
