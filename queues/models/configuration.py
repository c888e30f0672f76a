"""What is set up: queues, who serves them, results to choose from."""

from __future__ import annotations

from datetime import time

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from agents.models import Agent, Skill, Team

from ..demand import NORMAL_WEIGHT
from ..querysets import QueueQuerySet
from ..skills import HEAVIEST
from ..validation import check_queue, check_rule, check_vip
from .hours import ClosingAction, Schedule

language_code = RegexValidator(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", "Write a code such as en, de or en-us.")


class Strategy(models.TextChoices):
    """Exact definitions: `queues.strategies`."""

    LONGEST_IDLE = "longest-idle", "Longest idle"
    ROUND_ROBIN = "round-robin", "Round robin"
    LINEAR = "linear", "Linear"
    FEWEST_CALLS = "fewest-calls", "Fewest calls since login"
    FEWEST_TODAY = "fewest-today", "Fewest calls today"
    LEAST_TALK_TIME = "least-talk-time", "Least talk time since login"
    RANDOM = "random", "Random"
    WEIGHTED_RANDOM = "weighted-random", "Random by capacity score"
    SKILLS_WEIGHTED = "skills-weighted", "Best skills"
    STICKY = "sticky", "Last agent of the caller (sticky)"
    RING_ALL = "ring-all", "Ring all"
    RING_PROGRESSIVELY = "ring-progressively", "Ring one more at a time"


SECOND_STRATEGIES = [(value, label) for value, label in Strategy.choices if value != Strategy.STICKY]


class AnswerMode(models.TextChoices):
    ANSWER = "answer", "Answer at once, then music"
    RINGBACK = "ringback", "Ringing tone until an agent answers"
    EARLY_MEDIA = "early-media", "Music before the answer (not billed)"


class MusicOrder(models.TextChoices):
    IN_ORDER = "in-order", "One after the other"
    SHUFFLED = "shuffled", "Shuffled anew for each caller"


class CallbackOffer(models.TextChoices):
    OFF = "off", "Never"
    ANNOUNCED = "announced", "With every announcement"
    AFTER = "after", "Once, after a time"


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
    second_strategy = models.CharField(
        max_length=20, choices=SECOND_STRATEGIES, default=Strategy.LONGEST_IDLE,
        help_text="Sticky: which agent gets the call when the caller's last one cannot take it.",
    )  # fmt: skip
    sticky_days = models.PositiveSmallIntegerField(
        default=30, validators=[MinValueValidator(1)],
        help_text="Sticky: the agent who talked to this caller last counts for so many days.",
    )  # fmt: skip
    sticky_seconds = models.PositiveSmallIntegerField(
        default=20, help_text="Sticky: so many seconds a call waits for that agent if the agent is at work but busy. 0: not at all."
    )
    progressive_seconds = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(120)], help_text="One more agent is rung each so many seconds."
    )
    requirement = models.ForeignKey(
        "queues.Requirement", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+",
        help_text="The required skills of the queue as one set.",
    )  # fmt: skip
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
    language = models.CharField(
        max_length=12, default="en",
        validators=[language_code],
        help_text="Language of the voice, e.g. en or de. Place and estimated wait are composed in English and German.",
    )  # fmt: skip
    music_order = models.CharField(
        max_length=10, choices=MusicOrder.choices, default=MusicOrder.IN_ORDER,
        help_text="How several pieces of music follow each other. After an announcement the music goes on where it was.",
    )  # fmt: skip

    ring_seconds = models.PositiveSmallIntegerField(
        default=20, validators=[MinValueValidator(3), MaxValueValidator(120)], help_text="How long an agent's phone rings."
    )
    ring_shrink = models.PositiveSmallIntegerField(
        default=100, validators=[MinValueValidator(10), MaxValueValidator(100)],
        help_text="Per cent of the ring time that each further attempt for the same call has. 100: always the same.",
    )  # fmt: skip
    retry_limit = models.PositiveSmallIntegerField(default=10, help_text="Failed offers after which the way out is taken. 0: no limit.")
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
    max_wait = models.PositiveIntegerField(default=0, help_text="Seconds after which a waiting call takes the way out. 0: no limit.")
    max_wait_no_agent = models.PositiveIntegerField(
        default=0, help_text="Seconds after which it takes the way out if nobody is there; five at least. 0: no limit."
    )
    join_empty = models.BooleanField(default=True, help_text="Callers may enter although nobody is there.")
    leave_empty = models.BooleanField(
        default=False, help_text="Waiting callers take the way out as soon as nobody is there; newcomers after five seconds."
    )
    absent_paused = models.BooleanField("on a break is absent", default=False, help_text="Agents on a break do not count as there.")
    absent_unreachable = models.BooleanField(
        "out of reach is absent", default=False, help_text="Agents whose phone cannot be reached do not count as there."
    )
    absent_wrapping_up = models.BooleanField(
        "in wrap-up is absent", default=False, help_text="Agents who write up a call do not count as there."
    )
    absent_busy = models.BooleanField(
        "busy is absent", default=False, help_text="Agents who are rung or talk do not count as there, unless they can take more calls."
    )
    helper = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="helps",
        help_text="Its free agents are lent: they are offered callers of this queue who waited long enough, while none of their own wait.",
    )  # fmt: skip
    lend_after = models.PositiveIntegerField(
        default=60, help_text="Seconds that a caller has waited before the helper's agents are asked too. The caller keeps the place here."
    )

    schedule = models.ForeignKey(
        Schedule, null=True, blank=True, on_delete=models.PROTECT, related_name="queues", help_text="When the queue is open. Empty: always."
    )
    closing_action = models.CharField(
        max_length=8, choices=ClosingAction.choices, default=ClosingAction.STAY,
        help_text="What becomes of those who still wait when the queue closes.",
    )  # fmt: skip
    closed_message = models.TextField(
        blank=True, help_text="Spoken before hanging up on who calls outside the opening hours. Empty: the message of the fallback."
    )
    holiday_message = models.TextField(blank=True, help_text="Spoken instead on holidays. Empty: the same as outside the opening hours.")

    callback_offer = models.CharField(
        max_length=10, choices=CallbackOffer.choices, default=CallbackOffer.OFF,
        help_text="When waiting callers are told that they may be called back. They keep their place in line.",
    )  # fmt: skip
    callback_after = models.PositiveIntegerField(default=60, help_text="Seconds of waiting after which they are told, if once.")
    callback_key = models.CharField(
        max_length=1, default="1", validators=[RegexValidator(r"^[0-9*]$", "One key of the phone: 0 to 9 or *.")],
        help_text="The key that callers press to be called back.",
    )  # fmt: skip
    callback_choose_time = models.BooleanField(
        default=False, verbose_name="chosen times", help_text="Callers may be called back in a window of time that they choose by keys."
    )
    callback_window_minutes = models.PositiveSmallIntegerField(
        default=60, validators=[MinValueValidator(15), MaxValueValidator(240)],
        help_text="Length of a window in minutes; the first begins with the hours for callbacks. 60 is said and understood best.",
    )  # fmt: skip
    callback_window_places = models.PositiveSmallIntegerField(
        default=5, validators=[MinValueValidator(1), MaxValueValidator(500)],
        help_text="How many callbacks are promised for one window. Who comes after them chooses another.",
    )  # fmt: skip
    callback_days_ahead = models.PositiveSmallIntegerField(
        default=3, validators=[MaxValueValidator(14)], help_text="How many days ahead callers may choose; 0 is today only."
    )
    callback_from = models.TimeField(default=time(9), help_text="Nobody is called back before this, in the queue's timezone.")
    callback_until = models.TimeField(default=time(20), help_text="Nor from this on. The same as before: at any time of the day.")
    callback_attempts = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(20)], help_text="How often somebody who is not reached is called."
    )
    callback_retry_minutes = models.PositiveSmallIntegerField(
        default=15, validators=[MinValueValidator(1)], help_text="Minutes between two of these attempts."
    )
    callback_expires_hours = models.PositiveSmallIntegerField(
        default=48, validators=[MinValueValidator(1)], help_text="Hours after which a callback that did not succeed is given up."
    )
    callback_ring_seconds = models.PositiveSmallIntegerField(
        default=40, validators=[MinValueValidator(10), MaxValueValidator(120)], help_text="How long the customer's phone rings."
    )

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
            models.CheckConstraint(condition=Q(helper__isnull=True) | ~Q(helper=models.F("id")), name="queue_helper_is_another"),
            models.CheckConstraint(condition=~Q(second_strategy=Strategy.STICKY), name="queue_second_strategy_not_sticky"),
            models.CheckConstraint(condition=Q(progressive_seconds__gte=1), name="queue_progressive_seconds_positive"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_queue(self)

    @property
    def usual_strategy(self) -> str:
        """What decides about calls that are kept for nobody."""
        return self.second_strategy if self.strategy == Strategy.STICKY else self.strategy


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
    weight = models.PositiveSmallIntegerField(
        "capacity score", default=NORMAL_WEIGHT, validators=[MinValueValidator(1), MaxValueValidator(HEAVIEST)],
        help_text="1 to 100; 10 is usual. With 5 the agent gets half as many of this queue's calls as a colleague with 10.",
    )  # fmt: skip
    logged_in = models.BooleanField(default=True, help_text="Takes calls of this queue now; agents may log out of one queue.")

    class Meta:
        ordering = ["queue", "tier", "position", "agent"]
        constraints = [
            models.UniqueConstraint(fields=["queue", "agent"], name="membership_once"),
            models.CheckConstraint(condition=Q(weight__range=(1, HEAVIEST)), name="membership_weight_bounded"),
        ]
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
