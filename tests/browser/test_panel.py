"""The agent panel in a real browser, against the real web server, relay, Redis and PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from .site import MENDED, SOON, Site

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


def test_an_agent_chooses_breaks_queues_and_the_automatic_start(open_page: Open) -> None:
    from agents.models import BreakReason
    from queues.models import Membership

    from .floor import Floor

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    reason = BreakReason.objects.filter(selectable=True).order_by("pk").last()
    assert reason
    page = open_page(alice.user.username, "/panel/")
    expect(page.locator("#scene-resting")).to_be_visible()
    page.keyboard.press("Alt+a")
    expect(page.locator("#scene-ready")).to_be_visible(timeout=SOON)

    page.keyboard.press("Alt+b")
    page.locator(".break-list").get_by_role("button", name=reason.name).press("Enter")
    expect(page.locator(".mine-reason")).to_contain_text(reason.name, timeout=SOON)
    alice.refresh_from_db()
    assert (alice.state, alice.break_reason) == ("break", reason)

    queue = page.get_by_role("switch", name=f"Take calls of {floor.queue.name}")
    for logged_in in (False, True):
        queue.press("Space")
        expect(queue).to_have_attribute("aria-checked", str(logged_in).lower(), timeout=SOON)
        assert Membership.objects.get(agent=alice).logged_in is logged_in

    automatic = page.locator("#ready-when-registered")
    wanted = not alice.ready_when_registered
    automatic.press("Space")
    expect(automatic).to_have_attribute("aria-checked", str(wanted).lower(), timeout=SOON)
    alice.refresh_from_db()
    assert alice.ready_when_registered is wanted


def test_the_clocks_of_panel_and_board_move_and_wrap_up_can_be_extended(open_page: Open) -> None:
    from queues import services

    from .floor import Floor
    from .site import person, unique

    floor = Floor(wrap_up_seconds=100, wrap_up_extension=600)
    alice = floor.agent("Alice Aalto")
    services.set_available(alice.pk, actor="test")
    call = floor.answer(floor.call())
    page = open_page(alice.user.username, "/panel/")
    board = open_page(person(unique("super"), "supervisor").username, "/board/")
    since = board.locator(f"[data-agent='{alice.pk}'] .agent-since")
    for clock in (page.locator("#talk-time time"), since):
        expect(clock).to_have_text(re.compile(r"0:\d\d"))
        expect(clock).not_to_have_text(clock.inner_text(), timeout=SOON)

    services.hang_up(call.pk, by="caller", reason="caller hung up")
    left = page.locator("#wrap-up-left time")
    expect(left).to_have_text(re.compile("^1:[34]"), timeout=SOON)
    expect(left).not_to_have_text(left.inner_text(), timeout=SOON)
    call.refresh_from_db()
    before = call.wrap_up_until
    assert before
    page.keyboard.press("Alt+x")
    expect(left).to_have_text(re.compile("^11:[234]"), timeout=SOON)
    call.refresh_from_db()
    assert call.wrap_up_until == before + timedelta(seconds=600)


def test_each_number_on_the_board_says_how_old_it_is(open_page: Open) -> None:
    from .site import person, unique

    silent = list[bool]()

    def join(browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        server.on_message(lambda text: None if silent else browser.send(text))

    board = open_page(person(unique("super"), "supervisor").username, "/board/")
    board.route_web_socket("**/ws/board/", join)
    board.reload()
    ages = board.locator(".tile .age")
    expect(ages.first).to_have_text("now", timeout=SOON)
    assert ages.count() == board.locator(".tile").count()
    silent.append(True)
    expect(ages.first).to_have_text(re.compile(r"^[3-9] s ago$"), timeout=MENDED)
    silent.clear()
    expect(ages.first).to_have_text("now", timeout=MENDED)
