"""Rules that flows share, as flows are told of them; and which queues they ask about. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.urls import reverse

from callcenter.core.usage import Usage

from .flow.expressions import queues_named
from .models import Rule, RuleCase


def told(slugs: Collection[str]) -> dict[str, dict[str, Any]]:
    """By slug, what answers a step that runs the rule: `cases`, pairs of condition and result in order, and `otherwise`. Those that
    are not there are left out. No query for none."""
    found = Rule.objects.filter(slug__in=slugs).prefetch_related("cases") if slugs else ()
    return {rule.slug: {"cases": [[case.when, case.result] for case in rule.cases.all()], "otherwise": rule.otherwise} for rule in found}


def usages(slugs: Collection[str]) -> dict[str, list[Usage]]:
    """Which rules ask how these queues stand."""
    found: dict[str, list[Usage]] = defaultdict(list)
    for case in RuleCase.objects.filter(when__contains="queues").select_related("rule"):
        for slug in queues_named(case.when) & set(slugs):
            found[slug].append(Usage(f"Rule {case.rule}, condition “{case.when}”", reverse("admin:ivr_rule_change", args=[case.rule_id])))
    return dict(found)
