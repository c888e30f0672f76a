"""The whole product: callers and agents on SIP phones, the agent at the panel, the supervisor at the board."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.sip.harness.dialog import Call as Line
from tests.sip.harness.fleet import Fleet, Phone, Takes
from tests.sip.harness.stack import PASSWORD as SIP_PASSWORD
from tests.sip.harness.stack import Team
from tests.until import until

from .conftest import pages
from .site import MENDED, OLD_NEWS, SOON, Site, person, stored_password, unique

Shoot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("whole"), telephony=True) as running_site:
        yield running_site


@pytest.fixture
def fleet(site: Site, rows: None) -> Iterator[Fleet]:
    with Fleet(edge=site.stack.edge) as made:
        yield made
        made.hang_up_all()


@pytest.fixture
def open_page(chromium: Browser, site: Site, rows: None) -> Iterator[Callable[..., Page]]:
    with pages(chromium, site) as open_:
        yield open_


def staff(site: Site, fleet: Fleet, *takes: Takes, **queue: Any) -> tuple[Team, list[Any]]:
    """Agents who can log in to the panel and whose phones take calls in these ways; not yet registered."""
    from django.contrib.auth.models import User

    team = site.stack.team(agents=len(takes), **{"wrap_up_seconds": 60, "ring_seconds": 30, **queue})
    User.objects.filter(agent__in=team.agents).update(password=stored_password())
    phones = [
        fleet.phone(agent.sip_username, SIP_PASSWORD, tone=1000 + 200 * index, takes=way)
        for index, (agent, way) in enumerate(zip(team.agents, takes, strict=True))
    ]
    return team, phones


def test_a_call_on_real_phones_is_seen_by_all_and_ended_and_written_up_in_the_panel(
    site: Site, fleet: Fleet, open_page: Callable[..., Page], shoot: Shoot
) -> None:
    from queues.models import Call

    team, [phone] = staff(site, fleet, Takes())
    alice = team.agents[0]
    panel = open_page(alice.user.username, "/panel/")
    board = open_page(person(unique("super"), "supervisor").username, "/board/")
    expect(panel.locator("#phone")).to_have_text("No phone")

    phone.register()
    expect(panel.locator("#phone")).to_have_text("Phone registered", timeout=SOON)
    expect(panel.locator("#scene-ready")).to_be_visible(timeout=SOON)

    caller = fleet.phone("mia", tone=440).call(team.number)
    expect(panel.locator("#scene-ringing #caller-name")).to_have_text("mia", timeout=SOON)
    expect(board.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "ringing", timeout=SOON)

    until(lambda: phone.ringing, what="the agent's phone to ring").answer()
    expect(panel.locator("#scene-call")).to_be_visible(timeout=SOON)
    until(lambda: caller.hears(1000) and phone.talking.hears(440), within=10, what="both to hear each other")
    expect(board.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "on_call", timeout=SOON)
    shoot(panel, "sip-panel-call")
    shoot(board, "sip-board")

    panel.click("#hang-up")
    until(lambda: caller.over and phone.calls[-1].over, what="both phones to be free")
    expect(panel.locator("#scene-wrap-up")).to_be_visible(timeout=SOON)
    panel.fill("#notes", "All done.")
    panel.click("#finish")
    expect(panel.locator("#scene-ready")).to_be_visible(timeout=SOON)
    call = Call.objects.get(queue=team.queue)
    assert (call.state, call.outcome, call.hung_up_by, call.notes) == ("ended", "answered", "agent", "All done.")
    expect(board.locator(f"tr[data-queue='{team.queue.pk}'] td").nth(5)).to_have_text("1", timeout=SOON)
    assert not site.complaints()


def test_a_call_rejected_in_the_panel_stops_ringing_and_goes_to_the_colleague(
    site: Site, fleet: Fleet, open_page: Callable[..., Page]
) -> None:
    from queues.models import Offer

    team, phones = staff(site, fleet, Takes(), Takes(), cooldown_reject=60)
    for phone in phones:
        phone.register()
    caller = fleet.phone("nils", tone=440).call(team.number)
    first = until(lambda: Offer.objects.open().filter(queue=team.queue).first(), what="an offer")
    panel = open_page(first.agent.user.username, "/panel/")
    panel.click("#reject")
    expect(panel.locator("#scene-ringing")).to_have_count(0, timeout=SOON)
    expect(panel.locator(".missed li")).to_have_count(1, timeout=SOON)
    second = until(lambda: Offer.objects.open().filter(queue=team.queue).first(), what="the next offer")
    assert second.agent != first.agent
    until(lambda: [phone for phone in phones if phone.ringing], what="the colleague's phone to ring")[0].ringing.answer()
    until(lambda: caller.talking, what="the caller to talk")
    assert not site.complaints()


def test_five_callers_and_two_agents_are_seen_on_the_board_as_they_are_served(
    site: Site, fleet: Fleet, open_page: Callable[..., Page], shoot: Shoot
) -> None:
    from queues.models import Call

    quick = Takes(answer_after=0.3, talk_for=4)
    team, phones = staff(site, fleet, quick, quick, wrap_up_seconds=1)
    fleet.register_all(phones)
    board = open_page(person(unique("super"), "supervisor").username, "/board/")
    row = board.locator(f"tr[data-queue='{team.queue.pk}'] td")
    expect(row.nth(3)).to_have_text("2 / 2", timeout=SOON)
    fleet.call_at_once([fleet.phone(f"caller{index}", tone=440) for index in range(5)], team.number)
    expect(board.locator("tr[data-call]")).to_have_count(3, timeout=SOON)
    expect(row.nth(0)).to_have_text("3")
    assert board.locator("tr[data-call] .place").all_text_contents() == ["1", "2", "3"]
    shoot(board, "sip-board-five-callers")
    expect(row.nth(5)).to_have_text("5", timeout=40_000)
    expect(row.nth(0)).to_have_text("0", timeout=SOON)
    until(lambda: Call.objects.filter(queue=team.queue, state="ended", outcome="answered").count() == 5, within=30, what="five records")
    assert not site.complaints()


def talk(site: Site, fleet: Fleet, name: str) -> tuple[Any, Any, Any, list[Any]]:
    """A caller of that name and an agent who hear each other; the team, both ends, and their streams."""
    team, [phone] = staff(site, fleet, Takes(answer_after=0.1), wrap_up_seconds=600)
    phone.register()
    caller = fleet.phone(name, tone=440).call(team.number)
    until_both_hear(caller, phone)
    return team, phone, caller, [caller.stream, phone.talking.stream]


def until_both_hear(caller: Line, phone: Phone) -> None:
    """A slip of the tone's phase, where a busy machine sent late, is no gap: the next half second tells."""
    until(lambda: phone.talking and caller.hears(1000) and phone.talking.hears(440), within=10, what="both to hear each other")


