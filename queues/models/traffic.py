"""What passes through: calls, their stays in queues, the offers to agents, the wishes about them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from agents.models import Agent
from callcenter.core.stateful import Stateful

from .. import states
from ..querysets import CallQuerySet, OfferQuerySet
from ..states import CALL, CallOutcome, OfferOutcome, SegmentOutcome
from .configuration import Disposition, Queue
from .skills import Requirement

if TYPE_CHECKING:
    from callcenter.core.machine import Machine


class Direction(models.TextChoices):
    INBOUND = "inbound", "From the customer"
    OUTBOUND = "outbound", "To the customer"


class Call(Stateful):
    """One customer's call, from INVITE to the end of the paperwork."""

    machine: ClassVar[Machine] = CALL
    subject: ClassVar[str] = "call"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="The id that interfaces use.")
    state = models.CharField(max_length=14, choices=CALL.choices, default=states.NEW, editable=False, help_text="Where the call is.")
    outcome = models.CharField(max_length=10, choices=CallOutcome.choices, blank=True, help_text="How it ended.")
    exit_reason = models.CharField(max_length=40, blank=True, help_text="Why it ended that way: caller hung up, queue full, …")
    hung_up_by = models.CharField(max_length=10, blank=True, help_text="caller, agent, outside or system.")

    caller_number = models.CharField(max_length=80, blank=True, help_text="Number or SIP user of the caller.")
    caller_name = models.CharField(max_length=120, blank=True, help_text="Name that the caller's network sent.")
    dialled = models.CharField(max_length=80, blank=True, help_text="What the caller dialled.")
    sip_call_id = models.CharField(max_length=255, blank=True, db_index=True, help_text="Call-ID of the caller's SIP dialog.")
    direction = models.CharField(
        max_length=8, choices=Direction.choices, default=Direction.INBOUND, db_default=Direction.INBOUND, help_text="Who called whom."
    )
    callback = models.ForeignKey(
        "queues.Callback", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="calls", db_index=False,
        help_text="The callback that this call is an attempt of.",
    )  # fmt: skip

    queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="calls", help_text="Queue it is in or was in last."
    )
    agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="calls", help_text="Who talks or talked last."
    )
    wanted_agent = models.ForeignKey(
        Agent,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Only this agent may take it (a call to an extension).",
    )
    preferred_agent = models.ForeignKey(
        Agent, null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+", db_index=False,
        help_text="For now only this agent gets it: the one who talked to the caller last.",
    )  # fmt: skip
    preferred_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="How long it is kept for that agent.")
    own_requirement = models.ForeignKey(
        Requirement, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+", db_index=False,
        help_text="The skills that the call brought along, whatever queue it is in.",
    )  # fmt: skip
    requirement = models.ForeignKey(
        Requirement, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="calls", db_index=False,
        help_text="The skills that are asked for now, relaxed as far as it has waited.",
    )  # fmt: skip
    relax_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When less is asked for.")
    priority = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(10)], help_text="0 normal to 10; each step is a head start."
    )
    order_key = models.DateTimeField(null=True, blank=True, editable=False, help_text="Place in line: enqueued − priority × aging.")
    enqueued_at = models.DateTimeField(null=True, blank=True, help_text="Since when it waits in this queue.")
    resumes = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+", db_index=False,
        help_text="The abandoned call of the same caller whose place it took over.",
    )  # fmt: skip
    # No key: rows of long ago must not hinder a manager who removes a way out.
    way_out = models.BigIntegerField(null=True, blank=True, editable=False, help_text="The way out that was taken last, if a row says so.")
    not_before = models.DateTimeField(null=True, blank=True, editable=False, help_text="No further offer before this moment.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed offers so far in this queue.")

    flow = models.CharField(
        max_length=60, blank=True, default="", db_default="", help_text="The flow that leads the caller now: its name and version."
    )
    collected = models.JSONField(null=True, blank=True, help_text="What a flow found out before: variables, without what is secret.")

    # Which process carries the media. Names, not keys: telephony is above this app.
    node = models.CharField(max_length=60, blank=True, help_text="Telephony node that carries it.")
    process = models.CharField(max_length=60, blank=True, help_text="Call process that carries it.")

    arrived_at = models.DateTimeField(default=timezone.now, help_text="When it reached us.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="First two-way audio with an agent.")
    held_since = models.DateTimeField(null=True, blank=True, help_text="Since when a party holds the other.")
    hung_up_at = models.DateTimeField(null=True, blank=True, help_text="When the caller's line was closed.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When everything was over, wrap-up included.")

    wrap_up_until = models.DateTimeField(null=True, blank=True, help_text="When wrap-up ends by itself.")
    disposition = models.ForeignKey(Disposition, null=True, blank=True, on_delete=models.PROTECT, help_text="Result chosen by the agent.")
    notes = models.TextField(blank=True, help_text="What the agent wrote.")

    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=[s.name for s in CALL.states]), name="call_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=[states.QUEUED, states.AGENT_RINGING])
                | Q(queue__isnull=False, order_key__isnull=False, enqueued_at__isnull=False),
                name="call_waiting_has_place",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[states.DIALLING, states.ACTIVE, states.WRAP_UP]) | Q(agent__isnull=False),
                name="call_active_has_agent",
            ),
            models.CheckConstraint(condition=~Q(state=states.ENDED) | Q(ended_at__isnull=False), name="call_ended_has_time"),
            models.UniqueConstraint(fields=["resumes"], condition=Q(resumes__isnull=False), name="call_resumed_once"),
            models.CheckConstraint(
                condition=Q(preferred_agent__isnull=True) | Q(preferred_until__isnull=False), name="call_preference_ends"
            ),
            models.CheckConstraint(condition=~Q(state=states.DIALLING) | Q(callback__isnull=False), name="call_dialling_is_callback"),
            models.UniqueConstraint(
                fields=["callback"],
                condition=Q(callback__isnull=False) & ~Q(state__in=[states.ENDED, states.WRAP_UP]),
                name="call_one_live_per_callback",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "order_key", "id"], condition=Q(state__in=states.WAITING), name="call_line"),
            models.Index(
                F("queue"),
                Coalesce("requirement", Value(0, models.BigIntegerField())),
                F("order_key"),
                F("id"),
                condition=Q(state=states.QUEUED, wanted_agent__isnull=True, preferred_agent__isnull=True),
                name="call_lane",
            ),
            models.Index(
                fields=["preferred_agent", "order_key", "id"],
                condition=Q(state=states.QUEUED, preferred_agent__isnull=False),
                name="call_preferred",
            ),
            models.Index(fields=["relax_at"], condition=Q(state=states.QUEUED, relax_at__isnull=False), name="call_relaxation"),
            models.Index(
                fields=["wanted_agent", "order_key", "id"],
                condition=Q(state=states.QUEUED, wanted_agent__isnull=False),
                name="call_wanted",
            ),
            models.Index(fields=["node", "process"], condition=~Q(state__in=[states.ENDED, states.WRAP_UP]), name="call_owner"),
            models.Index(fields=["wrap_up_until"], condition=Q(state=states.WRAP_UP), name="call_wrap_up"),
            models.Index(fields=["agent", "-id"], name="call_agent"),
            models.Index(fields=["caller_number", "-id"], name="call_caller"),
            models.Index(fields=["arrived_at"], name="call_arrived"),
            models.Index(fields=["callback", "id"], condition=Q(callback__isnull=False), name="call_of_callback"),
        ]

    def __str__(self) -> str:
        return f"Call {self.pk}"


