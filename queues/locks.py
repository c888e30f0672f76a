"""Which rows an event locks, in which order, and how it starts again when the set grew meanwhile.

Two sides meet in a match: a call that waits and an agent who is free. Each side's event writes its own row
and looks for the other; if neither could see the other's uncommitted row, the pair would be missed for
ever. So both lock what they share before they write: the queues. The order is the same everywhere: queues
by id, agents by id, the call, offers. Whoever locks an agent's row holds the agent's queues as well.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import ParamSpec, TypeVar

import psycopg
from django.db import OperationalError, transaction
from django.utils import timezone

from agents.models import Agent
from callcenter.core.errors import NotFound

from .models import Call, FallbackAction, Membership, Offer, Queue
from .states import ACTIVE, AGENT_RINGING, WRAP_UP

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

ATTEMPTS = 10
"""A lock set that grew ten times in a row is no race but a mistake of ours."""


class Grew(Exception):
    """A row joined the set while its locks were being taken: begin again."""


def one_transaction(service: Callable[P, R]) -> Callable[P, R]:
    """Run the service in one transaction, again from the start when its lock set grew or the database broke a deadlock."""

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        for _ in range(ATTEMPTS - 1):
            try:
                with transaction.atomic():
                    return service(*args, **kwargs)
            except Grew:
                continue
            except OperationalError as error:
                if not isinstance(error.__cause__, psycopg.errors.DeadlockDetected):
                    raise
                log.info("%s: deadlock, trying again", service.__name__)
        with transaction.atomic():
            return service(*args, **kwargs)

    return run


@dataclass(slots=True)
class Held:
    """The rows that this transaction has locked; `now` was read after the last of them was granted."""

    queues: dict[int, Queue] = field(default_factory=dict)
    agents: dict[int, Agent] = field(default_factory=dict)
    call: Call | None = None
    now: datetime = field(default_factory=timezone.now)

    @property
    def the_call(self) -> Call:
        if self.call is None:
            raise NotFound("There is no such call.")
        return self.call

    def queue(self, pk: int) -> Queue:
        return self.queues[pk] if pk in self.queues else Queue.objects.get(pk=pk)


def hold(*, call_id: int | None = None, agent_ids: Iterable[int] = (), queue_ids: Iterable[int] = (), chain: bool = False) -> Held:
    """Lock the call, the agents that have it in their hands, the named ones, and all the queues they share with others.

    :param chain: the queues as well that the fallbacks of the call's and the named queues lead to.
    :raises NotFound: no such call or agent.
    """
    agents, queues = set(agent_ids), set(queue_ids)
    if call_id is not None:
        call = _call(call_id)
        agents |= _hands_on(call)
        queues |= {call.queue_id} if call.queue_id else set()
    if chain:
        queues |= _chain(queues)
    queues |= queues_of(agents)
    held = Held(queues={queue.pk: queue for queue in Queue.objects.filter(pk__in=queues).locked()} if queues else {})
    if agents:
        held.agents = {agent.pk: agent for agent in _locked_agents(agents)}
    if call_id is not None:
        held.call = _call(call_id, locked=True)
    _verify(held, agents)
    held.now = timezone.now()
    return held


def queues_of(agents: Iterable[int]) -> set[int]:
    wanted = list(agents)
    return set(Membership.objects.filter(agent__in=wanted).values_list("queue_id", flat=True)) if wanted else set()


def _locked_agents(agents: set[int]) -> Iterable[Agent]:
    return Agent.objects.filter(pk__in=agents).order_by("pk").select_for_update(no_key=True)


def _verify(held: Held, agents: set[int]) -> None:
    """Nobody may have joined between the look and the locks. What is locked now cannot change any more."""
    if len(held.agents) != len(agents):
        raise NotFound("There is no such agent.")
    if not queues_of(agents) <= held.queues.keys():
        raise Grew
    if held.call is None:
        return
    if not _hands_on(held.call) <= held.agents.keys() or (held.call.queue_id and held.call.queue_id not in held.queues):
        raise Grew


def _call(pk: int, *, locked: bool = False) -> Call:
    rows = Call.objects.filter(pk=pk).order_by()
    if locked:
        call = rows.select_for_update(no_key=True).first()
    else:  # three columns are read much faster than a row of forty
        found = rows.values_list("state", "queue_id", "agent_id").first()
        call = Call(pk=pk, state=found[0], queue_id=found[1], agent_id=found[2]) if found else None
    if call is None:
        raise NotFound("There is no such call.")
    return call


def _hands_on(call: Call) -> set[int]:
    """The agents whom the call rings, who talk to the caller or write the call up."""
    if call.state in (ACTIVE, WRAP_UP):
        return {call.agent_id} if call.agent_id else set()
    if call.state != AGENT_RINGING:
        return set()
    return set(Offer.objects.filter(call=call, released_at__isnull=True).values_list("agent_id", flat=True))


def _chain(queues: set[int]) -> set[int]:
    """The queues that fallbacks lead to. A loop in the settings ends the walk."""
    seen: set[int] = set()
    while found := queues - seen:
        seen |= found
        following = Queue.objects.filter(pk__in=found, fallback=FallbackAction.QUEUE, fallback_queue__isnull=False)
        queues = {queue for queue in following.values_list("fallback_queue_id", flat=True) if queue is not None}
    return seen
