"""What is due, and when the next thing will be. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Exists, F, Max, Min, OuterRef, Prefetch, Q, QuerySet, Value

from agents.models import Agent, Device
from agents.states import OFFLINE
from callcenter.core import sql

from . import requirements
from .attendance import present, staffed, unserved
from .callbackhours import is_open
from .callbackstates import DUE as CALLBACK_DUE
from .callbackstates import SCHEDULED
from .hours import HoursState
from .hours_reading import hours_of
from .lanes import COLUMN, DUE, IN_A_LANE, comes, lanes_of, meets, reachable
from .models import Call, Callback, ClosingAction, Lease, Membership, Offer, Queue, Strategy, WayOut
from .overflow import beyond, places
from .querysets import CallQuerySet
from .ranking import WORKING
from .states import AGENT_RINGING, QUEUED, WRAP_UP
from .ways import Way

GRACE = timedelta(seconds=5)
"""How long an offer may be overdue before its process is taken for dead."""

UNMOVED = timedelta(seconds=5)
"""How long an offer may be open without a word from the process that should ring its agent."""

UNHEARD_OF = Q(rang_at__isnull=True, dialled_at__isnull=True)

SHORTEST_WAIT_UNSTAFFED = 5
"""Seconds that every caller of an unstaffed queue waits at least: somebody may be about to log in."""

WHILE_WAITING = ("waited", "length", "per_agent")
"""Rules of overflow that take callers out of the line."""


class Limit(NamedTuple):
    """One reason to leave the queue as it is staffed now, after so many seconds, for these waiting calls."""

    reason: str
    seconds: float
    calls: CallQuerySet
    way: Way | None = None
    """The rule whose next step is taken; None: what the queue does for this reason."""


def lease_ends() -> datetime | None:
    return Lease.objects.filter(name="sweep").values_list("until", flat=True).first()


def offers_overdue(now: datetime) -> list[int]:
    return _ids(Offer.objects.open().filter(expires_at__lte=now - GRACE).order_by("expires_at"))


def offers_unheard_of(now: datetime) -> list[int]:
    """Offers that no process has taken up: not a word that a phone is called, rings, or was answered."""
    return _ids(Offer.objects.open().filter(UNHEARD_OF, opened_at__lte=now - UNMOVED).order_by("opened_at"))


def wrap_ups_over(now: datetime) -> list[int]:
    return _ids(Call.objects.filter(state=WRAP_UP, wrap_up_until__lte=now).order_by("wrap_up_until"))


def devices_expired(now: datetime) -> list[int]:
    return _ids(Device.objects.filter(lease_until__lte=now).order_by("lease_until"))


def waits_over(now: datetime) -> list[int]:
    """Waiting calls that reached a limit of their queue. order_key is never later than enqueued_at: it cuts the index range."""
    found: list[int] = []
    for limit in _limits():
        since = now - timedelta(seconds=limit.seconds)
        found += _ids(limit.calls.filter(order_key__lte=since, enqueued_at__lte=since).order_by("order_key"))
    return list(dict.fromkeys(found))


def wait_over(queue: Queue, call: Call, now: datetime, ways: tuple[Way, ...]) -> Limit | None:
    """The limit that this waiting call reached first; None: none yet."""
    waited = (now - call.enqueued_at).total_seconds() if call.enqueued_at else 0.0
    over = [limit for limit in _limits_of(queue, ways) if waited >= limit.seconds and limit.calls.filter(pk=call.pk).exists()]
    return min(over, key=lambda limit: limit.seconds, default=None)


def calls_to_lend(now: datetime) -> list[int]:
    """Calls that waited long enough for the helper of their queue, while an agent of it could take one more."""
    member = Membership.objects.filter(agent=OuterRef("pk"), queue=OuterRef(OuterRef("queue__helper")), logged_in=True)
    free = Agent.objects.can_take_more().reachable().filter(ready_at__lte=now).filter(Exists(member))
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    ripe = _to_lend().filter(due, enqueued_at__lte=Value(now) - SECOND * F("queue__lend_after"))
    return _ids(ripe.filter(Exists(free)).order_by("order_key", "pk"))


SECOND = Value(timedelta(seconds=1))


def _to_lend() -> CallQuerySet:
    return Call.objects.filter(state=QUEUED, wanted_agent__isnull=True, queue__helper__isnull=False)


# A free agent, and a lane with a call that is due in one of the agent's queues, or a call for this agent alone.
WITH_WORK = f"""
WITH lane AS MATERIALIZED (
  SELECT q.id AS queue_id, l.number FROM queues_queue q CROSS JOIN LATERAL {lanes_of("q.id")} l
  WHERE EXISTS (SELECT 1 FROM queues_call WHERE queue_id = q.id AND {COLUMN} = l.number AND {IN_A_LANE} AND {DUE})
)
SELECT a.id FROM agents_agent a
WHERE a.state IN ('available', 'ringing', 'on_call') AND a.open_calls < a.max_concurrent_calls AND a.active AND a.next_state = ''
  AND a.ready_at <= %(now)s AND {reachable("a.id")} AND (
    EXISTS (SELECT 1 FROM queues_membership m JOIN lane ON lane.queue_id = m.queue_id
            WHERE m.agent_id = a.id AND m.logged_in AND {meets("a.id", "lane.number")})
    OR EXISTS (SELECT 1 FROM queues_call WHERE wanted_agent_id = a.id AND state = 'queued' AND {DUE})
    OR EXISTS (SELECT 1 FROM queues_call c WHERE c.preferred_agent_id = a.id AND state = 'queued' AND {DUE}
               AND {comes("a", "c.queue_id", "c.requirement_id")}))
