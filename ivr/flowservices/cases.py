"""Test cases of a flow: walks without a phone that must end where they should."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction

from .. import rules
from ..flow import document as documents
from ..flow.cases import disappointments, expectation, scene_of
from ..flow.complaints import BadValue, Complaint, FlowError
from ..flow.naming import of_document
from ..flow.simulate import Outcome, simulate
from ..models import Flow, FlowTest
from ..refusals import Complained, UnreadableFlow

MOST_CASES = 200


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one case went; `failures` says in what it is not as expected."""

    case: FlowTest
    failures: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.failures


class BadScene(Complained):
    """This call cannot be simulated."""

    code = "bad_scene"
    status = 400


class BadCase(Complained):
    """This test case cannot be kept."""

    code = "bad_case"
    status = 400


def try_out(document: Any, scene: Any) -> Outcome:
    """Walk through a document, with the rules of the house as they are.

    :raises UnreadableFlow: a step cannot be read.
    :raises BadScene: what is to be tried cannot be.
    """
    try:
        flow = documents.read(document)
        named = {one.name for one in of_document(document) if one.kind == "rule"}
        return simulate(flow, replace(scene_of(scene), rules=rules.told(named)))
    except FlowError as error:
        raise UnreadableFlow(error.complaints, "Some steps cannot be read yet; mend them to try the flow.") from None
    except BadValue as bad:
        raise BadScene([Complaint(bad.at, bad.message)], bad.message) from None


def dry_run(flow: Flow, document: Any = None) -> list[Verdict]:
    """Walk all test cases of the flow through this document, or the draft."""
    document = flow.draft if document is None else document
    return [_verdict(case, document) for case in flow.tests.all()]


def _verdict(case: FlowTest, document: Any) -> Verdict:
    try:
        outcome = try_out(document, case.scene)
    except Complained as refusal:
        return Verdict(case, [refusal.detail])
    return Verdict(case, disappointments(outcome, case.expected), outcome.path)


@transaction.atomic
def save_case(flow: Flow, name: str, scene: Any, document: Any) -> FlowTest:
    """Keep a walk that went as it should; one of the same name is replaced.

    :raises Complained: it has no name, cannot be walked, or does not come to an end.
    """
    outcome = try_out(document, scene)
    name = name.strip()
    if not 0 < len(name) <= 80:
        raise BadCase([Complaint(("name",), "Give the case a name of 80 characters at most, such as “VIP at night”.")])
    if outcome.end is None:
        raise BadCase([Complaint(("keys",), "The flow still waits for a key. Go on to the end, then keep the case.")])
    # The row is locked, so that two who add cases at once cannot exceed the bound.
    Flow.objects.select_for_update(no_key=True).get(pk=flow.pk)
    if flow.tests.exclude(name=name).count() >= MOST_CASES:
        raise BadCase([Complaint((), f"A flow has {MOST_CASES} test cases at most; delete one first.")])
    case, _ = FlowTest.objects.update_or_create(flow=flow, name=name, defaults={"scene": scene, "expected": expectation(outcome)})
    return case


@transaction.atomic
def delete_case(flow: Flow, case_id: int) -> None:
    """One that is already gone is gone."""
    for case in flow.tests.filter(pk=case_id):
        case.delete()
