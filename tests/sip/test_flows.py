"""Real callers with real keys are led through flows; what they hear is known by its tones."""

from __future__ import annotations

import http.server
import itertools
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from ivr.models import Flow, FlowRun, FlowVersion, Number, Rule, RuleCase, WebConnection
from queues.models import Call
from tests.sip import facts
from tests.sip.given import AGENT_TONE, CALLER_TONE, staffed_team
from tests.sip.harness.fleet import Fleet, Takes
from tests.sip.harness.phones import Bank, Line
from tests.sip.harness.stack import Stack, Team
from tests.sip.harness.tones import tone, write_wav
from tests.sip.test_callbacks import CUSTOMER_TONE, provider_for
from tests.until import until

ANSWERS = Takes(answer_after=0.1)
_numbers = itertools.count(1)
MENU_TONE, SECOND_TONE, SORRY_TONE = 600, 700, 800


@pytest.fixture
def says(stack: Stack) -> Any:
    """Makes what is said under a text a tone instead: the file that the words would be spoken into."""

    def make(text: str, frequency: int, seconds: float = 30.0) -> str:
        write_wav(stack.spoken_file(text), tone(frequency, seconds))
        return text

    return make


def number_for(team: Team, steps: dict[str, Any], **flow: Any) -> str:
    """The team's number now leads through these steps, the first one first; who falls out of them comes to the team."""
    name = f"flow{next(_numbers)}"
    document = {"start": next(iter(steps)), "fallback_queue": team.queue.slug, "steps": steps, **flow}
    made = Flow.objects.create(name=name, slug=name)
    made.published = FlowVersion.objects.create(flow=made, number=1, document=document)
    made.save(update_fields=["published"])
    Number.objects.filter(number=team.number).update(target=Number.Target.FLOW, flow=made)
    return team.number


def call(bank: Bank, number: str) -> Line:
    return bank.phone("caller", tone=CALLER_TONE).call(f"sip:{number}@{bank.edge}")


def path(run: FlowRun) -> list[tuple[str, str]]:
    return list(run.visits.order_by("number").values_list("step", "exit"))


def the_run(number: str) -> FlowRun:
    until(lambda: FlowRun.objects.filter(call__dialled=number).exclude(outcome="running").exists(), what="the way to be written")
    return FlowRun.objects.get(call__dialled=number)


@pytest.mark.parametrize("method", ["rfc4733", "info"])
def test_keys_lead_a_caller_through_menus_to_an_agent(stack: Stack, fleet: Fleet, bank: Bank, says: Any, method: str) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    number = number_for(team, {
        "welcome": {"kind": "menu", "say": says("Welcome", MENU_TONE), "exits": {"2": "deeper"}},
        "deeper": {"kind": "menu", "say": says("Deeper", SECOND_TONE), "exits": {"1": "queue", "*": "up"}},
        "up": {"kind": "back"},
        "queue": {"kind": "queue", "queue": team.queue.slug, "priority": "3"},
    })  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(MENU_TONE), within=8, what="the first menu")
    assert Call.objects.get(dialled=number).state == "ivr"
    caller.send_digits("2", method)
    until(lambda: caller.hears(SECOND_TONE), what="the second menu, the first one cut short")
    caller.send_digits("*", method)
    until(lambda: caller.hears(MENU_TONE), what="the first menu again")
    caller.send_digits("21", method)
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the agent")
    caller.hang_up()
    [ended] = facts.until_all_over(team.queue, 1)
    assert (ended.outcome, ended.priority, ended.flow) == ("answered", 3, "")
    run = the_run(number)
    assert (run.outcome, run.led_to, run.target) == ("completed", "queue", team.queue.slug)
    assert path(run) == [
        ("welcome", "2"), ("deeper", "*"), ("up", "back"), ("welcome", "2"), ("deeper", "1"), ("queue", "handed"),
    ]  # fmt: skip


