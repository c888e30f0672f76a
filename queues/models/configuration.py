"""What is set up: queues, who serves them, results to choose from."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from agents.models import Agent, Skill, Team

from ..querysets import QueueQuerySet
from ..validation import check_queue, check_rule, check_vip


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
    VOICEMAIL = "voicemail", "Leave a message in a voicemail box"


class LevelFormula(models.TextChoices):
    """How a service level is computed; what each is made of is in `queues.metrics.LEVELS`."""

    DEFAULT = "default", "Answered in time, of those who waited"
    ANSWERED = "answered", "Answered in time, of the answered"
    OVERFLOW = "overflow", "Answered in time, overflow counted"
    ANY_EXIT = "any-exit", "Left the queue in time"
    SL2 = "sl2", "Answered or gone in time"


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
    resume_seconds = models.PositiveSmallIntegerField(
        default=60, help_text="Who hung up while waiting and calls again within so many seconds gets the old place. 0: never."
    )
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
    voicemail_box = models.ForeignKey(
        "queues.VoicemailBox", null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="The box that takes the caller's message, if that is the fallback.",
    )  # fmt: skip
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
    service_level_formula = models.CharField(
        max_length=10, choices=LevelFormula.choices, default=LevelFormula.DEFAULT,
        help_text="What is divided by what; those who waited are the answered and the abandoned, without the short ones.",
    )  # fmt: skip
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
                condition=~Q(fallback=FallbackAction.VOICEMAIL) | Q(voicemail_box__isnull=False), name="queue_fallback_has_box"
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


class CallerPriority(models.Model):
    """A caller who is served sooner, whatever number was dialled."""

    number = models.CharField(
        max_length=80, unique=True,
        help_text="The caller's number as the network sends it, e.g. +4930123456, or a SIP user name; spaces and dashes do not matter. "
        "Anybody may pretend to be this number on a public number: the list is a courtesy, no proof.",
    )  # fmt: skip
    priority = models.PositiveSmallIntegerField(
        default=5, validators=[MaxValueValidator(10)], help_text="0 to 10; counts if it is higher than that of the dialled number."
    )
    note = models.CharField(max_length=200, blank=True, help_text="Who this is, and why.")

    class Meta:
        ordering = ["number"]
        verbose_name = "VIP caller"
        verbose_name_plural = "VIP callers"
        constraints = [models.CheckConstraint(condition=Q(priority__lte=10), name="caller_priority_known")]

    def __str__(self) -> str:
        return self.number

    def clean(self) -> None:
        check_vip(self)
