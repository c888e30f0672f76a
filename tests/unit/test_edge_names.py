"""Names of providers: a name server that is slow or away holds up nothing."""

from __future__ import annotations

import threading
import time

import pytest

from telephony.edge import names
from tests.until import until


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_known", {})
    monkeypatch.setattr(names, "_asking", set())


def test_an_address_needs_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_look_up", lambda host: pytest.fail("it was asked"))
    assert names.resolve("192.0.2.9", 5070) == ("192.0.2.9", 5070)


def test_a_name_is_known_at_once_where_the_answer_is_quick() -> None:
    assert names.resolve("localhost", 5060) == ("127.0.0.1", 5060)


def test_a_slow_name_server_is_not_waited_for_and_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    gate, asked = threading.Event(), list[str]()

    def slow(host: str) -> str:
        asked.append(host)
        gate.wait(5)
        return "192.0.2.9"

    monkeypatch.setattr(names, "_look_up", slow)
    begun = time.monotonic()
    assert names.resolve("sip.example", 5060) is None
    assert names.resolve("sip.example", 5060) is None
    assert time.monotonic() - begun < 2
    gate.set()
    until(lambda: names.resolve("sip.example", 5060) == ("192.0.2.9", 5060), what="the answer to be known")
    assert asked == ["sip.example"]


def test_what_was_known_is_good_while_the_name_server_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    names._known["sip.example"] = (time.monotonic() - names.FRESH_SECONDS, "192.0.2.9")
    monkeypatch.setattr(names, "_look_up", lambda host: "")
    assert names.resolve("sip.example", 5060) == ("192.0.2.9", 5060)
    until(lambda: not names._asking, what="the question to be over")
    assert names.resolve("sip.example", 5060) == ("192.0.2.9", 5060)
