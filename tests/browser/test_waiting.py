"""What waiting callers hear and the ways out of a queue, as managers set them up and supervisors see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .site import SOON, Site

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


INLINES = ("Announcements", "Music on hold", "Ways out")


def tab(page: Page, name: str) -> None:
    """Rows have tabs in the first line, settings in a second one under "General"."""
    first = page.locator("#tabs-items")
    first.get_by_text(name if name in INLINES else "General", exact=True).click()
    if name not in INLINES:
        page.locator("#queue_form").get_by_text(name, exact=True).first.click()


def test_a_manager_sets_up_announcements_and_overflow_and_reads_it_back(site: Site, open_page: Open, shoot: Shoot) -> None:
    from queues.models import Announcement, WayOut

    from .floor import Floor
    from .site import person, unique

    other, floor = Floor("Overflow"), Floor("Support")
    Announcement.objects.create(queue=floor.queue, kind="greeting", text="Welcome to our contact center.")
    Announcement.objects.create(queue=floor.queue, kind="position", every=45, position=1)
    WayOut.objects.create(queue=floor.queue, when="length", threshold=8, kind="queue", next_queue=other.queue)
    WayOut.objects.create(queue=floor.queue, message="Please call again tomorrow.", position=1)
    manager = person(unique("manager"), "manager")
    page = open_page(manager.username, f"/admin/queues/queue/{floor.queue.pk}/change/")
    shoot(page, "queue-general")
    for name in ("What callers hear", "Announcements", "Music on hold", "Limits", "Ways out", "Help from another queue"):
        tab(page, name)
        shoot(page, f"queue-{name.lower().replace(' ', '-')}")
    tab(page, "Ways out")
    page.locator("#id_ways_out-1-message").fill("We are closed.")
    tab(page, "Announcements")
    page.locator("#id_announcements-1-every").fill("3")
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("it would interrupt itself").first).to_be_visible()
    shoot(page, "queue-announcement-refused")
    page.locator("#id_announcements-1-every").fill("60")
    page.get_by_role("button", name="Save and continue editing").click()
    tab(page, "Limits")
    said = f"More than 8 in line: to {other.queue}, keeping the place; there: the standard message and hang up"
    expect(page.locator(".cc-rows").get_by_text(said)).to_be_visible()
    page.locator(".cc-rows").scroll_into_view_if_needed()
    shoot(page, "queue-limits-read-back")
    tab(page, "Ways out")
    shoot(page, "queue-ways-out-read-back")
    assert floor.queue.ways_out.get(when="otherwise").message == "We are closed."
    assert floor.queue.announcements.get(kind="position").every == 60
    assert not site.complaints()


def test_a_new_queue_begins_with_the_place_in_line(open_page: Open, shoot: Shoot) -> None:
    from queues.models import Queue

    from .site import person, unique

    page = open_page(person(unique("manager"), "manager").username, "/admin/queues/queue/add/")
    name = unique("New ")
    page.locator("#id_name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".messagelist, [class*=success], ul.messages, #result_list").first).to_be_visible()
    assert list(Queue.objects.get(name=name).announcements.values_list("kind", "every")) == [("position", 45)]


def test_the_board_says_what_a_new_caller_would_find(open_page: Open, shoot: Shoot) -> None:
    from queues import services
    from queues.models import WayOut

    from .floor import Floor
    from .site import person, unique

    other, floor = Floor("Overflow"), Floor("Support")
    alice = floor.agent("Alice Aalto")
    services.set_available(alice.pk, actor="test")
    WayOut.objects.create(queue=floor.queue, when="length", threshold=2, kind="queue", next_queue=other.queue)
    page = open_page(person(unique("super"), "supervisor").username, "/board/")
    row = page.locator(f"tr[data-queue='{floor.queue.pk}']")
    expect(row.locator("td").nth(2)).to_have_text("at once", timeout=SOON)
    for _ in range(2):
        floor.call()
    expect(row.get_by_text("Overflow", exact=True)).to_be_visible(timeout=SOON)
    expect(row.locator("td").nth(2)).to_have_text("–")
    shoot(page, "board-overflow")
