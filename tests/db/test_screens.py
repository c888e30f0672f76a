"""What panel and board show, and to whom."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.serializers.json import DjangoJSONEncoder
from django.test import Client
from django.urls import reverse

from agents.models import Agent, Team
from callcenter.core.intents import Arguments
from queues import metrics, requirements, services
from queues.board.intents import BoardIntents
from queues.board.scope import visible_queues, visible_to
from queues.board.snapshot import board_snapshot
from queues.board.today import today
from queues.models import Call, Command, Queue
from queues.panel.intents import PanelIntents
from queues.panel.snapshot import panel_snapshot
from queues.states import OfferOutcome
from queues.states import SegmentOutcome as Outcome

from . import cast

pytestmark = pytest.mark.django_db


def person(name: str, *roles: str) -> User:
    user = User.objects.create(username=name, is_staff=True)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


@pytest.fixture
def supervisor() -> User:
    return person("sam", "supervisor")


@pytest.fixture(autouse=True)
def fresh_figures() -> None:
    today.forget()


def panel(agent: Agent) -> dict[str, Any]:
    """As it goes over the wire."""
    found: dict[str, Any] = json.loads(json.dumps(panel_snapshot(agent.pk), cls=DjangoJSONEncoder))
    return found


def board(user: User) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(board_snapshot(user, may_steer=True), cls=DjangoJSONEncoder))
    return found


# Panel


def test_the_panel_follows_a_call_from_ring_to_record() -> None:
    queue = cast.queue(wrap_up_seconds=30)
    alice = cast.agent(queues=(queue,))
    assert panel(alice)["agent"]["state"] == "available"
    call = cast.enqueue(queue, priority=2)
    shown = panel(alice)
    assert [offer["call"]["id"] for offer in shown["offers"]] == [call.pk]
    assert shown["offers"][0]["call"]["priority"] == 2
    cast.talk(call)
    shown = panel(alice)
    assert (shown["offers"], [live["id"] for live in shown["calls"]]) == ([], [call.pk])
    services.hang_up(call.pk, by="caller", reason="caller hung up")
    shown = panel(alice)
    assert (shown["calls"], [paper["id"] for paper in shown["wrap_ups"]]) == ([], [call.pk])
    assert shown["wrap_ups"][0]["until"]
    services.finish_wrap_up(call.pk, agent_id=alice.pk, notes="done")
    shown = panel(alice)
    assert (shown["wrap_ups"], shown["figures"]["answered"]) == ([], 1)


def test_wanting_calls_without_a_phone_is_a_state_of_its_own() -> None:
    agent = panel(cast.agent(phone=False))["agent"]
    assert (agent["state"], agent["reachable"], agent["unreachable_but_available"]) == ("available", False, True)


def test_the_card_tells_the_earlier_calls_of_the_number_and_the_missed_list_tells_mine() -> None:
    queue = cast.queue()
    alice = cast.agent(queues=(queue,))
    first = cast.talk(cast.enqueue(queue))
    services.save_wrap_up(first.pk, agent_id=alice.pk, disposition_id=None, notes="asked for a quote")
    services.hang_up(first.pk, by="caller", reason="caller hung up")
    second = cast.enqueue(queue)
    card = panel(alice)["offers"][0]["call"]
    assert [(past["id"], past["notes"]) for past in card["earlier"]] == [(first.pk, "asked for a quote")]
    services.offer_failed(cast.open_offers(second)[0].pk, OfferOutcome.NO_ANSWER)
    assert [missed["outcome"] for missed in panel(alice)["missed"]] == ["No answer"]


def test_a_picture_does_not_change_while_nothing_happens() -> None:
    queue = cast.queue()
    alice = cast.agent(queues=(queue,))
    cast.talk(cast.enqueue(queue))
    cast.enqueue(queue)
    before, after = panel(alice), panel(alice)
    for picture in (before, after):
        picture["figures"].pop("occupancy")  # a share of the time that passes
    assert before == after
    boss = person("sam", "supervisor")
    assert board(boss) == board(boss)


def test_an_agent_rejects_and_hangs_up_own_calls_only() -> None:
    queue = cast.queue()
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob")
    call = cast.enqueue(queue)
    offer = cast.open_offers(call)[0]
    with pytest.raises(Exception, match="no longer ringing for you"):
        PanelIntents(bob.pk).reject(Arguments({"offer": offer.pk}))
    PanelIntents(alice.pk).reject(Arguments({"offer": offer.pk}))
    cast.talk(call)
    with pytest.raises(Exception, match="no longer in this call"):
        PanelIntents(bob.pk).hang_up(Arguments({"call": call.pk}))
    PanelIntents(alice.pk).hang_up(Arguments({"call": call.pk}))
    wanted = list(Command.objects.order_by("pk").values_list("kind", "actor"))
    assert wanted == [("reject_offer", f"agent:{alice.pk}"), ("hang_up", f"agent:{alice.pk}")]


# Board


def test_the_board_counts_the_floor(supervisor: User) -> None:
    queue = cast.queue(warn_waiting=1)
    alice, bob = cast.agent("alice", queues=(queue,)), cast.agent("bob", queues=(queue,), phone=False)
    talking, ringing = cast.talk(cast.enqueue(queue)), cast.enqueue(queue)
    waiting = cast.enqueue(queue, priority=3)
    shown = board(supervisor)
    tiles = {name: tile.get("value") for name, tile in shown["tiles"].items()}
    assert (tiles["waiting"], tiles["talking"], tiles["unreachable"], tiles["available"]) == (2, 1, 1, 0)
    assert (tiles["offered"], tiles["answered"]) == (3, 1)
    assert [row["id"] for row in shown["waiting"]["rows"]] == [waiting.pk, ringing.pk], "in the order of service"
    row = next(row for row in shown["queues"] if row["id"] == queue.pk)
    assert (row["today"]["missed"], row["today"]["refused"]) == (0, 0)
    assert (row["waiting"], row["agents"]) == (2, {"available": 0, "busy": 1, "at_work": 2})
    agents = {agent["id"]: agent for agent in shown["agents"]}
    assert agents[alice.pk]["caller"]["id"] == talking.pk
    assert agents[bob.pk]["reachable"] is False
    assert (agents[alice.pk]["today"]["utilization"] is not None, agents[bob.pk]["today"]["utilization"]) == (True, 0)


def rows_behind(client: Client, link: str) -> int:
    answer = client.get(link)
    assert answer.status_code == 200, f"the admin does not know a look-up of {link}"
    return int(answer.context["cl"].result_count)


def asking_day(where: Queue, team: Team) -> None:
    """Entries of today and yesterday that asked for German, Invoices or both, answered, given up and waiting; agents who have it."""
    for state, phone in (("available", True), ("offline", True)):
        cast.skilled(cast.agent(f"german-{state}", team=team, state=state, phone=phone), German=3)
    both, german = (requirements.intern(cast.needs(**asked)) for asked in ({"German": 2, "Invoices": 1}, {"German": 4}))
    for outcome in (Outcome.ANSWERED, Outcome.ABANDONED):
        for asked, seconds in ((both, -1), (both, 1), (german, 1), (None, 1)):
            cast.stay(where, outcome, at=metrics.midnight("UTC") + timedelta(seconds=seconds), requirement_id=asked)
    cast.enqueue(where, skills=cast.needs(German=5))


def busy_day(name: str, team: Team, **queue: Any) -> Queue:
    """A queue with all kinds of agents, callers in line, and entries on both sides of every midnight near by."""
    where = cast.queue(name, service_level_seconds=20, **queue)
    for state, phone in (("available", False), ("offline", True), ("break", True), ("available", True), ("available", True)):
        cast.agent(f"{name}-{state}", queues=(where,), team=team, state=state, phone=phone)
    cast.talk(cast.enqueue(where))
    first = cast.enqueue(where)
    services.offer_failed(cast.open_offers(first)[0].pk, OfferOutcome.NO_ANSWER)
    for _ in range(3):
        cast.enqueue(where)
    cast.agent(f"{name}-free", team=team)
    for zone in ("UTC", "Asia/Tokyo"):
        for outcome in (Outcome.ANSWERED, Outcome.ABANDONED, Outcome.OVERFLOW, Outcome.REFUSED):
            for seconds, wait in ((-1, 5), (1, 2), (1, 30)):
                cast.stay(where, outcome, wait=wait, at=metrics.midnight(zone) + timedelta(seconds=seconds))
    return where


def links_of_agents(shown: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    yield "agents", len(shown["agents"]), shown["agents_link"]
    for row in shown["agents"]:
        yield f"{row['name']}, shares", metrics.periods(metrics.midnight("UTC")).filter(agent=row["id"]).count(), row["today"]["link"]


def links_of_teams(shown: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    since = metrics.midnight("UTC")
    for row in shown["teams"]:
        known = {**row, **row["today"], "spent": metrics.periods(since).filter(agent__team=row["id"]).count()}
        yield from ((f"{row['name']}, {name}", known[name], link) for name, link in row["links"].items())


def links_of_skills(shown: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    for row in shown["skills"]:
        known = {**row, **row["today"]}
        yield from ((f"{row['name']}, {name}", known[name], link) for name, link in row["links"].items())


def numbers(shown: dict[str, Any]) -> Iterator[tuple[str, int, str]]:
    """Every number of a board with its name and its link."""
    queues = Queue.objects.in_bulk([row["id"] for row in shown["queues"]])
    counted = {pk: asdict(figures) for pk, figures in metrics.queues_figures(queues.values()).items()}
    good = sum(figures[name] for figures in counted.values() for name in metrics.level_for(queues.values()).good)
    for name, tile in shown["tiles"].items():
        number = {"longest": shown["tiles"]["waiting"]["value"], "level": good}.get(name, tile.get("value"))
        yield f"tile {name}", number, tile["link"]
        if "of" in tile:
            yield f"tile {name}, of", tile["of"], tile["of_link"]
    for row in shown["queues"]:
        good = sum(counted[row["id"]][name] for name in metrics.level_for([queues[row["id"]]]).good)
        known = {**counted[row["id"]], **row["today"], **row["agents"], "waiting": row["waiting"], "level": good}
        yield from ((f"{row['name']}, {name}", known[name], link) for name, link in row["links"].items())


@pytest.mark.inconsistent_on_purpose
def test_the_service_level_of_a_queue_is_by_its_own_formula_and_of_several_by_the_one_they_share(supervisor: User) -> None:
    Queue.objects.update(active=False)
    first, second = cast.queue("first", service_level_formula="answered"), cast.queue("second", service_level_formula="answered")
    for outcome in (Outcome.ANSWERED, Outcome.ABANDONED):
        cast.stay(first, outcome, wait=10, at=metrics.midnight("UTC"))
    for tile, changed in ((100, "answered"), (50, "overflow"), (50, "default")):
        Queue.objects.filter(pk=second.pk).update(service_level_formula=changed)
        today.forget()
        shown = board(supervisor)
        assert shown["tiles"]["level"]["value"] == tile, "the default where they differ"
        assert {row["name"]: row["today"]["level"] for row in shown["queues"]} == {first.name: 100, second.name: None}
    assert shown["queues"][0]["level_meaning"] == metrics.LEVELS["answered"].meaning


@pytest.mark.inconsistent_on_purpose
@pytest.mark.parametrize("bounded", [True, False])
def test_every_number_on_the_board_is_the_number_of_rows_behind_it(supervisor: User, client: Client, bounded: bool) -> None:
    mine, theirs = Team.objects.create(name="Mine"), Team.objects.create(name="Theirs")
    days = [
        busy_day("berlin", mine, service_level_formula="sl2"),
        busy_day("tokyo", mine, timezone="Asia/Tokyo"),
        busy_day("theirs", theirs),
    ]
    asking_day(days[0], mine)
    asking_day(days[2], theirs)
    worker = Agent.objects.filter(team=mine).first()
    for seconds in (-1, 1):
        cast.stay(days[0], Outcome.ANSWERED, at=metrics.midnight("UTC") + timedelta(seconds=seconds), agent=worker)
    closed, draining = busy_day("closed", mine), busy_day("draining", mine)
    Queue.objects.filter(pk__in=[closed.pk, draining.pk]).update(active=False)
    for call in Call.objects.waiting().filter(queue=closed):
        services.hang_up(call.pk, by="caller", reason="gave up")
    if bounded:
        mine.supervisors.add(supervisor)
    client.force_login(supervisor)
    shown = board(supervisor)
    there = {row["id"] for row in shown["queues"]}
    assert [day.pk in there for day in (*days, draining, closed)] == [True, True, not bounded, True, False]
    team_numbers, skill_numbers = list(links_of_teams(shown)), list(links_of_skills(shown))
    assert {name for name, number, _ in skill_numbers if number} >= {f"German, {name}" for name in shown["skills"][0]["links"]}
    assert all(number for name, number, _ in team_numbers if name.startswith(mine.name)), "the team did something of everything"
    found = [*numbers(shown), *links_of_agents(shown), *team_numbers, *skill_numbers]
    assert [(name, rows_behind(client, link)) for name, _, link in found] == [(name, number) for name, number, _ in found]
    assert all(number for name, number, _ in found if name.startswith("tile")), "nothing is compared with nothing"


@pytest.mark.inconsistent_on_purpose
def test_every_number_on_the_admins_first_page_is_the_number_of_rows_behind_it(supervisor: User, client: Client) -> None:
    team = Team.objects.create(name="Mine")
    for zone in ("UTC", "Asia/Tokyo"):
        busy_day(zone, team, timezone=zone)
    client.force_login(supervisor)
    page = client.get(reverse("admin:index")).content.decode()
    found = re.findall(r'<a (?:class="cc-tile" )?href="([^"]*\?[^"]*)">(?:<b>|<span[^>]*>)?(\d+)(?: [A-Z][^<]*)?<', page)
    assert len(found) > 20
    assert [(link, rows_behind(client, unescape(link))) for link, _ in found] == [(link, int(number)) for link, number in found]


def test_a_waiting_call_shows_what_it_asks_for_and_whom_it_is_kept_for(supervisor: User) -> None:
    queue = cast.queue(strategy="sticky")
    bob = cast.agent("bob", queues=(queue,))
    services.hang_up(cast.talk(cast.enqueue(queue)).pk, by="caller")
    cast.talk(cast.enqueue(queue, wanted_agent_id=bob.pk))
    cast.enqueue(queue)
    cast.enqueue(queue, skills=cast.needs(Invoices=2, German=4))
    rows = board(supervisor)["waiting"]["rows"]
    assert [(row["skills"], row["kept_for"]) for row in rows] == [([], "bob"), (["German 4", "Invoices 2"], "")]
    assert [(row["name"], row["waiting"]) for row in board(supervisor)["skills"]] == [("German", 1), ("Invoices", 1)]


def test_the_board_takes_as_many_queries_for_a_hundred_agents_as_for_one(supervisor: User, django_assert_max_num_queries: Any) -> None:
    queue = cast.queue()
    for n in range(12):
        cast.agent(f"agent{n}", queues=(queue,))
    for _ in range(20):
        cast.enqueue(queue)
    # One is about rules of overflow, one about how all lines move, two about the skills asked for today and waited for now.
    with django_assert_max_num_queries(24):
        board(supervisor)
    with django_assert_max_num_queries(19):
        board(supervisor)  # the shares of the agents' time are kept, and how the lines move


def test_a_supervisor_of_a_team_sees_that_team_and_its_queues(supervisor: User) -> None:
    mine, theirs = cast.queue("mine"), cast.queue("theirs")
    team, other = Team.objects.create(name="Mine"), Team.objects.create(name="Theirs")
    alice, bob = cast.agent("alice", queues=(mine,), team=team), cast.agent("bob", queues=(theirs,), team=other)
    assert {alice, bob} <= set(visible_to(supervisor)), "without a team: everybody"
    team.supervisors.add(supervisor)
    assert set(visible_to(supervisor)) == {alice}
    assert set(visible_queues(supervisor)) == {mine}
    hers = board(supervisor)
    assert [agent["id"] for agent in hers["agents"]] == [alice.pk]
    for role in ("manager", "auditor"):
        boss = person(role, role)
        team.supervisors.add(boss)
        assert {alice, bob} <= set(visible_to(boss)), f"a {role} sees everybody, team or not"


def test_a_supervisor_steers_own_agents_and_calls_only(supervisor: User) -> None:
    mine, theirs = cast.queue("mine"), cast.queue("theirs")
    team, other = Team.objects.create(name="Mine"), Team.objects.create(name="Theirs")
    alice, bob = cast.agent("alice", queues=(mine,), team=team), cast.agent("bob", queues=(theirs,), team=other)
    team.supervisors.add(supervisor)
    intents = BoardIntents(supervisor)
    intents.take_break(Arguments({"agent": alice.pk, "reason": cast.pause().pk}))
    alice.refresh_from_db()
    assert alice.state == "break"
    call = cast.enqueue(theirs)
    for refused, arguments in ((intents.go_offline, {"agent": bob.pk}), (intents.priority, {"call": call.pk, "priority": 5})):
        with pytest.raises(Exception, match="you supervise"):
            refused(Arguments(arguments))


def test_a_supervisor_assigns_a_waiting_call_and_changes_its_priority(supervisor: User) -> None:
    queue = cast.queue()
    call = cast.enqueue(queue)
    carol = cast.agent("carol")
    intents = BoardIntents(supervisor)
    intents.priority(Arguments({"call": call.pk, "priority": 7}))
    intents.assign(Arguments({"call": call.pk, "agent": carol.pk}))
    call.refresh_from_db()
    assert (call.priority, call.state, cast.open_offers(call)[0].agent) == (7, "agent_ringing", carol)


# Pages


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        ((), {"/panel/": 403, "/board/": 403}),
        (("agent",), {"/panel/": 200, "/board/": 403}),
        (("supervisor",), {"/panel/": 403, "/board/": 200}),
        (("auditor",), {"/panel/": 403, "/board/": 200}),
        (("manager",), {"/panel/": 403, "/board/": 200}),
        (("agent", "supervisor"), {"/panel/": 200, "/board/": 200}),
    ],
)
def test_each_role_opens_its_screens_and_no_other(client: Client, roles: tuple[str, ...], expected: dict[str, int]) -> None:
    user = person("pat", *roles)
    if "agent" in roles:
        Agent.objects.create(user=user, name="Pat", extension="1999", sip_username="pat")
    client.force_login(user)
    assert {path: client.get(path).status_code for path in expected} == expected


def test_strangers_are_led_to_the_log_in(client: Client) -> None:
    for path in ("/", "/panel/", "/board/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, f"/login/?next={path}")


@pytest.mark.parametrize(("role", "place"), [("supervisor", "/board/"), ("auditor", "/board/"), ("manager", None), ("nobody", None)])
def test_the_front_door_leads_each_role_to_its_screen(client: Client, role: str, place: str | None) -> None:
    client.force_login(person("pat", role))
    answer = client.get("/")
    assert (answer.status_code, answer.get("Location")) == ((302, place) if place else (200, None))


def test_pages_carry_no_inline_script_or_style(client: Client) -> None:
    boss = person("pat", "manager")
    Agent.objects.create(user=boss, name="Pat", extension="1999", sip_username="pat")
    pages = [client.get("/login/"), client.get("/no-such-page")]
    client.force_login(boss)
    pages += [client.get(path) for path in ("/", "/panel/", "/board/")]
    for page in pages:
        text = page.content.decode()
        assert "<style" not in text
        assert " style=" not in text
        assert not any("src=" not in tag for tag in text.split("<script")[1:])
        assert "script-src 'self'" in page["Content-Security-Policy"]


def test_the_board_tells_what_somebody_who_called_now_would_find(supervisor: User) -> None:
    queue, other = cast.queue(), cast.queue("other")
    cast.way_out(queue, "length", 1, next_queue=other)
    cast.agent(queues=(queue,))
    [shown] = [row for row in board(supervisor)["queues"] if row["id"] == queue.pk]
    assert (shown["expected"], shown["overflowing"]) == ("at once", "")
    cast.enqueue(queue)
    cast.enqueue(queue)
    [shown] = [row for row in board(supervisor)["queues"] if row["id"] == queue.pk]
    assert (shown["expected"], shown["overflowing"]) == ("", f"to {other}, keeping the place")
