"""The demo's number 1000, walked by real calls with real keys, while its customer service answers."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from agents.models import Agent
from ivr import demo
from ivr.demo_flow import CONNECTION
from ivr.models import FlowRun, Prompt, Recording, WebConnection
from ivr.prompts.phone import start_recording
from queues.models import VoicemailMessage
from queues.panel.mailbox import mailbox
from queues.voicemail import files
from tests.sip.given import CALLER_TONE
from tests.sip.harness.phones import Bank, Line
from tests.sip.harness.stack import Stack
from tests.until import until

BEEP = 1000


class Customers(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        data = json.dumps({"customer": {"name": "Ann", "tier": "gold" if "/7" in self.path else "standard"}}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def menu(stack: Stack) -> Iterator[str]:
    """The demo as it is loaded, its customer service on a port of its own."""
    with stack.settings_as_there(), http.server.ThreadingHTTPServer(("127.0.0.1", 0), Customers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        demo.load()
        WebConnection.objects.filter(slug=CONNECTION).update(base_url=f"http://127.0.0.1:{server.server_port}")
        until(lambda: stack.knows("alice"), within=8, every=0.05, what="the edge to know the demo")
        yield demo.MENU
        server.shutdown()


def call(bank: Bank, menu: str, name: str) -> Line:
    line = bank.phone(name, tone=CALLER_TONE).call(f"sip:{menu}@{bank.edge}")
    until(lambda: line.talking, within=8, what="the menu to answer")
    return line


def at(name: str, *steps: str) -> bool:
    """The caller has left these steps, one after the other."""
    run = FlowRun.objects.filter(call__caller_number=name).first()  # none yet when the machine is busy
    return run is not None and list(run.visits.order_by("number").values_list("step", flat=True))[: len(steps)] == list(steps)


def led(name: str) -> tuple[str, str]:
    return FlowRun.objects.values_list("led_to", "target").get(call__caller_number=name)


def test_a_german_gold_customer_comes_to_the_premium_queue(bank: Bank, menu: str) -> None:
    line = call(bank, menu, "gold")
    line.send_digits("2")
    until(lambda: at("gold", "welcome", "german"), within=15, what="the language to be chosen")
    line.send_digits("3")
    line.send_digits("7123")
    until(lambda: led("gold") == ("queue", "premium"), within=15, what="the premium queue")
    run = FlowRun.objects.get(call__caller_number="gold")
    assert (run.language, run.variables["name"], run.variables["tier"]) == ("de", "Ann", "gold")
    assert run.call.priority == 3
    line.hang_up()


def test_three_menus_deep_and_one_back_to_the_support_queue(bank: Bank, menu: str) -> None:
    line = call(bank, menu, "deep")
    for key in ("1", "2", "1", "*", "1", "2"):
        line.send_digits(key)
    until(lambda: led("deep") == ("queue", "support"), within=20, what="the support queue")
    assert FlowRun.objects.get(call__caller_number="deep").variables == {"topic": "computers"}
    line.hang_up()


def test_a_message_is_left_from_the_menu(bank: Bank, menu: str) -> None:
    line = call(bank, menu, "speaks")
    line.send_digits("18")
    until(lambda: line.hears(BEEP, 0.2), within=25, what="the tone after which one speaks")
    until(lambda: line.share(BEEP, 0.2) < 0.1, what="its end")
    until(lambda: spoken() > 3.5 * files.BYTES_PER_SECOND, within=10, what="more of the message than the box asks for")
    line.hang_up()
    message = until(lambda: VoicemailMessage.objects.filter(call__caller_number="speaks").first(), within=10, what="the message")
    assert message.box.slug == "general"
    assert message.seconds >= 1
    assert led("speaks") == ("voicemail", "general")


def test_who_calls_alice_who_is_not_there_leaves_her_a_message(bank: Bank, menu: str) -> None:
    line = bank.phone("friend", tone=CALLER_TONE).call(f"sip:1001@{bank.edge}")
    until(lambda: line.hears(BEEP, 0.2), within=25, what="the tone after five seconds of ringing and the greeting")
    until(lambda: line.share(BEEP, 0.2) < 0.1, what="its end")
    until(lambda: spoken() > 3.5 * files.BYTES_PER_SECOND, within=10, what="more of the message than the box asks for")
    line.hang_up()
    message = until(lambda: VoicemailMessage.objects.filter(call__caller_number="friend").first(), within=10, what="the message")
    alice = Agent.objects.get(sip_username="alice")
    shown = {row["id"]: row["box"] for row in mailbox(alice)["messages"]}
    assert shown[message.pk] == "Alice", "her panel shows it, in her own box"


def spoken() -> int:
    """Bytes of what is being recorded now."""
    return max((one.stat().st_size for one in (files.folder() / "incoming").rglob("*.wav")), default=0)


def test_a_prompt_is_recorded_by_phone_by_who_has_its_code(bank: Bank, menu: str) -> None:
    prompt = Prompt.objects.create(slug="by-phone", name="By phone", language="en")
    code = start_recording(prompt, "en", actor="user:1")
    line = call(bank, demo.STUDIO, "speaker")
    line.send_digits("000000")
    until(lambda: at("speaker", "code", "studio", "wrong"), within=15, what="a wrong code to be refused")
    line.send_digits(code)
    until(lambda: line.hears(BEEP, 0.2), within=25, what="the tone after which one speaks")
    until(lambda: line.share(BEEP, 0.2) < 0.1, what="its end")
    until(lambda: spoken() > 1.5 * files.BYTES_PER_SECOND, within=8, what="a second and a half of it")
    line.send_digits("#")
    line.send_digits("3")
    recording = until(lambda: Recording.objects.filter(prompt=prompt).first(), within=15, what="the recording")
    assert recording.source == "phone"
    assert (recording.seconds or 0) >= 1
    line.hang_up()
    assert not list((files.folder()).glob(".apart-*")), "nothing is left behind"