def test_a_number_is_collected_and_told_to_nobody_if_it_is_secret(stack: Stack, fleet: Fleet, bank: Bank, says: Any) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    number = number_for(team, {
        "who": {"kind": "collect", "say": says("Customer", MENU_TONE), "variable": "customer", "valid": "digits.startsWith('47')",
                "invalid_say": says("Wrong", SORRY_TONE, 0.5), "exits": {"next": "pin"}},
        "pin": {"kind": "collect", "say": says("Pin", SECOND_TONE), "variable": "pin", "most": 9, "secret": True,
                "exits": {"next": "queue"}},
        "queue": {"kind": "queue", "queue": team.queue.slug},
    })  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(MENU_TONE), within=8, what="the question")
    caller.send_digits("1#")
    until(lambda: caller.hears(SORRY_TONE), what="that it was wrong")
    caller.send_digits("471108152#")
    until(lambda: caller.hears(SECOND_TONE), what="the next question")
    caller.send_digits("975386421")
    until(lambda: caller.hears(AGENT_TONE), within=8, what="the agent")
    caller.hang_up()
    [ended] = facts.until_all_over(team.queue, 1)
    run = the_run(number)
    assert (ended.collected, run.variables) == ({"customer": "471108152"}, {"customer": "471108152"})
    assert "975386421" not in stack.log.read_text()
    assert "471108152" not in stack.log.read_text(), "digits are in no log"


def test_who_hangs_up_in_a_menu_has_abandoned_it_there(stack: Stack, fleet: Fleet, bank: Bank, says: Any) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    number = number_for(team, {"menu": {"kind": "menu", "say": says("Menu", MENU_TONE), "exits": {"1": "queue"}},
                               "queue": {"kind": "queue", "queue": team.queue.slug}})  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(MENU_TONE), within=8, what="the menu")
    caller.hang_up()
    until(lambda: Call.objects.filter(dialled=number, state="ended", outcome="abandoned").exists(), what="the record")
    run = the_run(number)
    assert (run.outcome, run.last_step, path(run)) == ("abandoned", "menu", [("menu", "")])


def test_a_shared_rule_decides_and_a_flow_that_says_goodbye_hangs_up_when_it_was_heard(
    stack: Stack, fleet: Fleet, bank: Bank, says: Any
) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    rule = Rule.objects.create(name="Tired", slug="tired", otherwise="no")
    RuleCase.objects.create(rule=rule, when=f"queues['{team.queue.slug}'].at_work == 1 && dialled == '{team.number}'", result="yes")
    number = number_for(team, {
        "tired": {"kind": "rule", "rule": "tired", "variable": "tired", "exits": {"next": "so"}},
        "so": {"kind": "branch", "cases": [{"name": "yes", "when": "vars.tired == 'yes'"}], "exits": {"yes": "bye", "else": "queue"}},
        "queue": {"kind": "queue", "queue": team.queue.slug},
        "bye": {"kind": "hang_up", "say": says("Bye", SORRY_TONE, 1.5)},
    })  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(SORRY_TONE, 1.0), within=8, what="good-bye to be heard")
    until(lambda: caller.over, what="the line to be closed")
    until(lambda: Call.objects.filter(dialled=number, state="ended").exists(), what="the record")
    ended = Call.objects.get(dialled=number)
    assert (ended.outcome, ended.hung_up_by) == ("served", "system")


