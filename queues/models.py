"""Queues and what passes through them.

`Call` is a customer with a place in line; SIP is only how they reached us. `Segment` is one stay in one
queue with the agent who took it, `Offer` one attempt to hand it to an agent, `Command` a wish about a
call that the process owning it obeys.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import Agent, Team
from agents.models import Skill as Skill
from callcenter.core.stateful import Stateful

from . import states
from .querysets import CallQuerySet, OfferQuerySet, QueueQuerySet
from .states import CALL, CallOutcome, OfferOutcome, SegmentOutcome
from .validation import check_queue, check_rule

if TYPE_CHECKING:
    from callcenter.core.machine import Machine


class Strategy(models.TextChoices):
    LONGEST_IDLE = "longest-idle", "Longest idle"
    ROUND_ROBIN = "round-robin", "Round robin"
    FEWEST_CALLS = "fewest-calls", "Fewest calls"
    RANDOM = "random", "Random"
    LINEAR = "linear", "Linear"
    RING_ALL = "ring-all", "Ring all"


class AnswerMode(models.TextChoices):
    ANSWER = "answer", "Answer at once, then music"
    RINGBACK = "ringback", "Ringing tone until an agent answers"
    EARLY_MEDIA = "early-media", "Music before the answer (not billed)"


class FallbackAction(models.TextChoices):
    HANG_UP = "hang-up", "Play the message and hang up"
    QUEUE = "queue", "Go to another queue"


class Disposition(models.Model):
    code = models.SlugField(unique=True, help_text="Stable name for reports and integrations.")
    label = models.CharField(max_length=80, help_text="What agents choose in the wrap-up form.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Order in the list, lowest first.")
    active = models.BooleanField(default=True, help_text="Off: no longer offered, kept for old calls.")

    class Meta:
        ordering = ["position", "label"]

    def __str__(self) -> str:
        return self.label


class Queue(models.Model):
    name = models.CharField(max_length=80, unique=True, help_text="What people call the queue.")
    slug = models.SlugField(unique=True, help_text="Stable name for addresses, reports and integrations.")
    active = models.BooleanField(default=True, help_text="Off: refuses new calls; those waiting are still served.")
    everyone = models.BooleanField(default=False, help_text="Every agent is a member, without being listed.")
    timezone = models.CharField(max_length=60, default="UTC", help_text="Days in figures begin at midnight here, e.g. Europe/Berlin.")

    strategy = models.CharField(
        max_length=20, choices=Strategy.choices, default=Strategy.LONGEST_IDLE, help_text="Which free agent gets the next call."
    )
    tier_wait = models.PositiveIntegerField(
        default=20, help_text="Seconds that a call waits before each further tier of agents is asked, while a lower tier works."
    )
    rr_pointer = models.BigIntegerField(default=0, editable=False, help_text="The agent that round robin offered last.")
    weight_seconds = models.PositiveIntegerField(
        default=0, help_text="Head start in seconds that calls of this queue have over those of other queues."
    )
    aging = models.PositiveIntegerField(default=60, help_text="Seconds of head start for each step of a call's priority.")
    deliver_directly = models.BooleanField(
        default=False, help_text="When an agent is free at once the caller hears ringing only, no greeting and no music."
    )

    answer_mode = models.CharField(
        max_length=12, choices=AnswerMode.choices, default=AnswerMode.ANSWER, help_text="What the caller hears while waiting."
    )
    greeting = models.TextField(blank=True, help_text="Spoken once when the caller enters the queue. Empty: music at once.")
    comfort = models.TextField(blank=True, help_text="Spoken again and again while the caller waits. Empty: never.")
    comfort_every = models.PositiveIntegerField(default=45, help_text="Seconds between two comfort messages.")
    announce_position = models.BooleanField(
        default=True, help_text="Say the place in line after the greeting and with each comfort message."
    )
    music = models.FileField(
        upload_to="music/", blank=True, help_text="WAV file, 16 bit, mono, 8 or 16 kHz. Empty: the built-in music on hold."
    )

    ring_seconds = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(3), MaxValueValidator(120)], help_text="How long an agent's phone rings."
    )
    ring_shrink = models.PositiveSmallIntegerField(
        default=100, validators=[MinValueValidator(10), MaxValueValidator(100)],
        help_text="Per cent of the ring time that each further attempt for the same call has. 100: always the same.",
    )  # fmt: skip
    retry_limit = models.PositiveSmallIntegerField(default=10, help_text="Failed offers after which the fallback is used. 0: no limit.")
    retry_boost = models.PositiveIntegerField(default=10, help_text="Seconds of head start after each failed offer.")
    retry_delay = models.PositiveSmallIntegerField(default=0, help_text="Seconds before a failed call is offered again.")
    cooldown_reject = models.PositiveIntegerField(default=10, help_text="Seconds without offers after an agent rejects.")
    cooldown_busy = models.PositiveIntegerField(default=10, help_text="Seconds without offers after an agent's phone is busy.")
    cooldown_no_answer = models.PositiveIntegerField(default=5, help_text="Seconds without offers after an agent does not answer.")
    cooldown_unreachable = models.PositiveIntegerField(default=10, help_text="Seconds without offers after a phone cannot be reached.")

    wrap_up_seconds = models.PositiveIntegerField(default=30, help_text="Time for the paperwork after a call. 0: none.")
    wrap_up_extension = models.PositiveIntegerField(default=60, help_text="Seconds that the agent adds with one press. 0: may not extend.")
    dispositions = models.ManyToManyField(Disposition, blank=True, related_name="queues", help_text="Results to choose from.")
    disposition_required = models.BooleanField(default=False, help_text="The agent must choose a result before finishing early.")

    capacity = models.PositiveIntegerField(default=0, help_text="Most calls that may wait. 0: no limit.")
    max_wait = models.PositiveIntegerField(default=0, help_text="Seconds after which a waiting call takes the fallback. 0: no limit.")
    max_wait_no_agent = models.PositiveIntegerField(
        default=0, help_text="Seconds after which it takes the fallback if no agent is logged in. 0: no limit."
    )
    join_empty = models.BooleanField(default=True, help_text="Callers may enter although no agent is logged in.")
    fallback = models.CharField(
        max_length=10, choices=FallbackAction.choices, default=FallbackAction.HANG_UP,
        help_text="What happens when the queue is full, the wait too long or the attempts used up.",
    )  # fmt: skip
    fallback_queue = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="The queue that takes over."
    )
    fallback_keeps_place = models.BooleanField(default=True, help_text="The call brings its waiting time to the next queue.")
    fallback_message = models.TextField(
        blank=True, default="We are sorry, nobody can take your call now. Please call again later.",
        help_text="Spoken before hanging up.",
    )  # fmt: skip

    short_abandon_seconds = models.PositiveSmallIntegerField(default=5, help_text="Abandoned sooner than this counts as short.")
    service_level_seconds = models.PositiveSmallIntegerField(default=20, help_text="Calls are to be answered within this time.")
    service_level_target = models.PositiveSmallIntegerField(
        default=80, validators=[MaxValueValidator(100)], help_text="Per cent of calls that are to be answered in time."
    )
    warn_waiting = models.PositiveIntegerField(default=5, help_text="From this many waiting calls on the dashboard warns.")
    warn_wait_seconds = models.PositiveIntegerField(default=60, help_text="From this longest wait on the dashboard warns.")

    objects = QueueQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(fallback=FallbackAction.QUEUE) | Q(fallback_queue__isnull=False), name="queue_fallback_has_queue"
            ),
            models.CheckConstraint(
                condition=Q(fallback_queue__isnull=True) | ~Q(fallback_queue=models.F("id")), name="queue_fallback_elsewhere"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_queue(self)


class Membership(models.Model):
    """An agent serves a queue. Rules (team, skill, everyone) are expanded into rows, so matching reads rows only."""

    class Source(models.TextChoices):
        PERSON = "person", "Listed by name"
        RULE = "rule", "By a rule"

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="memberships", help_text="Which queue.")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="memberships", help_text="Which agent.")
    source = models.CharField(
        max_length=8, choices=Source.choices, default=Source.PERSON, editable=False, help_text="Listed by name, or there because of a rule."
    )
    tier = models.PositiveSmallIntegerField(default=0, help_text="Asked first: 0. Higher tiers are asked when lower ones are busy.")
    position = models.PositiveIntegerField(default=0, help_text="Order within the linear strategy, lowest first.")
    weight = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1)], help_text="Share in weighted draws.")
    logged_in = models.BooleanField(default=True, help_text="Takes calls of this queue now; agents may log out of one queue.")

    class Meta:
        ordering = ["queue", "tier", "position", "agent"]
        constraints = [models.UniqueConstraint(fields=["queue", "agent"], name="membership_once")]
        indexes = [models.Index(fields=["agent", "queue"], name="membership_agent_queue")]

    def __str__(self) -> str:
        return f"{self.agent} in {self.queue}"


class MembershipRule(models.Model):
    """Makes a whole team, or everybody with a skill, members of a queue."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="rules", help_text="Which queue.")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, help_text="All agents of this team.")
    skill = models.ForeignKey(Skill, null=True, blank=True, on_delete=models.CASCADE, help_text="All agents who have this skill.")
    minimum_level = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(5)], help_text="At least at this level, 1 to 5."
    )
    tier = models.PositiveSmallIntegerField(default=0, help_text="The tier these agents get in the queue.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(team__isnull=False, skill__isnull=True) | Q(team__isnull=True, skill__isnull=False),
                name="membership_rule_team_or_skill",
            )
        ]

    def __str__(self) -> str:
        return f"{self.team or self.skill} in {self.queue}"

    def clean(self) -> None:
        check_rule(self)


