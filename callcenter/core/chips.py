"""How screens show a state: its name, its label and its colour, as the state table has them."""

from __future__ import annotations

from .machine import Machine

Chip = dict[str, str]


def chip(machine: Machine, name: str) -> Chip:
    state = machine.state(name)
    return {"state": state.name, "label": state.label, "colour": state.colour, "meaning": state.meaning}
