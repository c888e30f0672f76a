"""Callbacks at a chosen time from the agent's panel: who may, for whom, and what is said when it cannot be."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.serializers.json import DjangoJSONEncoder

from agents.models import Agent
from callcenter.core.errors import NotAllowed, NotFound
from callcenter.core.intents import Arguments, BadRequest
from queues import services
from queues.models import Call, Callback, Queue
from queues.panel.intents import PanelIntents
from queues.panel.later import may_promise
from queues.panel.snapshot import panel_snapshot
from queues.refusals import WindowFull

from . import cast
from .test_callbacks import NUMBER
from .test_chosen_times import hour, queue

pytestmark = pytest.mark.django_db


def agent_who_may(support: Queue) -> Agent:
    agent = cast.agent(queues=(support,))
    agent.user = User.objects.create_user(f"agent-{agent.pk}")
    agent.user.user_permissions.set(Permission.objects.filter(codename__in=["add_callback", "change_callback"]))
    agent.save(update_fields=["user"])
    return agent


def talking(support: Queue, number: str = NUMBER) -> Call:
    call = cast.enqueue(support)
    Call.objects.filter(pk=call.pk).update(caller_number=number)
    return cast.talk(call)


def intent(agent: Agent, op: str, **args: Any) -> None:
    PanelIntents(agent.pk).table()[op](Arguments(args))


def shown(agent: Agent) -> Any:
    [call] = json.loads(json.dumps(panel_snapshot(agent.pk, promises=True), cls=DjangoJSONEncoder))["calls"]
    return call["later"]


def test_one_is_promised_moved_and_cancelled_for_the_customer_on_the_line() -> None:
    support = queue()
    agent = agent_who_may(support)
    call = talking(support)
    first, second, *_ = shown(agent)["free"]
    intent(agent, "promise_callback", call=call.pk, at=first["at"])
    callback = Callback.objects.get()
    assert (callback.number, callback.queue, callback.requested_by) == (NUMBER, support, f"agent:{agent.pk}")
    assert callback.window_from == callback.due_at
    owed = shown(agent)["owed"]
    assert (owed["id"], owed["movable"], owed["state"]) == (callback.pk, True, "scheduled")
    assert first["at"] not in [one["at"] for one in shown(agent)["free"]], "its only place is taken"
    intent(agent, "reschedule_callback", callback=callback.pk, at=second["at"])
    assert Callback.objects.get().due_at - callback.due_at >= timedelta(hours=1)
    intent(agent, "cancel_callback", callback=callback.pk)
    assert (Callback.objects.get().state, shown(agent)["owed"]) == ("cancelled", None)


def test_who_may_not_make_callbacks_in_the_administration_may_not_here() -> None:
    support = queue()
    agent = cast.agent(queues=(support,))
    agent.user = User.objects.create_user("agent-plain")
    agent.save(update_fields=["user"])
    call = talking(support)
    callback = services.schedule_callback(support.pk, "+493087654321", at=hour(), actor="user:1")
    assert not may_promise(agent.user)
    assert panel_snapshot(agent.pk)["calls"][0]["later"] is None
    for op, args in (
        ("promise_callback", {"call": call.pk, "at": hour().isoformat()}),
        ("reschedule_callback", {"callback": callback.pk, "at": hour(4).isoformat()}),
        ("cancel_callback", {"callback": callback.pk}),
    ):
        with pytest.raises(NotAllowed):
            intent(agent, op, **args)
    assert Callback.objects.get().due_at == hour()


def test_what_cannot_be_promised_says_why() -> None:
    support = queue()
    agent, other = agent_who_may(support), agent_who_may(queue())
    call = talking(support)
    services.schedule_callback(support.pk, "+493087654321", at=hour(), actor="user:1")
    with pytest.raises(WindowFull):
        intent(agent, "promise_callback", call=call.pk, at=hour().isoformat())
    with pytest.raises(BadRequest, match="must be a moment like"):
        intent(agent, "promise_callback", call=call.pk, at="tomorrow")
    with pytest.raises(NotFound):
        intent(other, "promise_callback", call=call.pk, at=hour(4).isoformat())


def test_a_caller_without_a_number_cannot_be_promised_anything() -> None:
    support = queue()
    agent = agent_who_may(support)
    call = talking(support, "anonymous")
    assert shown(agent) is None
    with pytest.raises(BadRequest, match="sent no number"):
        intent(agent, "promise_callback", call=call.pk, at=hour().isoformat())