class Call(Stateful):
    """One customer's call, from INVITE to the end of the paperwork."""

    machine: ClassVar[Machine] = CALL
    subject: ClassVar[str] = "call"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False, help_text="The id that interfaces use.")
    state = models.CharField(max_length=14, choices=CALL.choices, default=states.NEW, editable=False, help_text="Where the call is.")
    outcome = models.CharField(max_length=10, choices=CallOutcome.choices, blank=True, help_text="How it ended.")
    exit_reason = models.CharField(max_length=40, blank=True, help_text="Why it ended that way: caller hung up, queue full, …")
    hung_up_by = models.CharField(max_length=10, blank=True, help_text="caller, agent or system.")

    caller_number = models.CharField(max_length=80, blank=True, help_text="Number or SIP user of the caller.")
    caller_name = models.CharField(max_length=120, blank=True, help_text="Name that the caller's network sent.")
    dialled = models.CharField(max_length=80, blank=True, help_text="What the caller dialled.")
    sip_call_id = models.CharField(max_length=255, blank=True, db_index=True, help_text="Call-ID of the caller's SIP dialog.")

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
    priority = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(10)], help_text="0 normal to 10; each step is a head start."
    )
    order_key = models.DateTimeField(null=True, blank=True, editable=False, help_text="Place in line: enqueued − priority × aging.")
    enqueued_at = models.DateTimeField(null=True, blank=True, help_text="Since when it waits in this queue.")
    not_before = models.DateTimeField(null=True, blank=True, editable=False, help_text="No further offer before this moment.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed offers so far in this queue.")

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
                condition=~Q(state__in=[states.ACTIVE, states.WRAP_UP]) | Q(agent__isnull=False), name="call_active_has_agent"
            ),
            models.CheckConstraint(condition=~Q(state=states.ENDED) | Q(ended_at__isnull=False), name="call_ended_has_time"),
        ]
        indexes = [
            models.Index(fields=["queue", "order_key", "id"], condition=Q(state=states.QUEUED), name="call_line"),
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
        ]

    def __str__(self) -> str:
        return f"Call {self.pk}"


