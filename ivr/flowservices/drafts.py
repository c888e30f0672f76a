"""Drafts: what is worked on. Two people who do so at once are told of each other; neither loses anything."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from ..flow import text
from ..models import Flow
from ..refusals import DraftChanged, UnreadableFlow


@transaction.atomic
def save_draft(flow: Flow, document: Any, revision: int, *, by: User) -> int:
    """Keep a draft, complete or not; returns its revision, to be given with the next save.

    :param revision: the one that the changes were made to.
    :raises UnreadableFlow: what can be kept neither as JSON nor in the database.
    :raises DraftChanged: there is a later one; says whose.
    """
    refused = text.storable(document)
    if not isinstance(document, dict) or refused:
        raise UnreadableFlow(refused, "" if refused else 'A flow is an object with "start" and "steps".')
    mine = Flow.objects.filter(pk=flow.pk, draft_revision=revision)
    if not mine.update(draft=document, draft_revision=revision + 1, draft_by=by, draft_at=timezone.now()):
        raise changed(flow)
    return revision + 1


def changed(flow: Flow) -> DraftChanged:
    """Who was there first."""
    now = Flow.objects.select_related("draft_by").get(pk=flow.pk)
    who = (now.draft_by.get_full_name() or now.draft_by.username) if now.draft_by else "Somebody"
    at = f" at {timezone.localtime(now.draft_at):%H:%M:%S}" if now.draft_at else ""
    detail = f"{who} changed this draft{at}. Your changes are still on your screen: keep them over theirs, or load theirs."
    return DraftChanged(detail, revision=now.draft_revision, by=who)
