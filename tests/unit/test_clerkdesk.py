"""A call process and its clerk: what crosses the socket, what is asked again, and in which order a clerk works."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import OperationalError

from telephony import clerk as clerk_module
from telephony import desk as desk_module
from telephony import outbox, wire, wishes
from telephony.clerk import Clerk
from telephony.clerkdesk import ClerkDesk
from telephony.ports import CallerArrived, DialogData, Quality
from telephony.records import (
    Accepted,
    Announced,
    BoxOpened,
    BoxProfile,
    DeskFact,
    Farewell,
    LegRecord,
    Moved,
    Placed,
    QueueProfile,
    Recording,
    Routed,
    Scheduled,
    Unrouted,
)

PROFILE = QueueProfile(
    "answer", ("/a.wav", "/b.wav"), deliver_directly=True, announcements=(Scheduled(3, 20, 30), Scheduled(4, 0, after_offer=True))
)
BOX = BoxProfile(3, "/spool/p-b3", "tone.wav", 60, 5, 2, greeting=("a.wav",), choices=("b.wav", "c.wav"))
MESSAGE = Recording(3, "p-b3-1.wav", 7.5, "silence")
CALLER = CallerArrived("id@host", "+4930", "Mia", "support", "public")
LEG = LegRecord(
    1, "agent", 1.5, agent=3, offer=4, answered=2.5, status=200,
    dialog=DialogData("id", "sip:us", "l", "sip:them", "r", "sip:them@1", ("<sip:edge;lr>",), 7),
    quality=Quality("PCMA", 10, 11, 0.5, 1.0, 2.0, 4.3),
)  # fmt: skip


@pytest.mark.parametrize(
    "fact",
    [
        Routed(PROFILE), Unrouted(404, "unknown number"), Placed(("a.wav", "b.wav"), True), Moved(PROFILE, ("c.wav",)),
        Announced(("d.wav",)), Farewell((), "full"), BoxOpened(BOX), Accepted(7, won=False, live=True),
    ],
    ids=lambda fact: type(fact).__name__,
)  # fmt: skip
def test_every_answer_arrives_as_it_was_given(fact: DeskFact) -> None:
    assert wishes.fact(json.loads(wishes.answer(fact))) == fact


class Other:
    """The clerk's end of the socket."""

    def __init__(self, desk: ClerkDesk) -> None:
        ours, theirs = socket.socketpair()
        desk.assign(theirs)
        ours.setblocking(False)
        self.socket, self.lines = ours, wire.Lines()

    def heard(self) -> list[wishes.Wish]:
        return [wishes.Wish.of(json.loads(text)) for text in self.lines.feed(self.socket.recv(1 << 20))]


@pytest.fixture
def desk() -> ClerkDesk:
    return ClerkDesk(leg_changed=lambda _: None)


def test_wishes_arrive_in_order_and_whole(desk: ClerkDesk) -> None:
    clerk = Other(desk)
    desk.arrive(CALLER)
    desk.accept(4)
    desk.save_leg(LEG)
    desk.hang_up("caller", "hung up")
    desk.keep_message(MESSAGE)
    heard = clerk.heard()
    assert [wish.name for wish in heard] == ["route", "arrive", "accept", "save_leg", "hang_up", "keep_message"]
    assert heard[5].args == {"recording": MESSAGE}
    assert heard[1].args == {"caller": CALLER}
    assert heard[3].args == {"leg": LEG}
    assert not any(wish.again for wish in heard)


def test_a_leg_is_told_as_it_was_at_that_moment(desk: ClerkDesk) -> None:
    leg = replace(LEG)
    desk.save_leg(leg)
    leg.ended = 9.0
    [wish] = Other(desk).heard()
    assert wish.args["leg"].ended is None


def test_what_was_not_carried_out_is_asked_again_of_the_next_clerk_and_only_that(desk: ClerkDesk) -> None:
    first = Other(desk)
    desk.hold()
    desk.resume()
    desk.hold()
    first.socket.sendall(wishes.done(1))
    first.socket.close()
    desk.hear()  # the last answer
    desk.hear()  # the end
    assert desk.fileno() == -1
    desk.resume()  # said while there is no clerk
    heard = Other(desk).heard()
    assert [(wish.number, wish.name, wish.again) for wish in heard] == [(2, "resume", True), (3, "hold", True), (4, "resume", True)]
    assert not desk.empty


def test_it_is_empty_when_everything_was_carried_out_in_whatever_order(desk: ClerkDesk) -> None:
    clerk = Other(desk)
    desk.save_leg(LEG)
    desk.hang_up("caller", "hung up")
    clerk.socket.sendall(wishes.done(2) + wishes.done(1))
    assert desk.hear() == []
    assert desk.empty


def test_a_clerk_who_does_not_read_never_holds_up_the_call(desk: ClerkDesk) -> None:
    clerk = Other(desk)
    for _ in range(3000):
        desk.save_leg(LEG)  # a megabyte: more than the socket takes
    heard = clerk.heard()
    while len(heard) < 3000:
        desk.hear()
        heard += clerk.heard()
    assert [wish.number for wish in heard] == list(range(1, 3001))


# ---- the clerk's order -------------------------------------------------------------------------------------------
class Office:
    """A clerk without rows: what is carried out is noted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.done: list[str] = []
        self.away = 0
        monkeypatch.setattr(desk_module.RowDesk, "carry_out", lambda desk, wish, *, again: self._carry_out(desk, wish, again=again))
        monkeypatch.setattr(clerk_module, "RETRY_SECONDS", 0.01)
        monkeypatch.setattr(outbox, "connection", type("Connection", (), {"close": staticmethod(lambda: None)}))
        self.node, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.clerk = Clerk(theirs)

    def _carry_out(self, desk: Any, wish: wishes.Wish, *, again: bool) -> None:
        if self.away:
            self.away -= 1
            raise OperationalError
        self.done.append(f"{desk.owner.process} {wish.name}{' again' if again else ''}")

    def call(self, process: str) -> ClerkDesk:
        ours, theirs = socket.socketpair()
        hello = {"node": "n", "process": process, "pid": 1, "sip_port": 2}
        with theirs:
            socket.send_fds(self.node, [wire.line(hello)], [theirs.fileno()])
        made = ClerkDesk(leg_changed=lambda _: None)
        made.assign(ours)
        return made

    def work(self) -> list[str]:
        """As long as there is something, then as if the node had gone."""
        self.node.close()
        self.clerk.run()
        return self.done


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    made = Office(monkeypatch)
    yield made
    made.node.close()


def test_calls_that_free_agents_come_before_new_callers_and_papers_last(office: Office) -> None:
    new, old = office.call("new"), office.call("old")
    new.arrive(CALLER)
    new.hang_up("caller", "gave up")
    old.save_leg(LEG)
    old.hang_up("agent", "hung up")
    old.dismiss()
    new.dismiss()
    # The new caller's own wishes keep their order although a hang-up is urgent
    assert office.work() == ["new route", "old hang_up", "new arrive", "new hang_up", "old save_leg"]


def test_an_announcement_delays_nobody(office: Office) -> None:
    waiting, answered = office.call("waiting"), office.call("answered")
    waiting.announce((3, 4))
    waiting.offer_rang(2)
    answered.accept(1)
    for call in (waiting, answered):
        call.dismiss()
    assert office.work() == ["waiting offer_rang", "answered accept", "waiting announce"]


def test_an_absent_database_delays_but_neither_loses_nor_reorders(office: Office) -> None:
    call = office.call("call")
    call.accept(1)
    call.hold()
    call.dismiss()
    office.away = 3
    assert office.work() == ["call accept again", "call hold"]
