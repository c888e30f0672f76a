"""A call arrives and gets its place in line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from callcenter.core import events, sql
from callcenter.core.stateful import advance

from .. import matching, requirements
from ..locks import hold, one_transaction
from ..models import Call
from ..place import NOWHERE, Place
from ..places import place_of
from ..skills import Need, merged
from ..states import AGENT_RINGING, ENDED, IVR, CallOutcome
from . import exits


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the call is now. Not queued: no queue of the chain took it, `queue_id` is the last of them, and `Call.way_out`
    says what comes next."""

    queued: bool
    queue_id: int
    reason: str = ""
    """Why not: closed, full, nobody_there, or a rule of overflow."""
    way_out: int | None = None
    """Row of the way out that the caller takes; None: the built-in one."""
    waits: Call | None = field(default=None, repr=False, compare=False)
    """As its row was written; None when an agent's phone rings already."""
    direct: bool = False
    """A phone rings already and the queue delivers directly: no greeting, no music."""

    @property
    def place(self) -> Place:
        """In line, read when it is asked for: outside of the transaction that holds the queue."""
        return place_of(self.waits) if self.waits else NOWHERE


# A new call with its event, unless the process has a live one.
ARRIVE = f"""
WITH arrived AS (
  INSERT INTO queues_call (public_id, state, state_since, arrived_at, node, process, sip_call_id, caller_number, caller_name, dialled,
    outcome, exit_reason, hung_up_by, priority, attempts, notes)
  SELECT %(public_id)s, 'new', %(now)s, %(now)s, %(node)s, %(process)s, %(sip_call_id)s, %(caller_number)s, %(caller_name)s, %(dialled)s,
    '', '', '', 0, 0, ''
  WHERE NOT EXISTS (
    SELECT 1 FROM queues_call WHERE node = %(node)s::varchar AND process = %(process)s::varchar AND NOT state IN ('ended', 'wrap_up'))
  RETURNING id
)
{events.APPEND} SELECT 'call.arrived', 'call', id, 'caller', '', %(data)s::jsonb FROM arrived {events.RING}, subject_id
"""  # noqa: S608


def arrive(*, node: str, process: str, sip_call_id: str, caller_number: str, caller_name: str, dialled: str) -> Call:
    """Write down a new call. The same process asking again (its first answer was lost) gets the same call."""
    call = Call(
        node=node, process=process, sip_call_id=sip_call_id[:255], caller_number=caller_number[:80],
        caller_name=caller_name[:120], dialled=dialled[:80],
    )  # fmt: skip
    written = sql.row(ARRIVE, _arrived(call))
    if written is None:
        return Call.objects.live().get(node=node, process=process)
    call.pk, call._state.adding = written[1], False
    return call


def _arrived(call: Call) -> dict[str, Any]:
    data = {"dialled": call.dialled, "node": call.node, "process": call.process}
    return {
        "public_id": call.public_id, "now": call.arrived_at, "node": call.node, "process": call.process, "sip_call_id": call.sip_call_id,
        "caller_number": call.caller_number, "caller_name": call.caller_name, "dialled": call.dialled, "data": json.dumps(data),
    }  # fmt: skip


@one_transaction
def reject(call_id: int, *, reason: str) -> None:
    """Refuse a call that leads nowhere (unknown number, no permission)."""
    held = hold(call_id=call_id)
    call = held.the_call
    if call.state != ENDED:
        over: dict[str, Any] = {"outcome": CallOutcome.REJECTED, "exit_reason": reason[:40], "hung_up_by": "system"}
        advance(call, "hang_up", actor="system:routing", cause=reason[:200], hung_up_at=held.now, ended_at=held.now, **over)


@one_transaction
def start_flow(call_id: int, flow: str) -> None:
    """A flow leads the caller before any queue does. Asked again for the same call it changes nothing.

    :param flow: its name and version, as people call it.
    :raises IllegalTransition: the call waits already, talks or has ended.
    """
    held = hold(call_id=call_id)
    if held.the_call.state != IVR:
        advance(held.the_call, "flow_started", actor="caller", data={"flow": flow}, flow=flow[:60])


@one_transaction
def enqueue(
    call_id: int, queue_id: int, *, priority: int = 0, wanted_agent_id: int | None = None, skills: Iterable[Need] = (),
    collected: dict[str, Any] | None = None,
) -> Placement:  # fmt: skip
    """Give the call a place in the queue, or in the queue that takes over when this one refuses; then match.

    :param priority: 0 to 10; each step is worth the queue's `aging` in seconds.
    :param wanted_agent_id: only this agent may take it, member of the queue or not.
    :param skills: what this caller needs beside what the queue requires; they stay with the call in whatever queue it comes to.
    :param collected: the caller comes out of a flow, which found this out.
    :raises IllegalTransition: the call waits already, talks or has ended.
    """
    wanted = [wanted_agent_id] if wanted_agent_id is not None else []
    held = hold(call_id=call_id, agent_ids=wanted, queue_ids=[queue_id], chain=True)
    call = held.the_call
    if collected is not None:
        Call.objects.filter(pk=call.pk).update(flow="", collected=collected)
    call.own_requirement_id = requirements.intern(merged((), skills)) if skills else None
    gone = exits.enter(held, call, queue_id, priority=priority, wanted_agent_id=wanted_agent_id)
    if gone:
        return Placement(False, exits.last_queue(call), gone.reason, gone.way.id)
    matching.match_call(held, call)
    return _placed(held.queues[call.queue_id or queue_id].deliver_directly, call)


def _placed(directly: bool, call: Call) -> Placement:
    ringing = call.state == AGENT_RINGING
    return Placement(True, call.queue_id or 0, waits=None if ringing else call, direct=directly and ringing)
