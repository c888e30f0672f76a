"""The columns that the row-locked transactions read: all that services decide by, none of the long texts."""

from __future__ import annotations

from agents.models import Agent
from callcenter.core.sql import Slice

from .models import Call, Offer, Queue

QUEUE = Slice(
    Queue, "id", "active", "strategy", "second_strategy", "sticky_days", "sticky_seconds", "progressive_seconds", "requirement",
    "tier_wait", "rr_pointer", "weight_seconds", "aging", "resume_seconds", "deliver_directly",
    "ring_seconds", "ring_shrink", "retry_limit", "retry_boost", "retry_delay", "cooldown_reject", "cooldown_busy", "cooldown_no_answer",
    "cooldown_unreachable", "wrap_up_seconds", "wrap_up_extension", "disposition_required", "capacity", "max_wait", "max_wait_no_agent",
    "join_empty", "leave_empty", "absent_paused", "absent_unreachable", "absent_wrapping_up", "absent_busy", "schedule", "closing_action",
)  # fmt: skip

AGENT = Slice(
    Agent, "id", "state", "state_since", "active", "max_concurrent_calls", "max_misses", "ready_when_registered", "break_reason",
    "next_state", "next_break_reason", "open_calls", "ready_at", "wrap_up_until", "last_released_at", "last_offered_at", "misses_in_row",
    "calls_since_login", "talk_seconds_since_login", "answered_on", "answered_today",
)  # fmt: skip

CALL = Slice(
    Call, "id", "state", "state_since", "queue", "agent", "wanted_agent", "preferred_agent", "preferred_until", "own_requirement",
    "requirement", "relax_at", "priority", "order_key", "enqueued_at", "not_before", "attempts", "caller_number", "node", "process",
    "answered_at", "held_since", "wrap_up_until", "disposition", "callback",
)  # fmt: skip

OFFER = Slice(Offer, "id", "call", "segment", "queue", "agent", "slot", "outcome", "closed_at", "released_at")
