"""Phones appear and go: what makes an agent reachable."""

from __future__ import annotations

import functools
from datetime import datetime

from django.db import transaction

from agents import services as agents
from agents.models import Agent, Device
from agents.states import OFFLINE
from callcenter.core import bell, events
from callcenter.core.errors import NotFound

from .. import matching
from ..locks import Held, hold, one_transaction
from ..models import Offer
from . import offers, presence

REGISTRATION = "system:registration"

NOT_SIGNED_OFF = ("expired", "replaced", "lost")
"""Causes that say nothing about the agent's will: the agent stays in the state, visibly out of reach."""


@one_transaction
def device_appeared(agent_id: int, *, kind: str, key: str, label: str, lease_until: datetime) -> Device:
    """A phone of the agent can ring until `lease_until`. The first one brings an agent to work who wants that."""
    held = hold(agent_ids=[agent_id])
    agent = held.agents[agent_id]
    first = not agent.devices.live().exists()
    device, new = Device.objects.update_or_create(
        agent=agent, kind=kind, key=key[:255], defaults={"label": label[:120], "lease_until": lease_until},
        create_defaults={"label": label[:120], "lease_until": lease_until, "since": held.now},
    )  # fmt: skip
    if new or first:
        _log(agent, "agent.device_appeared", device)
    if first and agent.active and agent.ready_when_registered:
        _come_back(held, agent)
    bell.ring_alarm(seconds_away=(lease_until - held.now).total_seconds())
    matching.match_agent(held, agent_id)
    return device


@transaction.atomic
def device_refreshed(device_id: int, lease_until: datetime) -> None:
    """The phone is still there.

    :raises NotFound: it was taken for gone; it must appear again.
    """
    if not Device.objects.filter(pk=device_id).update(lease_until=lease_until):
        raise NotFound("There is no such device.")


@one_transaction
def device_gone(device_id: int, *, cause: str) -> None:
    """The phone signed off ("unregistered"), or its lease ran out or was taken over ("expired", "replaced", "lost").

    Signing off the last phone ends the shift of an agent who wants that; a lost phone does not.
    """
    agent_id = Device.objects.filter(pk=device_id).values_list("agent_id", flat=True).first()
    if agent_id is None:
        return
    held = hold(agent_ids=[agent_id])
    agent = held.agents[agent_id]
    device = Device.objects.filter(pk=device_id).first()
    if device is None or (cause == "expired" and device.lease_until > held.now):
        return
    _log(agent, "agent.device_gone", device, cause=cause)
    device.delete()
    bell.ring_alarm()  # if it was the last of a tier, the next tier is open
    if not agent.devices.live().exists():
        for offer_id in Offer.objects.open().filter(agent=agent).values_list("pk", flat=True):
            # Afterwards, because it locks the call's queues; if we die in between, the ring time ends it.
            transaction.on_commit(functools.partial(offers.phone_lost, offer_id))
    if agent.ready_when_registered and cause not in NOT_SIGNED_OFF and not agent.devices.live().exists() and agent.next_state != OFFLINE:
        presence.end_work(held, agent, actor=REGISTRATION, cause="phone signed off")


def _come_back(held: Held, agent: Agent) -> None:
    """Begin to work, or go on after the call if only the phone had said that the agent wants to go."""
    if agent.state == OFFLINE:
        presence.begin_work(held, agent, actor=REGISTRATION, cause="phone registered")
    elif agent.next_state == OFFLINE and agents.last_wished_by(agent) == REGISTRATION:
        agents.wish(agent, "", actor=REGISTRATION)


def _log(agent: Agent, type_: str, device: Device, *, cause: str = "") -> None:
    data = {"device": device.pk, "kind": device.kind, "label": device.label}
    events.append(type_, subject=f"agent:{agent.pk}", actor=REGISTRATION, cause=cause, data=data)
