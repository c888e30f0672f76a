"""Rules that flows share: edited in the admin, told to flows as they are now, and kept while somebody needs them."""

from __future__ import annotations

from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from callcenter.core import roles
from callcenter.core.models import LogEntry
from ivr import flowservices, rules
from ivr.flowservices.cases import try_out
from ivr.models import Flow, Rule, RuleCase
from ivr.refusals import TestsFail
from telephony import flows
from telephony.ports import CallerArrived

from . import cast
from .forms import client_of

pytestmark = pytest.mark.django_db

CALLER = CallerArrived(dialled="4000", source="public", sip_call_id="c", caller_number="", caller_name="")
DOCUMENT: dict[str, Any] = {
    "format": 1, "language": "en", "start": "ask", "fallback_queue": "general",
    "steps": {
        "ask": {"kind": "rule", "rule": "tier", "variable": "tier", "exits": {"next": "split"}},
        "split": {"kind": "branch", "cases": [{"name": "gold", "when": "vars.tier == 'gold'"}], "exits": {"gold": "vip", "else": "bye"}},
        "vip": {"kind": "queue", "queue": "general"},
        "bye": {"kind": "hang_up"},
    },
}  # fmt: skip


def form(*cases: tuple[str, str], **more: str) -> dict[str, str]:
    rows = {
        f"cases-{number}-{name}": value
        for number, (when, result) in enumerate(cases)
        for name, value in (("position", str(number)), ("when", when), ("result", result))
    }
    return {
        "name": "Tier", "slug": "tier", "otherwise": "normal", "cases-TOTAL_FORMS": str(len(cases)), "cases-INITIAL_FORMS": "0",
        "cases-MIN_NUM_FORMS": "1", "cases-MAX_NUM_FORMS": "1000", **rows, **more,
    }  # fmt: skip


@pytest.fixture
def tier() -> Rule:
    rule = Rule.objects.create(name="Tier", slug="tier", otherwise="normal")
    RuleCase.objects.create(rule=rule, position=1, when="caller.priority > 5", result="gold")
    RuleCase.objects.create(rule=rule, position=0, when="caller.number == '999'", result="own")
    return rule


def test_a_rule_is_made_and_read_back_and_flows_are_told_of_it_in_order(manager: Client) -> None:
    answer = manager.post(reverse("admin:ivr_rule_add"), form(("caller.priority > 5", "gold"), ("time.hour < 12", "morning")))
    assert answer.status_code == 302
    told: list[Any] = []
    flows.ask("rule", {"rule": "tier"}, CALLER, told.append)
    flows.ask("rule", {"rule": "gone"}, CALLER, told.append)
    assert told == [{"cases": [["caller.priority > 5", "gold"], ["time.hour < 12", "morning"]], "otherwise": "normal"}, None]
    listed = unescape(manager.get(reverse("admin:ivr_rule_changelist")).content.decode())
    assert "caller.priority > 5</code> → gold" in listed
    assert "else normal" in listed
    assert LogEntry.objects.filter(type="rule.added").exists()


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("caller.priority >", "This is no expression"),
        ("tier == 'gold'", "“tier” is not known here"),
        ("queues.gone.waiting > 3", "There is no queue “gone”. Choose another one, or create it first."),
    ],
)
def test_a_condition_that_cannot_be_asked_is_refused_where_it_stands(manager: Client, when: str, words: str) -> None:
    answer = manager.post(reverse("admin:ivr_rule_add"), form((when, "gold")))
    assert words in unescape(answer.content.decode())
    assert not Rule.objects.exists()


def test_a_row_that_is_left_empty_is_asked_for(manager: Client) -> None:
    assert "This field is required" in manager.post(reverse("admin:ivr_rule_add"), form(("", ""))).content.decode()


def test_what_is_changed_counts_at_once_and_test_cases_run_with_it(tier: Rule) -> None:
    vip: dict[str, Any] = {"caller": {"priority": 7}}
    general, vera = cast.queue(), User.objects.create(username="vera")
    document = {**DOCUMENT, "fallback_queue": general.slug, "steps": {**DOCUMENT["steps"], "vip": {"kind": "queue", "queue": general.slug}}}
    flow = Flow.objects.create(name="Main", slug="main", draft=document)
    flowservices.save_case(flow, "VIP", vip, document)
    outcome = try_out(document, vip)
    assert (outcome.end and outcome.end.to, outcome.variables) == ("queue", {"tier": "gold"})
    RuleCase.objects.filter(result="gold").update(when="caller.priority > 8")
    assert try_out(document, vip).variables == {"tier": "normal"}
    with pytest.raises(TestsFail, match="VIP"):
        flowservices.publish(flow, by=vera)
    RuleCase.objects.filter(result="gold").update(when="caller.priority > 6")
    assert flowservices.publish(flow, by=vera).number == 1


def test_flows_without_rules_cost_no_query(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert rules.told([]) == {}


def test_a_queue_that_a_rule_asks_about_stays_and_the_rule_is_named(tier: Rule) -> None:
    queue, other = cast.queue(), cast.queue()
    RuleCase.objects.create(rule=tier, when=f"queues['{queue.slug}'].waiting > 9", result="crowded")
    root = client_of("root")
    page = root.post(reverse("admin:queues_queue_delete", args=[queue.pk]), {"post": "yes"})
    assert "Rule Tier, condition" in page.content.decode()
    root.post(reverse("admin:queues_queue_delete", args=[other.pk]), {"post": "yes"})
    assert [type(queue).objects.filter(pk=one.pk).exists() for one in (queue, other)] == [True, False]


def test_supervisors_look_at_rules_and_change_none(tier: Rule) -> None:
    client = client_of(roles.SUPERVISOR)
    url = reverse("admin:ivr_rule_change", args=[tier.pk])
    assert client.get(url).status_code == 200
    assert client.post(url, form(("true", "x"))).status_code == 403
