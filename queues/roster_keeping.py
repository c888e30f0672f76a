"""Keeps members by rule up to date after somebody edited agents, teams, skills or queues."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.db import transaction
from django.db.models import Q

from .models import Membership, Queue
from .services import rebuild_memberships, skills_changed


def rebuild_soon(queue_ids: Iterable[int]) -> None:
    """After the commit: rebuilding locks queues and agents, and an admin page's transaction holds rows already."""
    for queue_id in queue_ids:
        transaction.on_commit(partial(rebuild_memberships, queue_id))


def rebuild_all_soon() -> None:
    """Every queue that has, or until now had, members by a rule; and whoever learnt a skill is matched."""
    by_rule = Q(everyone=True) | Q(rules__isnull=False) | Q(memberships__source=Membership.Source.RULE)
    rebuild_soon(Queue.objects.filter(by_rule).distinct().values_list("pk", flat=True))
    transaction.on_commit(skills_changed)
