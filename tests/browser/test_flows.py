"""The flow builder in a real browser: a flow is drawn, tried, published and rolled back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from ivr.flow import text
from tests.sip.harness.stack import ROOT

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


def test_look(site: Site, open_page: Open, shoot: Shoot) -> None:
    flow = new_flow("Office ", OFFICE)
    page = open_builder(open_page, flow)
    saved(page)
    shoot(page, "flow-builder")
    page.locator("[data-step=welcome]").click()
    shoot(page, "flow-step")
    page.locator("[data-step=customer]").click()
    shoot(page, "flow-step2")
    page.get_by_role("tab", name="Try").click()
    page.get_by_role("button", name="1", exact=True).click()
    expect(page.locator(".b-heard").nth(1)).to_be_visible(timeout=SOON)
    shoot(page, "flow-try")
    page.get_by_role("tab", name="Problems").click()
    shoot(page, "flow-problems")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("dialog")).to_be_visible()
    shoot(page, "flow-publish")
    assert not site.complaints()
