"""Who sees what of the floor: the one place that decides it for pages, sockets and interfaces."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Q, QuerySet

from agents.models import Agent, Team
from agents.querysets import AgentQuerySet
from callcenter.core.roles import AUDITOR, MANAGER, has_role
from queues.models import Call, Queue, VoicemailBox
from queues.voicemail.querysets import VoicemailBoxQuerySet


def visible_to(user: User) -> AgentQuerySet:
    """The agents that this person may see and steer on the board.

    A supervisor of teams sees those teams; one without any, as every manager and auditor, sees everybody.
    """
    agents = Agent.objects.filter(active=True)
    teams = _own_teams(user)
    return agents if teams is None else agents.filter(team__in=teams)


def lookups_of(user: User) -> dict[str, Any]:
    """The agents of `visible_to`, as look-ups of the admin's list."""
    teams = _own_teams(user)
    return {"active__exact": 1, **({} if teams is None else {"team__id__in": ",".join(map(str, teams))})}


def visible_queues(user: User) -> QuerySet[Queue]:
    """The queues that the visible agents serve, or all; a queue that is off only while calls still wait in it."""
    teams = _own_teams(user)
    queues = Queue.objects.all()
    return queues if teams is None else queues.filter(memberships__agent__team__in=teams).distinct()


def visible_calls(user: User) -> QuerySet[Call]:
    return Call.objects.filter(queue__in=visible_queues(user))


def visible_boxes(user: User) -> VoicemailBoxQuerySet:
    """The voicemail boxes of the visible queues and agents; general boxes for those whom no team bounds."""
    teams = _own_teams(user)
    boxes = VoicemailBox.objects.all()
    return boxes if teams is None else boxes.filter(Q(queue__in=visible_queues(user).values("pk")) | Q(agent__team__in=teams))


def _own_teams(user: User) -> list[int] | None:
    """The ids of the teams that bound this person's view; None if nothing does."""
    if has_role(user, MANAGER, AUDITOR):
        return None
    return list(Team.objects.filter(supervisors=user).order_by("pk").values_list("pk", flat=True)) or None
