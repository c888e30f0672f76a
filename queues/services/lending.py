"""A queue lends its waiting callers to the free agents of another queue, its helper.

The call does not move: it stays in its line, with its place and its stay, and one of the helper's agents is offered it as a
member would be. If that agent does not take it, it is where it was. So nothing has to be brought back, figures count the
call once, where the caller called, and the wait goes on from where it was.
"""

from __future__ import annotations

from django.utils import timezone

from .. import matching, roster
from ..locks import hold, one_transaction
from ..models import Call, Offer
from ..ranking import not_free
from ..states import QUEUED

ACTOR = "system:lending"


@one_transaction
def lend(call_id: int) -> Offer | None:
    """Offer a waiting call to the agent whom the helper of its queue prefers, if one is free and has no caller of the own queues
    to take. None: there is nobody, or the call does not wait any more."""
    call = Call.objects.select_related("queue__helper").get(pk=call_id)
    helper = call.queue.helper if call.queue else None
    if call.state != QUEUED or helper is None:
        return None
    now = timezone.now()
    ranking = roster.ranked(helper, call, now)
    agent_id = next((pk for pk in ranking.order if not roster.line_for(pk, now)), None)
    if agent_id is None:
        return None
    held = hold(call_id=call_id, agent_ids=[agent_id], queue_ids=[helper.pk])
    call, agent = held.the_call, held.agents[agent_id]
    if call.state != QUEUED or call.queue_id not in held.queues or not_free(roster.of(agent, reachable=True), held.now):
        return None  # settled between the look and the locks
    why = {**ranking.explain(), "lent_to": helper.pk}
    return matching.open_offer(held, call, held.queue(call.queue_id or 0), agent, why=why, actor=ACTOR)
