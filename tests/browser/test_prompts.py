"""Prompts in a real browser: spoken, listened to, refused, recorded with the microphone, played."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.unit.sounds import encoded, pitch, tone

from .conftest import CHROMIUM, FLAGS, pages
from .site import SOON, Site, person, unique

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def talking_chromium(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Its microphone hears 440 Hz, for longer than the test runs."""
    voice = tmp_path_factory.mktemp("voice") / "voice.wav"
    voice.write_bytes(encoded(tone(440, 60, rate=48000), 48000).getvalue())
    microphone = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={voice}"]
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *microphone])
    yield browser
    browser.close()


@pytest.fixture
def open_page(talking_chromium: Browser, site: Site) -> Iterator[Open]:
    with pages(talking_chromium, site) as open_:
        yield open_


def test_a_prompt_is_spoken_recorded_and_heard(site: Site, open_page: Open, shoot: Shoot, tmp_path: Path) -> None:
    from ivr.models import Prompt, Recording

    prompt = Prompt.objects.create(slug=unique("hello"), name="Welcome to the hotline", text="Hello and welcome.")
    boss = person(unique("boss"), "manager", first_name="Maria")
    page = open_page(boss.username, f"/admin/ivr/prompt/{prompt.pk}/change/")
    form = page.locator("form.cc-record-form").last

    # A refusal is said beside the form, and what was typed stays.
    form.locator("[name=language]").fill("German")
    form.locator("[name=text]").fill("Guten Tag und herzlich willkommen.")
    form.get_by_text("Let the computer speak it").click()
    expect(form.locator(".cc-trouble")).to_contain_text("Write it like en, de or de-AT", timeout=SOON)
    expect(form.locator("[name=text]")).to_have_value("Guten Tag und herzlich willkommen.")
    shoot(page, "prompt-refused")

    # Listen first, then keep it.
    form.locator("[name=language]").fill("de")
    form.get_by_text("Listen first").click()
    expect(form).to_have_attribute("data-previewed", "1", timeout=SOON)
    assert not Recording.objects.filter(prompt=prompt).exists()
    form.get_by_text("Let the computer speak it").click()
    expect(page.locator("#recording-de")).to_contain_text("Spoken by the computer", timeout=SOON)

    # Upload what the browser itself did not make.
    voice = tmp_path / "voice.mp3"
    voice.write_bytes(encoded(tone(600, 3), 16000, "MP3").getvalue())
    form = page.locator("form.cc-record-form").last
    form.locator("[name=language]").fill("de-AT")
    form.locator("[name=file]").set_input_files(voice)
    form.get_by_text("Upload the file").click()
    card = page.locator("#recording-de-AT")
    expect(card).to_contain_text("Download voice.mp3", timeout=SOON)

    # The player runs, and takes a position.
    card.locator(".cc-play").click()
    expect(card.locator(".cc-played").first).to_be_attached(timeout=SOON)
    card.locator(".cc-wave").press("End")
    expect(card.locator(".cc-time")).to_have_text("0:03.0 / 0:03.0", timeout=SOON)

    # Record with the microphone, hear it, keep it.
    page.locator("form.cc-record-form").last.locator("[name=language]").fill("en")
    page.locator("[data-record]").last.click()
    expect(page.locator(".cc-script")).to_have_value("Hello and welcome.")
    page.locator("#cc-start").click()
    expect(page.locator("#cc-state")).to_contain_text("2 s", timeout=SOON)
    assert float(page.locator("#cc-level").evaluate("meter => meter.value")) > 50
    shoot(page, "prompt-recording")
    page.locator("#cc-stop").click()
    expect(page.locator("#cc-heard")).to_be_visible(timeout=SOON)
    shoot(page, "prompt-recorded")
    page.locator("#cc-keep").click()
    page.wait_for_url(f"**/admin/ivr/prompt/{prompt.pk}/change/")
    english = page.locator("#recording-en")
    expect(english).to_contain_text("Recorded in the browser", timeout=SOON)
    shoot(page, "prompt")
    page.screenshot(path="tests/artefacts/prompt-whole.png", full_page=True)

    url = english.locator(".cc-player").get_attribute("data-src")
    sound = tmp_path / "heard.wav"
    sound.write_bytes(page.request.get(f"{site.url}{url}").body())
    import soundfile

    samples, rate = soundfile.read(sound)
    assert pitch(samples, rate) == pytest.approx(440, abs=5)
    page.goto(f"{site.url}/admin/ivr/prompt/")
    expect(page.locator("table")).to_contain_text("Welcome to the hotline")
    shoot(page, "prompts")
    assert not site.complaints()
