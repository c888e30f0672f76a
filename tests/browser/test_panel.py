"""The agent panel in a real browser, against the real web server, relay, Redis and PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .site import SOON, Site

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


def test_an_agent_takes_a_call_and_writes_it_up(site: Site, open_page: Open, shoot: Shoot) -> None:
    from queues import services

    from .floor import Floor

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    page = open_page(alice.user.username, "/panel/")
    expect(page.locator("#state-label")).to_have_text("Offline")
    shoot(page, "panel-offline")

    page.click("#go-available")
    expect(page.locator("#scene-ready")).to_be_visible()
    shoot(page, "panel-ready")

    call = floor.call("+493012345678", "Mia Musterfrau")
    expect(page.locator("#scene-ringing #caller-name")).to_have_text("Mia Musterfrau", timeout=SOON)
    shoot(page, "panel-ringing")

    floor.answer(call)
    expect(page.locator("#scene-call")).to_be_visible(timeout=SOON)
    page.fill("#notes", "Wants the invoice again.")
    shoot(page, "panel-call")

    services.hang_up(call.pk, by="caller", reason="caller hung up")
    expect(page.locator("#scene-wrap-up")).to_be_visible(timeout=SOON)
    expect(page.locator("#notes")).to_have_value("Wants the invoice again.")
    page.click("text=Solved")
    shoot(page, "panel-wrap-up")
    page.click("#finish")
    expect(page.locator("#scene-ready")).to_be_visible(timeout=SOON)
    call.refresh_from_db()
    assert (call.state, call.notes, call.disposition and call.disposition.code) == ("ended", "Wants the invoice again.", "solved")
    expect(page.locator("#figure-answered")).to_have_text("1")
    assert not site.complaints()