class Segment(models.Model):
    """One stay in one queue, with the agent who handled it. The row behind every figure (entries = segments)."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="segments", help_text="Whose stay it is.")
    number = models.PositiveSmallIntegerField(help_text="1 for the first queue of the call, 2 for the next, …")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="segments", help_text="Where it waited.")
    requirement = models.ForeignKey(
        Requirement, null=True, blank=True, on_delete=models.PROTECT, related_name="segments", db_index=False,
        help_text="The skills that it asked for before any relaxation.",
    )  # fmt: skip
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="segments", help_text="Who handled it.")
    outcome = models.CharField(
        max_length=10, choices=SegmentOutcome.choices, default=SegmentOutcome.WAITING, help_text="How the stay ended."
    )
    exit_reason = models.CharField(max_length=40, blank=True, help_text="Why it ended so.")
    callback = models.BooleanField(
        default=False, db_default=False, help_text="An attempt to call back: work of the agent, and no entry of the queue's figures."
    )
    entered_at = models.DateTimeField(help_text="When it entered the queue; figures are bucketed by it.")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When the waiting ended, answered or not.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="Two-way audio with the agent.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="End of the conversation.")
    wrap_up_ended_at = models.DateTimeField(null=True, blank=True, help_text="End of the paperwork.")
    hold_seconds = models.FloatField(default=0, help_text="Time on hold, all holds added up.")
    hung_up_by = models.CharField(max_length=10, blank=True, help_text="caller, agent, outside or system.")

    class Meta:
        ordering = ["call", "number"]
        constraints = [
            models.UniqueConstraint(fields=["call", "number"], name="segment_number_once"),
            models.UniqueConstraint(fields=["call"], condition=Q(outcome=SegmentOutcome.WAITING), name="segment_one_waiting_per_call"),
            models.CheckConstraint(
                condition=Q(outcome=SegmentOutcome.WAITING, left_at__isnull=True)
                | (~Q(outcome=SegmentOutcome.WAITING) & Q(left_at__isnull=False)),
                name="segment_left_when_decided",
            ),
        ]
        indexes = [
            models.Index(fields=["queue", "entered_at"], name="segment_queue_time"),
            models.Index(fields=["agent", "entered_at"], name="segment_agent_time"),
            models.Index(fields=["entered_at"], condition=Q(requirement__isnull=False), name="segment_skilled_time"),
        ]

    def __str__(self) -> str:
        return f"{self.call} #{self.number} in {self.queue}"


class Offer(models.Model):
    """One attempt to hand a call to one agent. Kept, with the reasons why it was this agent."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="offers", help_text="What was offered.")
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="offers", help_text="In which stay.")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="offers", help_text="From which queue.")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="offers", help_text="To whom.")
    slot = models.PositiveSmallIntegerField(default=0, help_text="Which of the agent's parallel calls it would be.")
    outcome = models.CharField(max_length=12, choices=OfferOutcome.choices, default=OfferOutcome.OPEN, help_text="What became of it.")
    sip_status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="The phone's final SIP status, if any.")
    opened_at = models.DateTimeField(default=timezone.now, help_text="When the agent was reserved.")
    dialled_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when devices that do not report ringing are known to be called."
    )
    rang_at = models.DateTimeField(null=True, blank=True, help_text="When a device reported ringing.")
    expires_at = models.DateTimeField(help_text="When the ring time is over.")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When the outcome was known.")
    released_at = models.DateTimeField(null=True, blank=True, help_text="When the agent's slot was free again: at once, or after the talk.")
    why = models.JSONField(default=dict, help_text="Ranked candidates, and for those left out the first failing condition.")

    objects = OfferQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "slot"], condition=Q(released_at__isnull=True), name="offer_one_per_agent_slot"),
            models.UniqueConstraint(fields=["segment"], condition=Q(outcome=OfferOutcome.ACCEPTED), name="offer_one_accepted_per_segment"),
            models.UniqueConstraint(
                fields=["call", "agent"], condition=Q(outcome=OfferOutcome.OPEN), name="offer_one_open_per_call_and_agent"
            ),
            models.CheckConstraint(
                condition=Q(outcome=OfferOutcome.OPEN, closed_at__isnull=True)
                | (~Q(outcome=OfferOutcome.OPEN) & Q(closed_at__isnull=False)),
                name="offer_closed_when_decided",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=[OfferOutcome.OPEN, OfferOutcome.ACCEPTED]) | Q(released_at__isnull=False),
                name="offer_failed_is_released",
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(outcome=OfferOutcome.OPEN), name="offer_deadline"),
            models.Index(fields=["call", "id"], name="offer_call"),
            models.Index(fields=["agent", "opened_at"], name="offer_agent_time"),
        ]

    def __str__(self) -> str:
        return f"{self.call} to {self.agent}"


class Command(models.Model):
    """A wish about a live call. The process that owns the call obeys and writes down how it went."""

    class Kind(models.TextChoices):
        HANG_UP = "hang_up", "Hang up"
        REJECT_OFFER = "reject_offer", "Reject the offer"
        CANCEL_OFFER = "cancel_offer", "Stop ringing"

    class Status(models.TextChoices):
        REQUESTED = "requested", "Requested"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="commands", help_text="Which call.")
    kind = models.CharField(max_length=16, choices=Kind.choices, help_text="What is wanted.")
    data = models.JSONField(default=dict, blank=True, help_text="The particulars.")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.REQUESTED, help_text="How far it is.")
    reason = models.CharField(max_length=200, blank=True, help_text="Why it failed.")
    actor = models.CharField(max_length=60, help_text="Who wants it.")
    at = models.DateTimeField(auto_now_add=True, help_text="When it was wanted.")
    settled_at = models.DateTimeField(null=True, blank=True, help_text="When it was done or failed.")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["call", "id"], condition=Q(status="requested"), name="command_open")]

    def __str__(self) -> str:
        return f"{self.kind} {self.call}"
