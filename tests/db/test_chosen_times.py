"""Callbacks at a time that the customer chose: windows with room for so many, the place in line, another time, and races."""

from __future__ import annotations

import threading
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from callcenter.core import events
from callcenter.core.errors import Refusal
from queues import chosentimes, services
from queues.models import Call, Callback, Closure, Queue, Schedule
from queues.refusals import CallbackUnderWay, OutsideCallbackHours, TimeHasPassed, WindowFull
from tests.db import cast
from tests.db.test_callbacks import NUMBER, asked, attempt, due, fresh, ready

pytestmark = pytest.mark.django_db
OTHER = "+493087654321"


def queue(**fields: Any) -> Queue:
    """All day and night, in windows of an hour."""
    settings: dict[str, Any] = {
        "callback_choose_time": True,
        "callback_from": time(0),
        "callback_until": time(0),
        "callback_window_places": 1,
    }
    return cast.queue(**(settings | {"timezone": "UTC"} | fields))


def hour(ahead: int = 2) -> datetime:
    """A full hour: the beginning of a window."""
    return timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=ahead)


def chose(where: Queue, at: datetime, number: str = NUMBER) -> Callback:
    """A caller waits, chooses a window and hangs up."""
    call = cast.enqueue(where)
    callback = services.request_callback(call.pk, number, at=at)
    services.hang_up(call.pk, by="caller")
    return fresh(callback)


# ---- chosen -----------------------------------------------------------------------------------------------------
def test_who_chose_a_window_waits_for_it_and_keeps_the_place() -> None:
    support = queue()
    first = cast.enqueue(support)
    callback = chose(support, hour())
    assert (callback.state, callback.due_at) == ("scheduled", hour())
    assert (callback.window_from, callback.window_until, callback.window_place) == (hour(), hour(3), 0)
    assert callback.expires_at == hour() + timedelta(hours=support.callback_expires_hours)
    assert not Call.objects.filter(callback=callback).exists()
    assert Call.objects.get(pk=callback.origin_id or 0).outcome == "callback"
    later = cast.enqueue(support)
    due(callback)
    assert list(Call.objects.waiting()) == [first, attempt(callback), later], "the same entry of the queue, at the same place"


def test_out_of_a_flow_the_place_is_that_of_somebody_who_calls_at_that_time() -> None:
    support = queue()
    call = cast.arrive()
    services.start_flow(call.pk, "Main 1")
    callback = services.note_callback(call.pk, support.pk, NUMBER, at=hour())
    again = services.note_callback(call.pk, support.pk, NUMBER, at=hour())
    assert again.pk == callback.pk, "asked again it is owed once"
    found = fresh(callback)
    assert (found.due_at, found.order_key, found.window_from) == (hour(), hour(), hour())


def test_a_window_takes_no_more_than_the_queue_says_and_the_caller_waits_on() -> None:
    support = queue(callback_window_places=2)
    chose(support, hour())
    chose(support, hour(), OTHER)
    call = cast.enqueue(support)
    with pytest.raises(WindowFull) as refused:
        services.request_callback(call.pk, "+493011111111", at=hour())
    assert "2 callbacks are promised for" in refused.value.detail
    assert "The next free time is" in refused.value.detail
    call.refresh_from_db()
    assert call.state == "queued"
    assert list(Callback.objects.order_by("window_place").values_list("window_place", flat=True)) == [0, 1]


def test_a_callback_that_was_cancelled_makes_room() -> None:
    support = queue()
    services.cancel_callback(chose(support, hour()).pk, actor="user:1")
    assert chose(support, hour(), OTHER).window_place == 0


def test_promises_made_by_supervisors_count_in_their_window() -> None:
    support = queue()
    services.schedule_callback(support.pk, NUMBER, at=hour() + timedelta(minutes=20), actor="user:1")
    with pytest.raises(WindowFull):
        chose(support, hour(), OTHER)


@pytest.mark.parametrize("minutes", [30, 24 * 60 * 30])
def test_what_is_no_window_is_refused(minutes: int) -> None:
    call = cast.enqueue(queue())
    with pytest.raises(OutsideCallbackHours):
        services.request_callback(call.pk, NUMBER, at=hour() + timedelta(minutes=minutes))
    call.refresh_from_db()
    assert call.state == "queued"


