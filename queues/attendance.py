"""Who counts as there for the callers of a queue. Reads only.

For a call that asks for skills, somebody is there who has them after all the queue's relaxation steps: what is not enough
now will be, and waiting is not in vain.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from agents.models import Agent, AgentSkill
from agents.states import BREAK, OFFLINE, ON_CALL, RINGING, WRAP_UP
from callcenter.core import sql

from .lanes import lanes_of, meets
from .models import Membership, Queue
from .ranking import WORKING
from .skills import Need

# A call that is kept for one agent stands in no lane, but asks for the same as those that do.
UNSERVED = f"""
SELECT asked.number FROM (
  SELECT number FROM {lanes_of("%s")} lane
  UNION SELECT coalesce(requirement_id, 0) FROM queues_call WHERE queue_id = %s AND state = 'queued' AND preferred_agent_id IS NOT NULL
) asked
WHERE NOT EXISTS (
  SELECT 1 FROM queues_membership m
  WHERE m.queue_id = %s AND m.logged_in AND m.agent_id IN ({{present}}) AND {meets("m.agent_id", "asked.number")})
"""  # noqa: S608


def present(queue: Queue) -> QuerySet[Agent]:
    """All agents, members or not, who count as there by the queue's own reckoning; who is offline never does."""
    found = Agent.objects.filter(active=True).exclude(state=OFFLINE)
    absent = [state for state, counts in ((BREAK, queue.absent_paused), (WRAP_UP, queue.absent_wrapping_up)) if counts]
    found = found.exclude(state__in=absent) if absent else found
    if queue.absent_busy:
        found = found.exclude(Q(state__in=[RINGING, ON_CALL]) & Q(open_calls__gte=F("max_concurrent_calls")))
    return found.reachable() if queue.absent_unreachable else found


def staffed(queue: Queue, needs: Iterable[Need] = (), *, wanted_agent_id: int | None = None) -> bool:
    """Somebody is there who could take a call of this queue sooner or later; or the one agent whom the caller wants.

    :param needs: the least that will be asked for, after all relaxation (`requirements.least`).
    """
    if wanted_agent_id is not None:
        return present(queue).filter(pk=wanted_agent_id).exists()
    found = Membership.objects.filter(queue=queue, logged_in=True, agent__in=present(queue))
    for need in needs:
        found = found.filter(Exists(AgentSkill.objects.filter(agent=OuterRef("agent"), skill=need.skill, level__gte=need.level)))
    return found.exists()


def unserved(queue: Queue) -> list[int]:
    """Requirements, 0 for none, with which calls wait here and which nobody who is there meets as they are now. One statement."""
    there, values = present(queue).order_by().values("pk").query.sql_with_params()
    # Each probe of the recursion through the lanes names the queue.
    queues = [queue.pk] * UNSERVED.split("{present}")[0].count("%s")
    return [row[0] for row in sql.rows(UNSERVED.replace("{present}", there), [*queues, *values])]


def working(queue: Queue) -> int:
    """Members who take calls or are busy with one, and whose phone can be reached."""
    at_work = Agent.objects.filter(active=True, state__in=WORKING).reachable()
    return Membership.objects.filter(queue=queue, logged_in=True, agent__in=at_work).count()