ORDER BY a.id
"""  # noqa: S608


def agents_with_work(now: datetime) -> list[int]:
    """Free agents for whom a call waits: a cool-down, delay or tier has just ended, or a ring was lost.

    At rest there are none; agents whom a tier still keeps from the call are looked at in vain, which does no harm.
    """
    return [row[0] for row in sql.rows(WITH_WORK, {"now": now, "working": list(WORKING)})]


# Whoever the call is kept for may have paused, left or lost a skill: then it is kept for nobody. A phone that is away for a
# moment may come back, so it is not asked about.
PREFERENCES_OVER = f"""
SELECT c.id FROM queues_call c JOIN agents_agent a ON a.id = c.preferred_agent_id
WHERE c.state = 'queued' AND (%(call)s::bigint IS NULL OR c.id = %(call)s::bigint)
  AND (c.preferred_until <= %(now)s OR NOT {comes("a", "c.queue_id", "c.requirement_id")})
ORDER BY c.order_key
"""  # noqa: S608


def preferences_over(now: datetime, *, call_id: int | None = None) -> list[int]:
    """Calls that are kept for one agent no longer: the time is over, or the agent is not coming."""
    return [row[0] for row in sql.rows(PREFERENCES_OVER, {"now": now, "call": call_id, "working": list(WORKING)})]


# Calls whose steps lead further although nobody who is logged in has the skills of now; one of each kind is enough to know
# whether a later step leads to somebody.
STUCK = f"""
WITH lane AS MATERIALIZED (
  SELECT q.id AS queue_id, l.number FROM queues_queue q CROSS JOIN LATERAL {lanes_of("q.id")} l
  WHERE l.number <> 0 AND NOT EXISTS (
    SELECT 1 FROM queues_membership m JOIN agents_agent a ON a.id = m.agent_id
    WHERE m.queue_id = q.id AND m.logged_in AND a.active AND a.state <> '{OFFLINE}' AND {meets("a.id", "l.number")})
)
SELECT min(c.id), array_agg(c.id) FROM lane JOIN queues_call c ON c.queue_id = lane.queue_id AND {COLUMN} = lane.number AND {IN_A_LANE}
WHERE c.relax_at IS NOT NULL GROUP BY lane.queue_id, lane.number, c.own_requirement_id
"""  # noqa: S608


def relaxations_due(now: datetime) -> list[int]:
    """Waiting calls of which less is to be asked: by the time, or because nobody is there for what is asked."""
    by_time = _ids(Call.objects.filter(state=QUEUED, relax_at__lte=now).order_by("relax_at"))
    return list(dict.fromkeys([*by_time, *_stuck(now)]))


def _stuck(now: datetime) -> Iterator[int]:
    for sample, calls in sql.rows(STUCK, ()):
        call = Call.objects.select_related("queue").filter(pk=sample).first()
        if call and call.queue and call.enqueued_at:
            fit = requirements.fit(call.queue, call, entered=call.enqueued_at, now=now)
            yield from calls if fit.present != call.requirement_id else ()


def progress_due(now: datetime, *, call_id: int | None = None) -> list[int]:
    """Calls that ring progressively and have rung no further agent for the queue's `progressive_seconds`."""
    return [call for call, last, step in _progressive() if call_id in (None, call) and last + step <= now]


