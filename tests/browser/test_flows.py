"""The flow builder in a real browser: a flow is drawn, tried, published and rolled back."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from ivr.flow import text
from tests.sip.harness.stack import ROOT
from tests.until import until

from .site import SOON, Site, person, unique

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]

OFFICE: dict[str, Any] = text.loads((ROOT / "docs/examples/office.yaml").read_text())


def open_builder(open_page: Open, flow: Any, *, role: str = "manager", **size: Any) -> Page:
    boss = person(unique("boss"), role, first_name="Mona", last_name="Meier")
    page = open_page(boss.username, f"/admin/ivr/flow/{flow.pk}/builder/", **{"width": 1600, "height": 900, **size})
    expect(page.locator("[data-step]").first).to_be_visible(timeout=SOON)
    return page


def new_flow(name: str, draft: dict[str, Any] | None = None) -> Any:
    from ivr.models import Flow

    given = {} if draft is None else {"draft": draft}
    return Flow.objects.create(name=unique(name), slug=unique("flow-"), **given)


def saved(page: Page) -> None:
    expect(page.locator("#head .chip").first).to_have_text("Saved", timeout=SOON)


def step(page: Page, name: str) -> Locator:
    return page.locator(f"[data-step={name}]")


def test_a_flow_is_drawn_tried_published_and_rolled_back(site: Site, open_page: Open, shoot: Shoot) -> None:
    from ivr.models import Flow

    name = unique("Reception ")
    boss = person(unique("boss"), "manager", first_name="Mona", last_name="Meier")
    page = open_page(boss.username, "/admin/ivr/flow/add/", width=1600, height=900)
    page.fill("#id_name", name)
    page.click("[name=_save]")
    expect(step(page, "welcome")).to_be_visible(timeout=SOON)
    flow = Flow.objects.get(name=name)

    # Drawn with the keyboard: a step is chosen, the next one follows it.
    page.wait_for_function("document.querySelector('#tab-problems .b-count')?.textContent === '2'")
    step(page, "welcome").focus()
    page.locator("[data-kind=menu]").focus()
    page.keyboard.press("Enter")
    page.locator("#side textarea").first.fill("For support press 1, for sales press 2.")
    page.get_by_label("Add a key").select_option("1")
    page.get_by_label("Add a key").select_option("2")
    shoot(page, "flow-complaints")
    expect(page.locator("#side [data-field='exits.1'] .b-complaints")).to_contain_text("leads nowhere", timeout=SOON)
    page.locator("[data-kind=queue]").press("Enter")
    page.locator("#queue-queue").select_option("support")
    expect(step(page, "queue")).to_contain_text("support", timeout=SOON)

    # With the mouse: a line is drawn to an empty place, and what follows is chosen.
    port = step(page, "menu").locator("[data-exit='2']")
    drag(page, port, to=(760, 700))
    page.locator("dialog").get_by_text("Hang up").click()
    expect(step(page, "hang_up")).to_be_visible()
    page.locator("#side textarea").first.fill("Good-bye.")
    drag(page, step(page, "menu").locator("[data-exit=no_input]"), to=center(step(page, "queue")))

    # One step back and forth, moved and deleted by keys.
    place = step(page, "hang_up").bounding_box()
    step(page, "hang_up").focus()
    page.keyboard.press("ArrowRight")
    until(lambda: step(page, "hang_up").bounding_box() != place, what="the step to move")
    page.keyboard.press("Delete")
    expect(step(page, "hang_up")).to_have_count(0)
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    until(lambda: step(page, "hang_up").bounding_box() == place, what="the step to be back in its place")
    page.get_by_role("button", name="Lay it out anew").click()

    # What is wrong is said at once; the whole flow needs a queue for the lost.
    page.keyboard.press("Escape")
    page.get_by_label("Fallback queue").select_option("general")
    expect(page.locator("#tab-problems .b-count")).to_have_count(0, timeout=SOON)
    saved(page)
    shoot(page, "flow-drawn")

    # Tried, and kept as a test case.
    page.get_by_role("tab", name="Try").click()
    page.get_by_role("button", name="1", exact=True).click()
    expect(page.locator(".b-over")).to_contain_text("Waits in queue support", timeout=SOON)
    expect(step(page, "queue")).to_have_class(re.compile("is-lit"))
    expect(step(page, "hang_up")).to_have_class(re.compile("is-dim"))
    page.get_by_label("Name of the test case").fill("Who presses 1")
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".b-case-row")).to_contain_text("Who presses 1", timeout=SOON)

    publish(page, "The first one")
    expect(page.locator("#head .b-name")).to_contain_text("Callers get version 1", timeout=SOON)

    # A change that breaks the case is not published.
    step(page, "queue").click()
    page.get_by_role("tab", name="Step").click()
    page.locator("#queue-queue").select_option("sales")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("dialog")).to_contain_text("ends in queue “sales” instead of “support”", timeout=SOON)
    expect(page.locator("dialog").get_by_role("button", name="Publish version 2")).to_be_disabled()
    shoot(page, "flow-refused")
    page.get_by_role("button", name="Not now").click()
    page.keyboard.press("Control+z")
    step(page, "welcome").click()
    page.locator("#side textarea").first.fill("Hello and welcome.")
    publish(page, "Friendlier")
    expect(page.locator("#head .b-name")).to_contain_text("Callers get version 2", timeout=SOON)

    page.get_by_role("button", name="Versions").click()
    shoot(page, "flow-versions")
    page.locator("dialog tbody tr").nth(1).get_by_role("button", name="Go back to it").click()
    page.get_by_role("button", name="Yes, go back").click()
    expect(page.locator("#head .b-name")).to_contain_text("Callers get version 3", timeout=SOON)
    flow.refresh_from_db()
    assert flow.published
    assert (flow.published.number, flow.published.note, flow.published.published_by) == (3, "Back to version 1", boss)
    assert flow.published.document["steps"]["queue"]["queue"] == "support"
    assert not site.complaints()


def publish(page: Page, note: str) -> None:
    page.get_by_role("button", name="Publish").click()
    page.locator("dialog [name=note]").fill(note)
    page.locator("dialog").get_by_role("button", name="Publish version").click()
    expect(page.locator("dialog")).to_be_hidden(timeout=SOON)


def center(place: Locator) -> tuple[float, float]:
    box = place.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, what: Locator, *, to: tuple[float, float]) -> None:
    page.mouse.move(*center(what))
    page.mouse.down()
    page.mouse.move(*to, steps=5)
    page.mouse.up()


def test_two_who_edit_one_draft_lose_nothing(site: Site, open_page: Open, shoot: Shoot) -> None:
    flow = new_flow("Office ", OFFICE)
    mona, otto = open_builder(open_page, flow), open_builder(open_page, flow)
    for page, words in ((mona, "Mona's offer"), (otto, "Otto's offer")):
        saved(page)
        step(page, "offer").click()
        page.get_by_label("Label", exact=True).fill(words)
        if page is mona:
            saved(page)
    expect(otto.locator(".banner")).to_contain_text("Mona Meier changed this draft", timeout=SOON)
    shoot(otto, "flow-conflict")
    otto.get_by_role("button", name="Load theirs").click()
    expect(step(otto, "offer")).to_contain_text("Mona's offer", timeout=SOON)
    otto.keyboard.press("Control+z")
    expect(step(otto, "offer")).to_contain_text("Otto's offer", timeout=SOON)
    saved(otto)
    flow.refresh_from_db()
    assert flow.draft["steps"]["offer"]["label"] == "Otto's offer"
    assert not site.complaints()


def test_files_go_in_with_the_lines_of_what_is_wrong(site: Site, open_page: Open, shoot: Shoot) -> None:
    flow = new_flow("Office ")
    page = open_builder(open_page, flow, dark=True)
    saved(page)
    page.get_by_role("button", name="Files").click()
    source = (ROOT / "docs/examples/office.yaml").read_text()
    page.locator("dialog [name=text]").fill(source.replace("kind: collect", "kind: colect"))
    page.get_by_role("button", name="Import").click()
    expect(page.locator("dialog")).to_contain_text("Line 23 · customer", timeout=SOON)
    shoot(page, "flow-import-refused")
    page.locator("dialog [name=text]").fill(source)
    page.get_by_role("button", name="Import").click()
    expect(step(page, "customer")).to_be_visible(timeout=SOON)
    expect(page.locator("dialog")).to_be_hidden()
    saved(page)
    shoot(page, "flow-dark")
    assert not site.complaints()


def test_figures_are_drawn_on_the_steps(site: Site, open_page: Open, shoot: Shoot) -> None:
    from django.utils import timezone

    from ivr.models import FlowVersion
    from tests.db.flows import came

    flow = new_flow("Office ", OFFICE)
    version = FlowVersion.objects.create(flow=flow, number=1, document=OFFICE)
    flow.published = version
    flow.save()
    for number in range(24):
        at = timezone.now() - timedelta(days=number % 6, hours=2)  # the seven days drawn, just after midnight as well
        first: tuple[tuple[str, str], ...] = (("opening", "open"), ("welcome", "123"[number % 3]))
        rest = [
            (("customer", "next"), ("important", "else"), ("support", "")),
            (("choice", "short" if number % 2 else "long"), *((("offer", "next"),) if number % 2 == 0 else ()), ("sales", "")),
            (("call_me", ""),),
        ][number % 3]
        led = "callback" if number % 3 == 2 else "queue"
        if number % 6 == 0:
            came(version, "abandoned", *first, ("customer", ""), at=at, each=6)
        else:
            came(version, "completed", *first, *rest, led_to=led, at=at, each=4 + number % 5)
    came(version, "fallback", ("opening", "open"), ("welcome", "lost"), at=timezone.now())
    page = open_builder(open_page, flow, role="supervisor")
    expect(page.locator("#palette button")).to_have_count(0)
    expect(page.get_by_role("button", name="Publish")).to_have_count(0)
    page.get_by_label("Which figure").select_option("dropped")
    expect(step(page, "customer").locator(".b-heat")).to_contain_text("8×", timeout=SOON)
    expect(step(page, "customer").locator(".b-heat")).to_contain_text("4 hung up (50 %)")
    expect(step(page, "customer")).to_have_class(re.compile("heat-5"))
    expect(page.locator(".b-total")).to_contain_text("25 callers · 80 % led to the end")
    shoot(page, "flow-heat")
    page.get_by_role("tab", name="Try").click()
    page.get_by_role("button", name="1", exact=True).click()
    for key in "7123":
        page.get_by_role("button", name=key, exact=True).click()
    page.get_by_role("button", name="#", exact=True).click()
    expect(page.locator(".b-over")).to_contain_text("Waits in queue support", timeout=SOON)
    page.locator("summary").click()
    page.get_by_label("Priority of the caller").fill("9")
    expect(page.locator(".b-over")).to_contain_text("Waits in queue vip", timeout=SOON)
    shoot(page, "flow-try")
    page.get_by_label("All figures").click()
    expect(page.get_by_text("A/B: Short or long")).to_be_visible(timeout=SOON)
    shoot(page, "flow-figures")
    page.goto(f"{site.url}/admin/ivr/flow/")
    expect(page.get_by_text("Version 1").first).to_be_visible()
    shoot(page, "flow-list")
    page.goto(f"{site.url}/admin/ivr/flow/{flow.pk}/change/")
    shoot(page, "flow-settings")
    assert not site.complaints()


def test_a_large_flow_opens_at_its_start_laid_out_and_unchanged(site: Site, open_page: Open, shoot: Shoot) -> None:
    draft = text.loads((ROOT / "ivr/demo_flow.yaml").read_text())
    flow = new_flow("Demo ", draft)
    page = open_builder(open_page, flow)
    saved(page)
    boxes = [box for one in page.locator("[data-step]").all() if (box := one.bounding_box())]
    assert len(boxes) == len(draft["steps"])
    assert not [(a, b) for a, b in itertools.combinations(boxes, 2) if overlap(a, b)]
    start = step(page, draft["start"]).bounding_box()
    assert start
    assert start["x"] < 400
    shoot(page, "flow-demo")
    flow.refresh_from_db()
    assert (flow.draft, flow.draft_revision) == (draft, 0)
    assert not site.complaints()


def overlap(a: Any, b: Any) -> bool:
    return bool(
        a["x"] < b["x"] + b["width"] and b["x"] < a["x"] + a["width"] and a["y"] < b["y"] + b["height"] and b["y"] < a["y"] + a["height"]
    )


def test_what_a_flow_names_stays_and_the_page_leads_to_the_step(site: Site, open_page: Open, shoot: Shoot) -> None:
    from agents.models import Skill

    boss, skill = person(unique("manager"), "manager"), Skill.objects.create(name=unique("Greek "))
    steps = {"ask": {"kind": "set", "label": "In Greek", "skills": {skill.name: 3}, "exits": {}}}
    flow = new_flow("Main ", {"format": 1, "start": "ask", "steps": steps})
    page = open_page(boss.username, f"/admin/agents/skill/{skill.pk}/delete/")
    expect(page.get_by_text("It is still in use, so nothing is deleted.")).to_be_visible()
    shoot(page, "skill-in-use")
    page.get_by_role("link", name=f"Flow {flow.name}, step “In Greek” (draft)").click()
    expect(step(page, "ask")).to_be_visible(timeout=SOON)
    page.locator("#tab-problems").click()
    expect(page.get_by_text(f"No agent has “{skill.name}” at level 3: nobody has the skill.")).to_be_visible(timeout=SOON)
    shoot(page, "skill-nobody-has")


def test_a_shared_rule_is_written_and_run_by_a_step(site: Site, open_page: Open, shoot: Shoot) -> None:
    from ivr.models import Rule

    boss, name = person(unique("manager"), "manager"), unique("Tier ")
    page = open_page(boss.username, "/admin/ivr/rule/add/")
    page.fill("#id_name", name)
    page.fill("#id_otherwise", "normal")
    page.fill("#id_cases-0-when", "caller.priority >")
    page.fill("#id_cases-0-result", "gold")
    page.click("[name=_save]")
    expect(page.get_by_text("This is no expression").first).to_be_visible()
    shoot(page, "rule-wrong")
    page.fill("#id_cases-0-when", "caller.priority > 5")
    page.click("[name=_save]")
    expect(page.get_by_text("caller.priority > 5").first).to_be_visible()
    shoot(page, "rule-list")
    rule = Rule.objects.get(name=name)
    steps = {
        "ask": {"kind": "rule", "rule": rule.slug, "variable": "tier", "exits": {"next": "bye"}},
        "bye": {"kind": "hang_up", "say": "You are {{vars.tier}}."},
    }
    page = open_builder(open_page, new_flow("Ruled ", {"format": 1, "start": "ask", "steps": steps}))
    step(page, "ask").click()
    expect(page.locator("#side").get_by_label("Rule")).to_have_value(rule.slug, timeout=SOON)
    page.locator("#tab-try").click()
    expect(page.get_by_text("You are normal.").first).to_be_visible(timeout=SOON)
    shoot(page, "rule-step")
