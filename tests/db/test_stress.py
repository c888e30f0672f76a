"""Sixteen processes on the same agents and calls, `kill -9` in mid-transaction: nothing lost or doubled, nobody jumps the line."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agents.models import AgentSkill
from callcenter.core.errors import Refusal
from callcenter.core.models import LogEntry
from queues import invariants, requirements, services
from queues.models import Call, Lease, Membership, Offer, Segment
from queues.skills import missing
from queues.states import OfferOutcome
from tests.until import until

from . import cast, processes

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES = 16
SECONDS, AT_MOST = 15, 90
"""It goes on longer where the machine is too busy for enough to happen."""
KILLED, OFFERED = 10, 50
DEADLY = 0.05
"""Share of events that end in `kill -9`, at a random statement."""
MARGIN = timedelta(milliseconds=50)
"""A call seen waiting this long before the decision should have been preferred."""


def given_agents_and_queues() -> tuple[list[int], list[int]]:
    """Four queues: the first asks for German, less and less, the second goes round, the third is sticky for a second."""
    strategies = ("skills-weighted", "round-robin", "sticky", "longest-idle")
    queues = [cast.queue(f"q{i}", retry_limit=0, wrap_up_seconds=5 * (i == 3), strategy=strategies[i], sticky_seconds=1) for i in range(4)]
    cast.require(queues[0], (1, "German", 2), (3, "German", 0), German=4)
    agents = [
        cast.skilled(
            cast.agent(f"a{i}", queues=(queues[i % 4], queues[(i + 1) % 4]), max_concurrent_calls=2 if i % 4 == 0 else 1),
            German=1 + i % 5, Invoices=1 + i % 3,
        )
        for i in range(12)
    ]  # fmt: skip
    return [queue.pk for queue in queues], [agent.pk for agent in agents]


class Worker:
    """Does random things for ever and writes down, after each commit, what it saw."""

    def __init__(self, seed: int, diary: Path, queues: list[int], agents: list[int]) -> None:
        self.dice, self.diary, self.queues, self.agents = random.Random(seed), diary, queues, agents
        self.events = {
            self.enqueue: 10, self.answer: 8, self.fail: 3, self.hang_up: 6, self.abandon: 2, self.finish: 2,
            self.presence: 3, self.sweep: 1,
        }  # fmt: skip

    def run(self, stop: Any) -> None:
        while not stop.is_set():
            event = self.dice.choices(list(self.events), list(self.events.values()))[0]
            try:
                if self.dice.random() < DEADLY:
                    with processes.killed_at_statement(self.dice.randint(2, 20)):
                        event()
                else:
                    event()
            except Refusal:
                self.note("refused")

    def note(self, word: str, call: int = 0) -> None:
        with self.diary.open("a") as page:
            page.write(f"{word} {call} {time.time()}\n")

    def one(self, rows: Any) -> Any:
        found = list(rows.values_list("pk", flat=True)[:20])
        return self.dice.choice(found) if found else None

    def enqueue(self) -> None:
        if Call.objects.filter(state="queued").count() > 40:
            return
        caller = {"caller_number": str(self.dice.randint(1, 30)), "caller_name": "", "dialled": ""}
        call = services.arrive(node="n", process=f"p{self.dice.random()}", sip_call_id="", **caller).pk
        asks = cast.needs(Invoices=self.dice.randint(1, 3)) if self.dice.random() < 0.2 else []
        placement = services.enqueue(call, self.dice.choice(self.queues), priority=self.dice.choice([0, 0, 0, 2]), skills=asks)
        self.note("queued" if placement.waits else "ringing", call)

    def answer(self) -> None:
        if offer := self.one(Offer.objects.open().order_by("pk")):
            services.accept(offer)

    def fail(self) -> None:
        if offer := self.one(Offer.objects.open().order_by("pk")):
            call = Offer.objects.get(pk=offer).call_id
            services.offer_failed(offer, self.dice.choice([OfferOutcome.REJECTED, OfferOutcome.NO_ANSWER]))
            if Call.objects.filter(pk=call, state="queued").exists():
                self.note("queued", call)

    def hang_up(self) -> None:
        if call := self.one(Call.objects.filter(state="active").order_by("pk")):
            services.hang_up(call, by=self.dice.choice(["caller", "agent"]))

    def abandon(self) -> None:
        if call := self.one(Call.objects.filter(state__in=["queued", "agent_ringing"]).order_by("-pk")):
            services.hang_up(call, by="caller")

    def finish(self) -> None:
        if call := self.one(Call.objects.filter(state="wrap_up").order_by("pk")):
            services.finish_wrap_up(call, agent_id=Call.objects.get(pk=call).agent_id or 0)

    def presence(self) -> None:
        agent = self.dice.choice(self.agents)
        if self.dice.random() < 0.3:
            services.take_break(agent, cast.pause().pk, actor="system:test")
        else:
            services.set_available(agent, actor="system:test")

    def sweep(self) -> None:
        services.sweep(f"worker {self.dice.random()}", ttl=1)


def work(seed: int, diary: Path, queues: list[int], agents: list[int], stop: Any) -> None:
    Worker(seed, diary, queues, agents).run(stop)


def keep_running(diary: Path, queues: list[int], agents: list[int]) -> int:
    """Start the workers and replace each that dies, until enough has happened; returns how many were killed."""
    began, stop, seed, killed = time.monotonic(), processes.context.Event(), 0, 0
    workers: list[Any] = []
    while (took := time.monotonic() - began) < SECONDS or (killed < KILLED and took < AT_MOST):
        for dead in [worker for worker in workers if worker.exitcode is not None]:
            workers.remove(dead)
            killed += dead.exitcode == -signal.SIGKILL
            assert dead.exitcode in (0, -signal.SIGKILL)
        while len(workers) < PROCESSES:
            seed += 1
            workers.append(processes.start(work, seed, diary / str(seed), queues, agents, stop))
        workers[0].join(0.02)
    stop.set()
    for worker in workers:
        worker.join(60)
        killed += worker.exitcode == -signal.SIGKILL
        assert worker.exitcode in (0, -signal.SIGKILL)
    return killed


@dataclass
class Sighting:
    """A call seen waiting by somebody who had just committed."""

    call: int
    at: datetime


def read(diary: Path) -> tuple[Counter[str], list[Sighting]]:
    words, seen = Counter[str](), []
    for page in diary.iterdir():
        for line in page.read_text().splitlines():
            word, call, at = line.split()
            words[word] += 1
            if word == "queued":
                seen.append(Sighting(int(call), datetime.fromtimestamp(float(at), UTC)))
    return words, seen


def who_may_serve() -> Callable[[int, int], bool]:
    """Whether an agent has all that a call asked for when it came, and so could take it at any time."""
    levels: dict[int, dict[int, int]] = {}
    for agent, skill, level in AgentSkill.objects.values_list("agent", "skill", "level"):
        levels.setdefault(agent, {})[skill] = level
    asked = dict(Segment.objects.values_list("call", "requirement"))
    needs = requirements.needs_of(*asked.values())
    return lambda agent, call: not missing(levels.get(agent, {}), needs.get(asked.get(call) or 0, ()))


def kept_for_one_agent() -> set[int]:
    """Calls that were kept for the agent of last time for a while: others could not take them then."""
    now, before = Call.objects.filter(preferred_agent__isnull=False), LogEntry.objects.filter(type="call.no_longer_kept")
    offered = Offer.objects.filter(why__strategy="sticky")
    return {*now.values_list("pk", flat=True), *before.values_list("subject_id", flat=True), *offered.values_list("call", flat=True)}


def jumped_the_line(seen: list[Sighting]) -> list[str]:
    """Offers made although an earlier call, which the same agent serves, was seen waiting well before and stayed well after."""
    calls = {call.pk: call for call in Call.objects.all()}
    queues: dict[int, set[int]] = {}
    for agent, queue in Membership.objects.values_list("agent", "queue"):
        queues.setdefault(agent, set()).add(queue)
    # When it was decided that the call leaves the line, by an offer or by hanging up: all times are of decisions.
    left = {pk: [call.hung_up_at] if call.hung_up_at else [] for pk, call in calls.items()}
    for call_id, opened_at in Offer.objects.values_list("call", "opened_at"):
        left[call_id].append(opened_at)
    may_serve, kept = who_may_serve(), kept_for_one_agent()
    found = []
    for sighting in seen:
        earlier = calls[sighting.call]
        if earlier.pk in kept:
            continue
        # A decision is seen once it is committed: one made just before the sighting may already have taken the call.
        gone = min((at for at in left[earlier.pk] if at > sighting.at - MARGIN), default=datetime.max.replace(tzinfo=UTC))
        for offer in Offer.objects.filter(opened_at__gt=sighting.at + MARGIN, opened_at__lt=gone - MARGIN).exclude(call=earlier):
            later = calls[offer.call_id]
            serves = earlier.queue_id in queues[offer.agent_id] and may_serve(offer.agent_id, earlier.pk)
            if serves and (earlier.order_key, earlier.pk) < (later.order_key, later.pk):
                found.append(f"{later} at {offer.opened_at} before {earlier} seen at {sighting.at}, gone {gone}")
    return found


def test_sixteen_processes_and_kill_9_break_nothing(tmp_path: Path) -> None:
    queues, agents = given_agents_and_queues()
    killed = keep_running(tmp_path, queues, agents)
    until(lambda: processes.other_sessions() == 0, within=30, what="the backends of the dead to go")
    Lease.objects.all().delete()
    services.sweep("the test")
    words, seen = read(tmp_path)
    assert invariants.broken() == []
    known = {int(line.split()[1]) for page in tmp_path.iterdir() for line in page.read_text().splitlines()} - {0}
    assert known <= set(Call.objects.values_list("pk", flat=True))
    assert jumped_the_line(seen) == []
    print(f"{killed} killed, {words}, {Offer.objects.count()} offers")
    assert killed >= KILLED
    assert Offer.objects.count() >= OFFERED
