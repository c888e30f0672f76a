"""Which flows play which prompts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from django.urls import NoReverseMatch, reverse

from ..models import Flow
from .users import Usage


def usages(slugs: Collection[str]) -> dict[str, list[Usage]]:
    """By the published version and by the draft, for what is drafted is meant to be published."""
    found: dict[str, list[Usage]] = defaultdict(list)
    for pk, name, draft, published in Flow.objects.order_by("name").values_list("pk", "name", "draft", "published__document"):
        live, drafted = set(_named(published)), set(_named(draft))
        for slug in (live | drafted) & set(slugs):
            found[slug].append(Usage(f"Flow {name}" + ("" if slug in live else " (draft)"), _page(pk)))
    return dict(found)


def _named(document: Any) -> Iterator[str]:
    """Wherever a document has {"prompt": slug}."""
    if isinstance(document, dict):
        if set(document) == {"prompt"}:
            yield str(document["prompt"])
        for part in document.values():
            yield from _named(part)
    elif isinstance(document, list):
        for part in document:
            yield from _named(part)


def _page(pk: int) -> str:
    try:
        return reverse("admin:ivr_flow_change", args=[pk])
    except NoReverseMatch:  # a program without the admin's pages
        return ""
