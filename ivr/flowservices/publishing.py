"""Publishing: from the draft, or from an old version, to a version that new callers get and that never changes again."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from callcenter.core import events

from ..models import Flow, FlowVersion
from ..refusals import FlowIncomplete, NothingNew, PublishedMeanwhile, TestsFail
from .cases import dry_run
from .checks import checks
from .drafts import changed


def publish(flow: Flow, *, by: User, note: str = "", revision: int | None = None) -> FlowVersion:
    """Make the draft a version; callers from now on get it, those in the flow keep theirs.

    :param revision: of the draft that was looked at; another one is not published unseen.
    :raises DraftChanged: it is another one.
    :raises FlowIncomplete: with everything that is wrong.
    :raises TestsFail: naming the cases.
    :raises NothingNew: callers already get exactly this.
    :raises PublishedMeanwhile: by somebody else, while this was judged.
    """
    flow = Flow.objects.select_related("published").get(pk=flow.pk)
    if revision is not None and flow.draft_revision != revision:
        raise changed(flow)
    _judge(flow, flow.draft)
    return _publish(flow, flow.draft, by=by, note=note, fact="flow.published", revision=flow.draft_revision)


def rollback(flow: Flow, version: FlowVersion, *, by: User, note: str = "") -> FlowVersion:
    """Publish an old version once more, as a new one. The draft stays as it is.

    :raises FlowIncomplete: something that the old version names is no longer there.
    :raises TestsFail: naming the cases.
    :raises NothingNew: it is the one that callers get.
    :raises PublishedMeanwhile: by somebody else, while this was judged.
    """
    flow = Flow.objects.select_related("published").get(pk=flow.pk)
    _judge(flow, version.document)
    note = note or f"Back to version {version.number}"
    return _publish(flow, version.document, by=by, note=note, fact="flow.rolled_back", was=version.number)


def _judge(flow: Flow, document: Any) -> None:
    """Before the transaction: a large flow with many cases takes a while, and editors are not to wait for it."""
    if flow.published and flow.published.document == document:
        raise NothingNew
    errors = [one for one in checks(document, flow.slug) if not one.warning]
    if errors:
        raise FlowIncomplete(errors)
    failed = [verdict for verdict in dry_run(flow, document) if not verdict.passed]
    if failed:
        raise TestsFail("; ".join(f"“{verdict.case}” fails: {' '.join(verdict.failures)}" for verdict in failed[:5]))


@transaction.atomic
def _publish(flow: Flow, document: Any, *, by: User, note: str, fact: str, revision: int | None = None, **data: Any) -> FlowVersion:
    locked = Flow.objects.select_for_update(no_key=True).get(pk=flow.pk)
    if revision is not None and locked.draft_revision != revision:
        raise changed(flow)  # what was judged is no longer the draft
    if locked.published_id != flow.published_id:
        raise PublishedMeanwhile
    number = 1 + (locked.versions.aggregate(newest=Max("number"))["newest"] or 0)
    version = FlowVersion.objects.create(flow=locked, number=number, document=document, note=note.strip()[:200], published_by=by)
    locked.published = version
    locked.save(update_fields=["published"])
    events.append(
        fact, subject=f"flow:{flow.pk}", actor=f"user:{by.pk}", data={"name": flow.name, "version": number, "note": version.note, **data}
    )
    return version
