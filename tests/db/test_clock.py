"""Whom a node takes for dead: rows of two nodes, and time that the test lets pass."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.db.models.functions import Now

from queues.models import Call
from queues.states import CallOutcome
from telephony import clock
from telephony.clock import Clock
from telephony.models import CallProcess, Node
from telephony.services import calls, nodes

from . import cast

pytestmark = pytest.mark.django_db
OURS, OTHER = "n2", "n1"
OUTAGE = 11.0
"""Seconds: longer than a node may be silent."""


class Time:
    """The clock's own; the rows go by that of the database."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


class Case:
    """Our node's clock, and another node that carries a talk."""

    def __init__(self, time: Time) -> None:
        self.time = time
        for node in (OURS, OTHER):
            nodes.started(node, pid=os.getpid())
        self.agent = cast.agent(queues=(where := cast.queue(),))
        self.call = cast.talk(cast.enqueue(where))
        nodes.process_claimed(OTHER, name=self.call.process, pid=os.getpid(), sip_port=40_000)
        self.away = False
        self.clock = Clock(OURS, beat=self._beat)

    def _beat(self) -> None:
        if self.away:
            raise OperationalError
        beat(OURS)

    def pass_time(self, seconds: float) -> None:
        """As the clock's thread does, which looks once a second."""
        end = self.time.now + seconds
        while self.time.now < end:
            self.time.now += 1.0
            self.clock._due()

    def outage(self) -> None:
        """Nobody can write; then the database is back, with heartbeats as old as it was away."""
        self.away = True
        with pytest.raises(OperationalError):
            self.pass_time(OUTAGE)
        self.time.now += OUTAGE
        self.away = False
        fall_silent(OURS)
        fall_silent(OTHER)

    def is_buried(self) -> bool:
        """Call, process and heartbeat of the other node; all of it or nothing."""
        self.call.refresh_from_db()
        self.agent.refresh_from_db()
        facts = [
            (self.call.state, self.call.outcome, self.agent.open_calls) == ("ended", CallOutcome.LOST, 0),
            CallProcess.objects.get(name=self.call.process).ended_at is not None,
            Node.objects.get(name=OTHER).heartbeat_at is None,
        ]
        assert any(facts) == all(facts), facts
        return all(facts)


def beat(node: str) -> None:
    nodes.beat(node, sip_address="", edge_restarts=0, draining=False)


def fall_silent(node: str) -> None:
    Node.objects.filter(name=node).update(heartbeat_at=Now() - timedelta(seconds=OUTAGE))


@pytest.fixture
def case(monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(clock, "time", time := Time())
    return Case(time)


def test_a_dead_node_is_buried_by_one_that_beats(case: Case) -> None:
    case.pass_time(60)
    assert not case.is_buried(), "it was not silent yet"
    fall_silent(OTHER)
    case.pass_time(clock.REAP_SECONDS)
    assert case.is_buried()
    assert Node.objects.get(name=OURS).heartbeat_at


def test_after_an_outage_nobody_is_buried_who_beats_again(case: Case) -> None:
    case.pass_time(60)
    case.outage()
    case.pass_time(clock.REAP_SECONDS)
    assert not case.is_buried(), "the other had no time to beat"
    beat(OTHER)
    case.pass_time(60)
    assert not case.is_buried()


def test_a_node_that_did_not_come_back_from_an_outage_is_buried_when_it_had_time_to(case: Case) -> None:
    case.pass_time(60)
    case.outage()
    case.pass_time(clock.WITNESS_SECONDS)
    assert not case.is_buried()
    case.pass_time(clock.REAP_SECONDS + 1)
    assert case.is_buried()


@pytest.mark.parametrize(
    "service", ["telephony.clock.nodes.beat", "telephony.clock.registrar.expire_registrations", "telephony.clock.acd.sweep"]
)
def test_a_database_that_stood_still_is_an_outage_though_it_failed_nothing(
    case: Case, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    def stand_still(*_: Any, **__: Any) -> None:
        case.time.now += OUTAGE
        fall_silent(OTHER)

    case.pass_time(60)
    with monkeypatch.context() as patch:
        patch.setattr(service, stand_still)
        case.pass_time(clock.REAP_SECONDS)
    assert not case.is_buried()
    case.pass_time(clock.WITNESS_SECONDS)
    assert not case.is_buried()


def test_a_node_that_has_just_started_buries_nobody_before_it_knows_better(case: Case) -> None:
    fall_silent(OTHER)
    case.pass_time(clock.WITNESS_SECONDS)
    assert not case.is_buried()
    case.pass_time(clock.REAP_SECONDS + 1)
    assert case.is_buried()


def test_a_node_that_beats_while_it_is_being_buried_keeps_the_rest_of_its_calls(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    other = cast.arrive(node=OTHER, process="another")
    lose = calls.process_lost

    def come_back(*args: Any, **how: Any) -> bool:
        lost = lose(*args, **how)
        beat(OTHER)
        return lost

    monkeypatch.setattr(calls, "process_lost", come_back)
    fall_silent(OTHER)
    case.clock._bury(OTHER)
    assert Call.objects.filter(pk__in=[case.call.pk, other.pk], state="ended").count() == 1
    assert Node.objects.get(name=OTHER).heartbeat_at


def test_our_own_silence_is_not_our_death(case: Case) -> None:
    case.pass_time(60)
    fall_silent(OURS)
    case.call.refresh_from_db()
    ours = cast.arrive(node=OURS, process="ours")
    case.clock._reap()
    ours.refresh_from_db()
    assert ours.state != "ended"
