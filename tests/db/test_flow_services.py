"""Drafts, checks, test cases, publishing, rollback and files of flows."""

from __future__ import annotations

from typing import Any

import pytest
from auditlog.models import LogEntry as Audit
from django.contrib.auth.models import User

from callcenter.core import events
from ivr import flowservices as services
from ivr.flow import text
from ivr.flowservices.cases import BadCase, BadScene
from ivr.models import Flow, FlowVersion
from ivr.refusals import DraftChanged, FlowIncomplete, NothingNew, PublishedMeanwhile, TestsFail, UnreadableFlow

from . import cast
from .flows import GOOD, changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def vera() -> User:
    return User.objects.create(username="vera", first_name="Vera", last_name="Vogel")


@pytest.fixture
def flow(vera: User) -> Flow:
    made = Flow.objects.create(name="Main", slug="main")
    services.save_draft(made, GOOD, 0, by=vera)
    return fresh(made)


def fresh(flow: Flow) -> Flow:
    return Flow.objects.select_related("published").get(pk=flow.pk)


def log_of(flow: Flow) -> list[str]:
    return list(events.about("flow", flow.pk).values_list("type", flat=True))


def test_a_draft_is_kept_however_incomplete_with_who_and_when(flow: Flow, vera: User) -> None:
    assert services.save_draft(flow, {"steps": {"half": {"kind": "no such"}}}, 1, by=vera) == 2
    now = fresh(flow)
    assert (now.draft["steps"], now.draft_revision, now.draft_by) == ({"half": {"kind": "no such"}}, 2, vera)
    assert now.draft_at


def test_the_second_of_two_editors_is_told_who_was_first_and_nothing_is_overwritten(flow: Flow, vera: User) -> None:
    services.save_draft(flow, changed(mine={"kind": "back"}), 1, by=vera)
    with pytest.raises(DraftChanged) as refused:
        services.save_draft(flow, changed(yours={"kind": "back"}), 1, by=User.objects.create(username="otto"))
    assert "Vera Vogel changed this draft at" in refused.value.detail
    assert refused.value.as_dict()["revision"] == 2
    assert "mine" in fresh(flow).draft["steps"]


@pytest.mark.parametrize("document", [[], "text", None, {"a": "\0"}, {"a": 10**30}])
def test_what_cannot_be_kept_is_refused(flow: Flow, vera: User, document: Any) -> None:
    with pytest.raises(UnreadableFlow):
        services.save_draft(flow, document, 1, by=vera)
    assert fresh(flow).draft == GOOD


def test_checks_ask_what_the_installation_has(flow: Flow) -> None:
    assert services.checks(flow.draft, "main") == []
    anna = cast.agent("anna")
    document = changed(
        bye={"kind": "queue", "queue": "gone"},
        support={"kind": "transfer", "agent": anna.extension},
        far={"kind": "transfer", "agent": "7999"},
    )
    found = services.checks(document, "main")
    assert [(one.step, one.field, one.warning) for one in found] == [("bye", "queue", False), ("far", "agent", False), ("far", "", True)]


def test_a_field_that_cannot_be_read_is_complained_of_once(flow: Flow) -> None:
    found = services.checks(changed(bye={"kind": "queue"}), "main")
    assert [(one.step, one.field) for one in found] == [("bye", "queue")]


def test_flows_that_lead_to_each_other_without_a_question_are_found(flow: Flow, vera: User) -> None:
    night = Flow.objects.create(name="Night", slug="night")
    over = {**GOOD, "start": "on", "steps": {"on": {"kind": "flow", "flow": "main"}}}
    services.publish(flow, by=vera)
    services.save_draft(night, over, 0, by=vera)
    services.publish(night, by=vera)
    asked = changed(support={"kind": "flow", "flow": "night"})
    assert services.checks(asked, "main") == []
    back = {**GOOD, "start": "on", "steps": {"on": {"kind": "flow", "flow": "night"}}}
    assert "main → night → main" in services.checks(back, "main")[0].message


