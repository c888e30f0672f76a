"""What becomes of unanswered calls to the extension, set on the agent's page in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.until import until

from .site import Site, person, unique

pytestmark = pytest.mark.usefixtures("rows")


def show(page: Page) -> None:
    page.locator("#tabs-items").get_by_text(re.compile("calls to the extension", re.I)).first.click(timeout=5000)


def test_a_manager_sees_the_own_box_and_leads_callers_elsewhere(
    site: Site, open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    from queues.models import DirectCalls, VoicemailBox

    from .floor import Floor

    floor = Floor()
    alice, bob = floor.agent("Alice Aalto"), floor.agent("Bob Berg")
    VoicemailBox.objects.create(name=unique("Alice "), slug=unique("alice-"), agent=alice)
    page = open_page(person(unique("manager"), "manager").username, f"/admin/agents/agent/{bob.pk}/change/")
    show(page)
    shoot(page, "agent-direct-calls-no-box")
    page.goto(f"{site.url}/admin/agents/agent/{alice.pk}/change/")
    show(page)
    shoot(page, "agent-direct-calls")
    expect(page.locator("#id_direct_calls-0-unanswered")).to_be_visible()
    page.select_option("#id_direct_calls-0-unanswered", "message")
    page.fill("#id_direct_calls-0-message", "I am on the road. Please call the front desk.")
    page.get_by_role("button", name="Save", exact=True).click()
    until(lambda: DirectCalls.objects.filter(agent=alice).exists(), within=5)
    assert DirectCalls.objects.get(agent=alice).message == "I am on the road. Please call the front desk."
    page.goto(f"{site.url}/admin/agents/agent/{alice.pk}/change/")
    show(page)
    page.select_option("#id_direct_calls-0-unanswered", "queue")
    page.get_by_role("button", name="Save", exact=True).click()
    show(page)
    shoot(page, "agent-direct-calls-refused")
    expect(page.locator("body")).to_contain_text("Choose the queue that takes these callers over.")
