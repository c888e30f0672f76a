"""The state tables as pages of the documentation: a chart, the states and the events with their meanings."""

from __future__ import annotations

from collections.abc import Iterator

from django.apps import apps

from .machine import Machine
from .stateful import Stateful

NOTE = "<!-- Written by `manage.py state_charts` from the state table; change the table, not this file. -->"


def machines() -> list[Machine]:
    """The state tables of all models that have one."""
    found = {model.machine.name: model.machine for model in apps.get_models() if issubclass(model, Stateful)}
    return [found[name] for name in sorted(found)]


def page(machine: Machine) -> str:
    return "\n".join(_lines(machine)) + "\n"


def _lines(machine: Machine) -> Iterator[str]:
    yield from (NOTE, "", f"# States of the {machine.name}", "", "```mermaid", machine.mermaid(), "```", "")
    yield from ("## States", "", "| state | shown as | meaning |", "|---|---|---|")
    yield from (f"| `{state.name}` | {state.label} ({state.colour}) | {state.meaning} |" for state in machine.states)
    yield from ("", "## Events", "", "| event | from | to | meaning |", "|---|---|---|---|")
    for event in machine.events:
        sources = ", ".join(f"`{source}`" for source in event.sources)
        yield f"| `{event.name}` | {sources} | `{event.target}` | {event.meaning} |"
