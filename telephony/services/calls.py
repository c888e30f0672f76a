"""What a node reads for its call processes, and how it closes the calls of one that died."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Now

from agents.models import Device
from queues import services as acd
from queues.models import Call, Command, Offer
from queues.states import IVR, LIVE
from telephony.models import Leg
from telephony.ports import CommandGiven, OfferOpened, Target

from . import nodes

ForProcess = tuple[str, OfferOpened | CommandGiven]
"""The name of a call process, and the fact it should hear."""


def open_offers(node: str, *, edge: str, only: Iterable[int] | None = None) -> list[ForProcess]:
    """The open offers of the node's calls, complete with the devices to ring.

    :param edge: host:port of the edge, through which devices are dialled.
    :param only: these offers; None: all.
    """
    offers = Offer.objects.open().filter(call__node=node, call__state__in=LIVE)
    rows = list(_chosen(offers, only).annotate(left=_LEFT).values_list("id", "agent_id", "left", "call__process"))
    targets = _targets({agent for _, agent, _, _ in rows}, edge)
    return [
        (process, OfferOpened(offer, agent, tuple(targets[agent]), max(0.0, left.total_seconds()))) for offer, agent, left, process in rows
    ]


def open_commands(node: str, *, only: Iterable[int] | None = None) -> list[ForProcess]:
    """Commands about the node's calls that nobody has settled."""
    commands = Command.objects.filter(status=Command.Status.REQUESTED, call__node=node, call__state__in=LIVE)
    rows = _chosen(commands, only).values_list("id", "kind", "data", "actor", "call__process")
    return [(process, CommandGiven(pk, kind, {**data, "actor": actor})) for pk, kind, data, actor, process in rows]


@dataclass(frozen=True, slots=True)
class Owned:
    """All that the rows say about the calls of one node."""

    offers: list[ForProcess]
    commands: list[ForProcess]
    live: set[str]
    """Processes that carry a call."""
    leaving: set[str]
    """Of these, those whose caller should hear the farewell."""


def owned(node: str, *, edge: str) -> Owned:
    calls = list(Call.objects.live().filter(node=node).values_list("process", "state"))
    return Owned(
        offers=open_offers(node, edge=edge),
        commands=open_commands(node),
        live={process for process, _ in calls},
        leaving={process for process, state in calls if state == IVR},
    )


def closed(node: str, processes: Iterable[str]) -> set[str]:
    """Which of these processes have a call that is closed in the rows."""
    mine = Call.objects.filter(node=node, process__in=list(processes))
    return set(mine.exclude(state__in=LIVE).values_list("process", flat=True))


def open_dialogs(node: str, process: str) -> list[dict[str, Any]]:
    """Dialogs that a process left standing: what a BYE to each peer needs."""
    legs = Leg.objects.filter(call__node=node, call__process=process, ended_at__isnull=True).exclude(dialog={})
    return [leg.dialog for leg in legs]


def process_lost(node: str, process: str, *, exit_code: int | None) -> bool:
    """Close what a dead process left in the rows: its call, its legs, itself. True if a call was lost."""
    had_call = Call.objects.live().filter(node=node, process=process).exists()
    acd.process_lost(node, process)
    Leg.objects.filter(call__node=node, call__process=process, ended_at__isnull=True).update(ended_at=Now())
    nodes.process_ended(node, name=process, exit_code=exit_code)
    return had_call


_LEFT: Any = ExpressionWrapper(F("expires_at") - Now(), output_field=DurationField())


def _chosen(rows: QuerySet[Any], only: Iterable[int] | None) -> QuerySet[Any]:
    return rows if only is None else rows.filter(pk__in=list(only))


def _targets(agents: set[int], edge: str) -> dict[int, list[Target]]:
    """The SIP devices of these agents that can ring now, oldest first."""
    found: dict[int, list[Target]] = defaultdict(list)
    devices = Device.objects.live().filter(agent__in=agents, kind=Device.Kind.SIP).order_by("since", "pk")
    for device, agent in devices.values_list("pk", "agent_id"):
        found[agent].append(Target(device, f"sip:device-{device}@{edge}"))
    return found