def _progressive() -> list[tuple[int, datetime, timedelta]]:
    """Calls that ring progressively, when the last agent was added, and the time to the next."""
    rule = Q(strategy=Strategy.RING_PROGRESSIVELY) | Q(strategy=Strategy.STICKY, second_strategy=Strategy.RING_PROGRESSIVELY)
    offers = Offer.objects.open().filter(queue__in=Queue.objects.filter(rule), call__state=AGENT_RINGING)
    kept = offers.filter(call__preferred_agent__isnull=True, call__wanted_agent__isnull=True)
    rows = kept.order_by("call").values_list("call", "queue__progressive_seconds").annotate(last=Max("opened_at"))
    return [(call, last, timedelta(seconds=step)) for call, step, last in rows]


def _next_progress(now: datetime) -> list[datetime]:
    """When each is looked at next; if nobody was free at the last look, a whole step later."""
    return [last + step * (max(0, (now - last) // step) + 1) for _, last, step in _progressive()]


def callbacks_due(now: datetime) -> list[int]:
    return _ids(Callback.objects.filter(state=SCHEDULED, due_at__lte=now).order_by("due_at"))


def callbacks_out_of_time(now: datetime) -> list[int]:
    """In line, but too late, outside the hours of their queue, or of customers who called again and were answered."""
    answered = Call.objects.filter(
        caller_number=OuterRef("number"), direction="inbound", queue=OuterRef("queue"), answered_at__gt=OuterRef("requested_at")
    )
    in_line = Callback.objects.filter(state=CALLBACK_DUE).select_related("queue").annotate(answered=Exists(answered))
    return [one.pk for one in in_line if one.answered or one.expires_at <= now or not _may_call(one.queue, now)]


def _may_call(queue: Queue, now: datetime) -> bool:
    return is_open(now, queue.callback_from, queue.callback_until, queue.timezone)


def next_after(now: datetime, listening_since: datetime) -> datetime | None:
    """The earliest moment at which the rows ask for something; None: never, as they are now.

    :param listening_since: offers that are unheard of are not due before `UNMOVED` after it.
    """
    unheard_of = _least(Offer.objects.open().filter(UNHEARD_OF), "opened_at")
    moments = [
        _least(Offer.objects.open(), "expires_at", plus=GRACE),
        max(unheard_of, listening_since) + UNMOVED if unheard_of else None,
        _least(Call.objects.filter(state=WRAP_UP), "wrap_up_until"),
        _least(Device.objects.all(), "lease_until"),
        _least(Call.objects.filter(state=QUEUED, not_before__gt=now), "not_before"),
        _least(Call.objects.filter(state=QUEUED), "relax_at"),
        _least(Call.objects.filter(state=QUEUED, preferred_agent__isnull=False), "preferred_until"),
        _least(Callback.objects.filter(state=SCHEDULED), "due_at"),
        _cool_down_ends(now),
        *_next_progress(now),
        *_waits_end(),
        *_tiers_open(now),
        *_closings(now),
        *_lending_begins(now),
    ]
    return min((moment for moment in moments if moment), default=None)


def _cool_down_ends(now: datetime) -> datetime | None:
    waiting = Call.objects.filter(state=QUEUED, queue=OuterRef("memberships__queue"))
    wanted = Call.objects.filter(state=QUEUED, wanted_agent=OuterRef("pk"))
    cooling = Agent.objects.can_take_more().filter(ready_at__gt=now)
    return _least(cooling.filter(Exists(waiting) | Exists(wanted)), "ready_at")


def _waits_end() -> list[datetime]:
    ends = [_least(limit.calls, "enqueued_at", plus=timedelta(seconds=limit.seconds)) for limit in _limits()]
    return [end for end in ends if end]


def _lending_begins(now: datetime) -> list[datetime]:
    """Those whose time has come already wait for an agent of the helper; the clock looks for one every second."""
    found = []
    for queue in Queue.objects.filter(helper__isnull=False):
        ripe = timedelta(seconds=queue.lend_after)
        first = _least(_waiting(queue).filter(enqueued_at__gt=now - ripe), "enqueued_at", plus=ripe)
        found += [first] if first else []
    return found


def _tiers_open(now: datetime) -> list[datetime]:
    """For each queue and tier: when the youngest-but-unserved call will have waited long enough for it."""
    opens = []
    tiers = Membership.objects.filter(tier__gt=0, logged_in=True).values_list("queue", "tier", "queue__tier_wait").distinct()
    for queue, tier, tier_wait in tiers:
        wait = timedelta(seconds=tier * tier_wait)
        first = _least(Call.objects.filter(queue=queue, state=QUEUED, enqueued_at__gt=now - wait), "enqueued_at")
        if first:
            opens.append(first + wait)
    return opens


def closings_due(now: datetime) -> list[int]:
    """Calls that still wait in a queue that has closed since they came, and sends them on then. Who was put into a closed queue by
    hand stays."""
    found: list[int] = []
    for schedule, hours in _hours_of_closing(now).items():
        if not hours.open and hours.turned_at:
            found += _ids(_sent_on_at_closing().filter(queue__schedule=schedule, enqueued_at__lt=hours.turned_at).order_by("order_key"))
    return found


def closed_upon(enqueued_at: datetime, hours: HoursState) -> bool:
    """Whether the queue has closed while this call was waiting."""
    return not hours.open and hours.turned_at is not None and enqueued_at < hours.turned_at


def _closings(now: datetime) -> list[datetime]:
    return [hours.turns_at for hours in _hours_of_closing(now).values() if hours.open and hours.turns_at]


def _hours_of_closing(now: datetime) -> dict[int, HoursState]:
    """By schedule, where somebody waits whom its closing concerns. One statement if there is nobody, as mostly."""
    return hours_of(_sent_on_at_closing().order_by().values_list("queue__schedule", flat=True).distinct(), now)


def _sent_on_at_closing() -> QuerySet[Any]:
    return Call.objects.filter(state=QUEUED, queue__closing_action=ClosingAction.FALLBACK, queue__schedule__isnull=False)


def _waiting(queue: Queue) -> CallQuerySet:
    """Callers on the line: a callback waits as long as it takes, nobody listens to music meanwhile."""
    return Call.objects.filter(queue=queue, state=QUEUED, callback__isnull=True)


def _limits() -> Iterator[Limit]:
    """Of the queues in which somebody waits; at rest, and without limits, that is one statement."""
    rules = WayOut.objects.filter(when__in=WHILE_WAITING).order_by("position", "id")
    limited = Q(max_wait__gt=0) | Q(max_wait_no_agent__gt=0) | Q(leave_empty=True) | Exists(rules.filter(queue=OuterRef("pk")).order_by())
    waited_in = Exists(Call.objects.filter(queue=OuterRef("pk"), state=QUEUED))
    for queue in Queue.objects.filter(limited, waited_in).prefetch_related(Prefetch("ways_out", rules)):
        yield from _limits_of(queue, tuple(Way.of(row) for row in queue.ways_out.all()))


def _limits_of(queue: Queue, ways: tuple[Way, ...]) -> Iterator[Limit]:
    if queue.max_wait:
        yield Limit("max_wait", queue.max_wait, _waiting(queue))
    if queue.leave_empty:
        yield Limit("nobody_there", SHORTEST_WAIT_UNSTAFFED, _alone(queue))
    if queue.max_wait_no_agent:
        yield Limit("no_agent", max(queue.max_wait_no_agent, SHORTEST_WAIT_UNSTAFFED), _alone(queue))
    for way in ways:
        if way.when in WHILE_WAITING:
            yield _limit_of_rule(queue, way)


def _limit_of_rule(queue: Queue, way: Way) -> Limit:
    if way.when == "waited":
        return Limit(way.when, way.threshold, _waiting(queue), way)
    # An agent whose phone is lost for a moment must not empty the line.
    grace = SHORTEST_WAIT_UNSTAFFED if way.when == "per_agent" else 0
    return Limit(way.when, grace, Call.objects.filter(pk__in=beyond(queue, places(way, queue))), way)


def _alone(queue: Queue) -> CallQuerySet:
    """Waiting calls for which nobody is there. Who wants one agent is not served by all the others."""
    nobody = unserved(queue)
    alone = Q(wanted_agent__isnull=False) & ~Q(wanted_agent__in=present(queue))
    if 0 in nobody:
        alone |= Q(wanted_agent__isnull=True, requirement__isnull=True)
    if skilled := [requirement for requirement in nobody if requirement]:
        alone |= Q(wanted_agent__isnull=True, requirement__in=skilled) & ~_hopeful(queue, skilled)
    return _waiting(queue).filter(alone)


def _hopeful(queue: Queue, skilled: list[int]) -> Q:
    """Calls with these requirements for which somebody is there once the queue's steps ask for less."""
    ahead = Call.objects.filter(queue=queue, state=QUEUED, requirement__in=skilled, relax_at__isnull=False)
    hope = Q(pk__in=())
    for own in ahead.order_by().values_list("own_requirement", flat=True).distinct():
        if staffed(queue, requirements.least(queue, own)):
            hope |= Q(relax_at__isnull=False) & (Q(own_requirement__isnull=True) if own is None else Q(own_requirement=own))
    return hope


def _least(rows: QuerySet[Any], field: str, *, plus: timedelta = timedelta(0)) -> datetime | None:
    found: datetime | None = rows.aggregate(least=Min(field))["least"]
    return found + plus if found else None


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True))
