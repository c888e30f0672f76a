"""What is due, and when the next thing will be. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Exists, F, Min, OuterRef, Prefetch, Q, QuerySet, Value

from agents.models import Agent, Device

from .attendance import present, staffed
from .callbackhours import is_open
from .callbackstates import DUE, SCHEDULED
from .hours import HoursState
from .hours_reading import hours_of
from .models import Call, Callback, ClosingAction, Lease, Membership, Offer, Queue, WayOut
from .overflow import beyond, places
from .querysets import CallQuerySet
from .states import QUEUED, WRAP_UP
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


def agents_with_work(now: datetime) -> list[int]:
    """Free agents in whose queues a call waits: a cool-down, delay or tier has just ended, or a ring was lost.

    At rest there are none; agents whom a tier still keeps from the call are looked at in vain, which does no harm.
    """
    due = Q(not_before__isnull=True) | Q(not_before__lte=now)
    waiting = Call.objects.filter(due, state=QUEUED)
    mine = Membership.objects.filter(agent=OuterRef("pk"), logged_in=True)
    common = mine.filter(Exists(waiting.filter(queue=OuterRef("queue"), wanted_agent__isnull=True)))
    free = Agent.objects.can_take_more().reachable().filter(ready_at__lte=now)
    return _ids(free.filter(Exists(common) | Exists(waiting.filter(wanted_agent=OuterRef("pk")))).order_by("pk"))


def callbacks_due(now: datetime) -> list[int]:
    return _ids(Callback.objects.filter(state=SCHEDULED, due_at__lte=now).order_by("due_at"))


def callbacks_out_of_time(now: datetime) -> list[int]:
    """In line, but too late, outside the hours of their queue, or of customers who called again and were answered."""
    answered = Call.objects.filter(
        caller_number=OuterRef("number"), direction="inbound", queue=OuterRef("queue"), answered_at__gt=OuterRef("requested_at")
    )
    in_line = Callback.objects.filter(state=DUE).select_related("queue").annotate(answered=Exists(answered))
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
        _least(Callback.objects.filter(state=SCHEDULED), "due_at"),
        _cool_down_ends(now),
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
    alone = Q(wanted_agent__isnull=False) & ~Q(wanted_agent__in=present(queue))
    if not staffed(queue):
        alone |= Q(wanted_agent__isnull=True)
    return _waiting(queue).filter(alone)


def _least(rows: QuerySet[Any], field: str, *, plus: timedelta = timedelta(0)) -> datetime | None:
    found: datetime | None = rows.aggregate(least=Min(field))["least"]
    return found + plus if found else None


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True))
