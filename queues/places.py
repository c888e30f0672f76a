"""The place in line of a waiting call, from its rows. What it means is said in `queues.place`. Reads only."""

from __future__ import annotations

from callcenter.core import sql

from . import requirements
from .models import Call
from .place import NOWHERE, Group, Lane, Place, among_all, place
from .states import WAITING

# One that rings an agent still counts, for it may come back to its place, and nobody should hear of a place further back
# than before. States are written out, for so the index `call_line` is known to have them.
AHEAD = f"""
SELECT coalesce(requirement_id, 0), count(*) FROM queues_call
WHERE queue_id = %(queue)s AND state IN {WAITING} AND (order_key, id) < (%(order_key)s, %(call)s) GROUP BY 1
"""  # noqa: S608


def place_of(call: Call) -> Place:
    """Where this call stands now, by the row as it was read. One statement where nobody asks for skills, else two more."""
    if call.state not in WAITING or call.order_key is None or call.queue_id is None:
        return NOWHERE
    values = {"queue": call.queue_id, "order_key": call.order_key, "call": call.pk}
    ahead = {requirement or None: count for requirement, count in sql.rows(AHEAD, values)}
    asked = {call.requirement_id, *ahead}
    if asked == {None}:
        return among_all(1 + sum(ahead.values()))
    needs = requirements.needs_of(*asked)
    crew = requirements.groups_of(call.queue_id, {need.skill for known in needs.values() for need in known})
    lanes = [Lane(needs.get(requirement or 0, ()), count) for requirement, count in ahead.items()]
    return place(needs.get(call.requirement_id or 0, ()), lanes, [Group(levels, agents) for levels, agents in crew])
