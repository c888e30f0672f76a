"""Skills and strategies in a real browser: set up on the queue's page, seen on the board."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .site import SOON, Site

pytestmark = pytest.mark.usefixtures("rows")
Open = Callable[..., Page]
Shoot = Callable[[Page, str], None]


def test_the_page_of_a_queue_shows_what_its_strategy_needs_and_reads_the_skills_back(site: Site, open_page: Open, shoot: Shoot) -> None:
    from agents.models import Skill
    from queues import services

    from .floor import Floor
    from .site import person, unique

    floor, boss = Floor(), person(unique("manager"), "manager")
    german = Skill.objects.create(name=unique("German "))
    floor.queue.skills.create(skill=german, minimum_level=5)
    floor.queue.relaxation_steps.create(skill=german, after_seconds=30, minimum_level=3)
    floor.queue.relaxation_steps.create(after_seconds=60)
    services.requirements_changed(floor.queue.pk)
    page = open_page(boss.username, f"/admin/queues/queue/{floor.queue.pk}/change/", height=900)
    expect(page.get_by_text(f"After 30 s {german} 3 is enough, after 60 s no skill is asked for.")).to_be_visible()
    days, second, step = (page.locator(f"#id_{name}") for name in ("sticky_days", "second_strategy", "progressive_seconds"))
    for field in (days, second, step):
        expect(field).to_be_hidden()
    page.select_option("#id_strategy", "sticky")
    expect(days).to_be_visible()
    expect(step).to_be_hidden()
    second.select_option("ring-progressively")
    expect(step).to_be_visible()
    shoot(page, "queue-strategy")
    page.get_by_role("link", name="Relaxation").click()
    expect(page.locator("#id_relaxation_steps-0-after_seconds")).to_have_value("30")
    shoot(page, "queue-relaxation")
    page.get_by_role("link", name="Required skills").click()
    shoot(page, "queue-skills")


def test_the_board_shows_what_a_waiting_call_asks_for_and_counts_by_skill(site: Site, open_page: Open, shoot: Shoot) -> None:
    from agents.models import AgentSkill, Skill
    from queues import services
    from queues.skills import Need

    from .floor import Floor
    from .site import person, unique

    floor, boss = Floor(), person(unique("super"), "supervisor")
    skill, alice = Skill.objects.create(name=unique("Greek ")), floor.agent("Alice Aalto")
    AgentSkill.objects.create(agent=alice, skill=skill, level=2)
    services.set_available(alice.pk, actor="test")
    page = open_page(boss.username, "/board/")
    call = floor.call("+493011111111", "Mia Musterfrau", skills=[Need(skill.pk, 4)])
    expect(page.locator(f"tr[data-call='{call.pk}'] .skill")).to_have_text(f"{skill} 4", timeout=SOON)
    row = page.locator(f"tr[data-skill='{skill.pk}']")
    expect(row.locator("td")).to_have_text(["1 / 1", "1", "0", "0"], timeout=SOON)
    shoot(page, "board-skills")


def test_who_may_only_look_sees_the_settings_without_complaint(site: Site, open_page: Open) -> None:
    from .floor import Floor
    from .site import person, unique

    floor, boss = Floor(strategy="sticky"), person(unique("super"), "supervisor")
    page = open_page(boss.username, f"/admin/queues/queue/{floor.queue.pk}/change/", height=900)
    expect(page.get_by_text("Last agent of the caller (sticky)")).to_be_visible()
    expect(page.get_by_text("Only what a call brings along is asked for.")).to_be_visible()
    expect(page.get_by_text("Sticky days")).to_be_visible()
    expect(page.get_by_text("Progressive seconds")).to_have_count(0)
