"""The fixed cast of database tests: agents with phones, queues, calls."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from agents.models import Agent, AgentSkill, BreakReason, Device, Skill
from queues import services
from queues.models import (
    Call,
    Membership,
    Offer,
    OpeningSpan,
    Queue,
    QueueSkill,
    RelaxationStep,
    Schedule,
    Segment,
    WayOut,
)  # fmt: skip
from queues.skills import Need
from queues.states import ENDED
from queues.states import SegmentOutcome as Outcome

numbers = itertools.count(1)
AGING = ("enqueued_at", "order_key", "relax_at", "preferred_until")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def agent(name: str = "alice", *, queues: tuple[Queue, ...] = (), state: str = "available", phone: bool = True, **fields: Any) -> Agent:
    """An agent who works (unless `state` says otherwise), has a phone, and serves the queues."""
    n = next(numbers)
    user = get_user_model().objects.create(username=f"{name}{n}")
    defaults = {"max_misses": 0}
    person = Agent.objects.create(user=user, name=name, extension=str(1000 + n), sip_username=f"{name}{n}", **(defaults | fields))
    for queue in queues:
        Membership.objects.create(queue=queue, agent=person)
    if phone:
        register(person)
    if state != "offline":
        services.set_available(person.pk, actor="system:test")
    if state == "break":
        services.take_break(person.pk, pause().pk, actor="system:test")
    person.refresh_from_db()
    return person


def register(person: Agent, seconds: float = 3600) -> Device:
    return Device.objects.create(agent=person, key=f"sip:{person.sip_username}", lease_until=timezone.now() + timedelta(seconds=seconds))


def pause() -> BreakReason:
    return BreakReason.objects.get_or_create(code="lunch", defaults={"name": "Lunch"})[0]


def queue(name: str = "support", *, next_queue: Queue | None = None, keeps_place: bool = True, **fields: Any) -> Queue:
    """:param next_queue: where its callers go whenever they cannot stay."""
    n = next(numbers)
    defaults = {
        "wrap_up_seconds": 0, "retry_boost": 0, "tier_wait": 0, "cooldown_reject": 0, "cooldown_busy": 0, "cooldown_no_answer": 0,
        "cooldown_unreachable": 0, "resume_seconds": 0,
    }  # fmt: skip
    made = Queue.objects.create(name=f"{name} {n}", slug=f"{name}-{n}", **(defaults | fields))
    if next_queue:
        way_out(made, next_queue=next_queue, keeps_place=keeps_place)
    return made


def way_out(of: Queue, when: str = "otherwise", threshold: float | None = None, **fields: Any) -> WayOut:
    """A row of its ways out, behind those it has; to another queue if one is named."""
    kind = "queue" if fields.get("next_queue") else "hang_up"
    return WayOut.objects.create(
        **{"queue": of, "when": when, "threshold": threshold, "kind": kind, "position": of.ways_out.count(), **fields}
    )


def schedule(*, opens: time = time(8), closes: time = time(18), days: Iterable[int] = range(5), **fields: Any) -> Schedule:
    """Office hours, unless told otherwise."""
    n = next(numbers)
    hours = Schedule.objects.create(**({"name": f"hours {n}", "slug": f"hours-{n}", "timezone": "Europe/Berlin"} | fields))
    for day in days:
        OpeningSpan.objects.create(schedule=hours, weekday=day, opens=opens, closes=closes)
    return hours


def around_the_clock(**fields: Any) -> Schedule:
    """Of UTC, whose clock is never changed: these are for tests of the present moment."""
    return schedule(opens=time(), closes=time(), days=range(7), timezone="UTC", **fields)


def arrive(**fields: Any) -> Call:
    n = next(numbers)
    facts = {"node": "n1", "process": f"p{n}", "sip_call_id": f"c{n}", "caller_number": "100", "caller_name": "", "dialled": "support"}
    return services.arrive(**(facts | fields))


def skilled(person: Agent, **levels: int) -> Agent:
    """The agent with these skills, by their names."""
    for name, level in levels.items():
        AgentSkill.objects.update_or_create(agent=person, skill=skill(name), defaults={"level": level})
    return person


def skill(name: str) -> Skill:
    return Skill.objects.get_or_create(name=name)[0]


def needs(**levels: int) -> list[Need]:
    return [Need(skill(name).pk, level) for name, level in levels.items()]


def require(where: Queue, *steps: tuple[int, str, int], **levels: int) -> Queue:
    """The queue, which asks for these skills from now on, with relaxation steps (seconds, skill or "", level)."""
    for name, level in levels.items():
        QueueSkill.objects.create(queue=where, skill=skill(name), minimum_level=level)
    for after, name, level in steps:
        RelaxationStep.objects.create(queue=where, after_seconds=after, skill=skill(name) if name else None, minimum_level=level)
    services.requirements_changed(where.pk)
    where.refresh_from_db()
    return where


def enqueue(where: Queue, **how: Any) -> Call:
    call = arrive()
    services.enqueue(call.pk, where.pk, **how)
    call.refresh_from_db()
    return call


def open_offers(of: Call | Agent) -> list[Offer]:
    return list(Offer.objects.open().filter(**{"call" if isinstance(of, Call) else "agent": of}).order_by("agent_id"))


def talk(call: Call) -> Call:
    """The first agent who is rung answers."""
    assert services.accept(open_offers(call)[0].pk)
    call.refresh_from_db()
    return call


def stay(
    queue: Queue, outcome: str, *, wait: float = 10, talk: float = 60, paper: float = 0, at: datetime = NOON, **fields: Any
) -> Segment:
    """One entry that came out as `outcome` after `wait` seconds."""
    call = Call.objects.create(state=ENDED, ended_at=timezone.now(), queue=queue)
    times: dict[str, Any] = {} if outcome == Outcome.WAITING else {"left_at": at + timedelta(seconds=wait)}
    if outcome == Outcome.ANSWERED:
        answered = at + timedelta(seconds=wait)
        ended = answered + timedelta(seconds=talk)
        times |= {"answered_at": answered, "ended_at": ended, "wrap_up_ended_at": ended + timedelta(seconds=paper)}
    return Segment.objects.create(**{"call": call, "number": 1, "queue": queue, "outcome": outcome, "entered_at": at, **times, **fields})


def age(call: Call, seconds: float) -> None:
    """Let the call have waited longer."""
    call.refresh_from_db()
    assert call.enqueued_at
    shift = timedelta(seconds=seconds)
    moments = {name: value - shift for name in AGING if (value := getattr(call, name))}
    Call.objects.filter(pk=call.pk).update(**moments)
