"""The screens become right again by themselves after the loss of anything behind them, and lose no word."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from tests.until import until

from .conftest import log_in
from .floor import Floor
from .site import MENDED, OLD_NEWS, SOON, Site, person, unique

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]
ENDS = pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
"""How a server goes away: in good order, or all of it at once."""


def in_wrap_up(floor: Floor, name: str = "Alice Aalto") -> tuple[object, object]:
    from queues import services

    alice = floor.agent(name)
    services.set_available(alice.pk, actor="test")
    call = floor.answer(floor.call("+493012345678", "Mia Musterfrau"))
    services.hang_up(call.pk, by="caller", reason="caller hung up")
    return alice, call


def test_notes_typed_so_far_survive_a_reload_in_the_middle_of_a_word(open_page: Open) -> None:
    alice, call = in_wrap_up(Floor(wrap_up_seconds=600))
    page = open_page(alice.user.username, "/panel/")  # type: ignore[attr-defined]
    page.click("text=Complaint")
    page.locator("#notes").press_sequentially("Parcel is lo")
    page.reload()
    expect(page.locator("#notes")).to_have_value("Parcel is lo")
    expect(page.locator(".result:has(:checked)")).to_contain_text("Complaint")
    page.locator("#notes").press_sequentially("st")
    expect(page.locator(".saved")).to_have_text("Saved", timeout=SOON)

    def kept() -> bool:
        call.refresh_from_db()  # type: ignore[attr-defined]
        return bool(call.notes == "Parcel is lost")  # type: ignore[attr-defined]

    until(kept, what="the notes to be stored")


def test_the_timer_that_ends_wrap_up_takes_no_notes_away(open_page: Open) -> None:
    from django.utils import timezone

    from queues import services
    from queues.models import Call

    alice, call = in_wrap_up(Floor(wrap_up_seconds=600))
    page = open_page(alice.user.username, "/panel/")  # type: ignore[attr-defined]
    page.locator("#notes").press_sequentially("Wants a call on Monday")
    Call.objects.filter(pk=call.pk).update(wrap_up_until=timezone.now())  # type: ignore[attr-defined]
    services.sweep("test")
    expect(page.locator("#scene-ready")).to_be_visible(timeout=SOON)
    until(lambda: Call.objects.filter(pk=call.pk, state="ended", notes="Wants a call on Monday").exists(), what="late notes stored")  # type: ignore[attr-defined]


class Line:
    """Between the page's socket and the server: it can lose what is to be saved, and knows what was asked."""

    def __init__(self, page: Page) -> None:
        self.losing, self.asked = True, list[str]()
        page.route_web_socket("**/ws/panel/", self.join)

    def join(self, browser: WebSocketRoute) -> None:
        server = browser.connect_to_server()
        browser.on_message(lambda text: self.carry(server, str(text)))

    def carry(self, server: WebSocketRoute, text: str) -> None:
        self.asked.append(text)
        if not (self.losing and "save_wrap_up" in text):
            server.send(text)


def change_over(page: Page, site: Site, username: str) -> None:
    page.get_by_title("Log out", exact=True).click()
    page.wait_for_url(re.compile("/login/|/$"))
    page.goto(f"{site.url}/login/?next=/panel/")
    log_in(page, username)
    page.wait_for_url("**/panel/")


def test_notes_left_in_a_shared_browser_are_saved_by_their_writer_alone(site: Site, open_page: Open) -> None:
    floor = Floor(wrap_up_seconds=600)
    alice, call = in_wrap_up(floor)
    bob = floor.agent("Bob Bianchi")
    page = open_page(alice.user.username, "/panel/")  # type: ignore[attr-defined]
    line = Line(page)
    page.reload()
    page.locator("#notes").press_sequentially("Parcel is lost")
    expect(page.locator(".saved")).to_have_text("Saving…")
    change_over(page, site, bob.user.username)
    line.losing, line.asked = False, []
    page.click("#go-available")
    expect(page.locator("#scene-ready")).to_be_visible(timeout=SOON)
    # Longer than drafts wait before they are sent
    expect(page.locator(".mine-time")).to_have_text(re.compile("0:0[2-9]"), timeout=SOON)
    assert not [text for text in line.asked if "save_wrap_up" in text], "Bob should not send what Alice wrote"
    change_over(page, site, alice.user.username)  # type: ignore[attr-defined]
    expect(page.locator("#notes")).to_have_value("Parcel is lost")
    expect(page.locator(".saved")).to_have_text("Saved", timeout=SOON)
    call.refresh_from_db()  # type: ignore[attr-defined]
    assert call.notes == "Parcel is lost"  # type: ignore[attr-defined]