def test_publishing_makes_a_version_that_is_written_down(flow: Flow, vera: User) -> None:
    version = services.publish(flow, by=vera, note="First", revision=1)
    assert (version.number, version.document, version.published_by, version.note) == (1, GOOD, vera, "First")
    assert fresh(flow).published == version
    entry = events.about("flow", flow.pk).get()
    assert (entry.type, entry.actor, entry.data) == ("flow.published", f"user:{vera.pk}", {"name": "Main", "version": 1, "note": "First"})
    assert "published" in (Audit.objects.get_for_object(flow).latest("id").changes or {})


def test_nothing_is_published_with_complaints_and_all_are_named(flow: Flow, vera: User) -> None:
    services.save_draft(flow, changed(support={"kind": "queue", "queue": "gone"}, bye={"kind": "queue", "queue": "lost"}), 1, by=vera)
    with pytest.raises(FlowIncomplete) as refused:
        services.publish(flow, by=vera)
    assert {one["step"] for one in refused.value.as_dict()["complaints"]} == {"support", "bye"}
    assert not FlowVersion.objects.exists()
    assert log_of(flow) == []


def test_a_warning_does_not_keep_from_publishing(flow: Flow, vera: User) -> None:
    services.save_draft(flow, changed(lonely={"kind": "hang_up"}), 1, by=vera)
    assert services.publish(flow, by=vera).number == 1


def test_what_was_not_looked_at_is_not_published(flow: Flow, vera: User) -> None:
    with pytest.raises(DraftChanged):
        services.publish(flow, by=vera, revision=0)


