"""What a node finds of its predecessor: real processes that live, died, hang, or are somebody else by now."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError

from queues.models import Call
from queues.states import CallOutcome
from telephony import leftovers
from telephony.leftovers import Leftovers
from telephony.models import CallProcess, Leg
from telephony.services import calls, nodes
from tests.until import until

from . import cast

pytestmark = pytest.mark.django_db
NODE = "n1"
WAITS = "import signal; signal.pause()"
FORKED = ("telephony.nursery",)
"""What the command of every call process names."""


class Case:
    """A call that is talked on, its process, and what a new node is told of them."""

    def __init__(self, *arguments: str) -> None:
        where = cast.queue()
        self.agent = cast.agent(queues=(where,))
        self.call = cast.talk(cast.enqueue(where))
        self.process = subprocess.Popen([sys.executable, "-c", WAITS, *arguments])
        self.name, self.port = self.call.process, 40_000 + self.process.pid % 1000
        nodes.started(NODE, pid=os.getpid())
        nodes.process_claimed(NODE, name=self.name, pid=self.process.pid, sip_port=self.port)
        self.dialogs = [self.leg(0, {"call_id": "caller"}), self.leg(1, {"call_id": "agent"})]
        self.leg(2, {})  # it rang, and was never answered
        self.byes: list[dict[str, Any]] = []
        self.gone: list[int] = []
        self.leftovers = Leftovers(NODE, bye=self.byes.append, gone=self.gone.append)

    def leg(self, number: int, dialog: dict[str, Any]) -> dict[str, Any]:
        Leg.objects.create(call=self.call, number=number, role=Leg.Role.AGENT if number else Leg.Role.CALLER, dialog=dialog)
        return dialog

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def is_closed(self) -> bool:
        """Call, legs and process are over in the rows, and the agent is free."""
        self.call.refresh_from_db()
        self.agent.refresh_from_db()
        ends = [CallProcess.objects.get(name=self.name).ended_at, *self.call.legs.values_list("ended_at", flat=True)]
        closed = (self.call.state, self.call.outcome, self.agent.open_calls) == ("ended", CallOutcome.LOST, 0)
        assert closed == all(ends), "either all of it or nothing"
        return closed


@pytest.fixture
def case() -> Iterator[Case]:
    made = Case(*FORKED)
    until(lambda: leftovers._lives(made.process.pid), what="its process to be there")
    yield made
    made.end()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE_SECONDS", -1.0)


def test_the_call_of_a_dead_process_is_closed_and_its_peers_get_byes(case: Case) -> None:
    case.end()
    case.leftovers.find()
    assert case.is_closed()
    assert case.byes == case.dialogs
    assert (case.leftovers.names(), case.leftovers.ports()) == (set(), [])


def test_a_process_that_nobody_took_leave_of_is_dead(case: Case) -> None:
    """Its parent was the node: until somebody reaps it, its id is taken."""
    case.process.kill()
    until(lambda: not leftovers._lives(case.process.pid), what="the zombie to be told from the living")
    case.leftovers.find()
    assert case.is_closed()


def test_a_process_that_says_good_bye_is_left_alone_until_it_ends(case: Case) -> None:
    case.leftovers.find()
    case.leftovers.watch()
    assert (case.leftovers.names(), case.leftovers.ports()) == ({case.name}, [case.port])
    assert not case.is_closed()
    assert (case.byes, case.gone, case.process.poll()) == ([], [], None)
    case.end()
    case.leftovers.watch()
    assert case.is_closed()
    assert (case.byes, case.gone) == (case.dialogs, [case.port])
    assert not case.leftovers.names()
    case.leftovers.watch()
    assert case.gone == [case.port], "told once"


def test_a_process_that_wrote_its_end_needs_no_bye(case: Case) -> None:
    case.leftovers.find()
    calls.process_lost(NODE, case.name, exit_code=0)  # as good as its own words
    case.end()
    case.leftovers.watch()
    assert (case.byes, case.gone) == ([], [case.port])
    assert CallProcess.objects.get(name=case.name).exit_code == 0, "what it wrote stands"


@pytest.mark.usefixtures("impatient")
def test_a_process_that_hangs_is_killed_when_patience_ends_and_then_closed(case: Case) -> None:
    case.leftovers.find()
    case.leftovers.watch()
    assert case.process.wait(10) < 0
    assert not case.is_closed(), "first it must be dead"
    case.leftovers.watch()
    assert case.is_closed()
    assert (case.byes, case.gone) == (case.dialogs, [case.port])


@pytest.mark.usefixtures("impatient")
def test_a_process_with_the_same_id_that_is_not_ours_is_not_touched() -> None:
    case = Case("somebody-else")
    try:
        until(lambda: WAITS.encode() in Path(f"/proc/{case.process.pid}/cmdline").read_bytes(), what="it to be there")
        case.leftovers.find()
        case.leftovers.watch()
        assert case.is_closed()
        assert case.process.poll() is None
    finally:
        case.end()


def test_a_database_that_is_away_meanwhile_loses_no_bye(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(node: str, process: str) -> list[dict[str, Any]]:
        raise OperationalError

    case.leftovers.find()
    case.end()
    with monkeypatch.context() as patch:
        patch.setattr(calls, "open_dialogs", away)
        with pytest.raises(OperationalError):
            case.leftovers.watch()
    assert (case.byes, case.gone) == ([], [])
    case.leftovers.watch()
    assert case.is_closed()
    assert (case.byes, case.gone) == (case.dialogs, [case.port])


def test_a_live_call_whose_process_was_never_written_is_closed_too(case: Case) -> None:
    """The node died between the call's arrival and the row of its process."""
    other = cast.arrive(node=NODE, process="never-written")
    elsewhere = cast.arrive(node="n2", process="of-another-node")
    case.leftovers.find()
    ended = set(Call.objects.filter(state="ended").values_list("pk", flat=True))
    assert other.pk in ended
    assert not ended & {case.call.pk, elsewhere.pk}