class Crm(http.server.BaseHTTPRequestHandler):
    secrets: list[str] = []
    hangs = threading.Event()

    def do_GET(self) -> None:
        if self.path.startswith("/hangs"):
            self.hangs.wait(10)
        self.secrets.append(self.headers.get("Authorization", ""))
        data = json.dumps({"customer": {"tier": "gold" if self.path.endswith("/caller") else "tin"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def crm(stack: Stack) -> Iterator[str]:
    from callcenter.core.sealed import seal

    Crm.hangs.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Crm) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        name = f"crm{next(_numbers)}"
        with stack.settings_as_there():
            secret = seal("Bearer of the key")
        WebConnection.objects.create(name=name, slug=name, base_url=f"http://127.0.0.1:{server.server_port}", secret=secret, internal=True)
        yield name
        Crm.hangs.set()
        server.shutdown()


@pytest.mark.parametrize(("address", "heard"), [("/c/{{caller.number}}", SECOND_TONE), ("/hangs", SORRY_TONE)])
def test_a_web_service_decides_and_one_that_hangs_has_its_own_way(
    stack: Stack, fleet: Fleet, bank: Bank, says: Any, crm: str, address: str, heard: int
) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    number = number_for(team, {
        "ask": {"kind": "web", "connection": crm, "url": address, "timeout": 0.5, "retries": 0,
                "variables": {"tier": "response.customer.tier"}, "exits": {"next": "rules", "failed": "sorry"}},
        "rules": {"kind": "branch", "cases": [{"name": "gold", "when": "vars.tier == 'gold'"}], "exits": {"gold": "gold", "else": "sorry"}},
        "gold": {"kind": "play", "say": says("Gold", SECOND_TONE, 3), "exits": {"next": "queue"}},
        "sorry": {"kind": "play", "say": says("Sorry", SORRY_TONE, 3), "exits": {"next": "queue"}},
        "queue": {"kind": "queue", "queue": team.queue.slug},
    })  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(heard), within=8, what="what the answer led to")
    if heard == SECOND_TONE:
        assert "Bearer of the key" in Crm.secrets
    caller.hang_up()


def test_a_flow_goes_on_while_the_database_is_away(stack: Stack, fleet: Fleet, bank: Bank, says: Any) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    number = number_for(team, {
        "one": {"kind": "menu", "say": says("One", MENU_TONE), "exits": {"1": "two"}},
        "two": {"kind": "menu", "say": says("Two", SECOND_TONE), "exits": {"1": "queue"}},
        "queue": {"kind": "queue", "queue": team.queue.slug},
    })  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(MENU_TONE), within=8, what="the first menu")
    with stack.without_database():
        caller.send_digits("1")
        until(lambda: caller.hears(SECOND_TONE), within=3, what="the next menu, without any database")
    caller.send_digits("1")
    until(lambda: caller.hears(AGENT_TONE), within=15, what="the agent, once the database is back")
    caller.hang_up()
    assert path(the_run(number)) == [("one", "1"), ("two", "1"), ("queue", "handed")]


@pytest.mark.parametrize("answers", [True, False])
def test_a_flow_puts_callers_through_to_a_number_outside_or_goes_on(
    stack: Stack, fleet: Fleet, bank: Bank, says: Any, answers: bool
) -> None:
    team, _ = staffed_team(stack, fleet, ANSWERS)
    takes = Takes(early=True) if answers else Takes(answer_after=0.2, status=486)
    provider, outside = provider_for(stack, fleet, takes)
    number = number_for(team, {
        "menu": {"kind": "menu", "say": says("Menu", MENU_TONE), "exits": {"1": "out"}},
        "out": {"kind": "transfer", "number": outside, "exits": {"failed": "queue"}},
        "queue": {"kind": "queue", "queue": team.queue.slug},
    })  # fmt: skip
    caller = call(bank, number)
    until(lambda: caller.hears(MENU_TONE), within=8, what="the menu")
    caller.send_digits("1")
    if not answers:
        until(lambda: caller.hears(AGENT_TONE), within=8, what="the agent, since nobody is reached outside")
        return
    there = until(lambda: provider.ringing, within=8, what="the number outside to ring")
    until(lambda: caller.hears(CUSTOMER_TONE), within=8, what="the network's own tone, before anybody answers")
    assert (there.state, there.share(CALLER_TONE) < 0.05) == ("ringing", True)
    there.answer()
    until(lambda: caller.hears(CUSTOMER_TONE) and there.hears(CALLER_TONE), within=10, what="both to hear each other")
    there.hang_up()
    until(lambda: caller.over, what="the caller's line to be closed")
    until(lambda: Call.objects.filter(dialled=number, state="ended").exists(), what="the record")
    ended = Call.objects.get(dialled=number)
    assert (ended.outcome, ended.hung_up_by) == ("outside", "outside")
    run = the_run(number)
    assert (run.outcome, run.led_to, path(run)) == ("completed", "external", [("menu", "1"), ("out", "handed")])
    assert {leg.role: leg.rx_packets > 0 for leg in ended.legs.all()} == {"caller": True, "outside": True}