def watched(agent: Any, ends: list[Any], open_page: Callable[..., Page]) -> tuple[Page, Page]:
    """Panel and board of an agent who talks, with the gaps in what is heard counted from now."""
    panel = open_page(agent.user.username, "/panel/")
    board = open_page(person(unique("super"), "supervisor").username, "/board/")
    expect(panel.locator("#scene-call")).to_be_visible(timeout=SOON)
    expect(board.locator(f"[data-agent='{agent.pk}']")).to_have_attribute("data-state", "on_call", timeout=SOON)
    for stream in ends:
        stream.longest_gap = 0.0
    return panel, board


def test_a_talk_goes_on_behind_screens_whose_redis_and_database_are_killed(
    site: Site, fleet: Fleet, open_page: Callable[..., Page]
) -> None:
    from queues.models import Call

    team, phone, caller, ends = talk(site, fleet, "olga")
    alice = team.agents[0]
    panel, board = watched(alice, ends, open_page)
    with site.without_redis(killed=True), site.stack.without_database(killed=True):
        for screen in (panel, board):
            expect(screen.locator("#banner")).to_contain_text(OLD_NEWS, timeout=MENDED)
        until_both_hear(caller, phone)
        caller.hang_up()
        until(lambda: phone.calls[-1].over, within=3, what="the agent's phone to be free")
        assert max(stream.longest_gap for stream in ends) < 0.2, "the talk should not have been interrupted"
    until(
        lambda: Call.objects.filter(queue=team.queue, state="wrap_up", hung_up_by="caller").exists(), within=10, what="the rows to be right"
    )
    for screen in (panel, board):
        expect(screen.locator("#banner")).to_be_empty(timeout=MENDED)
    expect(panel.locator("#scene-wrap-up")).to_be_visible(timeout=MENDED)
    expect(board.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "wrap_up", timeout=MENDED)


def test_a_talk_goes_on_while_web_server_and_relay_are_killed_and_is_ended_in_the_panel_that_came_back(
    site: Site, fleet: Fleet, open_page: Callable[..., Page]
) -> None:
    from queues.models import Call

    team, phone, caller, ends = talk(site, fleet, "pia")
    alice = team.agents[0]
    panel, board = watched(alice, ends, open_page)
    for part in ("web", "relay"):
        site.kill(part)
    for screen in (panel, board):
        expect(screen.locator("#banner")).to_contain_text(OLD_NEWS, timeout=MENDED)
    for part in ("web", "relay"):
        site.start_part(part)
    for screen in (panel, board):
        expect(screen.locator("#banner")).to_be_empty(timeout=3 * MENDED)
    expect(panel.locator("#scene-call #caller-name")).to_have_text("pia")
    expect(board.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "on_call")
    until_both_hear(caller, phone)
    assert max(stream.longest_gap for stream in ends) < 0.2, "the talk should not have been interrupted"
    panel.click("#hang-up")
    until(lambda: caller.over and phone.calls[-1].over, what="both phones to be free")
    until(
        lambda: Call.objects.filter(queue=team.queue, state="wrap_up", hung_up_by="agent").exists(), within=10, what="the rows to be right"
    )
    expect(panel.locator("#scene-wrap-up")).to_be_visible(timeout=SOON)
    expect(board.locator(f"[data-agent='{alice.pk}']")).to_have_attribute("data-state", "wrap_up", timeout=SOON)
    panel.click("#finish")
    expect(panel.locator("#scene-ready")).to_be_visible(timeout=SOON)
    until(lambda: Call.objects.filter(queue=team.queue, state="ended", outcome="answered").exists(), within=10, what="the record")
