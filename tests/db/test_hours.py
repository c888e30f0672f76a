"""Opening hours from the rows: what is read, who is let in, what happens at closing time."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from callcenter.core.errors import NotFound
from queues import deadlines, services
from queues.board.snapshot import board_snapshot
from queues.hours import Kind
from queues.hours_preview import way_of_a_call
from queues.models import Call, Closure, OpeningSpan, Queue, Schedule, SpecialDay
from queues.states import OfferOutcome, SegmentOutcome
from telephony import flows
from telephony.ports import CallerArrived

from . import cast

pytestmark = pytest.mark.django_db

BERLIN = ZoneInfo("Europe/Berlin")


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=BERLIN)  # type: ignore[misc, arg-type]


def close(schedule: Schedule | None, *, seconds_ago: float = 0, minutes: int = 600, kind: str = "closed", name: str = "Outing") -> Closure:
    """From so many seconds ago on; times of closures have a clock of their own, as exact as it gets."""
    begins = timezone.now() - timedelta(seconds=seconds_ago)
    ends = begins + timedelta(minutes=minutes)
    return Closure.objects.create(
        name=name, kind=kind, schedule=schedule, from_date=begins.date(), from_time=begins.time(), to_date=ends.date(), to_time=ends.time()
    )


def stays(call: Call) -> list[tuple[str, str]]:
    return list(call.segments.order_by("number").values_list("outcome", "exit_reason"))


# Reading


def test_the_rows_say_when_it_is_open() -> None:
    office = cast.schedule(country="DE", subdivision="BY")
    SpecialDay.objects.create(schedule=office, name="Christmas Eve", month=12, day=24, opens=time(8), closes=time(12))
    SpecialDay.objects.create(schedule=office, name="Epiphany", counts=False)
    Closure.objects.create(name="Outing", from_date=date(2026, 11, 20), from_time=time(12), to_date=date(2026, 11, 20))
    said = {
        moment: (found.kind, found.name)
        for moment in ((2026, 12, 24, 9), (2026, 12, 24, 17, 55), (2026, 12, 25, 9), (2027, 1, 6, 9), (2026, 11, 20, 12), (2026, 11, 21))
        for found in [services.hours_at(office.pk, at(*moment))]
    }
    assert list(said.values()) == [
        (Kind.OPEN, "Christmas Eve"), (Kind.HOLIDAY, "Christmas Eve"), (Kind.HOLIDAY, "Christmas Day"), (Kind.OPEN, ""),
        (Kind.CLOSURE, "Outing"), (Kind.CLOSED, ""),
    ]  # fmt: skip


def test_a_region_has_its_own_holidays() -> None:
    bavaria, berlin = (cast.schedule(country="DE", subdivision=region) for region in ("BY", "BE"))
    epiphany = at(2027, 1, 6, 9)
    assert (services.hours_at(bavaria.pk, epiphany).kind, services.hours_at(berlin.pk, epiphany).kind) == (Kind.HOLIDAY, Kind.OPEN)


def test_a_change_of_any_row_counts_at_once() -> None:
    office, noon = cast.schedule(), at(2026, 11, 20, 12)
    assert services.hours_at(office.pk, noon).open
    closure = Closure.objects.create(name="Fire", from_date=date(2026, 11, 20), to_date=date(2026, 11, 20))
    assert services.hours_at(office.pk, noon).name == "Fire"
    closure.delete()
    assert services.hours_at(office.pk, noon).open
    OpeningSpan.objects.filter(schedule=office).delete()
    assert not services.hours_at(office.pk, noon).open


def test_it_costs_one_small_statement_and_none_without_a_schedule() -> None:
    office = cast.schedule(country="DE")
    with CaptureQueriesContext(connection) as statements:
        services.hours_now(office.pk)
        assert services.hours_now(None).open
    assert len(statements) == 1


def test_flows_ask_by_slug() -> None:
    office = cast.schedule()
    assert services.hours_by_slug(office.slug, at(2026, 11, 20, 12)).open
    with pytest.raises(NotFound, match="no opening hours named “nine-to-five”"):
        services.hours_by_slug("nine-to-five")


def test_a_flow_is_told_how_it_stands_and_nothing_of_a_schedule_that_is_gone() -> None:
    office = cast.around_the_clock()
    told: list[dict[str, Any] | None] = []
    caller = CallerArrived(dialled="1000", source="public", sip_call_id="c", caller_number="", caller_name="")
    flows.ask("hours", {"schedule": office.slug}, caller, told.append)
    close(office)
    for slug in (office.slug, "gone"):
        flows.ask("hours", {"schedule": slug}, caller, told.append)
    assert told == [{"state": "open", "name": ""}, {"state": "closure", "name": "Outing"}, None]


def test_a_schedule_that_a_queue_uses_is_not_deleted() -> None:
    support = cast.queue(schedule=cast.schedule())
    assert support.schedule
    with pytest.raises(IntegrityError), transaction.atomic():
        support.schedule.delete()


# At entry


def test_a_closed_queue_refuses_and_says_its_own_words() -> None:
    office = cast.around_the_clock()
    support = cast.queue(schedule=office, closed_message="We are closed.", holiday_message="Happy holidays.")
    alice = cast.agent(queues=(support,))
    assert cast.enqueue(support).state == "agent_ringing"
    close(office)
    call = cast.arrive()
    placement = services.enqueue(call.pk, support.pk)
    assert (placement.queued, placement.reason, stays(call)) == (False, "closed", [(SegmentOutcome.REFUSED, "closed")])
    assert services.closed_words(call.pk, support.pk) == "We are closed."
    assert len(cast.open_offers(alice)) == 1


def test_on_a_holiday_the_words_for_holidays_are_said_if_there_are_any() -> None:
    today = timezone.now()
    office = cast.around_the_clock()
    SpecialDay.objects.create(schedule=office, name="Founders' Day", month=today.month, day=today.day)
    support = cast.queue(schedule=office, closed_message="We are closed.", holiday_message="Happy holidays.")
    call = cast.arrive()
    assert services.enqueue(call.pk, support.pk).reason == "closed"
    assert services.closed_words(call.pk, support.pk) == "Happy holidays."
    Queue.objects.filter(pk=support.pk).update(holiday_message=" ")
    assert services.closed_words(call.pk, support.pk) == "We are closed."


@pytest.mark.parametrize(("limits", "reason"), [({"active": False}, "closed"), ({"join_empty": False}, "nobody_there")])
def test_who_is_turned_away_from_an_open_queue_hears_the_usual_words(limits: dict[str, Any], reason: str) -> None:
    support = cast.queue(schedule=cast.around_the_clock(), closed_message="We are closed.", **limits)
    call = cast.arrive()
    assert services.enqueue(call.pk, support.pk).reason == reason
    assert services.closed_words(call.pk, support.pk) == ""


def test_a_closed_queue_passes_calls_on_to_its_fallback() -> None:
    office = cast.around_the_clock()
    second = cast.queue("second")
    first = cast.queue("first", schedule=office, next_queue=second)
    close(office)
    assert cast.enqueue(first).queue == second


# At closing time


@pytest.mark.parametrize(("action", "state"), [("stay", "queued"), ("fallback", "ivr")])
def test_those_who_wait_at_closing_time_stay_or_take_the_fallback(action: str, state: str) -> None:
    office = cast.around_the_clock()
    support = cast.queue(schedule=office, closing_action=action, closed_message="We are closed.")
    call = cast.enqueue(support)
    close(office)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == state
    if action == "fallback":
        assert stays(call) == [(SegmentOutcome.OVERFLOW, "closed")]
        assert services.closed_words(call.pk, support.pk) == "We are closed."


def test_at_closing_time_the_next_queue_takes_over_and_its_agents_are_rung() -> None:
    office = cast.around_the_clock()
    second = cast.queue("second")
    first = cast.queue("first", schedule=office, closing_action="fallback", next_queue=second)
    alice = cast.agent(queues=(second,))
    call = cast.enqueue(first)
    close(office)
    services.sweep("test")
    assert cast.open_offers(alice)[0].call == call
    assert stays(call) == [(SegmentOutcome.OVERFLOW, "closed"), (SegmentOutcome.WAITING, "")]


def test_whose_agent_rings_at_closing_time_is_sent_away_only_when_nobody_answers() -> None:
    office = cast.around_the_clock()
    support = cast.queue(schedule=office, closing_action="fallback", retry_delay=60)
    cast.agent(queues=(support,))
    call = cast.enqueue(support)
    close(office)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == "agent_ringing"
    services.offer_failed(cast.open_offers(call)[0].pk, OfferOutcome.NO_ANSWER)
    services.sweep("test")
    assert stays(call) == [(SegmentOutcome.OVERFLOW, "closed")]


def test_who_was_put_into_a_closed_queue_by_hand_stays() -> None:
    office = cast.around_the_clock()
    support = cast.queue(schedule=office, closing_action="fallback")
    call = cast.enqueue(cast.queue())
    close(office, seconds_ago=60)
    services.move_to_queue(call.pk, support.pk, actor="user:1")
    services.sweep("test")
    call.refresh_from_db()
    assert (call.state, call.queue) == ("queued", support)


def test_the_clock_is_told_when_a_queue_with_waiting_callers_closes() -> None:
    office = cast.around_the_clock()
    support = cast.queue(schedule=office, closing_action="fallback")
    assert services.sweep("test") is None
    cast.enqueue(support)
    closure = close(office, seconds_ago=-90)
    assert closure.from_time
    assert services.sweep("test") == datetime.combine(closure.from_date, closure.from_time, UTC)


def test_a_queue_that_keeps_its_callers_asks_the_clock_for_nothing() -> None:
    office = cast.around_the_clock()
    cast.enqueue(cast.queue(schedule=office))
    close(office, seconds_ago=-90)
    assert services.sweep("test") is None


def test_a_closing_that_was_taken_back_between_the_look_and_the_lock_sends_nobody_away(monkeypatch: pytest.MonkeyPatch) -> None:
    office = cast.around_the_clock()
    call = cast.enqueue(cast.queue(schedule=office, closing_action="fallback"))
    closure = close(office)
    look = deadlines.closings_due

    def look_then_open(now: datetime) -> list[int]:
        found = look(now)
        assert found == [call.pk]
        closure.delete()
        return found

    monkeypatch.setattr(deadlines, "closings_due", look_then_open)
    services.sweep("test")
    call.refresh_from_db()
    assert call.state == "queued"


# Screens


def board() -> list[dict[str, Any]]:
    user = User.objects.get_or_create(username="root", is_superuser=True)[0]
    rows: list[dict[str, Any]] = json.loads(json.dumps(board_snapshot(user, may_steer=True), cls=DjangoJSONEncoder))["queues"]
    return rows


def test_the_board_shows_which_queue_is_closed_why_and_until_when() -> None:
    office = cast.around_the_clock()
    support, sales = cast.queue("support", schedule=office), cast.queue("sales")
    assert all(row["closed"] is None for row in board())
    closure = close(office)
    shown = {row["id"]: row["closed"] for row in board()}
    assert shown[sales.pk] is None
    assert (shown[support.pk]["kind"], shown[support.pk]["name"]) == ("closure", "Outing")
    opens = datetime.fromisoformat(shown[support.pk]["opens_at"])
    assert abs(opens - closure.ends.replace(tzinfo=UTC)) < timedelta(seconds=1)


def test_the_way_of_a_call_is_told_for_any_moment() -> None:
    office = cast.schedule(country="DE")
    overflow = cast.queue("overflow", schedule=cast.schedule(closes=time(20)), closed_message="All closed.")
    support = cast.queue("support", schedule=office, next_queue=overflow)
    support.announcements.create(kind="greeting", text="Hello.")
    noon, evening, night = (way_of_a_call(support, at(2026, 11, 20, hour)) for hour in (12, 19, 22))
    assert [(step.queue, step.lets_in, step.hears) for step in noon] == [(support, True, "Hello.")]
    assert [(step.queue, step.lets_in) for step in evening] == [(support, False), (overflow, True)]
    assert [(step.queue, step.lets_in, step.hears) for step in night] == [(support, False, ""), (overflow, False, "All closed.")]
