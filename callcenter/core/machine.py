"""State machines as tables: which events exist, from where, to where, and what each means.

Pure data, no Django: the same table drives `stateful.advance`, the database's own guard, the admin's
colours and the charts in `docs/states/`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


class UnknownEvent(LookupError):
    """No such event in this state machine."""


@dataclass(frozen=True, slots=True)
class State:
    """One state. `colour` is a word the screens turn into a chip: green, amber, red, blue, grey, violet."""

    name: str
    label: str
    colour: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Event:
    """A past fact that moves a row from one of `sources` to `target`."""

    name: str
    sources: tuple[str, ...]
    target: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    states: tuple[State, ...]
    events: tuple[Event, ...]
    initial: str

    def __post_init__(self) -> None:
        known = {state.name for state in self.states}
        for event in self.events:
            unknown = ({event.target} | set(event.sources)) - known
            if unknown:
                raise ValueError(f"{self.name}.{event.name} names unknown states: {sorted(unknown)}")
        if len({event.name for event in self.events}) != len(self.events):
            raise ValueError(f"{self.name} declares an event twice")

    @property
    def choices(self) -> list[tuple[str, str]]:
        return [(state.name, state.label) for state in self.states]

    def state(self, name: str) -> State:
        return next(state for state in self.states if state.name == name)

    def event(self, name: str) -> Event:
        for event in self.events:
            if event.name == name:
                return event
        raise UnknownEvent(f"{self.name} has no event {name!r}")

    def allowed_events(self, state: str) -> list[str]:
        return [event.name for event in self.events if state in event.sources]

    def transitions(self) -> Iterator[tuple[str, str, str]]:
        """Every (source, event, target), sorted: the order of charts and of the database guard."""
        yield from sorted((source, event.name, event.target) for event in self.events for source in event.sources)

    def pairs(self) -> list[tuple[str, str]]:
        """The distinct (source, target) pairs that really change the state: what the database allows."""
        return sorted({(source, target) for source, _, target in self.transitions() if source != target})

    def mermaid(self) -> str:
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {source} --> {target}: {event}" for source, event, target in self.transitions()]
        return "\n".join(lines)
