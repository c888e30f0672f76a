"""Who counts as there for the callers of a queue. Reads only."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from agents.models import Agent
from agents.states import BREAK, OFFLINE, ON_CALL, RINGING, WRAP_UP

from .models import Membership, Queue
from .ranking import WORKING


def present(queue: Queue) -> QuerySet[Agent]:
    """All agents, members or not, who count as there by the queue's own reckoning; who is offline never does."""
    found = Agent.objects.filter(active=True).exclude(state=OFFLINE)
    absent = [state for state, counts in ((BREAK, queue.absent_paused), (WRAP_UP, queue.absent_wrapping_up)) if counts]
    found = found.exclude(state__in=absent) if absent else found
    if queue.absent_busy:
        found = found.exclude(Q(state__in=[RINGING, ON_CALL]) & Q(open_calls__gte=F("max_concurrent_calls")))
    return found.reachable() if queue.absent_unreachable else found


def staffed(queue: Queue, wanted_agent_id: int | None = None) -> bool:
    """Somebody is there who could take a call of this queue sooner or later; or the one agent whom the caller wants."""
    if wanted_agent_id is not None:
        return present(queue).filter(pk=wanted_agent_id).exists()
    return Membership.objects.filter(queue=queue, logged_in=True, agent__in=present(queue)).exists()


def working(queue: Queue) -> int:
    """Members who take calls or are busy with one, and whose phone can be reached."""
    at_work = Agent.objects.filter(active=True, state__in=WORKING).reachable()
    return Membership.objects.filter(queue=queue, logged_in=True, agent__in=at_work).count()
