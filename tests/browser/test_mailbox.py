"""The agent's voicemail in a real browser: heard, noted, put away, and new messages that appear by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.sip.harness import tones
from tests.until import until

from .site import SOON, Site, unique

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


@pytest.fixture(autouse=True)
def data(site: Site, settings: Any) -> None:
    settings.DATA_DIR = site.stack.folder


def leave_message(box: Any, *, name: str, seconds: float = 2.0, **call: Any) -> Any:
    """A message with its sound, as a call process leaves it."""
    from queues import services
    from queues.voicemail import files

    arrived = services.arrive(
        node="test", process=unique("p"), sip_call_id=unique("c"), caller_number="+493012345678", caller_name=name, dialled="support"
    )
    folder = Path(files.folder()) / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    source = unique("recording")
    message = services.keep_message(source, box_id=box.pk, call_id=arrived.pk, seconds=seconds, ended_by="caller", **call)
    files.take(tones.write_wav(folder / f"{source}.wav", tones.tone(440, seconds)), message)
    services.hang_up(arrived.pk, by="caller")
    return message


def test_an_agent_hears_notes_and_puts_away_messages(site: Site, open_page: Open, shoot: Shoot) -> None:
    from callcenter.core.models import LogEntry
    from queues.models import VoicemailBox

    from .floor import Floor

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    box = VoicemailBox.objects.create(name=unique("Support box "), slug=unique("support-box-"), queue=floor.queue)
    own = VoicemailBox.objects.create(name=unique("Alice "), slug=unique("alice-"), agent=alice)
    first = leave_message(box, name="Mia Musterfrau", seconds=3)
    leave_message(own, name="", seconds=2, partial=True)
    page = open_page(alice.user.username, "/panel/")
    expect(page.locator("#new-messages")).to_have_text("2")
    shoot(page, "panel-voicemail")

    # It should be pushed
    leave_message(box, name="Noor Nieuw")
    expect(page.locator("#new-messages")).to_have_text("3", timeout=SOON)

    page.keyboard.press("Alt+m")
    expect(page.locator("#message-caller")).to_have_text("Noor Nieuw")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#message-caller")).to_have_text("Mia Musterfrau")
    shoot(page, "panel-mailbox")

    # It should play, from the middle as well, and count as heard then
    page.evaluate("document.getElementById('player').play()")
    until(lambda: page.evaluate("document.getElementById('player').currentTime > 0.2"), what="the sound")
    assert page.evaluate("document.getElementById('player').duration") == pytest.approx(3.0, abs=0.05)
    expect(page.locator("#message-state")).to_have_text("Heard", timeout=SOON)
    page.evaluate("document.getElementById('player').currentTime = 2.5")
    until(lambda: page.evaluate("document.getElementById('player').ended"), what="the sound")
    assert LogEntry.objects.filter(type="voicemail.played", subject_id=first.pk, actor=f"agent:{alice.pk}").exists()

    page.fill("#message-notes", "Calls back on Monday.")
    expect(page.locator(".mail-notes .saved")).to_have_text("Saved", timeout=SOON)
    page.click("#message-archive")
    expect(page.locator("#message-caller")).not_to_have_text("Mia Musterfrau", timeout=SOON)
    first.refresh_from_db()
    assert (first.state, first.notes, first.heard_by) == ("archived", "Calls back on Monday.", f"agent:{alice.pk}")

    page.click("text=Put away")
    expect(page.locator("#message-notes")).to_have_value("Calls back on Monday.")
    page.click("#message-restore")
    expect(page.locator(".mail-detail")).to_contain_text("Nothing was put away.", timeout=SOON)
    page.keyboard.press("Escape")
    expect(page.locator("#mailbox")).not_to_be_visible()
    first.refresh_from_db()
    assert first.state == "heard"
    assert not site.complaints()


def test_a_mail_leads_to_its_message_and_an_empty_box_says_so(open_page: Open, shoot: Shoot) -> None:
    from queues.models import VoicemailBox

    from .floor import Floor

    floor = Floor()
    alice = floor.agent("Alice Aalto")
    box = VoicemailBox.objects.create(name=unique("Alice "), slug=unique("alice-"), agent=alice)
    page = open_page(alice.user.username, "/panel/")
    page.click("#open-mailbox")
    expect(page.locator("#mailbox")).to_contain_text("No messages.")
    shoot(page, "panel-mailbox-empty")
    message = leave_message(box, name="Mia Musterfrau")
    leave_message(box, name="Noor Nieuw")
    page.goto(f"{page.url.split('/panel')[0]}/messages/{message.pk}/")
    expect(page.locator("#message-caller")).to_have_text("Mia Musterfrau", timeout=SOON)
    # It should make way for a call
    page.keyboard.press("Escape")
    page.click("#go-available")
    page.keyboard.press("Alt+m")
    expect(page.locator("#mailbox")).to_be_visible()
    floor.call(name="Noor Nieuw")
    expect(page.locator("#scene-ringing")).to_be_visible(timeout=SOON)
    expect(page.locator("#mailbox")).not_to_be_visible()


def test_a_supervisor_hears_messages_in_the_administration(open_page: Open, shoot: Shoot) -> None:
    from queues.models import VoicemailBox

    from .floor import Floor
    from .site import person

    floor = Floor()
    box = VoicemailBox.objects.create(name=unique("Support box "), slug=unique("support-box-"), queue=floor.queue)
    message = leave_message(box, name="Mia Musterfrau", seconds=3)
    leave_message(box, name="Noor Nieuw", partial=True)
    boss = person(unique("sam"), "supervisor")
    page = open_page(boss.username, "/admin/queues/voicemailmessage/")
    expect(page.locator("#result_list")).to_contain_text("Mia Musterfrau")
    shoot(page, "admin-voicemail")
    page.goto(f"{page.url}{message.pk}/change/")
    page.evaluate("document.querySelector('.cc-player').play()")
    until(lambda: page.evaluate("document.querySelector('.cc-player').currentTime > 0.2"), what="the sound")
    shoot(page, "admin-voicemail-message")
    page.goto(f"{page.url.split('/voicemailmessage')[0]}/voicemailbox/{box.pk}/change/")
    shoot(page, "admin-voicemail-box")
