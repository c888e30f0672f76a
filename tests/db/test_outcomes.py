"""What became of callbacks and of voicemail: figures by one definition, and each number the number of its rows."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from html import unescape
from statistics import mean, median, quantiles
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from agents.models import Team
from callcenter.core import roles
from queues import metrics, services
from queues.models import Call, Callback, Queue, VoicemailBox
from queues.voicemail.states import MESSAGE

from . import cast
from .cast import NOON
from .forms import client_of
from .mailbox import box, message, overflowed, queue_with_box
from .outcomes import STILL_OPEN, left, owed
from .test_callbacks import asked, due, missed, queue, ready

pytestmark = [pytest.mark.django_db, pytest.mark.inconsistent_on_purpose]


# ---- callbacks -------------------------------------------------------------------------------------------------
def test_what_the_services_write_is_counted_as_what_it_was() -> None:
    support = queue(callback_attempts=2, callback_retry_minutes=0)
    cast.agent(queues=(support,))
    reached, given_up, cancelled = (asked(support, f"+4930123456{n}") for n in (10, 20, 30))
    services.cancel_callback(cancelled.pk, actor="user:1")
    services.customer_answered(ready(reached).pk)
    assert metrics.callback_figures().counts["open"] == 2, "who talks is not done yet"
    services.hang_up(Call.objects.get(callback=reached, state="active").pk, by="caller")
    missed(given_up, "no answer")
    due(given_up)
    missed(given_up, "busy")
    found = metrics.callback_figures(queue=support)
    assert {name: number for name, number in found.counts.items() if number} == {
        "asked": 3, "reached": 1, "first_attempt": 1, "expired": 1, "cancelled": 1,
    }  # fmt: skip
    assert (found.reach, found.attempts, metrics.expired_because()) == (50, 1, {"busy": 1})
    assert found.from_asking.median is not None
    assert found.from_due.median == pytest.approx(found.from_asking.median, abs=2)


def test_who_called_again_was_not_reached_by_us() -> None:
    support = queue()
    again = cast.arrive(caller_number=asked(support).number)
    services.enqueue(again.pk, support.pk, priority=10)
    cast.agent(queues=(support,))
    cast.talk(again)
    services.sweep("test")
    owed(support, "reached")
    found = metrics.callback_figures()
    assert (found.counts["called_again"], found.counts["reached"], found.reach) == (1, 1, 50)


def test_times_are_from_the_wish_and_from_the_first_place_in_line_to_the_answer() -> None:
    support = cast.queue()
    for after in (60, 120, 600):
        owed(support, "reached", due=30, after=after, attempts=2)
    owed(support, "expired", after=9000)
    found = metrics.callback_figures(queue=support)
    assert (found.attempts, found.counts["first_attempt"]) == (2, 0)
    assert found.from_asking.median == 120
    assert found.from_asking.p90 == pytest.approx(120 + 0.8 * 480)
    assert found.from_due.median == 90, "from the first attempt, not from the last"
    assert metrics.callbacks_by_queue()[support.pk] == found


def test_who_agreed_on_another_time_waits_from_then_on() -> None:
    support = cast.queue()
    made = owed(support, "reached", due=30, after=120, attempts=2)
    Call.objects.filter(pk=made.calls.order_by("pk")[0].pk).update(exit_reason="rescheduled")
    assert metrics.callback_figures(queue=support).from_due.median == 89, "from the second place in line"


def test_days_and_periods_are_kept_apart() -> None:
    one, other = cast.queue(), cast.queue()
    owed(one, "reached")
    owed(one, "expired", at=NOON + timedelta(days=1))
    owed(other, "cancelled")
    assert metrics.callback_figures(queue=one, until=NOON).counts["asked"] == 0
    assert metrics.callback_figures(queue=one, since=NOON + timedelta(hours=1)).counts["asked"] == 1
    assert [(day.day, found.counts["asked"]) for day, found in metrics.callbacks_by_day().items()] == [(20, 2), (21, 1)]
    assert metrics.callback_figures(queue=one, since=NOON + timedelta(days=9)).reach is None


CALLBACK = st.tuples(
    st.sampled_from([*metrics.CALLBACK_OUTCOMES[:-1], *STILL_OPEN]),
    st.integers(0, 100), st.integers(0, 5000), st.integers(1, 3), st.sampled_from(["busy", "no answer", ""]),
)  # fmt: skip
MESSAGES = st.tuples(
    st.sampled_from([state.name for state in MESSAGE.states]), st.none() | st.integers(0, 9000), st.booleans(), st.booleans(),
)  # fmt: skip


def nine_of_ten(values: list[int]) -> float:
    return quantiles(values, n=10, method="inclusive")[-1] if len(values) > 1 else values[0]


class FiguresAreTheirRows(TestCase):
    """Against a reference that counts in Python, for any rows."""

    @given(st.lists(CALLBACK, max_size=8))
    @settings(max_examples=25, deadline=None)
    def test_callbacks_asked_for_are_the_sum_of_what_became_of_them(self, rows: list[tuple[str, int, int, int, str]]) -> None:
        where = cast.queue()
        for outcome, due_in, after, attempts, reason in rows:
            owed(where, outcome, due=due_in, after=due_in + after, attempts=attempts, reason=reason)
        found = metrics.callback_figures(queue=where)
        assert found.counts["asked"] == len(rows) == sum(found.counts[name] for name in metrics.CALLBACK_OUTCOMES)
        for name in metrics.CALLBACK_COUNTS:
            assert found.counts[name] == metrics.callbacks_behind(name, queue=where).count(), name
        counted = Counter(outcome if outcome not in STILL_OPEN else "open" for outcome, *_ in rows)
        assert {name: found.counts[name] for name in metrics.CALLBACK_OUTCOMES if found.counts[name]} == counted
        assert metrics.expired_because(queue=where) == Counter(reason for outcome, *_, reason in rows if outcome == "expired")
        self._times(found, [row[1:4] for row in rows if row[0] == "reached"])

    def _times(self, found: metrics.CallbackFigures, reached: list[Any]) -> None:
        if not reached:
            assert (found.attempts, found.from_asking, found.from_due) == (None, metrics.Took(), metrics.Took())
            return
        assert found.attempts == pytest.approx(mean(attempts for *_, attempts in reached))
        waits, ours = [due_in + after for due_in, after, _ in reached], [after for _, after, _ in reached]
        for took, values in ((found.from_asking, waits), (found.from_due, ours)):
            assert took.median == pytest.approx(median(values))
            assert took.p90 == pytest.approx(nine_of_ten(values))

    @given(st.lists(MESSAGES, max_size=8))
    @settings(max_examples=25, deadline=None)
    def test_messages_left_are_the_sum_of_where_they_are(self, rows: list[tuple[str, int | None, bool, bool]]) -> None:
        where = box()
        for state, heard, partial, called_back in rows:
            left(where, state, heard=heard, partial=partial, called_back=called_back)
        found = metrics.voicemail_figures(box=where)
        assert found.counts["left"] == len(rows) == sum(found.counts[name] for name in metrics.VOICEMAIL_STATES)
        for name in metrics.VOICEMAIL_COUNTS:
            assert found.counts[name] == metrics.voicemail_behind(name, box=where).count(), name
        heard_after = [heard for _, heard, *_ in rows if heard is not None]
        assert found.counts["listened_to"] == len(heard_after)
        assert found.counts["called_back"] == sum(called_back for *_, called_back in rows)
        assert found.counts["never_heard"] == sum(heard is None and state in ("archived", "deleted") for state, heard, *_ in rows)
        if heard_after:
            assert found.until_heard.median == pytest.approx(median(heard_after))
            assert found.until_heard.p90 == pytest.approx(nine_of_ten(heard_after))
        assert metrics.voicemail_by_box(box=where) == ({where.pk: found} if rows else {})


# ---- voicemail -------------------------------------------------------------------------------------------------
@pytest.mark.usefixtures("voicemail_folder")
def test_messages_are_counted_by_where_they_are_and_whether_anybody_listened() -> None:
    where = box()
    heard, archived, restored, deleted, _ = (message(where) for _ in range(5))
    services.mark_heard(heard.pk, actor="agent:1")
    services.archive_message(archived.pk, actor="agent:1")
    services.archive_message(restored.pk, actor="agent:1")
    services.restore_message(restored.pk, actor="agent:1")
    services.delete_message(deleted.pk, actor="agent:1")
    found = metrics.voicemail_figures(box=where)
    assert found.counts == {
        "left": 5, "new": 1, "heard": 2, "archived": 1, "deleted": 1, "listened_to": 1, "never_heard": 2, "partial": 0, "called_back": 0,
    }  # fmt: skip
    assert (found.listened, found.seconds) == (20, 4)
    services.mark_new(heard.pk, actor="agent:1")
    assert metrics.voicemail_figures(box=where).counts["listened_to"] == 1, "it was heard all the same"


def test_who_was_led_to_voicemail_and_said_nothing_is_counted_as_that() -> None:
    queue, mailbox = queue_with_box()
    silent, speaker, staying = (overflowed(queue) for _ in range(3))
    services.keep_message("n1/1", box_id=mailbox.pk, call_id=speaker.pk, seconds=5, ended_by="caller")
    for call in (silent, speaker, cast.enqueue(queue)):
        services.hang_up(call.pk, by="caller")
    assert list(metrics.said_nothing()) == [silent]
    assert list(metrics.said_nothing(since=timezone.now())) == []
    services.hang_up(staying.pk, by="caller")
    assert metrics.said_nothing().count() == 2


# ---- pages -----------------------------------------------------------------------------------------------------
CALLBACKS, VOICEMAIL = "admin:queues_callback_figures", "admin:queues_voicemailmessage_figures"


@pytest.fixture
def busy() -> tuple[Queue, Queue]:
    """Everything that can become of a callback, in two queues, today and before."""
    one, other = cast.queue(), cast.queue()
    now = timezone.now()
    for where in (one, one, other):
        for outcome in (*metrics.CALLBACK_OUTCOMES[:-1], *STILL_OPEN):
            owed(where, outcome, at=now)
    owed(one, "expired", at=now, reason="busy")
    owed(one, "expired", at=now, reason="")
    owed(other, "reached", at=now - timedelta(days=2), after=3600)
    owed(other, "reached", at=now - timedelta(days=40))
    return one, other


def numbers(page: str) -> list[tuple[str, int]]:
    """Every number of the page that leads somewhere: in tiles, bars, tables and columns of days."""
    found = re.findall(r'<a (?:class="cc-tile" )?href="([^"]*)"[^>]*>(?:<b>)?(\d+)<', page)
    found += re.findall(r'<a class="ff-column" href="([^"]*)" aria-label="[^":]*: (\d+) ', page)
    return [(unescape(link), int(number)) for link, number in found]


def counted(client: Client, link: str) -> int:
    answer = client.get(link)
    assert answer.status_code == 200, link
    return int(answer.context["cl"].result_count)


def page_of(client: Client, name: str, **asked: Any) -> str:
    answer = client.get(reverse(name), asked)
    assert answer.status_code == 200
    return str(answer.content.decode())


@pytest.mark.parametrize(("days", "whole"), [(7, True), (365, False)])
def test_each_number_about_callbacks_leads_to_its_rows(busy: tuple[Queue, Queue], days: int, whole: bool) -> None:
    client = client_of(roles.SUPERVISOR)
    page = page_of(client, CALLBACKS, days=days, **({} if whole else {"of": busy[1].pk}))
    found = numbers(page)
    assert len(found) > 15
    assert sum(number > 0 for _, number in found) > 12, "nothing is compared with nothing"
    assert [(link, counted(client, link)) for link, _ in found] == found
    assert ("All queues" in page) is not whole


def test_reasons_are_told_in_words_and_lead_to_their_rows(busy: tuple[Queue, Queue]) -> None:
    client = client_of(roles.SUPERVISOR)
    page = page_of(client, CALLBACKS)
    found = re.findall(r"<span>([^<]*)</span><i[^>]*></i><a href=\"([^\"]*last_result__exact[^\"]*)\">(\d+)</a>", page)
    assert [(words, int(number)) for words, _, number in found] == [("No answer", 3), ("Not known", 1), ("Busy", 1)]
    assert [counted(client, unescape(link)) for _, link, _ in found] == [3, 1, 1]


@pytest.fixture
def boxes() -> tuple[VoicemailBox, VoicemailBox]:
    one, general = box(queue=cast.queue()), box()
    now = timezone.now()
    for where in (one, general, general):
        for state in MESSAGE.states:
            left(where, state.name, at=now, heard=60 if state.name == "heard" else None)
    left(one, "archived", at=now - timedelta(days=3), heard=7200, called_back=True, partial=True)
    left(general, "heard", at=now - timedelta(days=60), heard=5)
    return one, general


def test_each_number_about_voicemail_leads_to_its_rows(boxes: tuple[VoicemailBox, VoicemailBox]) -> None:
    queue, _ = queue_with_box()
    services.hang_up(overflowed(queue).pk, by="caller")
    client = client_of(roles.SUPERVISOR)
    for chosen in ({}, {"of": boxes[0].pk}):
        page = page_of(client, VOICEMAIL, **chosen)
        found = numbers(page)
        assert len(found) > 15
        assert sum(number > 0 for _, number in found) > 12, "nothing is compared with nothing"
        assert [(link, counted(client, link)) for link, _ in found] == found
        assert ("said nothing" in page) is (not chosen)


def test_a_supervisor_of_teams_counts_the_boxes_of_these_only(boxes: tuple[VoicemailBox, VoicemailBox]) -> None:
    client = client_of(roles.SUPERVISOR)
    team = Team.objects.create(name="Mine")
    team.supervisors.add(int(client.session["_auth_user_id"]))
    cast.agent(queues=(Queue.objects.get(boxes=boxes[0]),), team=team)
    page = page_of(client, VOICEMAIL)
    assert (boxes[0].name in page, boxes[1].name in page) == (True, False)
    assert dict(numbers(page)[:1]) == {numbers(page)[0][0]: 5}
    hers = [(link, number) for link, number in numbers(page) if "voicemailmessage" in link]
    assert [(link, counted(client, link)) for link, _ in hers] == hers
    assert boxes[1].name not in page_of(client, VOICEMAIL, of=boxes[1].pk), "nor by asking for it"


@pytest.mark.parametrize("name", [CALLBACKS, VOICEMAIL])
def test_who_sees_the_lists_sees_the_figures_and_nobody_else(name: str) -> None:
    for role in (roles.MANAGER, roles.SUPERVISOR, roles.AUDITOR):
        client = client_of(role)
        page = page_of(client, name, days="9999", of="x")
        assert "in this time" in page, "an empty period says what to do"
        assert not re.search(r"<script(?![^>]*\bsrc=)", page.split('<div class="cc-page">')[1])
        listed = client.get(reverse(name.replace("figures", "changelist"))).content.decode()
        assert f'class="cc-button" href="{reverse(name)}"' in listed
    assert client_of(roles.AGENT).get(reverse(name)).status_code == 302
    assert client_of("nobody").get(reverse(name)).status_code == 302


@pytest.mark.parametrize(("model", "counts"), [("callback", metrics.CALLBACK_COUNTS), ("voicemailmessage", metrics.VOICEMAIL_COUNTS)])
def test_every_figure_has_a_filter(model: str, counts: Any) -> None:
    client = client_of(roles.MANAGER)
    for name in (*counts, "nonsense"):
        assert client.get(reverse(f"admin:queues_{model}_changelist"), {"figure": name}).status_code == 200


@pytest.mark.parametrize(("name", "fixture"), [(CALLBACKS, "busy"), (VOICEMAIL, "boxes")])
def test_a_page_takes_as_many_queries_for_ten_queues_as_for_two(
    name: str, fixture: str, request: Any, django_assert_max_num_queries: Any
) -> None:
    request.getfixturevalue(fixture)
    for _ in range(8):
        owed(cast.queue(), "reached", at=timezone.now())
        left(box(), at=timezone.now())
    client = client_of(roles.MANAGER)
    with django_assert_max_num_queries(14):
        page_of(client, name)


# ---- a callback promised from a message ------------------------------------------------------------------------
def test_a_callback_is_promised_from_a_message_and_counted_with_it() -> None:
    support = queue()
    call = cast.enqueue(support)
    Call.objects.filter(pk=call.pk).update(caller_number="+493012345678", caller_name="Ann")
    services.hang_up(call.pk, by="caller")
    where = box()
    stored = services.keep_message("n1/7", box_id=where.pk, call_id=call.pk, seconds=5, ended_by="caller")
    supervisor = client_of(roles.SUPERVISOR)
    page = supervisor.get(reverse("admin:queues_voicemailmessage_change", args=[stored.pk])).content.decode()
    assert "None." in page
    (address,) = re.findall(r'class="cc-button" href="([^"]*message=[^"]*)"', page)
    form = supervisor.get(address).context["adminform"].form
    assert (form.initial["queue"], form.initial["number"], form.initial["name"]) == (support.pk, "+493012345678", "Ann")
    at = timezone.localtime() + timedelta(hours=1)
    given = {"queue": support.pk, "number": "+493012345678", "name": "Ann", "note": "x", "priority": "0"}
    assert supervisor.post(address, {**given, "due_at_0": f"{at:%Y-%m-%d}", "due_at_1": f"{at:%H:%M:%S}"}).status_code == 302
    callback = Callback.objects.get()
    assert (callback.origin, list(metrics.voicemail_behind("called_back", box=where))) == (call, [stored])
    page = supervisor.get(reverse("admin:queues_voicemailmessage_change", args=[stored.pk])).content.decode()
    assert reverse("admin:queues_callback_change", args=[callback.pk]) in page


def test_who_may_not_promise_or_not_see_the_message_cannot_answer_it() -> None:
    stored = left(box(), caller_number="+493012345678")
    auditor = client_of(roles.AUDITOR).get(reverse("admin:queues_voicemailmessage_change", args=[stored.pk])).content.decode()
    assert "Promise a callback" not in auditor
    supervisor = client_of(roles.SUPERVISOR)
    Team.objects.create(name="Mine").supervisors.add(int(supervisor.session["_auth_user_id"]))
    for asked_for in (stored.pk, "nonsense"):
        form = supervisor.get(reverse("admin:queues_callback_add"), {"message": asked_for}).context["adminform"].form
        assert "number" not in form.initial


def test_what_the_caller_asked_for_in_the_same_call_is_no_answer_to_the_message() -> None:
    support = queue()
    call = cast.enqueue(support)
    services.request_callback(call.pk, "+493012345678")
    stored = services.keep_message("n1/8", box_id=box().pk, call_id=call.pk, seconds=5, ended_by="caller")
    assert metrics.voicemail_figures().counts["called_back"] == 0
    assert not metrics.promised_for(stored).exists()
