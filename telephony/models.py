"""SIP and media in rows: nodes and their call processes, registrations, trunks, legs."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from agents.models import Agent, Device
from queues.models import Call, Offer

from .validation import check_dial_rule, check_trunk


class Node(models.Model):
    """One telephony node: an edge and a pool of call processes on one machine."""

    name = models.CharField(max_length=60, unique=True, help_text="Unique name of the node.")
    pid = models.PositiveIntegerField(default=0, help_text="Process id of the node.")
    sip_address = models.CharField(max_length=80, blank=True, help_text="Where its edge listens, host:port; empty while it does not.")
    started_at = models.DateTimeField(default=timezone.now, help_text="When it started.")
    heartbeat_at = models.DateTimeField(
        null=True, default=timezone.now, help_text="Its last sign of life; empty when it stopped in good order."
    )
    draining = models.BooleanField(default=False, help_text="Takes no new calls; those in progress go on.")
    edge_restarts = models.PositiveIntegerField(default=0, help_text="How often its edge had to be started again.")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CallProcess(models.Model):
    """One customer call's process. The row outlives it: that is how the reaper finds what it left behind."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="processes", help_text="On which node.")
    name = models.CharField(max_length=60, help_text="Unique within the node.")
    pid = models.PositiveIntegerField(help_text="Process id.")
    sip_port = models.PositiveIntegerField(help_text="UDP port of its SIP stack.")
    call = models.ForeignKey(Call, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="The call it carries.")
    started_at = models.DateTimeField(default=timezone.now, help_text="When it took the call.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it ended.")
    exit_code = models.SmallIntegerField(null=True, blank=True, help_text="0 is clean; negative: killed by that signal.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["node", "name"], name="process_once_per_node")]
        indexes = [models.Index(fields=["node"], condition=Q(ended_at__isnull=True), name="process_alive")]

    def __str__(self) -> str:
        return self.name


class Registration(models.Model):
    """A Contact that an agent's phone registered (RFC 3261 10), with the address its request really came from."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="registration", help_text="The device it makes reachable.")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="registrations", help_text="Whose phone.")
    contact = models.CharField(max_length=255, help_text="The Contact URI as registered.")
    received_host = models.CharField(max_length=45, help_text="Address the request came from.")
    received_port = models.PositiveIntegerField(help_text="Port the request came from.")
    call_id = models.CharField(max_length=255, help_text="Call-ID of the registration.")
    cseq = models.BigIntegerField(help_text="CSeq of the last accepted refresh.")
    user_agent = models.CharField(max_length=120, blank=True, help_text="What the phone calls itself.")
    expires_at = models.DateTimeField(help_text="When it runs out unless refreshed.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "contact"], name="registration_contact_once")]
        indexes = [models.Index(fields=["expires_at"], name="registration_expiry")]

    def __str__(self) -> str:
        return self.contact


class Trunk(models.Model):
    """A provider or another system that may send us calls, known by address or by digest, and that may carry ours outside."""

    name = models.CharField(max_length=60, unique=True, help_text="What the trunk is called.")
    active = models.BooleanField(default=True, help_text="Off: treated as a stranger.")
    addresses = models.TextField(
        blank=True, help_text="One IPv4 address or network per line, such as 203.0.113.7 or 203.0.113.0/28. Empty: digest only."
    )
    username = models.CharField(max_length=40, blank=True, help_text="User name for digest authentication. Empty: by address only.")
    ha1_md5 = models.CharField(max_length=32, blank=True, editable=False, help_text="Hash of the password (RFC 2617).")
    ha1_sha256 = models.CharField(max_length=64, blank=True, editable=False, help_text="Hash of the password (RFC 8760).")
    max_calls = models.PositiveIntegerField(default=0, help_text="Most calls at once from this trunk. 0: no limit.")

    host = models.CharField(
        max_length=120,
        blank=True,
        help_text="Where our calls to the outside go: the provider's name or IPv4 address. Empty: none go there.",
    )
    port = models.PositiveIntegerField(
        default=5060, validators=[MinValueValidator(1), MaxValueValidator(65535)], help_text="UDP port of the provider, mostly 5060."
    )
    auth_username = models.CharField(
        max_length=80, blank=True, help_text="User name that the provider asks us for. Empty: it knows us by our address."
    )
    auth_secret = models.TextField(blank=True, editable=False, help_text="Password for the provider, encrypted.")
    registers = models.BooleanField(
        default=False, help_text="Register there, so that the provider knows where to send calls to us. Not needed if it knows our address."
    )
    registered_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Since when it is registered; empty: it is not.")
    domain = models.CharField(
        max_length=120, blank=True, help_text="Host in the sender's address that we use there. Empty: the host above."
    )
    caller_id = models.CharField(
        max_length=20, blank=True, help_text="Number that the people whom we call see, such as +4930123456. Empty: the user name."
    )
    allowed_prefixes = models.TextField(
        blank=True, help_text="How numbers must begin that may be called, one per line: +49 for all of Germany. Empty: none may be called."
    )
    premium_allowed = models.BooleanField(default=False, help_text="Numbers that cost extra (premium rate, shared cost) may be called too.")
    max_outgoing = models.PositiveIntegerField(
        default=5,
        validators=[MinValueValidator(1)],
        help_text="Most calls to the outside at once. Keep it near what you need: it bounds fraud.",
    )
    max_outgoing_per_hour = models.PositiveIntegerField(
        default=60,
        validators=[MinValueValidator(1)],
        help_text="Most calls to the outside that may begin within an hour; bounds fraud too.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["username"], condition=~Q(username=""), name="trunk_username_once")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        check_trunk(self)


class DialRule(models.Model):
    """Which trunk carries calls to numbers that begin so, and what it wants to be sent."""

    position = models.PositiveIntegerField(default=10, help_text="Rules are asked in this order, lowest first.")
    prefix = models.CharField(max_length=20, help_text="How the number begins, such as +49 or +4930; + alone is every number.")
    trunk = models.ForeignKey(
        Trunk,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text="Carries the call; if it has no room, the next rule that fits is asked.",
    )
    strip = models.PositiveSmallIntegerField(
        default=0, validators=[MaxValueValidator(20)], help_text="So many characters are taken off the front, the + included."
    )
    prepend = models.CharField(
        max_length=20, blank=True, help_text="Then these digits are put in front, such as 00 for providers that want no +."
    )
    active = models.BooleanField(default=True, help_text="Off: passed over.")
    note = models.CharField(max_length=200, blank=True, help_text="What it is for.")

    class Meta:
        ordering = ["position", "id"]

    def __str__(self) -> str:
        return f"{self.prefix} by {self.trunk}"

    def clean(self) -> None:
        check_dial_rule(self)


class OutboundCall(models.Model):
    """Leave to call one number through one trunk, given under the trunk's lock: what its limits are counted by."""

    class Purpose(models.TextChoices):
        CALLBACK = "callback", "Callback"
        TRANSFER = "transfer", "Transfer"
        DIALLED = "dialled", "Dialled by an agent"

    trunk = models.ForeignKey(Trunk, on_delete=models.PROTECT, related_name="outbound_calls", help_text="Which trunk.")
    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="outbound_calls", help_text="For which call.")
    number = models.CharField(max_length=20, help_text="Who is called, in E.164.")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, help_text="What for.")
    permitted_at = models.DateTimeField(default=timezone.now, help_text="When it was allowed.")
    ended_at = models.DateTimeField(
        null=True, blank=True, help_text="When this attempt was over. Empty: in use as long as its call is on the line."
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["trunk", "permitted_at"], name="outbound_trunk_time"),
            models.Index(fields=["trunk"], condition=Q(ended_at__isnull=True), name="outbound_open"),
        ]

    def __str__(self) -> str:
        return f"{self.call} by {self.trunk}"