def test_the_time_that_was_said_last_counts() -> None:
    support = queue()
    first = chose(support, hour())
    moved = chose(support, hour(3))
    assert (moved.pk, moved.due_at, moved.window_from) == (first.pk, hour(3), hour(3))
    assert moved.order_key == first.order_key
    soon = asked(support)
    assert (soon.pk, soon.window_from) == (first.pk, None)
    services.sweep("test")
    assert fresh(first).state == "due"


def test_who_is_in_line_already_stays_there() -> None:
    support = queue()
    callback = asked(support)
    assert chose(support, hour()).pk == callback.pk
    assert (fresh(callback).state, fresh(callback).window_from) == ("due", None)


def test_callers_may_choose_what_is_free_within_the_opening_hours() -> None:
    schedule = Schedule.objects.create(name="Always", slug="always", timezone="UTC")
    for weekday in range(7):
        schedule.spans.create(weekday=weekday, opens=time(0), closes=time(0))
    support = queue(schedule=schedule)
    tomorrow = (timezone.now() + timedelta(days=1)).date()
    Closure.objects.create(name="Inventory", schedule=schedule, from_date=tomorrow, to_date=tomorrow)
    midnight = datetime.combine(tomorrow, time(), tzinfo=hour().tzinfo)
    page = chosentimes.page(support, timezone.now(), midnight)
    assert page.windows[0].starts == midnight + timedelta(days=1)
    with pytest.raises(OutsideCallbackHours) as refused:
        services.schedule_callback(support.pk, NUMBER, at=midnight + timedelta(hours=9), actor="user:1")
    assert "The queue is closed on" in refused.value.detail
    assert "(Inventory)" in refused.value.detail


# ---- another time ---------------------------------------------------------------------------------------------------
def test_another_time_frees_the_old_window_and_keeps_the_place() -> None:
    support = queue()
    callback = chose(support, hour())
    services.reschedule_callback(callback.pk, at=hour(4) + timedelta(minutes=15), actor="user:1")
    found = fresh(callback)
    assert (found.state, found.due_at, found.window_from) == ("scheduled", hour(4) + timedelta(minutes=15), hour(4))
    assert found.order_key == callback.order_key
    assert chose(support, hour(), OTHER).window_place == 0
    assert "callback.was_rescheduled" in [entry.type for entry in events.about("callback", callback.pk)]


def test_within_its_own_window_it_may_move_though_that_is_full() -> None:
    support = queue()
    callback = chose(support, hour())
    services.reschedule_callback(callback.pk, at=hour() + timedelta(minutes=30), actor="user:1")
    assert fresh(callback).due_at == hour() + timedelta(minutes=30)


def test_an_earlier_time_takes_the_place_of_that_time() -> None:
    support = queue()
    callback = services.schedule_callback(support.pk, NUMBER, at=hour(4), actor="user:1")
    services.reschedule_callback(callback.pk, at=hour(2), actor="user:1")
    assert fresh(callback).order_key == hour(2)


def test_one_in_line_is_put_off_and_the_agent_whose_phone_rings_is_free() -> None:
    support = queue()
    agent = cast.agent(queues=(support,))
    callback = asked(support)
    assert cast.open_offers(agent)
    services.reschedule_callback(callback.pk, at=hour(), actor="user:1")
    assert fresh(callback).state == "scheduled"
    assert cast.open_offers(agent) == []
    agent.refresh_from_db()
    assert agent.state == "available"
    due(callback)
    assert attempt(callback).state == "agent_ringing"


def test_whose_customer_is_being_called_cannot_be_put_off() -> None:
    support = queue()
    cast.agent(queues=(support,))
    callback = asked(support)
    ready(callback)
    with pytest.raises(CallbackUnderWay):
        services.reschedule_callback(callback.pk, at=hour(), actor="user:1")


