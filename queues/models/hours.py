"""Business hours: the week, the days that are different, and the times when everything is different."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q

from .. import hours_checks as checks


class Weekday(models.IntegerChoices):
    MONDAY = 0, "Monday"
    TUESDAY = 1, "Tuesday"
    WEDNESDAY = 2, "Wednesday"
    THURSDAY = 3, "Thursday"
    FRIDAY = 4, "Friday"
    SATURDAY = 5, "Saturday"
    SUNDAY = 6, "Sunday"


class ClosingAction(models.TextChoices):
    STAY = "stay", "They stay until they are served"
    FALLBACK = "fallback", "They take the fallback"


class Schedule(models.Model):
    name = models.CharField(max_length=80, unique=True, help_text="What people call these hours, e.g. Office hours.")
    slug = models.SlugField(unique=True, help_text="Stable name for call flows, spreadsheets and integrations.")
    timezone = models.CharField(max_length=60, default="UTC", help_text="Whose clock the times are on, e.g. Europe/Berlin.")
    country = models.CharField(
        max_length=2, blank=True, help_text="Closed on the public holidays of this country. Empty: no holidays but your own."
    )
    subdivision = models.CharField(
        "region",
        max_length=20,
        blank=True,
        help_text="By its code or name, for holidays that only this part of the country has: BY or Bayern.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name = "schedule"
        verbose_name_plural = "opening hours"

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        checks.check_schedule(self)


class OpeningSpan(models.Model):
    """Open from one time to another on a weekday."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="spans", help_text="Of which schedule.")
    weekday = models.PositiveSmallIntegerField(choices=Weekday.choices, help_text="The day on which it opens.")
    opens = models.TimeField(help_text="From this time on.")
    closes = models.TimeField(help_text="Up to this time; if it is not later than the beginning, on the next day. 00:00 to 00:00: all day.")

    class Meta:
        ordering = ["schedule", "weekday", "opens"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "weekday", "opens"], name="opening_span_once"),
            models.CheckConstraint(condition=Q(weekday__lte=6), name="opening_span_weekday_known"),
        ]

    def __str__(self) -> str:
        return f"{Weekday(self.weekday).label} {self.opens:%H:%M}–{self.closes:%H:%M}"


class SpecialDay(models.Model):
    """A public holiday that is treated otherwise than by closing all day, or a yearly day of one's own."""

    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="special_days", help_text="Of which schedule.")
    name = models.CharField(
        max_length=120, help_text="A public holiday of the country, as the list below names it, or the name of a day of your own."
    )
    month = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(12)],
        help_text="Only for a day of your own, which comes every year: 12 for December.",
    )  # fmt: skip
    day = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(31)], help_text="Of that month: 24 for Christmas Eve."
    )
    counts = models.BooleanField(default=True, help_text="Off: this public holiday is a day like any other.")
    opens = models.TimeField(null=True, blank=True, help_text="Special hours, from. Empty: closed all day.")
    closes = models.TimeField(null=True, blank=True, help_text="Special hours, to; if not later than the beginning, on the next day.")

    class Meta:
        ordering = ["schedule", "month", "day", "name"]
        verbose_name = "special day"
        constraints = [
            models.UniqueConstraint(fields=["schedule", "name"], name="special_day_once"),
            models.CheckConstraint(
                condition=Q(opens__isnull=True, closes__isnull=True) | Q(counts=True, opens__isnull=False, closes__isnull=False),
                name="special_day_opens_and_closes",
            ),
            models.CheckConstraint(
                condition=Q(month__isnull=True, day__isnull=True) | Q(counts=True, month__range=(1, 12), day__range=(1, 31)),
                name="special_day_has_date",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        checks.check_special_day(self)


class Closure(models.Model):
    """Closed, or open, out of turn: once, from one moment to another."""

    class Kind(models.TextChoices):
        CLOSED = "closed", "Closed"
        OPEN = "open", "Open"

    name = models.CharField(max_length=120, help_text="Why, e.g. Staff outing. Supervisors see it on their board.")
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.CLOSED, help_text="Closed, or open out of turn.")
    schedule = models.ForeignKey(
        Schedule, null=True, blank=True, on_delete=models.CASCADE, related_name="closures",
        help_text="For which opening hours. Empty: for all; an entry for one goes before those for all.",
    )  # fmt: skip
    from_date = models.DateField("from", help_text="First day, by the clock of each schedule.")
    from_time = models.TimeField("from time", null=True, blank=True, help_text="Time on that day. Empty: from its beginning.")
    to_date = models.DateField("to", help_text="Last day.")
    to_time = models.TimeField("to time", null=True, blank=True, help_text="Time on that day. Empty: to its end.")

    class Meta:
        ordering = ["-from_date", "-from_time", "name"]
        verbose_name = "closure or extra opening"
        verbose_name_plural = "closures and extra openings"
        constraints = [
            models.CheckConstraint(
                condition=Q(to_date__gt=F("from_date"))
                | Q(to_date=F("from_date")) & (Q(to_time__isnull=True) | Q(from_time__isnull=True) | Q(to_time__gt=F("from_time"))),
                name="closure_ends_after_it_begins",
            )
        ]
        indexes = [models.Index(fields=["to_date"], name="closure_to_date")]  # reading the hours passes over those long past

    def __str__(self) -> str:
        return f"{self.name}, {self.from_date:%Y-%m-%d}"

    @property
    def starts(self) -> datetime:
        """On the schedule's clock, as is `ends`."""
        return datetime.combine(self.from_date, self.from_time or time())

    @property
    def ends(self) -> datetime:
        if self.to_time is not None:
            return datetime.combine(self.to_date, self.to_time)
        return datetime.combine(self.to_date + timedelta(days=1), time())

    def clean(self) -> None:
        checks.check_closure(self)
