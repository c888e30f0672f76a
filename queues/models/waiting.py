"""What waiting callers of a queue hear, and the ways that lead out of it without an agent."""

from __future__ import annotations

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from ..waiting_checks import check_announcement, check_music, check_way_out
from ..ways import kind_choices, kind_of, plain
from .configuration import Queue


class Announcement(models.Model):
    """Something that is said to whoever waits in the queue, once or again and again."""

    class Kind(models.TextChoices):
        GREETING = "greeting", "Greeting"
        POSITION = "position", "Place in line"
        ESTIMATE = "estimate", "Estimated wait"
        MESSAGE = "message", "Message"
        REOFFER = "reoffer", "Comfort after an agent did not answer"

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="announcements", help_text="Whose callers hear it.")
    kind = models.CharField(
        max_length=10, choices=Kind.choices, default=Kind.MESSAGE,
        help_text="Greeting: once, on entry. Place and estimated wait: composed anew each time, in the queue's language. "
        "Comfort: when an agent was rung and the caller is back in line.",
    )  # fmt: skip
    text = models.TextField(blank=True, help_text="What the voice says. For place and estimated wait: said before it, may be empty.")
    first_after = models.PositiveIntegerField(default=0, help_text="Seconds of waiting before it is said for the first time. 0: on entry.")
    every = models.PositiveIntegerField(
        default=0, help_text="Seconds from one time to the next. 0: said once. For the comfort: said at most so often."
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order of what is due in the same moment, lowest first.")
    active = models.BooleanField(default=True, help_text="Off: not said, kept for later.")

    class Meta:
        ordering = ["queue", "position", "id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.queue}"

    def clean(self) -> None:
        check_announcement(self)


class Music(models.Model):
    """One file of a queue's music on hold."""

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="music_files", help_text="Whose callers hear it.")
    file = models.FileField(
        upload_to="music/", help_text="WAV, MP3, Ogg, FLAC or G.711, half an hour at most; brought to the right loudness."
    )
    position = models.PositiveSmallIntegerField(default=0, help_text="Order of the files, lowest first.")

    class Meta:
        ordering = ["queue", "position", "id"]
        verbose_name = "piece of music"
        verbose_name_plural = "music on hold"

    def __str__(self) -> str:
        return f"{str(self.file).rpartition('/')[2]} for {self.queue}"

    def clean(self) -> None:
        check_music(self)


class WayOut(models.Model):
    """When a caller leaves a queue without an agent, and what comes next.

    Of the rows of a queue that apply the first by `position` is taken; what the next step does is told by its kind
    (`queues.ways`).
    """

    class When(models.TextChoices):
        """Why: a limit of the queue, or one of the rules with a threshold of its own."""

        OTHERWISE = "otherwise", "Whenever no other row says what to do"
        CLOSED = "closed", "The queue is closed"
        FULL = "full", "The queue is full"
        NOBODY_THERE = "nobody_there", "Nobody is there"
        MAX_WAIT = "max_wait", "The longest wait is over"
        NO_AGENT = "no_agent", "The longest wait without agents is over"
        RETRY_LIMIT = "retry_limit", "The attempts are used up"
        LENGTH = "length", "Overflow: more than … callers in line"
        LONGEST = "longest", "Overflow: the first in line waits … seconds (for new callers)"
        WAITED = "waited", "Overflow: the caller has waited … seconds"
        PER_AGENT = "per_agent", "Overflow: more than … callers in line per working agent"

    queue = models.ForeignKey(Queue, on_delete=models.CASCADE, related_name="ways_out", help_text="The queue that is left.")
    position = models.PositiveSmallIntegerField(default=0, help_text="Order of the rows, lowest first: the first that applies is taken.")
    when = models.CharField(
        max_length=14, choices=When.choices, default=When.OTHERWISE,
        help_text="The first rows name limits set above; rules of overflow are looked at on entry and again while callers wait.",
    )  # fmt: skip
    threshold = models.DecimalField(
        max_digits=7, decimal_places=1, null=True, blank=True, validators=[MinValueValidator(0)],
        help_text="For rules of overflow: callers, seconds, or callers per working agent.",
    )  # fmt: skip
    kind = models.CharField(max_length=14, choices=kind_choices, default="hang_up", help_text="The next step.")
    next_queue = models.ForeignKey(
        Queue, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="The queue that takes over."
    )
    keeps_place = models.BooleanField(default=True, help_text="The call brings its waiting time to the next queue.")
    target = models.CharField(max_length=80, blank=True, help_text="Where the other kinds lead, such as the voicemail box.")
    message = models.TextField(
        blank=True,
        help_text="Spoken before the line is closed. Empty: nothing. Another queue says its own greeting; voicemail, where "
        "callers hear the greeting of the box, says this only if the box takes no messages.",
    )  # fmt: skip

    class Meta:
        ordering = ["queue", "position", "id"]
        verbose_name = "way out"
        verbose_name_plural = "ways out"
        constraints = [
            models.CheckConstraint(condition=~Q(kind="queue") | Q(next_queue__isnull=False), name="way_out_to_queue_has_queue"),
            models.CheckConstraint(condition=Q(next_queue__isnull=True) | ~Q(next_queue=models.F("queue")), name="way_out_leads_elsewhere"),
            models.CheckConstraint(
                condition=~Q(when__in=["length", "longest", "waited", "per_agent"]) | Q(threshold__isnull=False),
                name="way_out_rule_has_threshold",
            ),
        ]

    def __str__(self) -> str:
        when = str(self.get_when_display()).replace("…", plain(self.threshold))
        return f"{when}: {kind_of(self.kind).label}"

    def clean(self) -> None:
        check_way_out(self)