def test_a_time_that_cannot_be_is_refused_with_field_and_remedy_and_nothing_changes() -> None:
    now = timezone.now()
    support = queue(callback_from=now.time(), callback_until=(now + timedelta(hours=8)).time())
    callback = services.schedule_callback(support.pk, NUMBER, at=now + timedelta(hours=2), actor="user:1")
    services.schedule_callback(support.pk, OTHER, at=now + timedelta(hours=4), actor="user:1")
    wrong: list[tuple[datetime, type[Refusal], str]] = [
        (now - timedelta(minutes=5), TimeHasPassed, "Choose a later one"),
        (now + timedelta(hours=12), OutsideCallbackHours, "Choose a time within these hours."),
        (now + timedelta(hours=4, minutes=5), WindowFull, "The next free time is"),
    ]
    for at, refusal, words in wrong:
        with pytest.raises(refusal) as refused:
            services.reschedule_callback(callback.pk, at=at, actor="user:1")
        assert refused.value.field == "due_at"
        assert words in refused.value.detail
    assert fresh(callback).due_at == callback.due_at


def test_where_callers_may_not_choose_supervisors_promise_as_many_as_they_like() -> None:
    support = queue(callback_choose_time=False)
    for number in (NUMBER, OTHER):
        services.schedule_callback(support.pk, number, at=hour(), actor="user:1")
    assert Callback.objects.count() == 2


def test_what_is_promised_for_now_takes_no_window_and_waits_for_the_hours_if_need_be() -> None:
    now = timezone.now()
    open_later = queue(callback_from=(now + timedelta(hours=5)).time(), callback_until=(now + timedelta(hours=6)).time())
    open_now = queue()
    for number in (NUMBER, OTHER):
        services.schedule_callback(open_now.pk, number, at=timezone.now(), actor="user:1")
        services.schedule_callback(open_later.pk, number, at=timezone.now(), actor="user:1")
    assert set(Callback.objects.values_list("queue", "state", "window_from")) == {
        (open_now.pk, "due", None), (open_later.pk, "scheduled", None),
    }  # fmt: skip
    assert Callback.objects.filter(queue=open_later, due_at__gt=now + timedelta(hours=4)).count() == 2


# ---- races ----------------------------------------------------------------------------------------------------------
@pytest.mark.django_db(transaction=True)
def test_callers_who_choose_the_last_place_at_once_do_not_overfill_the_window() -> None:
    support = queue(callback_window_places=3)
    calls = [cast.enqueue(support) for _ in range(8)]
    gate, won, lost = threading.Barrier(8), [], []

    def choose(call: Call) -> None:
        gate.wait()
        try:
            won.append(services.request_callback(call.pk, f"+49301000{call.pk:04}", at=hour()))
        except WindowFull:
            lost.append(call)
        finally:
            connection.close()

    threads = [threading.Thread(target=choose, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (3, 5)
    assert list(Callback.objects.order_by("window_place").values_list("window_place", flat=True)) == [0, 1, 2]
    assert Call.objects.waiting().count() == 5, "who was too late waits on"


@pytest.mark.django_db(transaction=True)
def test_a_caller_and_a_supervisor_who_want_the_last_place_at_once_do_not_both_get_it() -> None:
    support = queue()
    other = services.schedule_callback(support.pk, OTHER, at=hour(5), actor="user:1")
    call = cast.enqueue(support)
    gate, lost = threading.Barrier(2), []

    def run(service: Any) -> None:
        gate.wait()
        try:
            service()
        except WindowFull as refused:
            lost.append(refused)
        finally:
            connection.close()

    services_ = (
        lambda: services.request_callback(call.pk, NUMBER, at=hour()),
        lambda: services.reschedule_callback(other.pk, at=hour() + timedelta(minutes=10), actor="user:1"),
    )
    threads = [threading.Thread(target=run, args=(service,)) for service in services_]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lost) == 1
    assert Callback.objects.filter(window_from=hour()).count() == 1


def test_the_database_itself_lets_no_two_have_one_place_of_a_window() -> None:
    callback = chose(queue(callback_window_places=2), hour())
    callback.pk, callback.number = None, OTHER
    with pytest.raises(IntegrityError), transaction.atomic():
        callback.save(force_insert=True)
