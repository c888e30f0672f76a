"""What a node reads for its call processes, and how it closes the calls of one that died."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from callcenter.core import sql
from ivr import runs
from queues import services as acd
from queues.models import Call, Command, Offer
from queues.states import AGENT_RINGING, IVR, LIVE
from telephony import prompts
from telephony.models import CallProcess, Leg
from telephony.ports import CallbackWanted, CommandGiven, OfferOpened, Target

from . import nodes

ForProcess = tuple[str, OfferOpened | CommandGiven]
"""The name of a call process, and the fact it should hear."""

# With the SIP devices of each agent that can ring now, oldest first.
OPEN_OFFERS = """
SELECT c.process, o.id, o.agent_id, extract(epoch FROM o.expires_at - statement_timestamp()), ARRAY(
  SELECT d.id FROM agents_device d
  WHERE d.agent_id = o.agent_id AND d.kind = 'sip' AND d.rings AND d.lease_until > statement_timestamp() ORDER BY d.since, d.id)
FROM queues_offer o JOIN queues_call c ON c.id = o.call_id
WHERE o.outcome = 'open' AND (%(all)s OR o.id = ANY (%(only)s::bigint[]))
  AND c.node = %(node)s AND NOT c.state IN ('ended', 'wrap_up')
ORDER BY o.id
"""

# The end of a process, and whether it left a live call.
ENDED = """
WITH ended AS (
  UPDATE telephony_callprocess p SET ended_at = statement_timestamp(), exit_code = %(code)s
  FROM telephony_node n WHERE n.id = p.node_id AND n.name = %(node)s AND p.name = %(name)s AND p.ended_at IS NULL
)
SELECT EXISTS (SELECT 1 FROM queues_call WHERE node = %(node)s AND process = %(name)s AND NOT state IN ('ended', 'wrap_up'))
"""


def open_offers(node: str, *, edge: str, only: Iterable[int] | None = None) -> list[ForProcess]:
    """The open offers of the node's calls, complete with the devices to ring.

    :param edge: host:port of the edge, through which devices are dialled.
    :param only: these offers; None: all.
    """
    chosen = None if only is None else list(only)
    rows = sql.rows(OPEN_OFFERS, {"node": node, "all": chosen is None, "only": chosen or []})
    return [
        (process, OfferOpened(offer, agent, tuple(_target(device, edge) for device in devices), max(0.0, float(left))))
        for process, offer, agent, left, devices in rows
    ]


def offers_of(call_id: int) -> list[int]:
    return list(Offer.objects.open().filter(call=call_id).values_list("pk", flat=True))


def open_commands(node: str, *, only: Iterable[int] | None = None) -> list[ForProcess]:
    """Commands about the node's calls that nobody has settled."""
    commands = Command.objects.filter(status=Command.Status.REQUESTED, call__node=node, call__state__in=LIVE)
    rows = _chosen(commands, only).values_list("id", "kind", "data", "actor", "call__process")
    return [(process, CommandGiven(pk, kind, {**data, "actor": actor})) for pk, kind, data, actor, process in rows]


@transaction.atomic
def take_up(call_id: int, *, node: str, process: str, pid: int, sip_port: int) -> CallbackWanted | None:
    """This process carries the callback from now on. None: another one does, or no agent rings for it any more.

    Asked again by the same process it is said again.
    """
    nodes.process_claimed(node, name=process, pid=pid, sip_port=sip_port)
    ours = acd.take_up(call_id, node=node, process=process) or Call.objects.live().filter(pk=call_id, node=node, process=process).exists()
    if not ours:
        CallProcess.objects.filter(node__name=node, name=process).delete()
        return None
    number, name, seconds = Call.objects.values_list("callback__number", "caller_name", "queue__callback_ring_seconds").get(pk=call_id)
    return CallbackWanted(number, name, seconds, str(prompts.ringing_tone()))


@dataclass(frozen=True, slots=True)
class Owned:
    """All that the rows say about the calls of one node."""

    offers: list[ForProcess]
    commands: list[ForProcess]
    live: set[str]
    """Processes that carry a call."""
    leaving: set[str]
    """Of these, those whose caller should hear the farewell."""
    nobodys: list[int] = field(default_factory=list)
    """Calls that ring agents and have no process on any node: callbacks that nobody has taken up."""


def owned(node: str, *, edge: str) -> Owned:
    calls = list(Call.objects.live().filter(node=node).values_list("process", "state", "flow"))
    return Owned(
        offers=open_offers(node, edge=edge),
        commands=open_commands(node),
        live={process for process, _, _ in calls},
        leaving={process for process, state, flow in calls if state == IVR and not flow},
        nobodys=list(Call.objects.filter(node="", process="", state=AGENT_RINGING).values_list("pk", flat=True)),
    )


def closed(node: str, processes: Iterable[str]) -> set[str]:
    """Which of these processes have a call that is closed in the rows."""
    mine = Call.objects.filter(node=node, process__in=list(processes))
    return set(mine.exclude(state__in=LIVE).values_list("process", flat=True))


def open_dialogs(node: str, process: str) -> list[dict[str, Any]]:
    """Dialogs that a process left standing: what a BYE to each peer needs."""
    legs = Leg.objects.filter(call__node=node, call__process=process, ended_at__isnull=True).exclude(dialog={})
    return [leg.dialog for leg in legs]


def process_ended(node: str, process: str, exit_code: int | None) -> bool:
    """A call process is gone. One that left in good order has written everything itself: then one statement is all.

    True if a call was lost.
    """
    in_order = sql.row(ENDED, {"node": node, "name": process, "code": exit_code}) == (False,)
    return process_lost(node, process, exit_code=exit_code) if exit_code != 0 or not in_order else False


def process_lost(node: str, process: str, *, exit_code: int | None) -> bool:
    """Close what a dead process left in the rows: its call, its legs, itself. True if a call was lost."""
    had_call = list(Call.objects.live().filter(node=node, process=process).values_list("pk", flat=True))
    acd.process_lost(node, process)
    runs.lost(had_call)
    Leg.objects.filter(call__node=node, call__process=process, ended_at__isnull=True).update(ended_at=Now())
    nodes.process_ended(node, name=process, exit_code=exit_code)
    return bool(had_call)


def _chosen(rows: QuerySet[Any], only: Iterable[int] | None) -> QuerySet[Any]:
    return rows if only is None else rows.filter(pk__in=list(only))


def _target(device: int, edge: str) -> Target:
    return Target(device, f"sip:device-{device}@{edge}")
