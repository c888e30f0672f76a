"""What happens to an agent's row when a call comes, stays and goes. The caller holds the row's lock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from agents import services as agents
from agents.models import Agent
from agents.states import AVAILABLE, BREAK, OFFLINE, ON_CALL, RINGING
from callcenter.core import bell
from callcenter.core.stateful import advance, write

from .models import Offer
from .states import OfferOutcome


def move(agent: Agent, event: str, *, actor: str, cause: str = "", data: dict[str, Any] | None = None, **fields: Any) -> None:
    """Advance the agent; the database turns the page of the state periods by itself (`periods`)."""
    advance(agent, event, actor=actor, cause=cause, data=data, **fields)
    if agent.state in (BREAK, OFFLINE):  # with the last of a tier gone the next tier is open: the clock looks
        bell.ring_alarm()


def free_slot(agent: Agent) -> int:
    taken = set(_unreleased(agent).values_list("slot", flat=True)) if agent.open_calls else set()
    return next(slot for slot in range(agent.max_concurrent_calls) if slot not in taken)


def reserve(agent: Agent, *, now: datetime, call_id: int, actor: str) -> None:
    """One more call in the agent's hands; an agent who talks already goes on talking."""
    fields: dict[str, Any] = {"open_calls": agent.open_calls + 1, "last_offered_at": now}
    if agent.state == AVAILABLE:
        move(agent, "was_offered", actor=actor, data={"call": call_id}, **fields)
    else:
        write(agent, **fields)


def answer(agent: Agent, *, call_id: int, actor: str) -> None:
    today = timezone.localdate()
    counted = {"answered_on": today, "answered_today": agent.answered_today + 1 if agent.answered_on == today else 1}
    fields: dict[str, Any] = {"misses_in_row": 0, "calls_since_login": agent.calls_since_login + 1, **counted}
    if agent.state == RINGING:
        move(agent, "answered", actor=actor, data={"call": call_id}, **fields)
    else:
        write(agent, **fields)


def release(agent: Agent, *, actor: str, cause: str = "", wrap_up_until: datetime | None = None, **fields: Any) -> bool:
    """One call less, after its offer's row was released. True if the wrap-up that was asked for began.

    Wrap-up begins when the last open call ends; a conversation that ends beside another call has none.
    """
    left = list(_unreleased(agent).values_list("outcome", flat=True)) if agent.open_calls > 1 else []
    fields |= {"open_calls": len(left)}
    talked = agent.state == ON_CALL
    wraps_up = bool(talked and not left and wrap_up_until)
    if not left:
        event = ("wrap_up_began" if wraps_up else "call_ended") if talked else "offer_ended"
        fields |= {"wrap_up_until": wrap_up_until} if wraps_up else {}
        move(agent, event, actor=actor, cause=cause, **fields)
    elif talked and OfferOutcome.ACCEPTED not in left:
        move(agent, "call_ended_while_ringing", actor=actor, cause=cause, **fields)
    else:
        write(agent, **fields)
    settle_wish(agent, actor=actor)
    return wraps_up


def settle_wish(agent: Agent, *, actor: str) -> None:
    """Do what the agent wished for while busy, as soon as nothing is in the agent's hands."""
    if agent.state != AVAILABLE or not agent.next_state:
        return
    done: dict[str, Any] = {"next_state": "", "next_break_reason": None}
    if agent.next_state == BREAK:
        move(agent, "went_on_break", actor=actor, cause="as wished", break_reason=agent.next_break_reason, **done)
    else:
        move(agent, "went_offline", actor=actor, cause="as wished", logged_in_at=None, **done)


def count_miss(agent: Agent, *, ready_at: datetime, actor: str) -> dict[str, Any]:
    """The fields that a missed call changes; too many in a row become a wish for a break."""
    misses = agent.misses_in_row + 1
    if agent.max_misses and misses >= agent.max_misses and not agent.next_state:
        agents.wish(agent, BREAK, agents.missed_calls_reason(), actor=actor)
        misses = 0
    return {"misses_in_row": misses, "ready_at": max(agent.ready_at, ready_at)}


def _unreleased(agent: Agent) -> Any:
    return Offer.objects.filter(agent=agent, released_at__isnull=True)
