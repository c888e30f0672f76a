"""The demo's menu, walked in every direction without a phone. Real callers walk it in tests/sip."""

from __future__ import annotations

from typing import Any

import pytest

from ivr import demo_flow
from ivr.flow import check, document
from ivr.flow.check import check as complaints
from ivr.flow.simulate import Outcome, Scene, simulate

CUSTOMER = {"lookup": {"customer": {"name": "Ann", "tier": "gold"}}}


@pytest.fixture(scope="module")
def flow() -> document.Flow:
    return document.read(demo_flow.document())


def walk(flow: document.Flow, *keys: str, **scene: Any) -> Outcome:
    return simulate(flow, Scene(keys=keys, **scene))


def test_it_could_be_published(flow: document.Flow) -> None:
    assert complaints(flow) == []
    assert check.reachable(flow) == set(flow.steps)


@pytest.mark.parametrize(
    ("keys", "to", "target"),
    [
        (("1", "1"), "queue", "sales"), (("2", "2", "1", "1"), "queue", "support"), (("2", "2", "1", "*", "2"), "queue", "billing"),
        (("1", "9", "1"), "queue", "sales"), (("1", "3", "7123"), "queue", "premium"), (("1", "0"), "queue", "general"),
        (("1", "7"), "callback", "sales"), (("1", "8"), "voicemail", "general"), (("", "", "", "", ""), "queue", "general"),
    ],
)  # fmt: skip
def test_keys_lead_where_they_should(flow: document.Flow, keys: tuple[str, ...], to: str, target: str) -> None:
    outcome = walk(flow, *keys, web=CUSTOMER, caller={"number": "123"})
    assert outcome.end
    assert (outcome.end.to, outcome.end.data.get("queue") or outcome.end.data.get("box")) == (to, target)
    assert not outcome.failed


def test_a_customer_is_greeted_by_name_in_the_chosen_language(flow: document.Flow) -> None:
    heard = [line for visit in walk(flow, "2", "3", "7123", web=CUSTOMER).visits for line in visit.heard]
    assert "Guten Tag Ann." in heard
    assert not any(line.startswith("For ") for line in heard[2:])


def test_a_customer_service_that_is_away_costs_nobody_the_call(flow: document.Flow) -> None:
    outcome = walk(flow, "1", "3", "7123")
    assert outcome.path[-3:] == ["lookup", "unknown", "operator"]


@pytest.mark.parametrize(("caller", "queue"), [({"priority": 1}, "vip"), ({"calls": 51}, "vip"), ({"calls": 50}, "sales")])
def test_vips_come_first(flow: document.Flow, caller: dict[str, Any], queue: str) -> None:
    outcome = walk(flow, "1", "1", caller=caller)
    assert outcome.end
    assert outcome.end.data["queue"] == queue


@pytest.mark.parametrize("state", ["closed", "Christmas Day"])
def test_the_demo_answers_when_the_office_is_closed(flow: document.Flow, state: str) -> None:
    assert "closed" in walk(flow, "1", hours={"office-hours": state}).path


def test_both_wordings_lead_to_support(flow: document.Flow) -> None:
    short, long = (walk(flow, "1", "2", "1", "1", share=share) for share in (0.2, 0.7))
    assert ("short" in short.path, "long" in long.path, short.path[-1], long.path[-1]) == (True, True, "support_queue", "support_queue")
    assert "0 callers are before you" in long.visits[-2].heard[0]


@pytest.mark.parametrize(("keys", "end"), [(("123456",), "voicemail"), (("12#", "", "1"), "hang_up"), (("", "", ""), "hang_up")])
def test_the_studio_asks_for_a_code_and_tells_nobody(keys: tuple[str, ...], end: str) -> None:
    studio = document.read(demo_flow.document(demo_flow.STUDIO))
    assert complaints(studio) == []
    outcome = walk(studio, *keys)
    assert outcome.end
    assert outcome.end.to == end
    assert "123456" not in repr(outcome.visits)
