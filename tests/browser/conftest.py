"""A browser and a site for the tests of the screens."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

from .site import PASSWORD, Site

ARTEFACTS = Path(__file__).resolve().parents[1] / "artefacts"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
REFUSED = re.compile(r"status of (400|409|422)")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running_site:
        yield running_site


@pytest.fixture
def rows(site: Site, django_db_blocker: Any) -> Iterator[None]:
    """The ORM of the test sees the site's database, committed rows only."""
    site.forget_complaints()
    with django_db_blocker.unblock(), site.stack.rows():
        yield


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """One for all browsers: two would be two event loops in one thread."""
    with sync_playwright() as made, pytest.MonkeyPatch.context() as patch:
        # Playwright's event loop runs in this thread; Django would take every ORM call for one from a coroutine.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield made


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    with pages(chromium, site) as open_:
        yield open_


@contextlib.contextmanager
def pages(chromium: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Log a user in and open a page. Fails the test at its end if a page logged an error or broke the content policy."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_(username: str, path: str, *, width: int = 1280, height: int = 720, dark: bool = False) -> Page:
        context = chromium.new_context(viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light")
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(f"{line.text} {line.location}") if _is_error(line) else None)
        page.goto(f"{site.url}/login/?next={path}")
        log_in(page, username)
        page.wait_for_url(f"**{path}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not problems


def log_in(page: Page, username: str) -> None:
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("button:has-text('Log in')")


def _is_error(line: ConsoleMessage) -> bool:
    """The browser itself logs a socket that cannot connect, which tests that stop the server expect, and refusals, which pages show."""
    return line.type == "error" and "WebSocket" not in line.text and not REFUSED.search(line.text)


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keep a picture of the page among the test's artefacts."""
    ARTEFACTS.mkdir(exist_ok=True)

    def shoot_(page: Page, name: str) -> None:
        page.screenshot(path=ARTEFACTS / f"{name}.png")

    return shoot_
