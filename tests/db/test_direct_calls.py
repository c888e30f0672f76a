"""Calls to an agent's extension whom the agent does not take: where the agent's page, or else the queue, leads them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from agents.models import Agent
from ivr.models import Number
from queues import metrics, phrases, services
from queues.models import Call, DirectCalls, Queue, VoicemailBox
from queues.states import CallOutcome, OfferOutcome, SegmentOutcome
from telephony.ports import CallerArrived
from telephony.records import BoxOpened, Farewell

from . import cast
from .forms import change_agent
from .mailbox import Clerk, box

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("voicemail_folder")]

WAYS_THERE = ("no answer", "rejected", "busy phone", "talks", "break", "logged out", "out of reach", "waits too long")


def direct() -> Queue:
    """As every installation has it, with no words of its own that would have to be spoken."""
    return Queue.objects.get(slug="direct")


def boxed(name: str = "alice", **fields: Any) -> tuple[Agent, VoicemailBox]:
    agent = cast.agent(name, **fields)
    return agent, box(agent=agent, greeting="", review=False)


def not_taken(agent: Agent, why: str = "logged out") -> Call:
    """A caller of the agent's extension who has been waiting until the queue kept the call no longer."""
    if why == "talks":
        cast.talk(cast.enqueue(direct(), wanted_agent_id=agent.pk))
    elif why == "break":
        services.take_break(agent.pk, cast.pause().pk, actor="system:test")
    elif why == "out of reach":
        agent.devices.all().delete()
    elif why == "logged out" and agent.state != "offline":
        services.go_offline(agent.pk, actor="system:test")
    elif why == "waits too long":
        Queue.objects.update(absent_busy=False)
        cast.talk(cast.enqueue(direct(), wanted_agent_id=agent.pk))
    call = cast.enqueue(direct(), wanted_agent_id=agent.pk)
    if offers := cast.open_offers(call):
        outcome = {"rejected": OfferOutcome.REJECTED, "busy phone": OfferOutcome.BUSY}.get(why, OfferOutcome.NO_ANSWER)
        services.offer_failed(offers[0].pk, outcome)
    else:
        cast.age(call, 46 if why == "waits too long" else 6)
        services.sweep("test")
    call.refresh_from_db()
    return call


@pytest.mark.parametrize("why", WAYS_THERE)
def test_who_is_not_taken_is_led_to_the_agents_own_box(why: str) -> None:
    alice, own = boxed()
    call = not_taken(alice, why)
    assert call.state == "ivr"
    clerk = Clerk(call)
    clerk.wish("farewell")
    [opened] = clerk.heard
    assert isinstance(opened, BoxOpened)
    assert opened.box
    assert opened.box.box == own.pk


def test_a_message_in_it_is_the_agents_and_counts_as_voicemail() -> None:
    alice, own = boxed()
    call = not_taken(alice)
    services.keep_message("n1/a.wav", box_id=own.pk, call_id=call.pk, seconds=3, ended_by="caller")
    services.hang_up(call.pk, by="caller")
    call.refresh_from_db()
    assert call.outcome == CallOutcome.VOICEMAIL
    assert [stay.outcome for stay in call.segments.all()] == [SegmentOutcome.VOICEMAIL]
    assert list(VoicemailBox.objects.of_agent(alice.pk)) == [own]


def test_who_says_nothing_there_is_counted_as_that_and_who_gave_up_before_is_not() -> None:
    alice, _ = boxed()
    elsewhere = cast.agent("bob")
    DirectCalls.objects.create(agent=elsewhere, unanswered="message")
    silent, told = not_taken(alice), not_taken(elsewhere)
    gave_up = cast.enqueue(direct(), wanted_agent_id=alice.pk)
    for call in (silent, told, gave_up):
        services.hang_up(call.pk, by="caller")
    assert list(metrics.said_nothing()) == [silent]


