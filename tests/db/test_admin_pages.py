"""Every page of the admin opens for those who may see it, and for nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import reverse
from django.utils import timezone

from callcenter.core import events, roles
from ivr.models import Flow, FlowTest, Number
from queues import services
from queues.models import Callback, CallerPriority, Closure, Command, Lease
from telephony.models import CallProcess, Leg, Node, Registration, Trunk

from . import cast
from .flows import came, version
from .forms import client_of

pytestmark = pytest.mark.django_db

OURS = ("core", "agents", "queues", "ivr", "telephony")


def url(model: type[Model], page: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def world() -> None:
    """At least one row of nearly everything, with calls in several states."""
    support, sales = cast.queue("support", wrap_up_seconds=30), cast.queue("sales", everyone=True)
    alice = cast.agent("alice", queues=(support,))
    cast.agent("bob", queues=(support,), state="break")
    done = cast.talk(cast.enqueue(support))
    services.hold(done.pk)
    services.resume(done.pk)
    services.hang_up(done.pk, by="caller", reason="bye")
    services.finish_wrap_up(done.pk, agent_id=alice.pk, notes="all well\nsecond line")
    cast.talk(cast.enqueue(support))
    services.hang_up(cast.enqueue(sales).pk, by="caller", reason="gave up")
    cast.enqueue(support)
    offer = done.offers.get()
    Command.objects.create(call=done, kind="hang_up", actor=f"agent:{alice.pk}")
    node = Node.objects.create(name="n1")
    CallProcess.objects.create(node=node, name="p", pid=1, sip_port=5070, call=done, ended_at=timezone.now(), exit_code=-9)
    Registration.objects.create(
        device=alice.devices.get(), agent=alice, contact="sip:a@1.2.3.4", received_host="1.2.3.4", received_port=5060, call_id="x", cseq=1,
        expires_at=timezone.now(),
    )  # fmt: skip
    Leg.objects.create(call=done, role="agent", agent=alice, offer=offer, sip_call_id="leg", mos=4.2, loss_percent=0.1, jitter_ms=2.0)
    Leg.objects.create(call=done, role="caller", sip_call_id="leg2", number=1, mos=2.1)
    Trunk.objects.create(name="Provider", addresses="203.0.113.0/28")
    Number.objects.create(number="4711", queue=support)
    CallerPriority.objects.create(number="+4930123456", priority=7)
    hours = cast.schedule(country="DE", subdivision="BY")
    Closure.objects.create(name="Outing", schedule=hours, from_date=timezone.localdate(), to_date=timezone.localdate())
    came(version(), "abandoned", ("menu", "1"), ("sub", ""))
    FlowTest.objects.create(flow=Flow.objects.get(), name="to support")
    Lease.objects.create(name="job", owner="me", until=timezone.now())
    events.append("queue.changed", subject=f"queue:{support.pk}", actor="user:1")


def pages() -> Iterator[tuple[type[Model], Any]]:
    yield from admin.site._registry.items()


def test_every_model_of_ours_is_in_the_admin() -> None:
    inlined = {inline.model for model_admin in admin.site._registry.values() for inline in model_admin.inlines}
    missing = [
        model._meta.label
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        if not admin.site.is_registered(model) and model not in inlined
    ]
    assert missing == []


def test_every_field_of_ours_is_explained() -> None:
    bare = [
        f"{model._meta.label}.{field.name}"
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for field in (*model._meta.concrete_fields, *model._meta.local_many_to_many)
        if not field.help_text and not field.primary_key
    ]
    assert bare == []


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("role", ["root", roles.MANAGER, roles.SUPERVISOR, roles.AUDITOR])
def test_every_page_that_the_role_may_see_opens(role: str) -> None:
    client = client_of(role)
    assert client.get(reverse("admin:index")).status_code == 200
    opened = 0
    for model, model_admin in pages():
        user = User.objects.get(username=f"the-{role}")
        may = user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
        assert client.get(url(model, "changelist")).status_code == (200 if may else 403), model
        for row in model._default_manager.all()[:3] if may else ():
            assert client.get(url(model, "change", row.pk)).status_code == 200, row
            opened += 1
        if may and role == roles.MANAGER and model_admin.has_add_permission(_request(user)):
            assert client.get(url(model, "add")).status_code == 200, model
    assert opened > 10


def _request(user: User) -> Any:
    from django.test import RequestFactory

    request = RequestFactory().get("/")
    request.user = user
    return request


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("role", [roles.AGENT, "nobody"])
def test_no_page_opens_for_an_agent(role: str) -> None:
    client = client_of(role)
    for model, _ in pages():
        answer = client.get(url(model, "changelist"))
        assert answer.status_code == 302, model
        assert "/login/" in answer["Location"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("role", [roles.SUPERVISOR, roles.AUDITOR])
def test_those_who_only_look_can_change_nothing(role: str) -> None:
    client = client_of(role)
    for model, _ in pages():
        if role == roles.SUPERVISOR and model in (Callback, Closure):
            continue  # who sees to the floor may close the lines, and promises callbacks
        row = model._default_manager.first()
        assert client.get(url(model, "add")).status_code == 403, model
        if row is not None:
            assert client.post(url(model, "change", row.pk), {"name": "taken over"}).status_code == 403, model
            assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model


@pytest.mark.usefixtures("world")
def test_not_even_a_superuser_edits_records() -> None:
    client = client_of("root")
    for label in ("queues.Call", "queues.Segment", "core.LogEntry", "auditlog.LogEntry", "telephony.Leg"):
        model = apps.get_model(label)
        row = model._default_manager.first()
        assert row is not None
        assert client.get(url(model, "add")).status_code == 403
        assert client.post(url(model, "change", row.pk), {"notes": "forged"}).status_code == 403
        assert client.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