class Leg(models.Model):
    """One SIP dialog of a call. The dialog's data is stored so that a BYE can be sent after its process died."""

    class Role(models.TextChoices):
        CALLER = "caller", "Caller"
        AGENT = "agent", "Agent"
        OUTSIDE = "outside", "Number outside"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="legs", help_text="Which call.")
    number = models.PositiveSmallIntegerField(
        default=0, help_text="0 is the caller's leg; the others in the order in which they were dialled."
    )
    role = models.CharField(max_length=8, choices=Role.choices, help_text="Who is at the other end.")
    agent = models.ForeignKey(Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="legs", help_text="Which agent.")
    offer = models.ForeignKey(
        Offer, null=True, blank=True, on_delete=models.SET_NULL, related_name="legs", help_text="For which offer it rang."
    )
    sip_call_id = models.CharField(max_length=255, help_text="Call-ID of the dialog.")
    dialog = models.JSONField(default=dict, help_text="Tags, targets, route set and CSeq of a confirmed dialog (RFC 3261 12).")
    began_at = models.DateTimeField(default=timezone.now, help_text="INVITE received or sent.")
    answered_at = models.DateTimeField(null=True, blank=True, help_text="When it was answered.")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="When it ended.")
    sip_status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Last SIP status.")
    codec = models.CharField(max_length=20, blank=True, help_text="Negotiated codec.")
    rx_packets = models.PositiveIntegerField(default=0, help_text="RTP packets received.")
    tx_packets = models.PositiveIntegerField(default=0, help_text="RTP packets sent.")
    loss_percent = models.FloatField(null=True, blank=True, help_text="Received packets lost, in per cent.")
    jitter_ms = models.FloatField(null=True, blank=True, help_text="Mean jitter of received packets, in milliseconds.")
    rtt_ms = models.FloatField(null=True, blank=True, help_text="Mean round trip by RTCP, in milliseconds.")
    mos = models.FloatField(null=True, blank=True, help_text="Estimated listening quality, 1 (bad) to 4.5, by the E-model (ITU-T G.107).")

    class Meta:
        ordering = ["call", "number"]
        constraints = [models.UniqueConstraint(fields=["call", "number"], name="leg_number_once")]
        indexes = [
            models.Index(fields=["sip_call_id"], name="leg_sip_call_id"),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.call}"
