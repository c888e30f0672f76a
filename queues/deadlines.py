"""What is due, and when the next thing will be. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q, QuerySet

from agents.models import Agent, Device
from agents.states import OFFLINE

from .callbackhours import is_open
from .callbackstates import DUE, SCHEDULED
from .models import Call, Callback, Lease, Membership, Offer, Queue
from .querysets import CallQuerySet
from .states import QUEUED, WRAP_UP

GRACE = timedelta(seconds=5)
"""How long an offer may be overdue before its process is taken for dead."""

UNMOVED = timedelta(seconds=5)
"""How long an offer may be open without a word from the process that should ring its agent."""

UNHEARD_OF = Q(rang_at__isnull=True, dialled_at__isnull=True)

SHORTEST_WAIT_UNSTAFFED = 5
"""Seconds that every caller of an unstaffed queue waits at least: somebody may be about to log in."""


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
    for _, seconds, calls in _limits():
        since = now - timedelta(seconds=seconds)
        found += _ids(calls.filter(order_key__lte=since, enqueued_at__lte=since).order_by("order_key"))
    return list(dict.fromkeys(found))


def wait_over(queue: Queue, call: Call, now: datetime) -> str:
    """Why this waiting call has waited long enough; empty: it has not."""
    waited = (now - call.enqueued_at).total_seconds() if call.enqueued_at else 0.0
    over = [(seconds, reason) for reason, seconds, calls in _limits_of(queue) if waited >= seconds and calls.filter(pk=call.pk).exists()]
    return min(over)[1] if over else ""


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
    ]
    return min((moment for moment in moments if moment), default=None)


def _cool_down_ends(now: datetime) -> datetime | None:
    waiting = Call.objects.filter(state=QUEUED, queue=OuterRef("memberships__queue"))
    wanted = Call.objects.filter(state=QUEUED, wanted_agent=OuterRef("pk"))
    cooling = Agent.objects.can_take_more().filter(ready_at__gt=now)
    return _least(cooling.filter(Exists(waiting) | Exists(wanted)), "ready_at")


def _waits_end() -> list[datetime]:
    ends = [_least(calls, "enqueued_at", plus=timedelta(seconds=seconds)) for _, seconds, calls in _limits()]
    return [end for end in ends if end]


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


def _waiting(queue: Queue) -> CallQuerySet:
    """Callers on the line: a callback waits as long as it takes, nobody listens to music meanwhile."""
    return Call.objects.filter(queue=queue, state=QUEUED, callback__isnull=True)


def _limits() -> Iterator[tuple[str, int, CallQuerySet]]:
    for queue in Queue.objects.filter(Q(max_wait__gt=0) | Q(max_wait_no_agent__gt=0)):
        yield from _limits_of(queue)


def _limits_of(queue: Queue) -> Iterator[tuple[str, int, CallQuerySet]]:
    """Each limit of the queue as it is staffed now: its name, its seconds, and the waiting calls that it counts for."""
    if queue.max_wait:
        yield "max_wait", queue.max_wait, _waiting(queue)
    if queue.max_wait_no_agent:
        yield "no_agent", max(queue.max_wait_no_agent, SHORTEST_WAIT_UNSTAFFED), _alone(queue)


def _alone(queue: Queue) -> CallQuerySet:
    """Waiting calls for which nobody is there. Who wants one agent is not served by all the others."""
    alone = Q(wanted_agent__state=OFFLINE) | Q(wanted_agent__active=False)
    if not _staffed(queue):
        alone |= Q(wanted_agent__isnull=True)
    return _waiting(queue).filter(alone)


def _staffed(queue: Queue) -> bool:
    members = Membership.objects.filter(queue=queue, logged_in=True, agent__active=True)
    return members.exclude(agent__state=OFFLINE).exists()


def _least(rows: QuerySet[Any], field: str, *, plus: timedelta = timedelta(0)) -> datetime | None:
    found: datetime | None = rows.aggregate(least=Min(field))["least"]
    return found + plus if found else None


def _ids(rows: QuerySet[Any]) -> list[int]:
    return list(rows.values_list("pk", flat=True))
