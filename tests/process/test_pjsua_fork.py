"""One INVITE for many phones, as a call process sees it: the edge's part is said by hand. Real SIP, no phones."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.sip.harness import message
from tests.sip.harness.message import Message
from tests.until import until

from .subject import Subject

DEVICES = (54, 55, 60)


class Edge:
    """Says what the edge would."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(5)
        self.name = "{}:{}".format(*self.socket.getsockname())

    def expect(self, method: str) -> Message:
        """The next request of that kind; repetitions of others are passed over."""
        while True:
            data, self.process = self.socket.recvfrom(65536)
            heard = Message.parse(data)
            if heard.start.startswith(method + " "):
                return heard

    def say(self, request: Message, status: int, *, tag: str = "edge", body: str = "", **headers: str) -> None:
        response = message.respond(request, status, "Reason", to_tag=tag, contact=f"sip:desk@{self.name}", sdp=body)
        response.headers += [(name.replace("_", "-"), value) for name, value in headers.items()]
        self.socket.sendto(response.encode(), self.process)

    def ends(self, request: Message, device: int, status: int) -> None:
        self.say(request, 199, X_CC_Device=str(device), Reason=f"SIP ;cause={status}")


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.socket.close()


@pytest.fixture
def subject(edge: Edge) -> Iterator[Subject]:
    with Subject(edge=edge.name) as made:
        yield made


@pytest.fixture
def legs(subject: Subject) -> list[int]:
    return subject.dial_devices(*DEVICES)


@pytest.fixture
def invite(edge: Edge, legs: list[int]) -> Message:
    return edge.expect("INVITE")


def test_one_invite_names_all_and_each_has_a_leg(subject: Subject, edge: Edge, legs: list[int], invite: Message) -> None:
    assert invite.start.startswith("INVITE sip:device-54-55-60@")
    assert "device-54-55-60@" in invite.get("to"), "an edge that starts anew finds them there"
    assert len(set(legs)) == 3
    edge.say(invite, 180, X_CC_Device="55")
    subject.fact("LegRinging", leg=legs[1])
    edge.say(invite, 183, X_CC_Device="60")
    subject.fact("LegRinging", leg=legs[2])
    assert not subject.first("LegRinging", leg=legs[0])


def test_the_one_that_answers_is_the_leg_and_the_others_end(subject: Subject, edge: Edge, legs: list[int], invite: Message) -> None:
    edge.say(invite, 180, X_CC_Device="54")
    edge.say(invite, 200, tag="desk55", body=message.sdp("127.0.0.1", 39998), X_CC_Device="55")
    assert edge.expect("ACK")
    subject.fact("LegAnswered", leg=legs[1], codec="PCMA")
    for other in (legs[0], legs[2]):
        assert not subject.fact("LegEnded", leg=other, status=487)["by_peer"]
    assert [fact["fact"] for fact in subject.facts][-3:] == ["LegAnswered", "LegEnded", "LegEnded"]
    dialog = subject.dialog(legs[1])
    assert dialog["remote_tag"] == "desk55"
    assert subject.dialog(legs[0]) is None
    subject.hang_up(legs[0])  # comes too late and harms nobody
    subject.hang_up(legs[1])
    assert not subject.fact("LegEnded", leg=legs[1])["by_peer"]


def test_each_that_refuses_ends_alone_and_the_failure_tells_of_the_rest(
    subject: Subject, edge: Edge, legs: list[int], invite: Message
) -> None:
    edge.ends(invite, 55, 603)
    assert subject.fact("LegEnded", leg=legs[1], status=603)["by_peer"]
    assert len([fact for fact in subject.facts if fact["fact"] == "LegEnded"]) == 1
    edge.say(invite, 480, X_CC_Ends="54=486,55=603,60=404")
    assert subject.fact("LegEnded", leg=legs[0], status=486)["by_peer"]
    assert subject.fact("LegEnded", leg=legs[2], status=404)["by_peer"]
    assert len([fact for fact in subject.facts if fact["fact"] == "LegEnded"]) == 3


