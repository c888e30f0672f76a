"""Callbacks on the screens: the agent's card, the mark in line, the promise in the admin, where a number would go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from queues import services
from queues.models import Call, Callback
from queues.states import LIVE
from telephony.models import DialRule, Trunk

from .floor import Floor
from .site import person, unique

pytestmark = pytest.mark.usefixtures("rows")
NUMBER = "+493012345678"


def test_the_agent_sees_a_callback_from_ring_to_talk(open_page: Callable[..., Page], shoot: Callable[[Page, str], None]) -> None:
    floor = Floor(callback_from=time(0), callback_until=time(0))
    alice = floor.agent("Alice Adams")
    waiting = floor.call(NUMBER, "Ann Meyer")
    callback = services.request_callback(waiting.pk, NUMBER, name="Ann Meyer")
    services.hang_up(waiting.pk, by="caller")
    Callback.objects.filter(pk=callback.pk).update(note="Asked about invoice 7; wants a copy.")
    board = open_page(person(unique("sue"), "supervisor").username, "/board/")
    line = board.locator(".line")
    expect(line.get_by_text("Callback", exact=True)).to_be_visible()
    shoot(board, "callback-board")
    panel = open_page(alice.user.username, "/panel/")
    services.set_available(alice.pk, actor=f"agent:{alice.pk}")
    expect(panel.locator("#scene-ringing")).to_contain_text("Callback")
    expect(panel.locator("#callback-about")).to_contain_text("invoice 7")
    shoot(panel, "callback-panel-ringing")
    call = Call.objects.get(callback=callback, state__in=LIVE)
    services.take_up(call.pk, node="test", process=unique("p"))
    call.refresh_from_db()
    floor.answer(call)
    expect(panel.locator("#scene-dialling")).to_contain_text("Calling the customer")
    shoot(panel, "callback-panel-dialling")
    services.customer_answered(call.pk)
    expect(panel.locator("#scene-call")).to_contain_text("Talking")
    services.hang_up(call.pk, by="caller")


def test_a_supervisor_promises_a_callback_and_looks_where_a_number_goes(
    open_page: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    floor = Floor(callback_from=time(0), callback_until=time(0))
    trunk = Trunk.objects.create(name=unique("Provider "), host="sip.example", allowed_prefixes="+49", caller_id="+4940555555")
    DialRule.objects.create(trunk=trunk, prefix="+49", strip=1, prepend="00")
    asked = services.request_callback(floor.call("+493087654321", "Bo Chen").pk, "+493087654321", name="Bo Chen")
    manager = open_page(person(unique("max"), "manager").username, "/admin/queues/callback/add/")
    manager.fill("[name=number]", "030 12345678")
    shoot(manager, "callback-add")
    manager.goto(manager.url.replace("/add/", "/"))
    expect(manager.get_by_text("+49 30 87654321")).to_be_visible()
    shoot(manager, "callback-list")
    manager.goto(manager.url.rstrip("/") + f"/{asked.pk}/change/")
    expect(manager.get_by_text("In line").first).to_be_visible()
    shoot(manager, "callback-page")
    manager.goto(manager.url.split("/admin/")[0] + "/admin/telephony/dialrule/")
    manager.fill("#preview-number", "+49 30 12345678")
    manager.keyboard.press("Enter")
    expect(manager.get_by_text("00493012345678")).to_be_visible()
    shoot(manager, "dialrule-preview")
    manager.goto(manager.url.split("/admin/")[0] + f"/admin/telephony/trunk/{trunk.pk}/change/")
    shoot(manager, "trunk-outside")


def test_an_agent_who_may_promises_another_call_at_a_free_time(open_page: Callable[..., Page], shoot: Callable[[Page, str], None]) -> None:
    floor = Floor(callback_from=time(0), callback_until=time(0), callback_choose_time=True)
    alice = floor.agent("Alice Adams")
    alice.user.groups.add(Group.objects.get(name="supervisor"))
    panel = open_page(alice.user.username, "/panel/")
    services.set_available(alice.pk, actor=f"agent:{alice.pk}")
    call = floor.answer(floor.call("+493055555555", "Cem Kaya"))
    panel.locator("#call-back summary").click()
    shoot(panel, "callback-later-open")
    first = panel.locator("#call-back-at option").first.inner_text()
    panel.locator("#call-back-promise").click()
    expect(panel.locator("#call-back-owed")).to_have_text(first.partition("–")[0])
    assert Callback.objects.get(number="+493055555555").state == "scheduled"
    panel.locator("#call-back summary").click()
    shoot(panel, "callback-later-promised")
    panel.locator("#call-back-cancel").click()
    expect(panel.locator("#call-back-owed")).to_have_count(0)
    services.hang_up(call.pk, by="caller")
    expect(panel.locator("#scene-wrap-up")).to_contain_text("Call back later")
    panel.locator("#call-back summary").focus()
    panel.keyboard.press("Enter")
    expect(panel.locator("#call-back-promise")).to_be_visible()
    shoot(panel, "callback-later-wrap-up")


def test_a_supervisor_agrees_on_another_time(open_page: Callable[..., Page], shoot: Callable[[Page, str], None]) -> None:
    floor = Floor(callback_from=time(0), callback_until=time(0), callback_choose_time=True, callback_window_places=1, timezone="UTC")
    tomorrow = (timezone.now() + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    owed, full = (
        services.schedule_callback(floor.queue.pk, number, at=tomorrow + timedelta(hours=ahead), actor="user:1")
        for ahead, number in enumerate(("+493011110000", "+493011112222"))
    )
    page = open_page(person(unique("sue"), "supervisor").username, f"/admin/queues/callback/{owed.pk}/change/")
    shoot(page, "callback-reschedule")
    page.fill("[name=due_at_0]", f"{timezone.localtime(full.due_at):%Y-%m-%d}")
    page.fill("[name=due_at_1]", f"{timezone.localtime(full.due_at):%H:%M:%S}")
    page.locator("[name=_save]").first.click()
    expect(page.get_by_text("The next free time is")).to_be_visible()
    shoot(page, "callback-full-window")
    page.fill("[name=due_at_1]", f"{timezone.localtime(full.due_at + timedelta(hours=2)):%H:%M:%S}")
    page.locator("[name=_save]").first.click()
    expect(page.get_by_text("was changed successfully")).to_be_visible()
    assert Callback.objects.get(pk=owed.pk).due_at == full.due_at + timedelta(hours=2)


def test_the_queue_says_which_times_callers_may_choose(open_page: Callable[..., Page], shoot: Callable[[Page, str], None]) -> None:
    floor = Floor()
    page = open_page(person(unique("max"), "manager").username, f"/admin/queues/queue/{floor.queue.pk}/change/#callbacks")
    page.get_by_text("Callbacks", exact=True).last.click()
    page.locator("[name=callback_choose_time]").check()
    shoot(page, "callback-queue-settings")
    page.locator("[name=_save]").first.click()
    floor.queue.refresh_from_db()
    assert floor.queue.callback_choose_time
