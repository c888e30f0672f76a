"""The relay passes no event by, and outlives the loss of the channel layer."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from callcenter.core import events
from callcenter.core.hints import EVERYBODY
from callcenter.core.models import Heartbeat
from callcenter.core.relay import BOARD, HEARTBEAT, Relay, Trail

pytestmark = pytest.mark.django_db(transaction=True)


def append(subject: str, **data: Any) -> None:
    events.append("test.happened", subject=subject, actor="system:test", data=data)


def at_the_end() -> Trail:
    trail = Trail()
    assert trail.groups() == {EVERYBODY}
    return trail


def test_an_event_hints_to_its_subject_to_whom_it_names_and_to_the_board() -> None:
    trail = at_the_end()
    append("call:7", agent=4, queue_id=2, agents=[9], wait=3)
    assert trail.groups() == {"call.7", "agent.4", "queue.2", BOARD}
    assert trail.groups() == set()


def test_a_new_relay_tells_everybody_and_does_not_read_the_past() -> None:
    append("call:7")
    trail = at_the_end()
    assert trail.groups() == set()


def test_the_row_of_a_slow_transaction_is_not_passed_by() -> None:
    trail = at_the_end()
    written, commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            append("call:1")
            written.set()
            commit.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    written.wait(10)
    append("call:2")
    assert trail.groups() == {"call.2", BOARD}, "a visible row is hinted at once, though an older transaction still runs"
    append("call:3")
    assert trail.groups() == {"call.3", BOARD}, "and once only"
    commit.set()
    thread.join()
    assert trail.groups() == {"call.1", BOARD}
    assert trail.groups() == set()
    assert not trail.hinted, "nothing is remembered beyond the cursor"


class Layer:
    """A channel layer that can be away."""

    def __init__(self) -> None:
        self.away, self.sent = False, list[str]()

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.away:
            raise OSError
        assert message == {"type": "hint", "group": group}
        self.sent.append(group)


async def test_hints_lost_with_redis_are_made_good_by_one_to_everybody() -> None:
    relay, layer = Relay(), Layer()
    relay.layer = layer
    layer.away = True
    await relay.hint({"agent.1"})
    assert relay.deaf
    layer.away = False
    await relay.hint(set())
    assert (layer.sent, relay.deaf) == ([EVERYBODY], False)
    await relay.hint({"agent.2"})
    assert layer.sent == [EVERYBODY, "agent.2"]


def test_the_relay_leaves_a_sign_of_life() -> None:
    relay = Relay()
    relay._read()
    beat = Heartbeat.objects.get(name=HEARTBEAT)
    assert beat.data["channel_layer"] is True
