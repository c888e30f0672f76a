"""The estimated wait of a queue, from its rows. For announcements, the board and menus (`expected_wait`)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from callcenter.core import sql

from .estimate import LEARNT_FROM, Pace, Range, Stay, expect, learn
from .models import Call
from .place import Place, among_all
from .ranking import WORKING
from .states import WAITING

LOOKED_BACK = timedelta(hours=2)
"""What was before says little about now."""

# By index `segment_queue_time`; talk counts with its paperwork, if there is any, once that is over.
RECENT = """
SELECT q.id, (
    SELECT count(*) FROM queues_membership m JOIN agents_agent a ON a.id = m.agent_id
    WHERE m.queue_id = q.id AND m.logged_in AND a.active AND a.state = ANY (%(working)s)
      AND EXISTS (SELECT 1 FROM agents_device d WHERE d.agent_id = a.id AND d.rings AND d.lease_until > %(now)s)),
  s.entered, s.left, s.handled, s.answered
FROM queues_queue q LEFT JOIN LATERAL (
  SELECT extract(epoch FROM entered_at)::float8 AS entered, extract(epoch FROM left_at)::float8 AS left,
    CASE WHEN ended_at IS NOT NULL THEN extract(epoch FROM coalesce(wrap_up_ended_at, ended_at) - answered_at)::float8 END AS handled,
    outcome = 'answered' AS answered
  FROM queues_segment
  WHERE queue_id = q.id AND entered_at > %(since)s AND outcome IN ('answered', 'abandoned')
  ORDER BY entered_at DESC LIMIT %(most)s) s ON true
WHERE CASE WHEN %(queues)s::bigint[] IS NULL THEN q.active ELSE q.id = ANY (%(queues)s::bigint[]) END
"""


def expected_wait(queue_id: int, place: Place | None = None) -> Range | None:
    """How long a caller at this place of the queue will wait, in seconds; None if too little is known to say.

    :param place: in line; None: of somebody who would join now and asks for no skills that others do not have.
    """
    if place is None:
        place = among_all(Call.objects.filter(queue=queue_id, state__in=WAITING).count() + 1)
    return expect(paces([queue_id]).get(queue_id), place.load, place.share)


def paces(queue_ids: Iterable[int] | None = None, now: datetime | None = None) -> dict[int, Pace | None]:
    """How the lines of these queues move, or of all that take callers, in one statement."""
    now = now or timezone.now()
    values: dict[str, Any] = {
        "queues": None if queue_ids is None else list(queue_ids), "now": now, "since": now - LOOKED_BACK,
        "most": LEARNT_FROM, "working": list(WORKING),
    }  # fmt: skip
    agents: dict[int, int] = {}
    stays: dict[int, list[Stay]] = defaultdict(list)
    for queue, working, entered, left, handled, answered in sql.rows(RECENT, values):
        agents[queue] = working
        if entered is not None:
            stays[queue].append(Stay(entered, left, handled, answered))
    return {queue: learn(stays[queue], count) for queue, count in agents.items()}