@pytest.mark.parametrize("without", ["no box", "box is off"])
def test_without_a_box_that_takes_messages_the_queue_says_what_is_next(without: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.sounds.say", lambda text, _: (text,))
    alice, own = boxed()
    VoicemailBox.objects.filter(pk=own.pk).update(**({"active": False} if without == "box is off" else {"agent": None}))
    clerk = Clerk(not_taken(alice))
    clerk.wish("farewell")
    assert clerk.heard == [Farewell(("The person you are calling cannot take your call now.",), "fallback")]


def test_another_queue_takes_over_and_its_own_box_too() -> None:
    alice, _ = boxed()
    desk, house = cast.queue("desk", max_wait=30), box(greeting="")
    cast.way_out(desk, kind="voicemail", target=house.slug)
    DirectCalls.objects.create(agent=alice, unanswered="queue", next_queue=desk)
    call = not_taken(alice)
    assert (call.state, call.queue, call.wanted_agent) == ("queued", desk, None)
    cast.age(call, 40)
    services.sweep("test")
    assert services.box_of_way_out(call.pk) == house


def test_another_queue_offers_the_caller_to_its_agents_at_once() -> None:
    alice = cast.agent("alice", state="offline")
    desk = cast.queue("desk")
    bob = cast.agent("bob", queues=(desk,))
    DirectCalls.objects.create(agent=alice, unanswered="queue", next_queue=desk)
    call = not_taken(alice)
    assert [offer.call for offer in cast.open_offers(bob)] == [call]


def test_the_message_of_the_agent_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.sounds.say", lambda text, _: (text,))
    alice, _ = boxed()
    mine = DirectCalls.objects.create(agent=alice, unanswered="message", message="I am on the road.")
    clerk = Clerk(not_taken(alice))
    clerk.wish("farewell")
    DirectCalls.objects.filter(pk=mine.pk).update(message="")
    clerk.wish("farewell")
    assert clerk.heard == [Farewell(("I am on the road.",), "fallback"), Farewell((phrases.refusal(),), "fallback")]


def test_the_queue_decides_if_the_agents_page_leaves_it_to_it() -> None:
    alice, _ = boxed()
    house = box(greeting="")
    direct().ways_out.update(kind="voicemail", target=house.slug)
    DirectCalls.objects.create(agent=alice, unanswered="as_queue")
    assert services.box_of_way_out(not_taken(alice).pk) == house


def test_who_is_refused_at_entry_gets_the_box_at_once() -> None:
    alice, own = boxed(state="offline")
    Queue.objects.filter(slug="direct").update(join_empty=False)
    Number.objects.create(number=alice.extension, queue=direct(), agent=alice, target="agent", public=True)
    call = cast.arrive(dialled=alice.extension)
    clerk = Clerk(call)
    clerk.wish("arrive", caller=CallerArrived("c", "100", "", alice.extension, "public"))
    [opened] = clerk.heard
    assert isinstance(opened, BoxOpened)
    assert opened.box
    assert opened.box.box == own.pk


def test_a_row_of_the_queue_for_its_hours_goes_before_the_agents_page() -> None:
    alice, _ = boxed()
    night = cast.queue("night")
    cast.way_out(direct(), "closed", next_queue=night)
    Queue.objects.filter(slug="direct").update(active=False)
    assert not_taken(alice).queue == night


def test_callers_of_the_queue_itself_are_not_led_to_anybodys_box() -> None:
    boxed()
    call = cast.enqueue(cast.queue(max_wait=5))
    cast.age(call, 6)
    services.sweep("test")
    assert services.box_of_way_out(call.pk) is None


def test_a_box_that_was_switched_off_meanwhile_is_not_opened() -> None:
    alice, own = boxed()
    call = not_taken(alice)
    VoicemailBox.objects.filter(pk=own.pk).update(active=False)
    assert services.box_of_way_out(call.pk) is None


@pytest.mark.parametrize(
    ("fields", "remedy"),
    [
        ({"unanswered": "queue"}, "Choose the queue that takes"),
        ({"unanswered": "queue", "next_queue": "direct"}, "Choose another queue"),
        ({"unanswered": "box", "next_queue": "general"}, "takes no queue: remove it"),
        ({"unanswered": "as_queue", "message": "Hello."}, "takes no message: remove it"),
    ],
)
def test_what_contradicts_itself_is_refused_with_the_remedy(fields: dict[str, Any], remedy: str) -> None:
    given = dict(fields)
    if "next_queue" in given:
        given["next_queue"] = Queue.objects.get(slug=given["next_queue"])
    with pytest.raises(ValidationError, match=remedy):
        DirectCalls(agent=cast.agent(), **given).full_clean()


def test_to_a_queue_without_naming_one_is_refused_by_the_database_too() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        DirectCalls.objects.create(agent=cast.agent(), unanswered="queue")


def test_it_is_set_on_the_agents_page_and_untouched_it_stays_the_default(manager: Client) -> None:
    alice, own = boxed(state="offline")
    url = reverse("admin:agents_agent_change", args=[alice.pk])
    page = manager.get(url).content.decode()
    assert "Own voicemail box, if there is one" in page
    assert f'href="{reverse("admin:queues_voicemailbox_change", args=[own.pk])}"' in page
    form = change_agent(alice) | {"direct_calls-TOTAL_FORMS": "1", "direct_calls-0-unanswered": "box"}
    assert manager.post(url, form).status_code == 302
    assert not DirectCalls.objects.exists()
    desk = cast.queue("desk")
    assert manager.post(url, form | {"direct_calls-0-unanswered": "queue", "direct_calls-0-next_queue": desk.pk}).status_code == 302
    assert alice.direct_calls.next_queue == desk


def test_an_agent_without_a_box_is_offered_to_make_one(manager: Client) -> None:
    alice = cast.agent("alice", state="offline")
    page = manager.get(reverse("admin:agents_agent_change", args=[alice.pk])).content.decode()
    assert f"{reverse('admin:queues_voicemailbox_add')}?agent={alice.pk}&amp;name=alice" in page
    assert manager.get(reverse("admin:queues_voicemailbox_add"), {"agent": str(alice.pk), "name": "alice"}).status_code == 200
