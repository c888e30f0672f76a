"""Opening hours in the admin: what managers enter, what is refused with which remedy, and what the pages tell."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callcenter.core import roles
from callcenter.core.models import LogEntry
from queues.models import Closure, OpeningSpan, Schedule, SpecialDay
from queues.resources import ClosureResource

from . import cast
from .forms import client_of, errors, inlines

pytestmark = pytest.mark.django_db

ADD = reverse("admin:queues_schedule_add")
PREVIEW = reverse("admin:queues_schedule_preview")


def entered(*spans: tuple[int, str, str], special: tuple[dict[str, Any], ...] = (), **fields: Any) -> dict[str, Any]:
    """What the form of a schedule sends."""
    given = {"name": "Office", "slug": "office", "timezone": "Europe/Berlin", "country": "", "subdivision": ""} | fields
    given |= inlines("spans", "special_days") | {"spans-TOTAL_FORMS": len(spans), "special_days-TOTAL_FORMS": len(special)}
    for row, (weekday, opens, closes) in enumerate(spans):
        given |= {f"spans-{row}-weekday": weekday, f"spans-{row}-opens": opens, f"spans-{row}-closes": closes}
    for row, day in enumerate(special):
        given |= {f"special_days-{row}-{name}": value for name, value in ({"counts": "on"} | day).items() if value is not None}
    return given


def complaints(answer: Any) -> dict[str, list[str]]:
    """By field, of all rows of the inlines."""
    assert answer.status_code == 200, answer.headers
    found: dict[str, list[str]] = {}
    for formset in answer.context["inline_admin_formsets"]:
        for form in formset.formset.forms:
            for field, texts in form.errors.items():
                found.setdefault(field, []).extend(str(text) for text in texts)
    return found


# Entering


def test_a_new_schedule_begins_with_the_usual_week_and_is_saved_as_it_stands(manager: Client) -> None:
    shown = manager.get(ADD).context["inline_admin_formsets"][0].formset
    week = [(form["weekday"].value(), form["opens"].value(), form["closes"].value()) for form in shown.forms]
    assert week == [(day, "08:00", "18:00") for day in range(5)]
    assert manager.post(ADD, entered(*week)).status_code == 302
    office = Schedule.objects.get(slug="office")
    assert list(office.spans.values_list("weekday", "opens", "closes")) == [(day, time(8), time(18)) for day in range(5)]
    assert LogEntry.objects.get(type="schedule.added").data["name"] == "Office"


def test_a_region_may_be_given_by_its_name(manager: Client) -> None:
    assert manager.post(ADD, entered(country="DE", subdivision="bayern")).status_code == 302
    assert Schedule.objects.get(slug="office").subdivision == "BY"


def test_special_days_are_saved(manager: Client) -> None:
    special: tuple[dict[str, Any], ...] = (
        {"name": "Epiphany", "counts": None},
        {"name": "Christmas Eve", "month": "12", "day": "24", "opens": "08:00", "closes": "12:00"},
        {"name": "Leap day", "month": "2", "day": "29"},
    )
    assert manager.post(ADD, entered(country="DE", subdivision="BY", special=special)).status_code == 302
    assert SpecialDay.objects.filter(schedule__slug="office").count() == 3


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"timezone": "Berlin"}, "Did you mean Europe/Berlin?"),
        ({"country": "XX"}, "Select a valid choice"),
        ({"country": "DE", "subdivision": "Texas"}, "There are: BB (Brandenburg), BE (Berlin)"),
        ({"subdivision": "BY"}, "Choose the country that this region belongs to"),
    ],
)
def test_a_schedule_is_refused_with_the_remedy(manager: Client, fields: dict[str, Any], remedy: str) -> None:
    assert remedy in errors(manager.post(ADD, entered(**fields)))


def test_a_country_without_data_is_refused_wherever_it_comes_from() -> None:
    with pytest.raises(ValidationError, match="No holidays are known of “ZZ”"):
        Schedule(name="Office", slug="office", timezone="UTC", country="zz").full_clean()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0, "08:00", "12:00"), (0, "11:00", "18:00")),
        ((0, "20:00", "02:00"), (1, "01:00", "05:00")),
        ((6, "22:00", "06:00"), (0, "05:00", "18:00")),
        ((0, "05:00", "18:00"), (6, "22:00", "06:00")),
        ((2, "00:00", "00:00"), (2, "12:00", "13:00")),
    ],
)
def test_spans_that_overlap_are_refused_at_the_later_one(manager: Client, first: Any, second: Any) -> None:
    [complaint] = complaints(manager.post(ADD, entered(first, second)))["opens"]
    assert complaint.startswith("Overlaps ")
    assert "make them one" in complaint


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((0, "08:00", "12:00"), (0, "12:00", "18:00")),
        ((6, "22:00", "06:00"), (0, "06:00", "18:00")),
        ((2, "00:00", "00:00"), (3, "00:00", "00:00")),
    ],
)
def test_spans_that_only_touch_are_fine(manager: Client, first: Any, second: Any) -> None:
    assert manager.post(ADD, entered(first, second)).status_code == 302


@pytest.mark.parametrize(
    ("day", "field", "remedy"),
    [
        ({"name": "Epifany"}, "name", "Did you mean Epiphany"),
        ({"name": "Company day"}, "name", "A day of your own needs its month and day"),
        ({"name": "Company day", "month": "4"}, "day", "needs both month and day"),
        ({"name": "Company day", "month": "4", "day": "31"}, "day", "There is no day 31 in month 4"),
        ({"name": "Company day", "month": "4", "day": "1", "counts": None}, "counts", "leave it out"),
        ({"name": "Epiphany", "opens": "08:00"}, "closes", "Until when?"),
        ({"name": "Epiphany", "closes": "12:00"}, "opens", "From when?"),
        ({"name": "Epiphany", "counts": None, "opens": "08:00", "closes": "12:00"}, "opens", "has the hours of its weekday"),
    ],
)
def test_a_special_day_is_refused_with_the_remedy(manager: Client, day: dict[str, Any], field: str, remedy: str) -> None:
    answer = manager.post(ADD, entered(country="DE", subdivision="BY", special=(day,)))
    assert remedy in " ".join(complaints(answer)[field])


def test_without_a_country_there_is_no_public_holiday_to_name(manager: Client) -> None:
    answer = manager.post(ADD, entered(special=({"name": "Epiphany"},)))
    assert "Without a country" in complaints(answer)["name"][0]


# Closures


def closing(**fields: Any) -> dict[str, Any]:
    given = {"name": "Outing", "kind": "closed", "schedule": "", "from_date": "2026-11-20", "from_time": "12:00"}
    return given | {"to_date": "2026-11-20", "to_time": ""} | fields


def test_a_supervisor_closes_the_lines_and_ends_it_sooner_but_erases_nothing() -> None:
    supervisor = client_of(roles.SUPERVISOR)
    assert supervisor.post(reverse("admin:queues_closure_add"), closing()).status_code == 302
    closure = Closure.objects.get()
    assert supervisor.post(reverse("admin:queues_closure_change", args=[closure.pk]), closing(to_time="13:00")).status_code == 302
    closure.refresh_from_db()
    assert closure.to_time == time(13)
    assert supervisor.post(reverse("admin:queues_closure_delete", args=[closure.pk]), {"post": "yes"}).status_code == 403
    assert client_of(roles.AUDITOR).post(reverse("admin:queues_closure_add"), closing()).status_code == 403
    assert list(LogEntry.objects.filter(type__startswith="closure.").order_by("id").values_list("type", flat=True)) == [
        "closure.added", "closure.changed",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"to_date": "2026-11-19"}, "It would end before it begins, on 2026-11-20"),
        ({"to_time": "12:00"}, "It would end before it begins, at 12:00"),
        ({"from_time": "", "to_time": "00:00"}, "at 00:00. Choose a later time, or none for the end of the day"),
        ({"to_date": "2026-02-30"}, "Enter a valid date"),
    ],
)
def test_a_closure_is_refused_with_the_remedy(manager: Client, fields: dict[str, str], remedy: str) -> None:
    assert remedy in errors(manager.post(reverse("admin:queues_closure_add"), closing(**fields)))


def test_closures_go_out_to_a_spreadsheet_and_come_back() -> None:
    office = cast.schedule()
    Closure.objects.create(name="Outing", schedule=office, from_date=date(2026, 11, 20), from_time=time(12), to_date=date(2026, 11, 20))
    sheet = ClosureResource().export()
    assert ClosureResource().import_data(sheet, raise_errors=True).totals["skip"] == 1
    sheet.append(["", "Extra Sunday", "open", office.slug, "2026-12-06", "10:00:00", "2026-12-06", "16:00:00"])
    sheet.append(["", "Winter break", "closed", "", "2026-12-27", "", "2026-12-30", ""])
    ClosureResource().import_data(sheet, raise_errors=True)
    extra, winter = Closure.objects.get(name="Extra Sunday"), Closure.objects.get(name="Winter break")
    assert (extra.schedule, extra.kind, extra.from_time) == (office, "open", time(10))
    assert (winter.schedule, winter.from_time, winter.to_time) == (None, None, None)


def test_a_sheet_with_a_closure_that_ends_before_it_begins_is_refused() -> None:
    sheet = ClosureResource().export()
    sheet.append(["", "Outing", "closed", "", "2026-11-20", "", "2026-11-19", ""])
    [row] = ClosureResource().import_data(sheet, dry_run=True).invalid_rows
    assert "It would end before it begins" in str(row.error)


# Pages


def test_the_page_of_a_schedule_shows_two_weeks_and_the_holidays(manager: Client) -> None:
    office = cast.schedule(country="DE", subdivision="BY")
    SpecialDay.objects.create(schedule=office, name="Epiphany", counts=False)
    in_two_days = timezone.localdate() + timedelta(days=2)
    Closure.objects.create(name="Outing", from_date=in_two_days, to_date=in_two_days)
    answer = manager.get(reverse("admin:queues_schedule_change", args=[office.pk]))
    assert len(answer.context["days"]) == 14
    assert "Outing" in {day.note for day in answer.context["days"]}
    said = {row.name: row.words for row in answer.context["holidays"]}
    assert (said["Epiphany"], said["Christmas Day"]) == ("A day like any other", "Closed")


def ask(client: Client, **asked: Any) -> Any:
    return client.get(PREVIEW, {"queue": "", "schedule": "", "date": "2026-12-24", "time": "17:55"} | asked)


def test_what_happens_on_christmas_eve_at_five_to_six(manager: Client) -> None:
    office = cast.schedule(country="DE", subdivision="BY")
    SpecialDay.objects.create(schedule=office, name="Christmas Eve", month=12, day=24, opens=time(8), closes=time(12))
    overflow = cast.queue("overflow")
    overflow.announcements.create(kind="greeting", text="Welcome.")
    support = cast.queue("support", schedule=office, next_queue=overflow)
    answer = ask(manager, queue=support.pk)
    text = answer.content.decode()
    for words in (
        "Thu 2026-12-24 17:55", "Holiday: Christmas Eve", "Thu 2026-12-24 12:00", "Mon 2026-12-28 08:00", f"The call goes on to {overflow}",
        "“Welcome.”",
    ):  # fmt: skip
        assert words in text, words
    assert ask(manager, schedule=office.pk).context["hours"] == answer.context["hours"]


def test_a_queue_without_hours_is_always_open_in_the_preview(manager: Client) -> None:
    assert "always open" in ask(manager, queue=cast.queue().pk).content.decode()


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [({}, "Choose a queue or opening hours"), ({"date": "2026-02-30"}, "Enter a valid date"), ({"time": "25"}, "Enter a valid time")],
)
def test_the_preview_says_what_is_missing(manager: Client, asked: dict[str, str], complaint: str) -> None:
    assert complaint in ask(manager, **asked).content.decode()


def test_the_preview_opens_with_the_present_moment_for_those_who_may_look() -> None:
    office = cast.schedule()
    opened = client_of(roles.SUPERVISOR).get(PREVIEW, {"schedule": office.pk})
    assert opened.context["form"].initial["schedule"] == office
    assert client_of(roles.AGENT).get(PREVIEW).status_code == 302


@pytest.mark.parametrize(
    ("page", "chip"),
    [("index", 'title="By its opening hours: Burst pipe">Closed<'), ("queues_queue_changelist", 'title="Burst pipe">Closure<')],
)
def test_the_first_page_and_the_list_of_queues_show_who_is_closed(manager: Client, page: str, chip: str) -> None:
    cast.queue(schedule=cast.around_the_clock())
    assert chip not in manager.get(reverse(f"admin:{page}")).content.decode()
    Closure.objects.create(name="Burst pipe", from_date=date(2000, 1, 1), to_date=timezone.localdate() + timedelta(days=9))
    assert chip in manager.get(reverse(f"admin:{page}")).content.decode()


def test_the_list_shows_how_it_stands(manager: Client) -> None:
    office = cast.around_the_clock()
    assert "for good" in manager.get(reverse("admin:queues_schedule_changelist")).content.decode()
    OpeningSpan.objects.filter(schedule=office).delete()
    Closure.objects.create(name="Burst pipe", from_date=date(2000, 1, 1), to_date=timezone.localdate() + timedelta(days=9))
    assert "Closure: Burst pipe" in manager.get(reverse("admin:queues_schedule_changelist")).content.decode()
