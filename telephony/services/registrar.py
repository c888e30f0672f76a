"""Registrations in rows: a phone's binding and the device it makes reachable, always written together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from callcenter.core import bell
from callcenter.core.errors import Refusal
from queues.services import device_appeared, device_gone, device_refreshed
from telephony.models import Registration

MAX_DEVICES = 10
"""Contacts of one agent: more is a phone that registers a new port every time."""


REGISTRAR_LOCK = 0x534950
"""First half of the advisory lock's key ("SIP"); the second is the agent's id."""


class OutOfOrder(Refusal):
    """A newer registration has overtaken this one."""

    code = "out_of_order"


class TooManyDevices(Refusal):
    """This agent has too many phones registered."""

    code = "too_many_devices"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A Contact of a REGISTER; `seconds` 0 signs it off."""

    contact: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Origin:
    """What the REGISTER said about itself."""

    host: str
    port: int
    call_id: str
    cseq: int
    user_agent: str = ""


@transaction.atomic
def register(agent_id: int, wanted: Iterable[Wanted], origin: Origin, *, everything: bool = False) -> list[Registration]:
    """Do what a REGISTER asks for, all or nothing (RFC 3261 10.3), and return what is registered now.

    `everything`: the Contact was `*`, all bindings go. Raises OutOfOrder, TooManyDevices.
    """
    _one_at_a_time(agent_id)
    bound = {row.contact: row for row in Registration.objects.filter(agent_id=agent_id).select_related("device")}
    if everything:
        wanted = [Wanted(contact, 0) for contact in bound]
    for one in wanted:
        _apply(agent_id, bound.get(one.contact), one, origin)
    now = timezone.now()
    rows = list(Registration.objects.filter(agent_id=agent_id, expires_at__gt=now).order_by("id"))
    if len(rows) > MAX_DEVICES:
        raise TooManyDevices
    return rows


def _one_at_a_time(agent_id: int) -> None:
    """Two REGISTERs of one agent wait for each other here. No row is locked: devices lock queues before agents."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [REGISTRAR_LOCK, agent_id])


def _apply(agent_id: int, row: Registration | None, wanted: Wanted, origin: Origin) -> None:
    if row and row.call_id == origin.call_id and origin.cseq < row.cseq:
        raise OutOfOrder
    if row and row.call_id == origin.call_id and origin.cseq == row.cseq:
        return  # the same request again: our answer was lost
    if not wanted.seconds:
        if row:
            unbind(row, cause="unregistered")
        return
    bind(agent_id, row, wanted, origin)


def bind(agent_id: int, row: Registration | None, wanted: Wanted, origin: Origin) -> Registration:
    """Write or refresh one binding; the agent becomes reachable by it."""
    until = timezone.now() + timedelta(seconds=wanted.seconds)
    moved = row is None or (row.received_host, row.received_port) != (origin.host, origin.port)
    if row is None:
        device = device_appeared(agent_id, kind="sip", key=wanted.contact, label=origin.user_agent, lease_until=until)
        row = Registration(device_id=device.pk, agent_id=agent_id, contact=wanted.contact)
    else:
        device_refreshed(row.device_id, until)
    row.received_host, row.received_port = origin.host, origin.port
    row.call_id, row.cseq, row.user_agent, row.expires_at = origin.call_id, origin.cseq, origin.user_agent, until
    row.save()
    if moved:
        bell.ring(bell.EDGE)
    return row


def unbind(row: Registration, *, cause: str) -> None:
    """Take one binding and its device away."""
    device_id = row.device_id
    row.delete()
    device_gone(device_id, cause=cause)
    bell.ring(bell.EDGE)


def expire_registrations(now: datetime | None = None) -> int:
    """Take away what ran out; returns how many. For the node's sweep."""
    gone = 0
    for pk, agent_id in Registration.objects.filter(expires_at__lte=now or timezone.now()).values_list("pk", "agent_id"):
        with transaction.atomic():
            _one_at_a_time(agent_id)
            # A refresh may have come since the list was read: look again under the lock.
            row = Registration.objects.filter(pk=pk, expires_at__lte=now or timezone.now()).first()
            if row:
                unbind(row, cause="expired")
                gone += 1
    return gone
