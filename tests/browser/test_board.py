"""The supervisor's board in a real browser: it moves while calls come and go, and it steers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from .site import SOON, Site

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


def test_the_board_moves_while_calls_come_and_go(site: Site, open_page: Open, shoot: Shoot) -> None:
    from queues import services

    from .floor import Floor
    from .site import person, unique

    floor = Floor(warn_waiting=2)
    boss = person(unique("super"), "supervisor", first_name="Sam")
    alice, bob = floor.agent("Alice Aalto"), floor.agent("Bob Bianchi", phone=False)
    for agent in (alice, bob):
        services.set_available(agent.pk, actor="test")
    page = open_page(boss.username, "/board/")
    row = page.locator(f"tr[data-queue='{floor.queue.pk}']")
    expect(row).to_be_visible()
    expect(page.locator(f"[data-agent='{bob.pk}']")).to_contain_text("No phone")

    first, second, third = (
        floor.call("+493011111111", "Mia Musterfrau"),
        floor.call("+493022222222"),
        floor.call("+493033333333", priority=2),
    )
    for waiting in (second, third):
        expect(page.locator(f"tr[data-call='{waiting.pk}']")).to_be_visible(timeout=SOON)
    expect(page.locator(f"[data-agent='{alice.pk}']")).to_contain_text("Mia Musterfrau", timeout=SOON)
    order = page.locator("tr[data-call]").evaluate_all("rows => rows.map(row => Number(row.dataset.call))")
    assert [pk for pk in order if pk in (second.pk, third.pk)] == [third.pk, second.pk]
    expect(row.locator("td").first).to_have_attribute("data-colour", "amber")
    shoot(page, "board")

    floor.answer(first)
    expect(page.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "on_call", timeout=SOON)
    services.hang_up(second.pk, by="caller", reason="caller hung up")
    expect(page.locator(f"tr[data-call='{second.pk}']")).to_have_count(0, timeout=SOON)
    expect(row.locator("td").nth(6)).to_have_text("1", timeout=SOON)
    assert not site.complaints()


def test_a_supervisor_gives_a_call_to_an_agent_and_sends_another_on_a_break(site: Site, open_page: Open, shoot: Shoot) -> None:
    from agents.models import BreakReason
    from queues import services
    from queues.models import Offer

    from .floor import Floor
    from .site import person, unique

    floor, elsewhere = Floor(), Floor("Sales")
    boss = person(unique("super"), "supervisor")
    carol, dave = elsewhere.agent("Carol Cruz"), elsewhere.agent("Dave Dahl")
    for agent in (carol, dave):
        services.set_available(agent.pk, actor="test")
    call = floor.call("+493044444444", "Nils Nord")
    page = open_page(boss.username, "/board/")

    page.locator(f"tr[data-call='{call.pk}']").get_by_title("Raise the priority").click()
    expect(page.locator(f"tr[data-call='{call.pk}'] .stepper strong")).to_have_text("1", timeout=SOON)
    page.locator(f"tr[data-call='{call.pk}']").get_by_text("Assign").click()
    shoot(page, "board-assign")
    page.locator("dialog").get_by_text("Carol Cruz").click()
    expect(page.locator(f"[data-agent='{carol.pk}']")).to_have_attribute("data-state", "ringing", timeout=SOON)
    assert Offer.objects.open().get(call=call).agent == carol

    reason = BreakReason.objects.filter(selectable=True).first()
    assert reason
    page.locator(f"[data-agent='{dave.pk}'] button").click()
    shoot(page, "board-agent")
    page.locator("dialog").get_by_text(reason.name, exact=False).click()
    expect(page.locator(f"[data-agent='{dave.pk}']")).to_have_attribute("data-state", "break", timeout=SOON)
    expect(page.locator(f"[data-agent='{dave.pk}']")).to_contain_text(reason.name)
    assert not site.complaints()


def test_each_number_leads_to_the_calls_behind_it(open_page: Open, shoot: Shoot) -> None:
    from queues import services

    from .floor import Floor
    from .site import person, unique

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    services.set_available(alice.pk, actor="test")
    floor.answer(floor.call())
    services.hang_up(floor.call().pk, by="caller", reason="caller hung up")
    waiting = floor.call()
    page = open_page(person(unique("super"), "supervisor").username, "/board/")
    cells = page.locator(f"tr[data-queue='{floor.queue.pk}'] td")
    for place, rows in ((0, 1), (4, 3), (5, 1), (6, 1)):
        expect(cells.nth(place)).to_have_text(str(rows), timeout=SOON)
        cells.nth(place).locator("a").click()
        page.wait_for_url(re.compile(r"/admin/queues/(call|segment)/\?(?!e=1)"))
        expect(page.locator("#result_list tbody tr")).to_have_count(rows)
        page.go_back()
    page.locator(f"tr[data-more='{floor.queue.pk}']").get_by_text("1 short").click()
    page.wait_for_url("**/admin/queues/segment/?figure=short&*")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.go_back()
    page.locator(f"tr[data-call='{waiting.pk}'] a.caller").click()
    page.wait_for_url(f"**/admin/queues/call/{waiting.pk}/change/")
    shoot(page, "admin-call")


def test_the_board_says_which_queue_is_closed_why_and_until_when(site: Site, open_page: Open, shoot: Shoot) -> None:
    from queues.models import Closure, Schedule, Weekday

    from .floor import Floor
    from .site import person, unique

    hours = Schedule.objects.create(name=unique("hours "), slug=unique("hours-"))
    for day in Weekday.values:
        hours.spans.create(weekday=day, opens=time(), closes=time())
    floor = Floor(schedule=hours)
    page = open_page(person(unique("super"), "supervisor").username, "/board/")
    row, more = (page.locator(f"tr[data-{name}='{floor.queue.pk}']") for name in ("queue", "more"))
    expect(row).to_be_visible()
    expect(row).not_to_contain_text("Closed")
    today = timezone.now().date()
    closure = Closure.objects.create(name="Burst pipe", schedule=hours, from_date=today, to_date=today + timedelta(days=1))
    expect(row).to_contain_text("Closed", timeout=SOON)
    expect(more).to_contain_text(re.compile(r"Closed \(Burst pipe\), opens \w{3} \d\d:\d\d"))
    shoot(page, "board-closed")
    closure.delete()
    expect(row).not_to_contain_text("Closed", timeout=SOON)
    assert not site.complaints()