def test_notes_that_are_refused_stay_until_they_are_discarded(open_page: Open, shoot: Shoot) -> None:
    floor = Floor(wrap_up_seconds=600)
    _, call = in_wrap_up(floor)
    bob = floor.agent("Bob Bianchi")
    page = open_page(bob.user.username, "/panel/")
    draft = (f"callcenter.draft.{bob.pk}.{call.pk}", '{"notes": "Parcel is lost", "disposition": null}')  # type: ignore[attr-defined]
    page.evaluate("([key, draft]) => localStorage.setItem(key, draft)", list(draft))
    for _ in range(2):
        page.reload()
        expect(page.locator(".refused")).to_contain_text("This is not your call.", timeout=SOON)
        expect(page.locator(".refused textarea")).to_have_value("Parcel is lost")
    shoot(page, "panel-notes-refused")
    page.click("text=Discard")
    expect(page.locator(".refused")).to_have_count(0)
    assert page.evaluate("Object.keys(localStorage)") == []


def test_a_killed_web_server_is_noticed_and_what_was_asked_meanwhile_is_done_once(site: Site, open_page: Open, shoot: Shoot) -> None:
    from callcenter.core.models import Intent, LogEntry

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    page = open_page(alice.user.username, "/panel/")
    expect(page.locator("#scene-resting")).to_be_visible()
    site.kill("web")
    expect(page.locator("#banner")).to_contain_text("Connection lost", timeout=MENDED)
    shoot(page, "panel-connection-lost")
    page.click("#go-available")
    site.start_part("web")
    expect(page.locator("#scene-ready")).to_be_visible(timeout=3 * MENDED)
    expect(page.locator("#banner")).to_be_empty()
    assert Intent.objects.filter(user=alice.user, op="available").count() == 1
    assert LogEntry.objects.filter(type="agent.became_available", subject_id=alice.pk).count() == 1


def test_without_the_relay_the_board_is_right_after_a_re_read(site: Site, open_page: Open) -> None:
    from queues import services

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    page = open_page(person(unique("super"), "supervisor").username, "/board/")
    row = page.locator(f"[data-agent='{alice.pk}']")
    expect(row).to_have_attribute("data-state", "offline")
    site.kill("relay")
    services.set_available(alice.pk, actor="test")
    expect(row).to_have_attribute("data-state", "available", timeout=MENDED)
    site.start_part("relay")


@ENDS
def test_without_redis_agents_work_on_and_with_it_hints_come_back(site: Site, open_page: Open, killed: bool) -> None:
    from queues import services

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    page = open_page(alice.user.username, "/panel/")
    with site.without_redis(killed=killed):
        page.click("#go-available")
        expect(page.locator("#scene-ready")).to_be_visible(timeout=MENDED)
        call = floor.call("+493012345678", "Mia Musterfrau")
        expect(page.locator("#scene-ringing")).to_be_visible(timeout=MENDED)
        late = open_page(person(unique("super"), "supervisor").username, "/board/")
        expect(late.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "ringing", timeout=MENDED)
    floor.answer(call)
    expect(page.locator("#scene-call")).to_be_visible(timeout=MENDED)
    services.hang_up(call.pk, by="caller", reason="caller hung up")
    expect(page.locator("#scene-wrap-up")).to_be_visible(timeout=MENDED)
    assert not site.complaints(), "the log should say it in a line"


@ENDS
def test_while_the_database_is_away_the_screens_say_so_and_then_go_on(site: Site, open_page: Open, shoot: Shoot, killed: bool) -> None:
    from queues import services

    floor = Floor(wrap_up_seconds=600)
    alice = floor.agent("Alice Aalto")
    services.set_available(alice.pk, actor="test")
    call = floor.answer(floor.call("+493012345678", "Mia Musterfrau"))
    board = open_page(person(unique("super"), "supervisor").username, "/board/")
    panel = open_page(alice.user.username, "/panel/")
    row = board.locator(f"[data-agent='{alice.pk}']")
    expect(row).to_have_attribute("data-state", "on_call")
    expect(panel.locator("#scene-call")).to_be_visible()
    with site.stack.without_database(killed=killed):
        for screen in (board, panel):
            expect(screen.locator("#banner")).to_contain_text(OLD_NEWS, timeout=MENDED)
        shoot(board, "board-stale")
    services.hang_up(call.pk, by="caller", reason="caller hung up")
    for screen in (board, panel):
        expect(screen.locator("#banner")).to_be_empty(timeout=MENDED)
    expect(row).to_have_attribute("data-state", "wrap_up", timeout=MENDED)
    expect(panel.locator("#scene-wrap-up")).to_be_visible(timeout=MENDED)
