"""Actions of the admin: dangerous ones ask first, all go through the services, and refusals are told."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from agents.models import Agent, BreakReason
from callcenter.core import roles
from callcenter.core.models import LogEntry
from queues import metrics, services
from queues.models import Queue

from . import cast
from .forms import client_of

pytestmark = pytest.mark.django_db


def act(client: Client, page: str, action: str, *rows: Any, **more: Any) -> Any:
    given = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(reverse(f"admin:{page}_changelist"), given, follow=True)


def said(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.fixture
def supervisor() -> Client:
    return client_of(roles.SUPERVISOR)


def test_logging_out_asks_first(supervisor: Client) -> None:
    alice = cast.agent()
    asked = act(supervisor, "agents_agent", "log_out", alice)
    alice.refresh_from_db()
    assert "Log out these agents?" in asked.content.decode()
    assert alice.state == "available"
    answer = act(supervisor, "agents_agent", "log_out", alice, confirmed="yes")
    alice.refresh_from_db()
    assert alice.state == "offline"
    assert "1 agent(s) logged out" in said(answer)
    assert LogEntry.objects.filter(type="agent.went_offline", actor__startswith="user:").exists()


def test_an_agent_who_talks_is_logged_out_after_the_call(supervisor: Client) -> None:
    support = cast.queue()
    alice = cast.agent(queues=(support,))
    call = cast.talk(cast.enqueue(support))
    act(supervisor, "agents_agent", "log_out", alice, confirmed="yes")
    alice.refresh_from_db()
    assert (alice.state, alice.next_state) == ("on_call", "offline")
    services.hang_up(call.pk, by="caller")
    alice.refresh_from_db()
    assert alice.state == "offline"


def test_sending_on_a_break_asks_for_the_reason_and_tells_who_could_not_be_sent(supervisor: Client) -> None:
    alice, bob = cast.agent("alice"), cast.agent("bob", state="offline")
    asked = act(supervisor, "agents_agent", "send_on_break", alice, bob)
    assert "Lunch" in asked.content.decode()
    lunch = BreakReason.objects.get(code="lunch")
    answer = act(supervisor, "agents_agent", "send_on_break", alice, bob, reason=lunch.pk)
    alice.refresh_from_db()
    assert (alice.state, alice.break_reason) == ("break", lunch)
    assert "bob: " in said(answer)


def test_agents_can_be_made_available(supervisor: Client) -> None:
    alice = cast.agent(state="break")
    act(supervisor, "agents_agent", "make_available", alice)
    alice.refresh_from_db()
    assert alice.state == "available"


def test_an_auditor_has_no_actions() -> None:
    alice = cast.agent()
    act(client_of(roles.AUDITOR), "agents_agent", "log_out", alice, confirmed="yes")
    alice.refresh_from_db()
    assert alice.state == "available"


def test_draining_asks_first_and_keeps_those_who_wait() -> None:
    manager = client_of(roles.MANAGER)
    support = cast.queue()
    call = cast.enqueue(support)
    assert "Drain these queues?" in act(manager, "queues_queue", "drain", support).content.decode()
    assert Queue.objects.get(pk=support.pk).active
    act(manager, "queues_queue", "drain", support, confirmed="yes")
    call.refresh_from_db()
    assert (Queue.objects.get(pk=support.pk).active, call.state) == (False, "queued")
    assert LogEntry.objects.filter(type="queue.changed", subject_id=support.pk).exists()
    act(manager, "queues_queue", "reopen", support)
    assert Queue.objects.get(pk=support.pk).active


def test_a_supervisor_cannot_drain_a_queue(supervisor: Client) -> None:
    support = cast.queue()
    act(supervisor, "queues_queue", "drain", support, confirmed="yes")
    assert Queue.objects.get(pk=support.pk).active


def test_new_sip_passwords_are_for_managers(supervisor: Client) -> None:
    alice = cast.agent()
    act(supervisor, "agents_agent", "new_sip_passwords", alice, confirmed="yes")
    assert not Agent.objects.get(pk=alice.pk).sip_ha1_md5
    answer = act(client_of(roles.MANAGER), "agents_agent", "new_sip_passwords", alice, confirmed="yes")
    assert Agent.objects.get(pk=alice.pk).sip_ha1_md5
    assert "not shown again" in said(answer)


# Lists and the call page


def test_a_figure_leads_to_exactly_the_rows_it_counts(supervisor: Client) -> None:
    support = cast.queue()
    cast.agent(queues=(support,))
    cast.talk(cast.enqueue(support))
    for _ in range(3):
        services.hang_up(cast.enqueue(support).pk, by="caller", reason="gave up")
    figures = metrics.queue_figures(support)
    for figure in metrics.COUNTS:
        answer = supervisor.get(reverse("admin:queues_segment_changelist"), {"figure": figure, "queue__id__exact": str(support.pk)})
        assert answer.context["cl"].result_count == getattr(figures, figure), figure


def test_calls_are_found_by_number_caller_and_ids(supervisor: Client) -> None:
    call, other = cast.arrive(caller_number="+49301234"), cast.arrive(caller_number="anonymous")
    for term in (str(call.pk), "+49301234", call.sip_call_id, str(call.public_id)):
        found = supervisor.get(reverse("admin:queues_call_changelist"), {"q": term}).context["cl"].result_list
        assert call in found
        assert other not in found


def test_the_call_list_costs_few_queries_and_no_count_of_the_whole_table(supervisor: Client, django_assert_max_num_queries: Any) -> None:
    support = cast.queue()
    for _ in range(20):
        cast.enqueue(support)
    url = reverse("admin:queues_call_changelist")
    supervisor.get(url)
    with django_assert_max_num_queries(14) as queries:
        supervisor.get(url)
    counts = [query["sql"] for query in queries.captured_queries if "COUNT(" in query["sql"] and "queues_call" in query["sql"]]
    assert counts
    assert all("LIMIT 10000" in sql for sql in counts)


def test_the_call_page_tells_the_story_in_words(supervisor: Client) -> None:
    support = cast.queue(strategy="longest-idle", wrap_up_seconds=30)
    alice = cast.agent("Alice", queues=(support,))
    cast.agent("Bob", queues=(support,), state="break")
    call = cast.talk(cast.enqueue(support))
    services.hang_up(call.pk, by="agent", reason="bye")
    page = supervisor.get(reverse("admin:queues_call_change", args=[call.pk])).content.decode()
    assert "The call reached us." in page
    assert "An agent was reserved and the devices ring." in page
    assert "by Alice" in page
    assert "was on a break" in page
    assert "idle since" in page
    assert f"agent:{alice.pk}" not in page


def test_a_call_assigned_by_hand_names_who_did_it(supervisor: Client) -> None:
    support = cast.queue()
    alice = cast.agent("Alice", queues=(support,), state="break")
    call = cast.enqueue(support)
    bob = cast.agent("Bob", state="available")
    vera = User.objects.get(username="the-supervisor")
    services.force_assign(call.pk, bob.pk, actor=f"user:{vera.pk}")
    page = supervisor.get(reverse("admin:queues_call_change", args=[call.pk])).content.decode()
    assert "Assigned by hand by the-supervisor." in page
    assert alice.offers.count() == 0


def test_a_long_silence_is_a_line_of_its_own() -> None:
    from datetime import timedelta

    from callcenter.core import events
    from queues.story import timeline

    call = cast.arrive()
    events.append("call.held", subject=f"call:{call.pk}", actor="system:media")
    entry = LogEntry.objects.get(type="call.held")
    LogEntry.objects.create(
        type="call.resumed", subject_kind="call", subject_id=call.pk, actor="system:media", at=entry.at + timedelta(seconds=90)
    )
    lines = timeline(call)
    assert [line.gap is not None for line in lines] == [False, False, True]
    assert lines[-1].gap == pytest.approx(90)
    assert lines[-1].actor == "the system (media)"


def test_the_overview_shows_the_figures_of_now(supervisor: Client) -> None:
    support = cast.queue()
    cast.agent("Deaf", queues=(support,), phone=False)
    cast.enqueue(support)
    page = supervisor.get(reverse("admin:index")).content.decode()
    assert "Deaf is available, but has no reachable phone." in page
    assert "No telephony node is running" in page
    assert str(support) in page