def test_one_is_let_go_and_asked_for_again_until_the_edge_says_so(subject: Subject, edge: Edge, legs: list[int], invite: Message) -> None:
    edge.say(invite, 180, X_CC_Device="54")
    subject.fact("LegRinging")
    subject.hang_up(legs[0])
    for _ in range(2):
        cancel = edge.expect("CANCEL")
        assert cancel.start == f"CANCEL sip:device-54@{edge.name} SIP/2.0"
        assert [cancel.get(name) for name in ("via", "from", "to", "call-id")] == [
            invite.get(name) for name in ("via", "from", "to", "call-id")
        ]
        assert cancel.cseq == invite.cseq
    edge.ends(invite, 54, 487)
    assert not subject.fact("LegEnded", leg=legs[0], status=487)["by_peer"]
    # The last two together are the INVITE itself
    subject.hang_up(legs[1])
    subject.hang_up(legs[2])
    until(lambda: edge.expect("CANCEL").start == invite.start.replace("INVITE", "CANCEL"), what="a CANCEL of the whole")


def test_when_the_last_one_is_told_out_the_invite_is_ended(subject: Subject, edge: Edge, legs: list[int], invite: Message) -> None:
    """An edge that starts anew does not know that the others are out."""
    edge.say(invite, 180, X_CC_Device="54")
    for device in DEVICES:
        edge.ends(invite, device, 486)
    cancel = edge.expect("CANCEL")
    edge.say(cancel, 200)
    edge.say(invite, 487)
    edge.expect("ACK")
    assert {fact["status"] for fact in subject.facts if fact["fact"] == "LegEnded"} == {486}
    assert len([fact for fact in subject.facts if fact["fact"] == "LegEnded"]) == len(legs)


def test_a_phone_that_was_let_go_may_be_the_one_that_answers(subject: Subject, edge: Edge, legs: list[int], invite: Message) -> None:
    """Its 200 crossed our CANCEL: the leg is reported, and can be hung up once more."""
    edge.say(invite, 180, X_CC_Device="54")
    subject.fact("LegRinging")
    subject.hang_up(legs[0])
    edge.expect("CANCEL")
    edge.say(invite, 200, tag="desk54", body=message.sdp("127.0.0.1", 39998), X_CC_Device="54")
    subject.fact("LegAnswered", leg=legs[0])
    subject.hang_up(legs[0])
    assert not subject.fact("LegEnded", leg=legs[0])["by_peer"]


def test_more_than_one_request_uri_holds_are_several_invites(subject: Subject, edge: Edge) -> None:
    devices = range(10**9, 10**9 + 80)  # 18 fit into one, and while there is no caller there are four
    legs = subject.dial_devices(*devices)
    named = [edge.expect("INVITE").start for _ in range(4)]
    assert len(set(named)) == 4
    assert all(len(start.split()[1]) < 256 for start in named)
    assert len(legs) == sum(start.count("-") for start in named) == 72
    assert subject.dial_devices(7) == [], "no INVITE is left"


def test_an_invite_that_the_library_sends_again_keeps_its_leg(subject: Subject, edge: Edge) -> None:
    """422 (RFC 4028): a phone that wants a longer session timer is asked once more."""
    [leg] = subject.dial_devices(54)
    invite = edge.expect("INVITE")
    edge.say(invite, 422, X_CC_Ends="54=422", Min_SE="1800")
    again = edge.expect("INVITE")
    assert (again.get("call-id"), again.get("min-se")) == (invite.get("call-id"), "1800")
    assert not subject.first("LegEnded")
    edge.say(again, 180, X_CC_Device="54")
    subject.fact("LegRinging", leg=leg)
    edge.say(again, 486, X_CC_Ends="54=486")
    assert subject.fact("LegEnded", leg=leg, status=486)["by_peer"]
