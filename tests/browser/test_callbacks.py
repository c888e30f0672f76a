"""Callbacks on the screens: the agent's card, the mark in line, the promise in the admin, where a number would go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

import pytest
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
