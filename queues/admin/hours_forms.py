"""Forms of opening hours: what is entered, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from callcenter.core import adminbase

from .. import hours_checks, hours_holidays
from ..hours import instant
from ..hours_reading import zone_of
from ..models import Closure, Queue, Schedule


def country_choices() -> list[tuple[str, str]]:
    return [("", "No public holidays"), *hours_holidays.countries().items()]


class ScheduleForm(forms.ModelForm):
    country = forms.ChoiceField(
        choices=country_choices, required=False, widget=adminbase.Select, help_text=Schedule._meta.get_field("country").help_text
    )

    class Meta:
        model = Schedule
        fields = ("name", "slug", "timezone", "country", "subdivision")
        widgets = {
            "subdivision": adminbase.TextInput(attrs={"list": "cc-regions"}),
            "timezone": adminbase.TextInput(attrs={"list": "cc-timezones"}),
        }


class OpeningSpanFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """Say at the later of two spans that they overlap."""
        super().clean()
        filled = [form for form in self.forms if _is_filled(form, "weekday", "opens", "closes")]
        for place, complaint in hours_checks.overlaps([form.instance for form in filled]).items():
            filled[place].add_error("opens", complaint)


class SpecialDayFormSet(forms.BaseInlineFormSet):
    def clean(self) -> None:
        """A day without a date must be a holiday of the country that is chosen above."""
        super().clean()
        schedule: Any = self.instance
        year = timezone.localdate().year
        # Some come only in some years; a row that was right once should not keep the page from being saved.
        names = holiday_names(schedule, range(year - 5, year + 6))
        for form in self.forms:
            if _is_filled(form, "name") and form.cleaned_data.get("month") is None and form.cleaned_data.get("day") is None:
                complaint = hours_checks.listing_complaint(form.cleaned_data["name"], names, schedule.country)
                if complaint:
                    form.add_error("name", complaint)


def holiday_names(schedule: Schedule, years: Iterable[int]) -> list[str]:
    """The public holidays of these years, each name once, in the order of the year."""
    if not schedule.country:
        return []
    listed = [hours_holidays.listed(schedule.country, schedule.subdivision, year) for year in years]
    return list(dict.fromkeys(name for year in listed for names in year.values() for name in names))


def _is_filled(form: Any, *fields: str) -> bool:
    """A row that is to be kept and whose fields are fit to be looked at together."""
    given = getattr(form, "cleaned_data", {})
    return bool(given) and not given.get("DELETE") and all(given.get(field) not in (None, "") for field in fields)


class ClosureForm(forms.ModelForm):
    class Meta:
        model = Closure
        fields = ("name", "kind", "schedule", "from_date", "from_time", "to_date", "to_time")
        widgets = {"from_time": adminbase.time_input(), "to_time": adminbase.time_input()}


class PreviewForm(forms.Form):
    """A moment, and a queue or a schedule."""

    queue = forms.ModelChoiceField(
        Queue.objects.all(), required=False, empty_label="–", widget=adminbase.Select, help_text="Its hours, and what a caller hears."
    )
    schedule = forms.ModelChoiceField(
        Schedule.objects.all(), required=False, empty_label="–", widget=adminbase.Select, label="Or opening hours",
        help_text="These alone, whoever uses them.",
    )  # fmt: skip
    date = forms.DateField(widget=adminbase.date_input(), help_text="By the clock of the opening hours.")
    time = forms.TimeField(widget=adminbase.time_input(), help_text="Hours and minutes.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if (given.get("queue") is None) == (given.get("schedule") is None) and not self.errors:
            self.add_error("queue", "Choose a queue or opening hours, one of them.")
        return given

    @property
    def moment(self) -> datetime:
        """The first moment at which the clock of the hours shows what was entered."""
        given = self.cleaned_data
        return instant(zone_of(clock_of(given["queue"], given["schedule"])), datetime.combine(given["date"], given["time"]))


def clock_of(queue: Queue | None, schedule: Schedule | None) -> str:
    """The name of the timezone whose clock is meant."""
    hours = schedule or (queue.schedule if queue else None)
    return hours.timezone if hours else queue.timezone if queue else "UTC"
