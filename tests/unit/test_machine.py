from __future__ import annotations

import pytest

from agents.states import AGENT
from callcenter.core.machine import Machine
from queues.states import CALL


@pytest.mark.parametrize("machine", [AGENT, CALL], ids=lambda machine: machine.name)
def test_every_state_can_be_reached_from_the_initial_one(machine: Machine) -> None:
    reached = {machine.initial}
    for _ in machine.states:
        reached |= {target for source, target in machine.pairs() if source in reached}
    assert reached == {state.name for state in machine.states}
