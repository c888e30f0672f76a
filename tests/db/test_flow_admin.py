"""Flows in the admin: who may do what in the builder, what it answers, and that figures lead to their rows."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callcenter.core import events, roles
from ivr import flowservices, metrics
from ivr.admin.builder import EDIT, LOOK, OPERATIONS, TRY
from ivr.models import Flow, FlowTest, FlowVersion

from .flows import GOOD, came, changed
from .forms import client_of

pytestmark = pytest.mark.django_db

SAMPLE: dict[str, dict[str, Any]] = {
    "state": {}, "check": {"document": GOOD}, "simulate": {"document": GOOD, "scene": {"keys": ["1"]}}, "cases": {"document": GOOD},
    "diff": {"document": GOOD}, "export": {"format": "yaml"}, "figures": {"days": "1"}, "version": {"version": "1"},
    "save": {"document": changed(x={"kind": "back"}), "revision": 0},
    "save-case": {"name": "x", "scene": {"keys": ["1"]}, "document": GOOD},
    "delete-case": {"id": 1, "document": GOOD}, "publish": {"revision": 0, "note": ""}, "rollback": {"version": 1},
    "import": {"revision": "0"},
}  # fmt: skip


@pytest.fixture
def flow() -> Flow:
    boss = User.objects.create(username="boss")
    made = Flow.objects.create(name="Main", slug="main", draft=GOOD)
    flowservices.publish(made, by=boss)
    Flow.objects.filter(pk=made.pk).update(draft=changed(bye={"kind": "back"}))
    return Flow.objects.get(pk=made.pk)


def ask(client: Client, flow: Flow, method: str, name: str, given: Any = None) -> Any:
    address = reverse("admin:ivr_flow_builder_do", args=[flow.pk, name])
    if method == "GET":
        return client.get(address, given)
    if name == "import":
        return client.post(f"{address}?revision={given['revision']}", b"start: a\nsteps: {a: {kind: back}}", content_type="text/plain")
    return client.post(address, json.dumps(given), content_type="application/json")


RIGHTS = {roles.MANAGER: {LOOK, TRY, EDIT}, "root": {LOOK, TRY, EDIT}, roles.SUPERVISOR: {LOOK, TRY}, roles.AUDITOR: {LOOK}}


@pytest.mark.parametrize("role", RIGHTS)
@pytest.mark.parametrize(("method", "name"), OPERATIONS)
def test_each_role_may_do_what_it_may_and_no_more(flow: Flow, role: str, method: str, name: str) -> None:
    right, _ = OPERATIONS[method, name]
    answer = ask(client_of(role), flow, method, name, SAMPLE[name])
    if right in RIGHTS[role]:
        assert answer.status_code in (200, 409), answer.content
    else:
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
        assert Flow.objects.get(pk=flow.pk).draft == flow.draft


@pytest.mark.parametrize("role", [roles.AGENT, "nobody"])
def test_nobody_else_comes_near(flow: Flow, role: str) -> None:
    for method, name in OPERATIONS:
        assert ask(client_of(role), flow, method, name, SAMPLE[name]).status_code == 302
    assert client_of(role).get(reverse("admin:ivr_flow_builder", args=[flow.pk])).status_code == 302


def test_the_page_knows_the_rights_and_runs_no_inline_script(flow: Flow) -> None:
    for role, rights in RIGHTS.items():
        page = client_of(role).get(reverse("admin:ivr_flow_builder", args=[flow.pk])).content.decode()
        found = re.search(r'data-rights="([^"]*)"', page)
        assert found
        assert set(found[1].split()) == rights
        assert not re.search(r"<script(?![^>]*\bsrc=)", page)
        assert not re.search(r"\son\w+=", page)


def test_a_draft_is_saved_checked_tried_kept_and_published(flow: Flow) -> None:
    manager = client_of(roles.MANAGER)
    state = ask(manager, flow, "GET", "state").json()
    assert (state["revision"], state["published"], state["versions"][0]["by"]) == (0, 1, "boss")
    document = changed(bye={"kind": "hang_up", "say": "See you."})
    assert ask(manager, flow, "POST", "save", {"document": document, "revision": 0}).json() == {"revision": 1}
    checked = ask(manager, flow, "POST", "check", {"document": document}).json()
    assert (checked["complaints"], checked["summaries"]["bye"]) == ([], "See you.")
    tried = ask(manager, flow, "POST", "simulate", {"document": document, "scene": {"keys": ["2"]}}).json()
    assert [visit["heard"] for visit in tried["visits"]] == [["Press 1 for support."], ["See you."]]
    assert (tried["end"]["to"], tried["asks"]) == ("hang_up", None)
    waiting = ask(manager, flow, "POST", "simulate", {"document": document, "scene": {}}).json()
    assert (waiting["end"], waiting["asks"]["most"]) == (None, 1)
    kept = ask(manager, flow, "POST", "save-case", {"name": "Bye", "scene": {"keys": ["2"]}, "document": document}).json()["cases"]
    assert [(one["name"], one["passed"]) for one in kept] == [("Bye", True)]
    (change,) = ask(manager, flow, "POST", "diff", {"document": document}).json()["changes"]
    assert (change["step"], change["fields"][0]["after"]) == ("bye", "See you.")
    published = ask(manager, flow, "POST", "publish", {"revision": 1, "note": "Friendlier"}).json()
    assert (published["published"], published["versions"][0]["note"]) == (2, "Friendlier")
    back = ask(manager, flow, "POST", "rollback", {"version": 1, "note": ""})
    assert (back.status_code, back.json()["published"]) == (200, 3)
    assert ask(manager, flow, "GET", "version", {"version": "1"}).json() == {"document": GOOD}
    assert ask(manager, flow, "POST", "delete-case", {"id": kept[0]["id"], "document": document}).json() == {"cases": []}
    assert {entry.actor for entry in events.about("flow", flow.pk)} == {f"user:{User.objects.get(username='boss').pk}", _actor()}


def _actor() -> str:
    return f"user:{User.objects.get(username='the-manager').pk}"


def test_refusals_say_what_and_where(flow: Flow) -> None:
    manager = client_of(roles.MANAGER)
    ask(manager, flow, "POST", "save", {"document": changed(support={"kind": "queue", "queue": "gone"}), "revision": 0})
    refused = ask(manager, flow, "POST", "publish", {"revision": 1, "note": ""})
    assert (refused.status_code, refused.json()["complaints"][0]["step"]) == (422, "support")
    late = ask(manager, flow, "POST", "save", {"document": GOOD, "revision": 0})
    assert (late.status_code, late.json()["code"], late.json()["revision"]) == (409, "draft_changed", 1)
    unread = ask(manager, flow, "POST", "simulate", {"document": {"steps": {}}, "scene": {}})
    assert (unread.status_code, unread.json()["code"]) == (400, "unreadable_flow")


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("save", b"{", 400), ("save", b"[]", 400), ("save", b"[" * 100_000, 400), ("save", b'{"revision": "x", "document": {}}', 400),
        ("save", b'{"revision": 0, "document": {"a": "\\u0000"}}', 400), ("save", b'{"revision": 0, "document": 3}', 400),
        ("save", b'{"revision": -1, "document": {}}', 400), ("save", b'{"revision": 99999999999, "document": {}}', 400),
        ("save-case", b'{"name": 3, "document": {}}', 400), ("rollback", b'{"version": 77}', 404), ("simulate", b'{"scene": [1]}', 400),
        ("publish", b'{"revision": 0, "note": "\\u0000"}', 400), ("check", b"{}", 200), ("diff", b'{"document": [3]}', 200),
        ("nonsense", b"{}", 404), ("state", b"{}", 404),
    ],
)  # fmt: skip
def test_nonsense_is_answered_and_breaks_nothing(flow: Flow, name: str, body: bytes, status: int) -> None:
    address = reverse("admin:ivr_flow_builder_do", args=[flow.pk, name])
    assert client_of(roles.MANAGER).post(address, body, content_type="application/json").status_code == status
    assert Flow.objects.get(pk=flow.pk).draft == flow.draft


def test_a_foreign_page_cannot_write(flow: Flow) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")
    address = reverse("admin:ivr_flow_builder_do", args=[flow.pk, "save"])
    assert client.post(address, json.dumps(SAMPLE["save"]), content_type="application/json").status_code == 403


def test_a_file_comes_in_with_what_is_to_be_mended_by_line(flow: Flow) -> None:
    manager = client_of(roles.MANAGER)
    answer = ask(manager, flow, "POST", "import", {"revision": 0})
    assert answer.json()["document"]["steps"] == {"a": {"kind": "back"}}
    assert {one["line"] for one in answer.json()["complaints"]} == {1}
    address = reverse("admin:ivr_flow_builder_do", args=[flow.pk, "import"])
    refused = manager.post(f"{address}?revision=1", b"start: a\nsteps:\n  a: {kind: nonsense}\n", content_type="text/plain")
    assert (refused.status_code, refused.json()["complaints"][0]["line"]) == (400, 3)


def test_a_flow_goes_out_as_a_file(flow: Flow) -> None:
    auditor = client_of(roles.AUDITOR)
    answer = ask(auditor, flow, "GET", "export", {"format": "json"})
    assert (answer.json(), answer["Content-Disposition"]) == (flow.draft, 'attachment; filename="main.json"')
    old = ask(auditor, flow, "GET", "export", {"format": "yaml", "version": "1"}).content.decode()
    assert "say: Good-bye." in old
    assert ask(auditor, flow, "GET", "export", {"format": "doc"}).status_code == 400


def test_a_new_flow_is_drawn_next(flow: Flow) -> None:
    answer = client_of(roles.MANAGER).post(reverse("admin:ivr_flow_add"), {"name": "Night", "slug": "night", "active": "on"})
    made = Flow.objects.get(slug="night")
    assert answer["Location"] == reverse("admin:ivr_flow_builder", args=[made.pk])


def test_the_settings_of_a_flow_leave_its_document_alone(flow: Flow) -> None:
    form = {"name": "Renamed", "slug": "main", "active": ""}
    assert client_of(roles.MANAGER).post(reverse("admin:ivr_flow_change", args=[flow.pk]), form).status_code == 302
    now = Flow.objects.get(pk=flow.pk)
    assert (now.name, now.active, now.draft, now.published) == ("Renamed", False, flow.draft, flow.published)


@pytest.fixture
def busy(flow: Flow) -> FlowVersion:
    version = flow.versions.get()
    now = timezone.now()
    for _ in range(3):
        came(version, "completed", ("menu", "1"), ("support", ""), led_to="queue", at=now)
    came(version, "completed", ("menu", "2"), led_to="callback", at=now)
    came(version, "abandoned", ("menu", ""), at=now)
    return version


def test_the_list_tells_what_callers_get_and_what_becomes_of_them(flow: Flow, busy: FlowVersion) -> None:
    page = client_of(roles.SUPERVISOR).get(reverse("admin:ivr_flow_changelist")).content.decode()
    for words in ("Version 1", "Draft differs", "by boss", ">5</a>", "80 %"):
        assert words in page, words
    moved = {**GOOD, "steps": {**GOOD["steps"], "bye": {**GOOD["steps"]["bye"], "at": [9, 9]}}}
    Flow.objects.filter(pk=flow.pk).update(draft=moved)
    assert "Draft differs" not in client_of(roles.SUPERVISOR).get(reverse("admin:ivr_flow_changelist")).content.decode()
    Flow.objects.create(name="Other", slug="other")
    assert "Not published" in client_of(roles.SUPERVISOR).get(reverse("admin:ivr_flow_changelist")).content.decode()


def counted(client: Client, link: str) -> int:
    """How many rows a link of the page shows."""
    assert urlsplit(link).path.startswith("/admin/ivr/")
    answer = client.get(link.replace("&amp;", "&"))
    assert answer.status_code == 200, link
    return int(answer.context["cl"].result_count)


def test_each_number_of_the_figures_leads_to_its_rows(flow: Flow, busy: FlowVersion) -> None:
    client = client_of(roles.SUPERVISOR)
    for where in ("?days=1", "?days=1&version=1", "?days=30"):
        page = client.get(reverse("admin:ivr_flow_figures", args=[flow.pk]) + where).content.decode()
        numbers = re.findall(r'<a (?:class="cc-tile" )?href="(/admin/ivr/flow[rv][^"]+)"[^>]*>(?:<b>)?(\d+)<', page)
        numbers += [(link, number) for link, number in re.findall(r'<a href="(/admin/ivr/flow[rv][^"]+)">[^<]* <b>(\d+)</b>', page)]
        assert len(numbers) > 10
        for link, number in numbers:
            assert counted(client, link) == int(number), link
        assert "80 %" in page


def test_the_canvas_gets_the_same_figures(flow: Flow, busy: FlowVersion) -> None:
    client = client_of(roles.AUDITOR)
    found = ask(client, flow, "GET", "figures", {"days": "1", "version": "1"}).json()
    assert (found["callers"], found["completion"]) == (5, 80)
    menu = found["steps"]["menu"]
    assert (menu["visits"], menu["dropped"], menu["exits"]) == (5, 1, {"1": 3, "2": 1})
    assert (counted(client, menu["rows"]), counted(client, menu["dropped_rows"])) == (5, 1)
    assert ask(client, flow, "GET", "figures", {"days": "9999", "version": "x"}).json()["callers"] == 5


def test_figures_of_a_flow_without_callers_say_so(flow: Flow) -> None:
    assert "No callers in this time" in client_of(roles.MANAGER).get(reverse("admin:ivr_flow_figures", args=[flow.pk])).content.decode()


def test_a_b_ways_lead_to_their_callers(flow: Flow) -> None:
    flowservices.save_draft(
        flow, changed(ab={"kind": "split", "variants": {"x": 1, "y": 1}, "exits": {"x": "bye", "y": "bye"}}), 0, by=User.objects.get()
    )
    version = flowservices.publish(flow, by=User.objects.get())
    for way in ("x", "x", "y"):
        came(version, "completed", ("ab", way), ("ab", way), led_to="hang_up", at=timezone.now())
    client = client_of(roles.MANAGER)
    page = client.get(reverse("admin:ivr_flow_figures", args=[flow.pk])).content.decode()
    links = re.findall(r'href="(/admin/ivr/flowrun[^"]*visits__exit__exact=[xy][^"]*)">(\d+)</a>', page)
    assert {int(number) for _, number in links} >= {1, 2}
    for link, number in links:
        assert counted(client, link) == int(number), link


def test_every_figure_has_a_filter(flow: Flow, busy: FlowVersion) -> None:
    client = client_of(roles.MANAGER)
    for model, counts in (("flowrun", metrics.COUNTS), ("flowvisit", metrics.VISITS)):
        for name in (*counts, "nonsense"):
            assert client.get(reverse(f"admin:ivr_{model}_changelist"), {"figure": name}).status_code == 200


def test_deleting_a_flow_that_had_callers_is_refused(flow: Flow) -> None:
    client_of(roles.MANAGER).post(reverse("admin:ivr_flow_delete", args=[flow.pk]), {"post": "yes"})
    assert Flow.objects.filter(pk=flow.pk).exists()
    assert not FlowTest.objects.exists()
