"""The demo: people, phones, queues and numbers to try the product with. Passwords are public knowledge."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import time

from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import transaction

import agents.defaults
import queues.defaults
from agents.models import Agent, AgentSkill, Skill, Team
from agents.services import set_sip_password
from callcenter.core import bell, roles
from queues.models import Announcement, Membership, OpeningSpan, Queue, Schedule, VoicemailBox, WayOut
from queues.services import rebuild_memberships

from . import demo_flow
from .models import Number

PASSWORD = "demo"  # noqa: S105  published on purpose; the command refuses to run outside a trial
ACTOR = "system:demo"

STAFF = {"admin": "", "manager": roles.MANAGER, "supervisor": roles.SUPERVISOR}


@dataclass(frozen=True, slots=True)
class DemoAgent:
    username: str
    extension: str
    team: str
    queues: tuple[str, ...]
    skills: dict[str, int] = field(default_factory=dict)


AGENTS = (
    DemoAgent("alice", "1001", "Front desk", ("support", "sales", "general"), {"English": 5, "Spanish": 3}),
    DemoAgent("bob", "1002", "Front desk", ("support", "sales", "general"), {"English": 4, "German": 5}),
    DemoAgent("carol", "1003", "Back office", ("billing", "vip"), {"English": 5, "Invoices": 5}),
    DemoAgent("dave", "1004", "Back office", ("premium", "overflow"), {"English": 3, "Invoices": 2}),
)
NUMBERS = ("general", "support", "sales", "billing", "vip", "premium")
"""Each by its name and, in this order, by 2000 to 2005."""
MENU = "1000"
STUDIO = "*77"
OVERFLOWING = ("general", "support", "sales")


@transaction.atomic
def load() -> bool:
    """Create what is missing and leave alone what is there; returns whether this was the first time.

    The settings of the queues are touched only the first time, so that what was tried out in the admin stays.
    """
    first = not Agent.objects.filter(sip_username__in=[given.username for given in AGENTS]).exists()
    for install in (roles.install, agents.defaults.install, queues.defaults.install):
        install(apps)
    _people()
    _queues(first)
    _office_hours()
    _members()
    _boxes()
    _numbers()
    bell.ring(bell.EDGE)
    return first


def _people() -> None:
    for username, role in STAFF.items():
        _user(username, role, is_superuser=not role, is_staff=True)
    for given in AGENTS:
        _agent(given)


def _user(username: str, role: str, **flags: bool) -> User:
    user, created = User.objects.get_or_create(username=username, defaults={"first_name": username.title(), **flags})
    if created:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        user.groups.set(Group.objects.filter(name=role))
    return user


def _agent(given: DemoAgent) -> None:
    team, _ = Team.objects.get_or_create(name=given.team)
    agent, created = Agent.objects.get_or_create(
        user=_user(given.username, roles.AGENT),
        defaults={
            "name": given.username.title(),
            "extension": given.extension,
            "sip_username": given.username,
            "team": team,
            "ready_when_registered": True,
        },
    )
    if created:
        set_sip_password(agent, PASSWORD, actor=ACTOR)
        for name, level in given.skills.items():
            AgentSkill.objects.create(agent=agent, skill=Skill.objects.get_or_create(name=name)[0], level=level)


def _queues(first: bool) -> None:
    overflow, _ = Queue.objects.get_or_create(slug="overflow", defaults={"name": "Overflow", "weight_seconds": 30})
    if not first:
        return
    Queue.objects.exclude(slug=queues.defaults.DIRECT).update(ring_seconds=15, wrap_up_seconds=5)
    for queue in Queue.objects.filter(slug__in=OVERFLOWING, ways_out__isnull=True):
        WayOut.objects.create(queue=queue, kind="queue", next_queue=overflow)
    for queue in Queue.objects.filter(slug__in=NUMBERS):
        _words(queue)


def _words(queue: Queue) -> None:
    """A greeting with the place in line; then, by turns, words of comfort with the place, and the wait as far as it is known."""
    kinds = Announcement.Kind
    queue.announcements.all().delete()
    for position, (kind, text, first_after, every) in enumerate(
        (
            (kinds.GREETING, "Welcome to the demo contact center.", 0, 0),
            (kinds.MESSAGE, "Thank you for waiting. We will be with you soon.", 45, 45),
            (kinds.POSITION, "", 0, 45),
            (kinds.ESTIMATE, "", 0, 90),
            (kinds.REOFFER, "We are sorry, that colleague did not answer. We are looking for the next one.", 0, 30),
        )
    ):
        Announcement.objects.create(queue=queue, kind=kind, text=text, first_after=first_after, every=every, position=position)


def _office_hours() -> None:
    """To look at and to try; no queue has them, because the demo answers at any hour."""
    named = {"name": "Office hours", "timezone": "Europe/Berlin", "country": "DE"}
    schedule, created = Schedule.objects.get_or_create(slug="office-hours", defaults=named)
    for weekday in range(5) if created else ():
        OpeningSpan.objects.create(schedule=schedule, weekday=weekday, opens=time(8), closes=time(18))


def _members() -> None:
    for position, given in enumerate(AGENTS):
        agent = Agent.objects.get(sip_username=given.username)
        for queue in Queue.objects.filter(slug__in=given.queues):
            Membership.objects.get_or_create(queue=queue, agent=agent, defaults={"position": position})
    for queue in Queue.objects.filter(everyone=True):
        rebuild_memberships(queue.pk)


def _boxes() -> None:
    """For the menu's callers, and one for each agent."""
    general = Queue.objects.get(slug="general")
    VoicemailBox.objects.get_or_create(slug="general", defaults={"name": "General", "queue": general})
    for given in AGENTS:
        agent = Agent.objects.get(sip_username=given.username)
        if not hasattr(agent, "voicemail_box"):
            VoicemailBox.objects.get_or_create(slug=given.username, defaults={"name": agent.name, "agent": agent})


def _numbers() -> None:
    direct = Queue.objects.get(slug=queues.defaults.DIRECT)
    for position, slug in enumerate(NUMBERS):
        queue = Queue.objects.get(slug=slug)
        for number in (slug, str(2000 + position)):
            _number(number, queue=queue, label=queue.name, priority=5 if slug == "vip" else 0)
    _number(MENU, queue=Queue.objects.get(slug="general"), flow=demo_flow.load(), target=Number.Target.FLOW, label="Demo menu")
    studio = demo_flow.load(demo_flow.STUDIO)
    _number(STUDIO, queue=Queue.objects.get(slug="general"), flow=studio, target=Number.Target.FLOW, label="Prompt studio")
    for given in AGENTS:
        agent = Agent.objects.get(sip_username=given.username)
        _number(given.extension, queue=direct, agent=agent, target=Number.Target.AGENT, label=f"{agent.name}'s extension")


def _number(number: str, **fields: object) -> None:
    Number.objects.get_or_create(number=number, defaults={"public": True, **fields})
