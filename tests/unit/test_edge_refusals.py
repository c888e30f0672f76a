"""What the edge remembers of the INVITEs that it refused, and for how long."""

from __future__ import annotations

import pytest

from telephony.edge import refusals
from telephony.edge.message import Message
from telephony.edge.refusals import LIFE_SECONDS, Refusals
from telephony.edge.shield import Refused

FULL = Refused(503, "Service Unavailable", ("Retry-After", "5"))


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def invite(call_id: str = "c", tag: str = "t", cseq: int = 1, branch: str = "z9hG4bK1", source: str = "192.0.2.1") -> Message:
    via = f"SIP/2.0/UDP 10.0.0.1:5060;branch={branch};received={source};rport=5060"
    lines = [("Via", via), ("From", f"<sip:a@b>;tag={tag}"), ("Call-ID", call_id), ("CSeq", f"{cseq} INVITE")]
    return Message("INVITE sip:1@2 SIP/2.0", [(name.lower(), f"{name}: {value}") for name, value in lines])


def test_a_repetition_is_known() -> None:
    known = Refusals(Clock())
    known.remember(invite(), FULL)
    assert known.of(invite()) is FULL


@pytest.mark.parametrize(
    "other", [{"call_id": "d"}, {"tag": "u"}, {"cseq": 2}, {"branch": "z9hG4bK2"}, {"source": "192.0.2.2"}], ids=lambda one: next(iter(one))
)
def test_another_transaction_is_new(other: dict[str, str]) -> None:
    known = Refusals(Clock())
    known.remember(invite(), FULL)
    assert known.of(invite(**other)) is None  # type: ignore[arg-type]


def test_a_refusal_is_forgotten_when_nothing_is_repeated_any_more() -> None:
    known = Refusals(clock := Clock())
    known.remember(invite(), FULL)
    clock.now += LIFE_SECONDS - 1
    assert known.of(invite()) is FULL
    clock.now += 2
    assert known.of(invite()) is None
    known.remember(invite(call_id="d"), FULL)
    assert len(known._said) == 1, "and takes no memory"


def test_a_flood_does_not_fill_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST", 100)
    known = Refusals(Clock())
    for number in range(1000):
        known.remember(invite(call_id=str(number)), FULL)
    assert len(known._said) <= 100
    assert known.of(invite(call_id="999")) is FULL, "the newest are kept"
