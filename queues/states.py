"""The call's states and outcomes, and the outcomes of offers."""

from django.db import models

from callcenter.core.machine import Event, Machine, State

NEW, IVR, QUEUED, AGENT_RINGING, DIALLING, ACTIVE, WRAP_UP, ENDED = (
    "new", "ivr", "queued", "agent_ringing", "dialling", "active", "wrap_up", "ended",
)  # fmt: skip

LIVE = (NEW, IVR, QUEUED, AGENT_RINGING, DIALLING, ACTIVE)
"""The caller is on the line."""

WAITING = (QUEUED, AGENT_RINGING)
"""The caller waits for an agent."""

CALL = Machine(
    name="call",
    initial=NEW,
    states=(
        State(NEW, "New", "grey", "Arrived; not yet routed."),
        State(IVR, "In menu", "blue", "Talking to the IVR."),
        State(QUEUED, "Queued", "amber", "Waiting in a queue."),
        State(AGENT_RINGING, "Ringing agent", "blue", "Offered to one or more agents."),
        State(DIALLING, "Calling back", "blue", "An agent is on the line, and the customer is called back."),
        State(ACTIVE, "Active", "green", "Talking to an agent."),
        State(WRAP_UP, "Wrap-up", "violet", "The line is closed; the agent writes up the result."),
        State(ENDED, "Ended", "grey", "Complete."),
    ),
    events=(
        Event("flow_started", (NEW,), IVR, "The IVR took the call."),
        Event("queue_call", (NEW, IVR), QUEUED, "The caller got a place in line; music and announcements start."),
        Event("overflowed", (QUEUED,), QUEUED, "The call moved on to another queue."),
        Event("left_queue", (QUEUED,), IVR, "The queue's way out was taken; the caller hears what comes next."),
        Event("assign_to_agent", (QUEUED,), AGENT_RINGING, "An agent was reserved and the devices ring."),
        Event("agent_accept", (AGENT_RINGING,), ACTIVE, "An agent answered and is bridged with the caller."),
        Event("agent_ready", (AGENT_RINGING,), DIALLING, "An agent took the callback; the customer is called."),
        Event("customer_answered", (DIALLING,), ACTIVE, "The customer answered and is bridged with the agent."),
        Event("agent_no_answer", (AGENT_RINGING,), QUEUED, "Nobody answered in time; the call has its place back."),
        Event("agent_reject", (AGENT_RINGING,), QUEUED, "The agent refused or could not be reached; place kept."),
        Event("hang_up_to_wrap_up", (ACTIVE,), WRAP_UP, "The conversation ended; the agent writes it up."),
        Event("hang_up", (NEW, IVR, QUEUED, AGENT_RINGING, DIALLING, ACTIVE), ENDED, "The call ended with nothing to write up."),
        Event("process_lost", (NEW, IVR, QUEUED, AGENT_RINGING, DIALLING, ACTIVE), ENDED, "The process that carried it died."),
        Event("complete_wrap_up", (WRAP_UP,), ENDED, "The agent finished the paperwork."),
        Event("wrap_up_timeout", (WRAP_UP,), ENDED, "The time for the paperwork was over."),
    ),
)


class CallOutcome(models.TextChoices):
    """How the customer's call ended as a whole."""

    ANSWERED = "answered", "Answered"
    ABANDONED = "abandoned", "Abandoned"
    OVERFLOWED = "overflow", "Left by the queue's fallback"
    CALLBACK = "callback", "Asked to be called back"
    UNREACHED = "unreached", "Called back, not reached"
    SERVED = "served", "Served by the flow"
    OUTSIDE = "outside", "Put through to a number outside"
    VOICEMAIL = "voicemail", "Left a message"
    REFUSED = "refused", "Refused at entry"
    LOST = "lost", "Lost by a failure of ours"
    REJECTED = "rejected", "Not accepted (unknown number)"


class SegmentOutcome(models.TextChoices):
    """How one stay in one queue ended. Offered = the sum of all of these but `refused`, plus those still waiting."""

    WAITING = "waiting", "Waiting"
    ANSWERED = "answered", "Answered"
    ABANDONED = "abandoned", "Abandoned"
    CALLBACK = "callback", "Callback"
    OVERFLOW = "overflow", "Overflow"
    VOICEMAIL = "voicemail", "Voicemail"
    REFUSED = "refused", "Refused"
    UNREACHED = "unreached", "Not reached"
    """Of an attempt to call back; those stays are the agents' work and no entries of the queue."""


class OfferOutcome(models.TextChoices):
    OPEN = "open", "Ringing"
    ACCEPTED = "accepted", "Accepted"
    REJECTED = "rejected", "Rejected"
    BUSY = "busy", "Busy"
    NO_ANSWER = "no_answer", "No answer"
    UNREACHABLE = "unreachable", "Unreachable"
    RESCINDED = "rescinded", "Withdrawn"
    CANCELLED = "cancelled", "Taken by another agent"


MISSES = (OfferOutcome.REJECTED, OfferOutcome.BUSY, OfferOutcome.NO_ANSWER, OfferOutcome.UNREACHABLE)
"""Outcomes that push the agent's cool-down."""
