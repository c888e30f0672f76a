"""Callbacks, dial rules and trunks to the outside in the admin, and callbacks on the screens."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callcenter.core import events, roles, sealed
from queues import services
from queues.board.snapshot import board_snapshot
from queues.models import Callback, Queue
from queues.panel.snapshot import panel_snapshot
from queues.refusals import WindowFull
from telephony.models import DialRule, Trunk

from . import cast
from .forms import client_of, errors, said
from .test_admin_actions import act
from .test_callbacks import NUMBER, asked, attempt, ready

pytestmark = pytest.mark.django_db
ALWAYS: dict[str, Any] = {"callback_from": time(0), "callback_until": time(0)}


@pytest.fixture
def supervisor() -> Client:
    return client_of(roles.SUPERVISOR)


def filled(queue: Queue, **fields: Any) -> dict[str, Any]:
    at = timezone.localtime() + timedelta(hours=2)
    given = {"queue": queue.pk, "number": "+49 30 12345678", "name": "Ann", "note": "invoice", "priority": "0"}
    return given | {"due_at_0": f"{at:%Y-%m-%d}", "due_at_1": f"{at:%H:%M:%S}"} | fields


# ---- callbacks -------------------------------------------------------------------------------------------------
def test_a_supervisor_promises_a_callback_for_a_chosen_time(supervisor: Client) -> None:
    support = cast.queue(**ALWAYS)
    answer = supervisor.post(reverse("admin:queues_callback_add"), filled(support), follow=True)
    assert answer.status_code == 200, errors(answer)
    callback = Callback.objects.get()
    assert (callback.number, callback.state, callback.name, callback.note) == (NUMBER, "scheduled", "Ann", "invoice")
    assert callback.requested_by.startswith("user:")
    page = supervisor.get(reverse("admin:queues_callback_change", args=[callback.pk])).content.decode()
    assert "Scheduled" in page
    assert "None yet." in page


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"number": "112"}, "Write it with the country"), ({"due_at_0": "2020-01-01"}, "This time has passed")],
)
def test_what_cannot_be_promised_is_said_at_its_field(supervisor: Client, fields: dict[str, Any], words: str) -> None:
    answer = supervisor.post(reverse("admin:queues_callback_add"), filled(cast.queue(**ALWAYS), **fields))
    assert words in errors(answer)


def test_a_number_that_is_owed_one_already_is_said(supervisor: Client) -> None:
    support = cast.queue(**ALWAYS)
    asked(support)
    answer = supervisor.post(reverse("admin:queues_callback_add"), filled(support))
    assert "owes the number a callback already" in errors(answer)


def test_cancelling_asks_first_and_calling_now_does_not(supervisor: Client) -> None:
    support = cast.queue(**ALWAYS)
    callback = services.schedule_callback(support.pk, NUMBER, at=timezone.now() + timedelta(hours=1), actor="user:1")
    answer = act(supervisor, "queues_callback", "call_now", callback)
    assert "1 callback(s) in line now" in said(answer)
    assert "Cancel these callbacks?" in act(supervisor, "queues_callback", "cancel", callback).content.decode()
    answer = act(supervisor, "queues_callback", "cancel", callback, confirmed="yes")
    assert "1 callback(s) cancelled" in said(answer)
    callback.refresh_from_db()
    assert callback.state == "cancelled"
    assert "already" in said(act(supervisor, "queues_callback", "call_now", callback))


def test_the_list_and_the_page_tell_how_far_it_is(supervisor: Client) -> None:
    support = cast.queue(**ALWAYS)
    cast.agent(queues=(support,))
    callback = asked(support)
    call = ready(callback)
    services.hang_up(call.pk, by="system", reason="busy")
    listed = supervisor.get(reverse("admin:queues_callback_changelist")).content.decode()
    assert "+49 30 12345678" in listed
    assert "1 of 3" in listed
    assert "busy" in listed
    page = supervisor.get(reverse("admin:queues_callback_change", args=[callback.pk])).content.decode()
    assert reverse("admin:queues_call_change", args=[call.pk]) in page
    assert reverse("admin:queues_callback_change", args=[callback.pk]) in (
        supervisor.get(reverse("admin:queues_call_change", args=[call.pk])).content.decode()
    )


def test_a_promise_cannot_be_deleted() -> None:
    callback = asked(cast.queue(**ALWAYS))
    assert client_of(roles.MANAGER).get(reverse("admin:queues_callback_delete", args=[callback.pk])).status_code == 403


# ---- trunks and rules --------------------------------------------------------------------------------------------
def trunk_form(**fields: Any) -> dict[str, Any]:
    given = {"name": "provider", "active": "on", "max_calls": "0", "host": "sip.example", "port": "5060", "auth_username": "site"}
    limits = {"max_outgoing": "5", "max_outgoing_per_hour": "60", "allowed_prefixes": "+49", "auth_password": "open sesame"}
    return given | limits | fields


def test_a_trunk_to_the_outside_keeps_its_password_to_itself(manager: Client) -> None:
    answer = manager.post(reverse("admin:telephony_trunk_add"), trunk_form(), follow=True)
    trunk = Trunk.objects.get()
    assert sealed.unseal(trunk.auth_secret) == "open sesame"
    page = manager.get(reverse("admin:telephony_trunk_change", args=[trunk.pk])).content.decode()
    assert "sesame" not in page + answer.content.decode()
    assert trunk.auth_secret not in page
    manager.post(reverse("admin:telephony_trunk_change", args=[trunk.pk]), trunk_form(auth_password="", caller_id="+4940555555"))
    trunk.refresh_from_db()
    assert (trunk.caller_id, sealed.unseal(trunk.auth_secret)) == ("+4940555555", "open sesame")
    assert "0 of 5" in manager.get(reverse("admin:telephony_trunk_changelist")).content.decode()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"auth_password": ""}, "Give the password that belongs"), ({"auth_username": ""}, "needs a user name"),
        ({"allowed_prefixes": ""}, "Nothing may be called"), ({"host": "sip:x"}, "is no host"),
    ],
)  # fmt: skip
def test_a_trunk_that_cannot_call_says_why(manager: Client, fields: dict[str, Any], words: str) -> None:
    assert words in errors(manager.post(reverse("admin:telephony_trunk_add"), trunk_form(**fields)))


def test_where_a_number_would_go_is_shown_without_calling(manager: Client) -> None:
    trunk = Trunk.objects.create(name="Provider A", host="192.0.2.9", allowed_prefixes="+49", caller_id="+4940555555")
    DialRule.objects.create(trunk=trunk, prefix="+49", strip=3, prepend="0")
    listed = manager.get(reverse("admin:telephony_dialrule_changelist")).content.decode()
    assert "Where would this number go?" in listed
    assert "+491234567 → 01234567" in listed
    ask = reverse("admin:telephony_dialrule_preview")
    page = manager.get(ask, {"number": "+49 30 12345678"}).content.decode()
    assert "Provider A" in page
    assert "03012345678" in page
    assert "No dial rule leads to this number" in manager.get(ask, {"number": "+41446681800"}).content.decode()
    assert "Write it with the country" in manager.get(ask, {"number": "<b>"}).content.decode()
    assert manager.get(ask).status_code == 200
    assert client_of(roles.AGENT).get(ask).status_code in (302, 403)


# ---- screens -----------------------------------------------------------------------------------------------------
def test_the_board_marks_callbacks_in_line_and_does_not_count_them_as_callers() -> None:
    support = cast.queue(**ALWAYS)
    callback, caller = asked(support), cast.enqueue(support)
    client = client_of("root")
    from django.contrib.auth.models import User

    shown = board_snapshot(User.objects.get(pk=int(client.session["_auth_user_id"])), may_steer=True)
    rows = {row["id"]: row["callback"] for row in shown["waiting"]["rows"]}
    assert rows == {attempt(callback).pk: reverse("admin:queues_callback_change", args=[callback.pk]), caller.pk: ""}
    assert shown["tiles"]["waiting"]["value"] == 1
    assert next(queue for queue in shown["queues"] if queue["id"] == support.pk)["waiting"] == 1


def test_the_panel_tells_the_agent_that_it_is_a_callback() -> None:
    support = cast.queue(**ALWAYS)
    agent = cast.agent(queues=(support,))
    callback = asked(support)
    Callback.objects.update(note="invoice 7")
    [offer] = panel_snapshot(agent.pk)["offers"]
    assert offer["call"]["callback"]["note"] == "invoice 7"
    ready(callback)
    [call] = panel_snapshot(agent.pk)["calls"]
    assert (call["state"], call["number"], call["callback"]["failed"]) == ("dialling", NUMBER, 0)


# ---- at a chosen time --------------------------------------------------------------------------------------------
def changed(client: Client, callback: Callback, **fields: Any) -> Any:
    """The form of its page, with other values."""
    at = timezone.localtime(callback.due_at)
    given = {"name": callback.name, "note": callback.note, "due_at_0": f"{at:%Y-%m-%d}", "due_at_1": f"{at:%H:%M:%S}"}
    return client.post(reverse("admin:queues_callback_change", args=[callback.pk]), given | fields, follow=True)


def promised(support: Queue, number: str = NUMBER, hours: int = 2) -> Callback:
    at = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
    return services.schedule_callback(support.pk, number, at=at, actor="user:1")


def choosing(**fields: Any) -> Queue:
    return cast.queue(**(ALWAYS | {"callback_choose_time": True, "callback_window_places": 1, "timezone": "UTC"} | fields))


def test_a_supervisor_agrees_on_another_time_and_on_what_it_is_about(supervisor: Client) -> None:
    callback = promised(choosing())
    page = supervisor.get(reverse("admin:queues_callback_change", args=[callback.pk])).content.decode()
    assert "Next free times" in page
    later = timezone.localtime(callback.due_at + timedelta(hours=3, minutes=20))
    answer = changed(supervisor, callback, due_at_0=f"{later:%Y-%m-%d}", due_at_1=f"{later:%H:%M:%S}", note="invoice 8")
    assert "was changed successfully" in said(answer)
    before = callback.order_key
    callback.refresh_from_db()
    assert (callback.due_at, callback.note, callback.order_key) == (later, "invoice 8", before)
    assert callback.window_from == later - timedelta(minutes=20)
    story = [entry.type for entry in events.about("callback", callback.pk)]
    assert story.count("callback.was_rescheduled") == 1


def test_only_the_words_may_be_changed_without_another_time(supervisor: Client) -> None:
    callback = promised(choosing())
    changed(supervisor, callback, note="invoice 8")
    callback.refresh_from_db()
    assert callback.note == "invoice 8"
    assert "callback.was_rescheduled" not in [entry.type for entry in events.about("callback", callback.pk)]


def test_a_time_that_cannot_be_is_said_at_its_field_with_a_remedy(supervisor: Client) -> None:
    support = choosing()
    callback, other = promised(support), promised(support, "+493087654321", hours=4)
    full = timezone.localtime(other.due_at + timedelta(minutes=5))
    answer = changed(supervisor, callback, due_at_0=f"{full:%Y-%m-%d}", due_at_1=f"{full:%H:%M:%S}")
    assert "One callback is promised for" in errors(answer)
    assert "The next free time is" in errors(answer)
    assert "This time has passed" in errors(changed(supervisor, callback, due_at_0="2020-01-01"))
    before = callback.due_at
    callback.refresh_from_db()
    assert callback.due_at == before


def test_a_new_promise_outside_the_hours_is_refused_at_its_field(supervisor: Client) -> None:
    now = timezone.now()
    night: dict[str, Any] = {"callback_from": (now + timedelta(hours=5)).time(), "callback_until": (now + timedelta(hours=6)).time()}
    answer = supervisor.post(reverse("admin:queues_callback_add"), filled(cast.queue(timezone="UTC", **night)))
    assert "Nobody is called back at" in errors(answer)
    assert "Choose a time within these hours." in errors(answer)
    assert not Callback.objects.exists()


def test_what_others_took_while_the_form_was_sent_is_said_and_nothing_is_saved(supervisor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    callback = promised(choosing())

    def taken(*_: Any, **__: Any) -> None:
        raise WindowFull

    monkeypatch.setattr(services, "reschedule_callback", taken)
    later = timezone.localtime(callback.due_at + timedelta(hours=1))
    answer = changed(supervisor, callback, due_at_0=f"{later:%Y-%m-%d}", due_at_1=f"{later:%H:%M:%S}", note="invoice 8")
    assert "Choose another one." in said(answer)
    callback.refresh_from_db()
    assert callback.note == ""


def test_whose_customer_was_reached_has_a_time_that_stays(supervisor: Client) -> None:
    support = cast.queue(**ALWAYS)
    cast.agent(queues=(support,))
    callback = asked(support)
    ready(callback)
    page = supervisor.get(reverse("admin:queues_callback_change", args=[callback.pk])).content.decode()
    assert 'name="due_at_0"' not in page
