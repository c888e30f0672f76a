"""The demo gives what its users rely on, may be run again, and is refused where its passwords would be a hole."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from agents.models import Agent
from callcenter.core import roles
from ivr.models import Number
from queues.models import Membership, Queue, Schedule, VoicemailBox

pytestmark = pytest.mark.django_db


def load() -> None:
    call_command("load_demo", yes_load_demo_passwords=True, stdout=open("/dev/null", "w"))  # noqa: SIM115


def test_it_is_refused_when_debug_is_off_and_nobody_asked_by_name(settings: Any) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="--yes-load-demo-passwords"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_it_says_loudly_that_the_passwords_are_known(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        load()
    assert "DEMO PASSWORDS ARE IN USE" in caplog.text


def test_everybody_can_log_in_with_the_role_of_the_name() -> None:
    load()
    for username in ("admin", "manager", "supervisor", "alice", "bob", "carol", "dave"):
        assert User.objects.get(username=username).check_password("demo")
    assert User.objects.get(username="admin").is_superuser
    for username, role in (("manager", roles.MANAGER), ("supervisor", roles.SUPERVISOR), ("alice", roles.AGENT)):
        assert roles.roles_of(User.objects.get(username=username)) == {role}


def test_agents_have_their_extensions_phones_and_queues() -> None:
    load()
    served = {
        "alice": {"support", "sales", "general"},
        "bob": {"support", "sales", "general"},
        "carol": {"billing", "vip"},
        "dave": {"premium", "overflow"},
    }
    for extension, (name, slugs) in enumerate(served.items(), start=1001):
        agent = Agent.objects.get(sip_username=name)
        assert agent.extension == str(extension)
        assert agent.ready_when_registered
        assert agent.sip_ha1_md5
        assert agent.sip_ha1_sha256
        mine = set(Membership.objects.filter(agent=agent).values_list("queue__slug", flat=True))
        assert mine == slugs | {"direct"}


def test_the_menu_and_every_agent_have_a_voicemail_box() -> None:
    for _ in range(2):
        load()
        agents = dict(VoicemailBox.objects.exclude(agent=None).values_list("agent__sip_username", "name"))
        assert agents == {"alice": "Alice", "bob": "Bob", "carol": "Carol", "dave": "Dave"}
        assert VoicemailBox.objects.get(slug="general").queue == Queue.objects.get(slug="general")


def test_numbers_lead_where_they_should_and_are_public() -> None:
    load()
    leads = dict(Number.objects.values_list("number", "queue__slug"))
    for position, slug in enumerate(("general", "support", "sales", "billing", "vip", "premium")):
        assert leads[slug] == slug
        assert leads[str(2000 + position)] == slug
    assert leads["1000"] == "general"
    assert Number.objects.get(number="1002").agent == Agent.objects.get(sip_username="bob")
    assert not Number.objects.filter(public=False).exists()


def test_office_hours_are_there_to_look_at_and_no_queue_has_them() -> None:
    load()
    office = Schedule.objects.get(slug="office-hours")
    assert (office.country, next(str(span) for span in office.spans.all())) == ("DE", "Monday 08:00–18:00")
    assert not Queue.objects.filter(schedule__isnull=False).exists()


def test_demo_queues_ring_15_and_wrap_up_5_seconds() -> None:
    load()
    queues = Queue.objects.exclude(slug="direct")
    assert set(queues.values_list("ring_seconds", "wrap_up_seconds")) == {(15, 5)}


def test_a_second_run_adds_nothing_and_undoes_nothing() -> None:
    load()
    Queue.objects.filter(slug="sales").update(wrap_up_seconds=77)
    User.objects.get(username="alice").set_password("changed")
    before = [model.objects.count() for model in (User, Agent, Membership, Number, Queue)]
    load()
    assert [model.objects.count() for model in (User, Agent, Membership, Number, Queue)] == before
    assert Queue.objects.get(slug="sales").wrap_up_seconds == 77


def test_what_was_deleted_comes_back() -> None:
    load()
    Number.objects.get(number="2001").delete()
    load()
    assert Number.objects.get(number="2001").queue == Queue.objects.get(slug="support")