class Segment(models.Model):
    """One stay in one queue, with the agent who handled it. The row behind every figure (entries = segments)."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="segments", help_text="Whose stay it is.")
    number = models.PositiveSmallIntegerField(help_text="1 for the first queue of the call, 2 for the next, …")
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="segments", help_text="Where it waited.")
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="segments", help_text="Who handled it.")
    outcome = models.CharField(
        max_length=10, choices=SegmentOutcome.choices, default=SegmentOutcome.WAITING, help_text="How the stay ended."
    )
    exit_reason = models.CharField(max_length=40, blank=True, help_text="Why it ended so.")
    entered_at = models.DateTimeField(help_text="When it entered the queue; figures are bucketed by it.")
    left_at = models.DateTimeField(null=True, blank=True, help_text="When the waiting ended, answered or not.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="Two-way audio with the agent.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="End of the conversation.")
    wrap_up_ended_at = models.DateTimeField(null=True, blank=True, help_text="End of the paperwork.")
    hold_seconds = models.FloatField(default=0, help_text="Time on hold, all holds added up.")
    hung_up_by = models.CharField(max_length=10, blank=True, help_text="caller, agent or system.")

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


class AgentStatePeriod(models.Model):
    """How long an agent was in a state: the source of occupancy, utilization and break times."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="periods", help_text="Who.")
    state = models.CharField(max_length=12, help_text="In which state.")
    break_reason = models.CharField(max_length=60, blank=True, help_text="Code of the break's reason.")
    began_at = models.DateTimeField(help_text="From when.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Until when; empty while it lasts.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent"], condition=Q(ended_at__isnull=True), name="period_one_open_per_agent")]
        indexes = [models.Index(fields=["agent", "began_at"], name="period_agent_time")]

    def __str__(self) -> str:
        return f"{self.agent} {self.state}"


class Lease(models.Model):
    """A job that one process at a time does (sweep, reaper): a row with an owner and a time to live."""

    name = models.CharField(max_length=40, primary_key=True, help_text="Which job.")
    owner = models.CharField(max_length=80, help_text="Who does it.")
    until = models.DateTimeField(help_text="Anybody may take it over after this.")

    def __str__(self) -> str:
        return self.name