def test_a_draft_that_changes_while_it_is_judged_is_not_published(flow: Flow, vera: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.flowservices import publishing

    monkeypatch.setattr(publishing, "dry_run", lambda flow, document: services.save_draft(flow, {}, 1, by=vera) and [])
    with pytest.raises(DraftChanged):
        services.publish(flow, by=vera)


def test_two_who_publish_at_once_make_one_version(flow: Flow, vera: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from ivr.flowservices import publishing

    def other_first(flow: Flow, document: Any) -> list[Any]:
        monkeypatch.undo()
        services.publish(flow, by=vera)
        return []

    monkeypatch.setattr(publishing, "dry_run", other_first)
    with pytest.raises(PublishedMeanwhile):
        services.publish(flow, by=vera)
    assert flow.versions.count() == 1


def test_what_callers_get_already_is_not_published_again(flow: Flow, vera: User) -> None:
    services.publish(flow, by=vera)
    with pytest.raises(NothingNew):
        services.publish(flow, by=vera)


def test_an_old_version_comes_back_as_a_new_one_and_the_draft_stays(flow: Flow, vera: User) -> None:
    first = services.publish(flow, by=vera)
    later = changed(bye={"kind": "hang_up", "say": "See you."})
    services.save_draft(flow, later, 1, by=vera)
    services.publish(flow, by=vera)
    third = services.rollback(flow, first, by=vera)
    assert (third.number, third.document, third.note) == (3, GOOD, "Back to version 1")
    assert (fresh(flow).published, fresh(flow).draft) == (third, later)
    assert log_of(flow) == ["flow.published", "flow.published", "flow.rolled_back"]
    with pytest.raises(NothingNew):
        services.rollback(flow, third, by=vera)


def test_a_version_whose_queue_is_gone_does_not_come_back(flow: Flow, vera: User) -> None:
    queue = cast.queue("short-lived")
    services.save_draft(flow, changed(bye={"kind": "queue", "queue": queue.slug}), 1, by=vera)
    first = services.publish(flow, by=vera)
    services.save_draft(flow, GOOD, 2, by=vera)
    services.publish(flow, by=vera)
    queue.delete()
    with pytest.raises(FlowIncomplete, match="no queue"):
        services.rollback(flow, first, by=vera)


def test_differences_are_those_to_what_callers_get(flow: Flow, vera: User) -> None:
    assert {change.what for change in services.diff(flow) if change.step} == {"added"}
    services.publish(flow, by=vera)
    services.save_draft(flow, changed(bye={"kind": "back"}), 1, by=vera)
    (change,) = services.diff(fresh(flow))
    assert (change.step, change.what) == ("bye", "changed")


def test_a_case_is_kept_with_what_the_walk_did_and_fails_when_the_flow_does_otherwise(flow: Flow, vera: User) -> None:
    case = services.save_case(flow, " Support ", {"keys": ["1"]}, flow.draft)
    assert (case.name, case.expected) == ("Support", {"to": "queue", "target": "support", "through": ["menu", "support"]})
    assert [verdict.passed for verdict in services.dry_run(flow)] == [True]
    services.save_draft(flow, changed(support={"kind": "queue", "queue": "sales"}), 1, by=vera)
    (verdict,) = services.dry_run(fresh(flow))
    assert verdict.failures == ["It ends in queue “sales” instead of “support”."]
    with pytest.raises(TestsFail, match="“Support” fails: It ends in queue “sales”"):
        services.publish(flow, by=vera)
    again = services.save_case(flow, "Support", {"keys": ["1"]}, fresh(flow).draft)
    assert (again.pk, again.expected["target"]) == (case.pk, "sales")
    services.delete_case(flow, case.pk)
    services.delete_case(flow, case.pk)
    assert services.publish(flow, by=vera).number == 1


def test_a_case_needs_a_name_a_walk_and_an_end(flow: Flow) -> None:
    for name, scene, refusal in (("", {"keys": ["1"]}, BadCase), ("x", {"keys": []}, BadCase), ("x", {"keys": 1}, BadScene)):
        with pytest.raises(refusal):
            services.save_case(flow, name, scene, flow.draft)
    with pytest.raises(UnreadableFlow):
        services.save_case(flow, "x", {}, {"steps": {}})
    assert not flow.tests.exists()


def test_a_case_that_cannot_be_walked_any_more_fails_and_says_why(flow: Flow) -> None:
    services.save_case(flow, "Support", {"keys": ["1"]}, flow.draft)
    (verdict,) = services.dry_run(flow, {"steps": {}})
    assert "cannot be read" in verdict.failures[0]


@pytest.mark.parametrize("format_", ["yaml", "json"])
def test_a_flow_goes_out_as_a_file_and_comes_back(flow: Flow, vera: User, format_: str) -> None:
    source = services.export(changed(bye={"kind": "hang_up", "say": {"de": "Tschüß"}}), format_)
    revision, complaints, lines = services.import_text(flow, source.encode(), 1, by=vera)
    assert (revision, fresh(flow).draft["steps"]["bye"]["say"]) == (2, {"de": "Tschüß"})
    assert [one.warning for one in complaints] == [True]
    assert "Tschüß" in source.splitlines()[lines[0] - 1] or "say" in source.splitlines()[lines[0] - 1]
    assert fresh(flow).published is None
    assert log_of(flow) == ["flow.imported"]


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"start: a\nsteps: [\n", 3, "neither JSON nor YAML"),
        (b"start: a\nsteps:\n  a: {kind: nonsense}\n", 3, "one of these kinds"),
        (b"start: a\nname: caf\xe9\n", 2, "not in UTF-8"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", 1, "not in UTF-8"),
        (b"", 0, "empty"),
        (b'steps: {a: {kind: back}}\nname: "x\\0"\n', 2, "character that is none"),
    ],
)
def test_a_file_that_is_no_flow_is_refused_by_its_line_and_the_draft_stays(
    flow: Flow, vera: User, content: bytes, line: int, words: str
) -> None:
    with pytest.raises(UnreadableFlow) as refused:
        services.import_text(flow, content, 1, by=vera)
    told = refused.value.as_dict()["complaints"][0]
    assert (told["line"], words in told["message"]) == (line, True)
    assert fresh(flow).draft == GOOD


def test_a_file_does_not_overwrite_what_somebody_else_just_did(flow: Flow, vera: User) -> None:
    with pytest.raises(DraftChanged):
        services.import_text(flow, text.dumps_yaml(changed(bye={"kind": "back"})).encode(), 0, by=vera)
    assert log_of(flow) == []


def test_what_there_is_to_choose_from(flow: Flow, vera: User) -> None:
    services.publish(flow, by=vera)
    found = services.choices()
    assert {"value": "support", "label": "Support"} in (found["queue"] or [])
    assert found["flow"] == [{"value": "main", "label": "Main"}]
    known = services.known()
    assert known.flows == {"main"}
    assert "general" in (known.queues or ())
