"""Writes of agents' own rows. What an agent's change means for calls is decided in `queues.services`."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.db import transaction

from callcenter.core import bell, events

from .models import Agent, BreakReason
from .states import OFFLINE

MISSED = "missed"
"""Code of the break reason that the system sets after too many missed calls in a row."""


@transaction.atomic
def set_sip_password(agent: Agent, password: str, *, actor: str = "system:setup") -> None:
    """Store what digest authentication needs; the password itself is kept nowhere (RFC 7616, RFC 8760).

    Must be called again when the SIP user name or the realm changes: both are part of the hash.
    """
    secret = f"{agent.sip_username}:{settings.SIP_REALM}:{password}".encode()
    agent.sip_ha1_md5 = hashlib.md5(secret, usedforsecurity=False).hexdigest()
    agent.sip_ha1_sha256 = hashlib.sha256(secret).hexdigest()
    Agent.objects.filter(pk=agent.pk).update(sip_ha1_md5=agent.sip_ha1_md5, sip_ha1_sha256=agent.sip_ha1_sha256)
    events.append("agent.sip_password_set", subject=f"agent:{agent.pk}", actor=actor)
    bell.ring(bell.EDGE)


def wish(agent: Agent, state: str, reason: BreakReason | None = None, *, actor: str) -> None:
    """Remember what a busy agent wants next ("" for: go on working); it is applied when the call is over.

    Who wishes to go says so each time: what the agent says after the phone counts as the agent's own wish.
    """
    if agent.next_state == state and agent.next_break_reason == reason and state != OFFLINE:
        return
    agent.next_state, agent.next_break_reason = state, reason
    Agent.objects.filter(pk=agent.pk).update(next_state=state, next_break_reason=reason)
    data = {"next_state": state, "reason": reason.code if reason else ""}
    events.append("agent.wished", subject=f"agent:{agent.pk}", actor=actor, data=data)


def last_wished_by(agent: Agent) -> str:
    """The actor of the agent's last wish."""
    wished = events.about("agent", agent.pk).filter(type="agent.wished").last()
    return wished.actor if wished else ""


def missed_calls_reason() -> BreakReason:
    reason, _ = BreakReason.objects.get_or_create(
        code=MISSED, defaults={"name": "Missed calls", "paid": False, "selectable": False, "position": 99}
    )
    return reason
