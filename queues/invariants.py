"""What must be true of the rows at every moment, whoever was killed when. Reads only, all in one snapshot.

`broken()` returns nothing on a healthy system. Tests ask after every step; `manage.py check_invariants` asks
on a live one. The pairs of `missed_pair` may exist for the moment between a cool-down's end and the sweep.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from .lanes import meets, reachable


@dataclass(frozen=True, slots=True)
class Invariant:
    """`sql` selects (kind of row, id, detail) of every row that breaks it."""

    name: str
    meaning: str
    sql: str


@dataclass(frozen=True, slots=True)
class Break:
    invariant: str
    kind: str
    id: int
    detail: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.kind} {self.id} ({self.detail})"


ALWAYS = (
    Invariant(
        "agent_open_calls",
        "An agent's open calls are the offers and calls not yet released, no more than allowed.",
        """SELECT 'agent', a.id, a.open_calls || ' counted, ' || count(o.id) || ' unreleased'
            FROM agents_agent a LEFT JOIN queues_offer o ON o.agent_id = a.id AND o.released_at IS NULL
            GROUP BY a.id HAVING count(o.id) <> a.open_calls OR a.open_calls > a.max_concurrent_calls""",
    ),
    Invariant(
        "agent_state_fits_offers",
        "Who rings has open offers only, who talks has an accepted one, everybody else has nothing in hand.",
        """SELECT 'agent', a.id, a.state FROM agents_agent a
           LEFT JOIN queues_offer o ON o.agent_id = a.id AND o.released_at IS NULL GROUP BY a.id
            HAVING a.state <> CASE WHEN count(o.id) FILTER (WHERE o.outcome = 'accepted') > 0 THEN 'on_call'
                                   WHEN count(o.id) > 0 THEN 'ringing'
                                   WHEN a.state IN ('on_call', 'ringing') THEN 'idle' ELSE a.state END""",
    ),
    Invariant(
        "agent_wrap_up_has_call",
        "An agent in wrap-up writes up exactly one call, and a call in wrap-up has its agent in that state.",
        """SELECT 'agent', a.id, a.state || ', ' || count(c.id) || ' calls in wrap-up' FROM agents_agent a
           LEFT JOIN queues_call c ON c.agent_id = a.id AND c.state = 'wrap_up'
           GROUP BY a.id HAVING count(c.id) <> (a.state = 'wrap_up')::int OR (a.wrap_up_until IS NULL) = (a.state = 'wrap_up')""",
    ),
    Invariant(
        "agent_wish_only_while_busy",
        "A wish is kept only while the agent is busy; then it is done.",
        """SELECT 'agent', id, state || ', wants ' || next_state FROM agents_agent
           WHERE next_state <> '' AND state NOT IN ('ringing', 'on_call', 'wrap_up')""",
    ),
    Invariant(
        "agent_period_fits_state",
        "The open state period says what the agent's row says; offline has none.",
        """SELECT 'agent', a.id, a.state || ', period ' || coalesce(p.state, 'none') FROM agents_agent a
           LEFT JOIN queues_agentstateperiod p ON p.agent_id = a.id AND p.ended_at IS NULL
           WHERE coalesce(p.state, 'offline') <> a.state""",
    ),
    Invariant(
        "call_state_fits_offers",
        "A call that rings has open offers, one that talks exactly one accepted, all others nothing.",
        """SELECT 'call', c.id, c.state || ', ' || count(o.id) || ' unreleased' FROM queues_call c
            LEFT JOIN queues_offer o ON o.call_id = c.id AND o.released_at IS NULL GROUP BY c.id HAVING NOT CASE c.state
              WHEN 'agent_ringing' THEN count(o.id) > 0 AND bool_and(o.outcome = 'open')
              WHEN 'dialling' THEN count(o.id) = 1 AND bool_and(o.outcome = 'accepted' AND o.agent_id = c.agent_id)
              WHEN 'active' THEN count(o.id) = 1 AND bool_and(o.outcome = 'accepted' AND o.agent_id = c.agent_id)
              ELSE count(o.id) = 0 END""",
    ),
    Invariant(
        "call_waits_in_one_stay",
        "A waiting call has exactly one waiting stay, in its own queue; no other call has any.",
        """SELECT 'call', c.id, c.state || ', ' || count(s.id) || ' waiting' FROM queues_call c
           LEFT JOIN queues_segment s ON s.call_id = c.id AND s.outcome = 'waiting' GROUP BY c.id
           HAVING count(s.id) <> (c.state IN ('queued', 'agent_ringing', 'dialling'))::int OR bool_or(s.queue_id <> c.queue_id)""",
    ),
    Invariant(
        "call_talks_in_one_stay",
        "Only a call that talks has an answered stay without end, with the call's agent.",
        """SELECT 'call', c.id, c.state || ', ' || count(s.id) || ' talking' FROM queues_call c
           LEFT JOIN queues_segment s ON s.call_id = c.id AND s.outcome = 'answered' AND s.ended_at IS NULL GROUP BY c.id
           HAVING count(s.id) <> (c.state = 'active')::int OR bool_or(s.agent_id <> c.agent_id)""",
    ),
    Invariant(
        "call_ended_is_complete",
        "A call whose line is closed says how and when it ended.",
        """SELECT 'call', id, state FROM queues_call
           WHERE state IN ('wrap_up', 'ended') AND (outcome = '' OR hung_up_at IS NULL OR hung_up_by = '' OR held_since IS NOT NULL)""",
    ),
    Invariant(
        "call_place_before_entry",
        "A place in line is never later than the entry: the search for calls a tier may take relies on it.",
        "SELECT 'call', id, state FROM queues_call WHERE state IN ('queued', 'agent_ringing') AND order_key > enqueued_at",
    ),
    Invariant(
        "call_asks_no_more_than_at_first",
        "Waiting makes less of what is asked for, never more, and who wants one agent asks for nothing else.",
        """SELECT 'call', c.id, 'skill ' || n.skill_id || ' at ' || n.level FROM queues_call c
           JOIN queues_segment s ON s.call_id = c.id AND s.outcome = 'waiting'
           JOIN queues_requiredskill n ON n.requirement_id = c.requirement_id
           WHERE c.state IN ('queued', 'agent_ringing') AND (c.wanted_agent_id IS NOT NULL OR NOT EXISTS (
             SELECT 1 FROM queues_requiredskill f
             WHERE f.requirement_id = s.requirement_id AND f.skill_id = n.skill_id AND f.level >= n.level))""",
    ),
    Invariant(
        "callback_state_fits_call",
        "A callback in line, being called or talking has one call on its way in that state; any other has none.",
        """SELECT 'callback', b.id, b.state || ', ' || count(c.id) || ' on the way' FROM queues_callback b
           LEFT JOIN queues_call c ON c.callback_id = b.id AND c.state NOT IN ('wrap_up', 'ended') GROUP BY b.id HAVING NOT CASE b.state
             WHEN 'due' THEN count(c.id) = 1 AND bool_and(c.state IN ('queued', 'agent_ringing'))
             WHEN 'dialling' THEN count(c.id) = 1 AND bool_and(c.state = 'dialling')
             WHEN 'talking' THEN count(c.id) = 1 AND bool_and(c.state = 'active')
             ELSE count(c.id) = 0 END""",
    ),
)

AT_REST = (
    Invariant(
        "missed_pair",
        "There is no free agent beside a waiting call that the agent may take.",
        f"""SELECT 'call', c.id, 'agent ' || a.id || ' is free' FROM queues_call c
           JOIN queues_queue q ON q.id = c.queue_id
           JOIN agents_agent a ON a.active AND a.state IN ('available', 'ringing', 'on_call') AND a.next_state = ''
             AND a.open_calls < a.max_concurrent_calls AND a.ready_at <= %(now)s
             AND EXISTS (SELECT 1 FROM agents_device d WHERE d.agent_id = a.id AND d.rings AND d.lease_until > %(now)s)
           LEFT JOIN queues_membership m ON m.queue_id = q.id AND m.agent_id = a.id AND m.logged_in
           WHERE c.state = 'queued' AND (c.not_before IS NULL OR c.not_before <= %(now)s)
             AND (c.wanted_agent_id = a.id OR c.wanted_agent_id IS NULL AND m.id IS NOT NULL AND {meets("a.id", "c.requirement_id")}
               AND (c.preferred_agent_id = a.id OR c.preferred_agent_id IS NULL AND (
                 m.tier = 0 OR extract(epoch FROM %(now)s - c.enqueued_at) >= m.tier * q.tier_wait OR NOT EXISTS (
                 SELECT 1 FROM queues_membership l JOIN agents_agent b ON b.id = l.agent_id
                 WHERE l.queue_id = q.id AND l.tier < m.tier AND l.logged_in AND b.active
                   AND b.state IN ('available', 'ringing', 'on_call', 'wrap_up')
                   AND {reachable("b.id")} AND {meets("b.id", "c.requirement_id")}))))""",  # noqa: S608
    ),
)


def broken(*, at_rest: bool = True) -> list[Break]:
    """Every row that breaks an invariant, read by one statement and so in one snapshot.

    :param at_rest: include what holds only while no transaction is about to look: no missed pair.
    """
    invariants = ALWAYS + AT_REST if at_rest else ALWAYS
    sql = " UNION ALL ".join(f"SELECT '{one.name}', found.* FROM ({one.sql}) AS found(kind, id, detail)" for one in invariants)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql.replace("%(now)s", "%(now)s::timestamptz"), {"now": timezone.now()})
        return [Break(*row) for row in cursor.fetchall()]
