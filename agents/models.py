"""Who answers calls: agents, their teams and skills, the reasons for breaks, and the devices that ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from callcenter.core.stateful import Stateful

from .querysets import AgentQuerySet, DeviceQuerySet
from .states import AGENT, AVAILABLE, BREAK, OFFLINE, ON_CALL, RINGING

if TYPE_CHECKING:
    from callcenter.core.machine import Machine

extension_format = RegexValidator(r"^[0-9]{2,10}$", "An extension is 2 to 10 digits, such as 1001.")
sip_name_format = RegexValidator(
    r"^[A-Za-z0-9._-]{1,40}$", "A SIP user name has letters, digits, dot, dash and underscore only, 40 at most."
)


class Team(models.Model):
    name = models.CharField(max_length=80, unique=True, help_text="What the team is called.")
    supervisors = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="supervised_teams",
        help_text="Who sees this team on the dashboard. A supervisor without any team sees everybody.",
    )  # fmt: skip

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Skill(models.Model):
    name = models.CharField(max_length=60, unique=True, help_text="What an agent can do, such as Spanish or Invoices.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BreakReason(models.Model):
    name = models.CharField(max_length=60, unique=True, help_text="What agents see in the list of breaks.")
    code = models.SlugField(unique=True, help_text="Stable name for reports and integrations.")
    paid = models.BooleanField(default=True, help_text="Counts as paid time in reports.")
    max_minutes = models.PositiveIntegerField(
        null=True, blank=True, help_text="After this many minutes the break is marked as too long. Empty: no limit."
    )
    selectable = models.BooleanField(
        default=True, help_text="Agents may choose it. Off for reasons that only the system sets, such as missed calls."
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order in the list, lowest first.")

    class Meta:
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


class Agent(Stateful):
    """A person who takes calls. The state is what the agent wants and does; reachability is in the devices."""

    machine: ClassVar[Machine] = AGENT
    subject: ClassVar[str] = "agent"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="agent", help_text="The log-in of this agent."
    )
    name = models.CharField(max_length=80, help_text="As supervisors and reports show it.")
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.SET_NULL, related_name="agents",
        help_text="The team the agent belongs to; queues may take whole teams.",
    )  # fmt: skip
    extension = models.CharField(
        max_length=10, unique=True, validators=[extension_format], help_text="The number that reaches this agent inside."
    )
    active = models.BooleanField(default=True, help_text="Off: cannot log in, register a phone or get calls.")

    # The phone's log-in. HA1 = H(user:realm:password) is stored, the password never is (RFC 7616, RFC 8760).
    sip_username = models.CharField(
        "SIP user name",
        max_length=40,
        unique=True,
        validators=[sip_name_format],
        help_text="User name that the agent's phone registers with.",
    )
    sip_ha1_md5 = models.CharField(max_length=32, blank=True, editable=False, help_text="Hash of the phone's password (RFC 2617).")
    sip_ha1_sha256 = models.CharField(max_length=64, blank=True, editable=False, help_text="Hash of the phone's password (RFC 8760).")

    max_concurrent_calls = models.PositiveSmallIntegerField(
        default=1, validators=[MinValueValidator(1), MaxValueValidator(10)],
        help_text="How many calls the agent may have at once.",
    )  # fmt: skip
    max_misses = models.PositiveSmallIntegerField(
        default=3, help_text="After this many missed calls in a row the agent is put on a break. 0: never."
    )
    ready_when_registered = models.BooleanField(
        default=False, help_text="Becomes available when the phone registers, and goes offline when it signs off."
    )

    state = models.CharField(max_length=12, choices=AGENT.choices, default=OFFLINE, editable=False, help_text="What the agent does now.")
    break_reason = models.ForeignKey(
        BreakReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False,
        help_text="Why the agent is on a break.",
    )  # fmt: skip
    # A wish, applied when the call or wrap-up is over; not a state of its own.
    next_state = models.CharField(
        max_length=12,
        blank=True,
        editable=False,
        choices=[(s.name, s.label) for s in AGENT.states if s.name in (BREAK, OFFLINE)],
        help_text="What the agent wants to do after the present call.",
    )
    next_break_reason = models.ForeignKey(
        BreakReason, null=True, blank=True, on_delete=models.PROTECT, related_name="+", editable=False,
        help_text="Why the agent wants a break after the present call.",
    )  # fmt: skip

    open_calls = models.PositiveSmallIntegerField(default=0, editable=False, help_text="Offers and calls in the agent's hands.")
    logged_in_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Start of the shift.")
    ready_at = models.DateTimeField(default=timezone.now, editable=False, help_text="No offers before this moment (cool-down).")
    wrap_up_until = models.DateTimeField(null=True, blank=True, editable=False, help_text="When wrap-up ends by itself.")
    last_released_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When the last call was over.")
    last_offered_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="When a call was offered last.")
    misses_in_row = models.PositiveSmallIntegerField(default=0, editable=False, help_text="Missed calls since the last answered one.")
    calls_since_login = models.PositiveIntegerField(default=0, editable=False, help_text="Answered since the shift began.")
    talk_seconds_since_login = models.PositiveIntegerField(default=0, editable=False, help_text="Talked since the shift began.")
    answered_on = models.DateField(null=True, blank=True, editable=False, help_text="The day of the last answered call.")
    answered_today = models.PositiveIntegerField(default=0, editable=False, help_text="Answered on that day, all shifts together.")

    objects = AgentQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(open_calls__lte=F("max_concurrent_calls")), name="agent_open_calls_bounded"),
            models.CheckConstraint(condition=Q(state__in=[s.name for s in AGENT.states]), name="agent_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=[RINGING, ON_CALL], open_calls__gt=0) | (~Q(state__in=[RINGING, ON_CALL]) & Q(open_calls=0)),
                name="agent_state_matches_calls",
            ),
            models.CheckConstraint(
                condition=Q(state=BREAK, break_reason__isnull=False) | (~Q(state=BREAK) & Q(break_reason__isnull=True)),
                name="agent_break_has_reason",
            ),
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state=AVAILABLE), name="agent_available")]

    def __str__(self) -> str:
        return self.name


class AgentSkill(models.Model):
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="skills", help_text="Who has the skill.")
    skill = models.ForeignKey(Skill, on_delete=models.CASCADE, related_name="agents", help_text="Which skill.")
    level = models.PositiveSmallIntegerField(
        default=3, validators=[MinValueValidator(1), MaxValueValidator(5)], help_text="1 (some) to 5 (expert)."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "skill"], name="agent_skill_once"),
            models.CheckConstraint(condition=Q(level__range=(1, 5)), name="agent_skill_level_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.skill} {self.level}"


class Device(models.Model):
    """One phone of an agent that can ring while its lease lasts: a SIP registration."""

    class Kind(models.TextChoices):
        SIP = "sip", "SIP phone"
        BROWSER = "browser", "Browser"

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="devices", help_text="Whose phone it is.")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.SIP, help_text="How it is reached.")
    key = models.CharField(max_length=255, help_text="What tells this device from the agent's others: its contact address.")
    label = models.CharField(max_length=120, blank=True, help_text="What the device calls itself.")
    rings = models.BooleanField(default=True, help_text="Ring this device for calls.")
    lease_until = models.DateTimeField(help_text="It counts as reachable until then; renewed by registration or heartbeat.")
    since = models.DateTimeField(default=timezone.now, help_text="When it appeared.")

    objects = DeviceQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "kind", "key"], name="device_once_per_agent")]
        indexes = [models.Index(fields=["agent", "lease_until"], name="device_lease")]

    def __str__(self) -> str:
        return self.label or self.key
