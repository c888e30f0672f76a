"""Less is asked for as a call waits, a call is no longer kept for one agent, one more phone rings: what the clock brings."""

from __future__ import annotations

from django.db.models import F, Q

from callcenter.core import bell, events
from callcenter.core.stateful import write

from .. import deadlines, matching, requirements
from ..locks import Held, hold, one_transaction
from ..models import Call, Queue, QueueSkill, Segment
from ..skills import Need
from ..states import AGENT_RINGING, QUEUED, SegmentOutcome

ACTOR = "system:relaxation"


@one_transaction
def relax(call_id: int) -> None:
    """Ask for what the queue's steps say after this wait, and see who can take the call now."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state == QUEUED:
        catch_up(held, call)
        matching.match_call(held, call)


def catch_up(held: Held, call: Call) -> None:
    """Write what the held call asks for by now; the queue's settings may have changed since it came."""
    entered = call.enqueued_at or held.now
    fit = requirements.fit(held.queue(call.queue_id or 0), call, entered=entered, now=held.now)
    before = call.requirement_id
    write(call, requirement_id=fit.present, relax_at=fit.relax_at)
    stay = Segment.objects.filter(call=call, outcome=SegmentOutcome.WAITING)
    stay.filter(~Q(requirement=fit.asked) if fit.asked else Q(requirement__isnull=False)).update(requirement=fit.asked)
    if fit.present != before:
        events.append("call.relaxed", subject=f"call:{call.pk}", actor=ACTOR, data={"skills": requirements.in_words(fit.present) or "none"})


@one_transaction
def stop_waiting_for(call_id: int) -> None:
    """The call is kept no longer for the agent who talked to the caller last: the queue's second strategy decides."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state != QUEUED or call.pk not in deadlines.preferences_over(held.now, call_id=call.pk):
        return
    data = {"agent": call.preferred_agent_id}
    write(call, preferred_agent_id=None, preferred_until=None)
    events.append("call.no_longer_kept", subject=f"call:{call.pk}", actor=ACTOR, data=data)
    matching.match_call(held, call)


@one_transaction
def ring_one_more(call_id: int) -> None:
    """Let the phone of one more agent ring for a call of a queue that rings progressively."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state == AGENT_RINGING and call.pk in deadlines.progress_due(held.now, call_id=call.pk):
        matching.ring_one_more(held, call)


@one_transaction
def requirements_changed(queue_id: int) -> None:
    """The queue's required skills or steps were edited: its set is made anew, and waiting calls are asked for it at once."""
    held = hold(queue_ids=[queue_id])
    queue = held.queue(queue_id)
    listed = QueueSkill.objects.filter(queue=queue_id).values_list("skill", "minimum_level", "weight")
    before, after = queue.requirement_id, requirements.intern(Need(*row) for row in listed)
    if before != after:
        Queue.objects.filter(pk=queue_id).update(requirement=after)
    waiting = Call.objects.filter(queue=queue_id, state=QUEUED, wanted_agent__isnull=True)
    due = waiting if before or after else waiting.filter(own_requirement__isnull=False)
    due.update(relax_at=F("enqueued_at"))
    bell.ring_alarm()


def skills_changed() -> None:
    """Skills of agents were edited: the clock looks who can take what now, and which steps lead to somebody."""
    bell.ring_alarm()
