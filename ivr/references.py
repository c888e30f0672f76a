"""Which flows name what, so that nothing is deleted under callers' feet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import partial
from typing import Any

from django.urls import NoReverseMatch, reverse

from callcenter.core import usage
from callcenter.core.usage import Usage

from .flow.naming import KINDS_NAMED, of_document
from .models import Flow


def register() -> None:
    """Called when the app starts."""
    for kind in KINDS_NAMED:
        usage.register(kind, "flows", partial(usages, kind))


def usages(kind: str, names: Collection[str]) -> dict[str, list[Usage]]:
    """By the published version and by the draft, for what is drafted is meant to be published. In one query."""
    wanted, found = set(names), defaultdict[str, list[Usage]](list)
    for pk, title, draft, published in Flow.objects.order_by("name").values_list("pk", "name", "draft", "published__document"):
        live, drafted = _steps_by_name(published, kind), _steps_by_name(draft, kind)
        for name in sorted((live.keys() | drafted.keys()) & wanted):
            words = f"Flow {title}{_in_words(live[name])}" if name in live else f"Flow {title}{_in_words(drafted[name])} (draft)"
            found[name].append(Usage(words, _page(pk)))
    return dict(found)


def _steps_by_name(document: Any, kind: str) -> dict[str, list[str]]:
    """What the document names, and in which steps."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for named in of_document(document):
        if named.kind == kind:
            found[named.name][named.step] = None
    return {name: list(steps) for name, steps in found.items()}


def _in_words(steps: list[str]) -> str:
    *places, last = (f"step “{step}”" if step else "fallback queue" for step in steps)
    return f", {', '.join(places)} and {last}" if places else f", {last}"


def _page(pk: int) -> str:
    try:
        return reverse("admin:ivr_flow_builder", args=[pk])
    except NoReverseMatch:  # a program without the admin's pages
        return ""
