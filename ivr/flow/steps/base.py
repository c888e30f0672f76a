"""What all steps have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ..fields import Field
from ..story import Story, Walk


@dataclass(frozen=True, slots=True)
class Outlet:
    """An exit that a step has. One that need not be connected leads to the flow's fallback queue when it is not."""

    name: str
    label: str
    required: bool = True


@dataclass(frozen=True)
class Step:
    """One step of a flow. `values` are its fields as read; `exits` name the next steps; `at` is its place on the canvas."""

    kind: ClassVar[str]
    title: ClassVar[str]
    hint: ClassVar[str]
    group: ClassVar[str] = "logic"
    fields: ClassVar[tuple[Field, ...]] = ()
    takes_input: ClassVar[bool] = False
    """It waits for the caller, so a way round that leads through it is no endless loop."""
    grows: ClassVar[str] = ""
    """What its further exits come from: a field with named parts, or "keys" for the keys of a menu."""
    exits_when: ClassVar[Mapping[str, tuple[Outlet, ...]]] = {}
    """Exits that it has only while a field is filled in."""

    name: str
    label: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    exits: Mapping[str, str] = field(default_factory=dict)
    at: tuple[float, float] = (0, 0)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def outlets(self) -> tuple[Outlet, ...]:
        """The exits that this step, as it is filled in, can take."""
        return (Outlet("next", "Then"),)

    def run(self, story: Story) -> Walk:
        """Do it; returns the exit.

        :raises ExpressionFailed: the caller goes to the flow's fallback queue.
        """
        raise NotImplementedError

    def goes_to(self, story: Story, exit_name: str) -> str | None:
        """The next step; None: the flow's fallback queue."""
        return self.exits.get(exit_name)

    def summary(self) -> str:
        """The step in one line, as a builder shows it."""
        return self.title


def shown(sayings: tuple[Any, ...]) -> str:
    """The beginning of what is said, for a summary."""
    if not sayings:
        return ""
    first = sayings[0]
    if isinstance(first, dict):
        first = f"[{first['prompt']}]" if "prompt" in first else next(iter(first["say"].values()))
    return first if len(first) <= 60 else f"{first[:57]}…"
