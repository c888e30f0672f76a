"""The figures of callbacks and of voicemail as a manager sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .site import Site, person, unique

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


@pytest.fixture
def support() -> Any:
    """A week of callbacks, most of them reached, and of messages, most of them heard; the board of another test is not theirs."""
    from django.utils import timezone

    from queues import metrics
    from queues.models import VoicemailBox
    from tests.db.outcomes import left, owed

    from .floor import Floor

    queue = Floor("Support").queue
    now = timezone.now()
    for number in range(40):
        outcome = "reached" if number % 5 else metrics.CALLBACK_OUTCOMES[number // 5 % 4]
        when: dict[str, Any] = {"at": now - timedelta(days=number % 6, minutes=5), "due": 20 * number, "after": 90 + 47 * number}
        owed(queue, outcome, attempts=1 + number % 3 // 2, reason=("busy", "no answer")[number // 20], **when)
    owed(queue, "scheduled", at=now, attempts=0)
    house = VoicemailBox.objects.create(name=unique("Support box "), slug=unique("support-box-"), queue=queue)
    for number in range(24):
        state = ("heard", "archived", "archived", "deleted", "new")[number % 5]
        heard = None if state == "new" or number == 13 else 400 * number
        left(house, state, at=now - timedelta(days=number % 6, minutes=5), heard=heard, seconds=7 + number)
    yield queue
    queue.active = False
    queue.save(update_fields=["active"])


def test_a_manager_looks_what_became_of_callbacks_and_voicemail(site: Site, open_page: Open, shoot: Shoot, support: Any) -> None:
    page = open_page(person(unique("max"), "manager").username, "/admin/queues/callback/")
    page.set_viewport_size({"width": 1280, "height": 1100})
    page.get_by_role("link", name="Figures", exact=True).click()
    page.get_by_role("link", name=support.name, exact=True).click()
    expect(page.locator(".cc-tile", has_text="asked for")).to_contain_text("41")
    shoot(page, "callback-figures")
    page.locator(".cc-tile", has_text="expired").click()
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    page.get_by_role("link", name="What became of voicemail").click()
    page.get_by_role("link", name=support.boxes.get().name, exact=True).click()
    expect(page.locator(".cc-tile", has_text="messages left")).to_contain_text("24")
    shoot(page, "voicemail-figures")
    page.get_by_role("link", name="Today").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Today")).to_have_attribute("aria-current", "true")
    page.set_viewport_size({"width": 700, "height": 1400})
    shoot(page, "voicemail-figures-narrow")
    assert not site.complaints()
