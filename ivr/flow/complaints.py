"""What is wrong with a flow, said so that it can be mended."""

from __future__ import annotations

from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the document: ("steps", "welcome", "exits", "1")."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong: where, what, and what to do about it. A warning does not keep a flow from being published."""

    path: Path
    message: str
    warning: bool = False

    @property
    def step(self) -> str:
        """The step it is about; empty if it is about the flow."""
        return str(self.path[1]) if len(self.path) > 1 and self.path[0] == "steps" else ""

    @property
    def field(self) -> str:
        rest = self.path[2:] if self.step else self.path
        return ".".join(str(part) for part in rest)

    def __str__(self) -> str:
        place = " → ".join(str(part) for part in self.path)
        return f"{place}: {self.message}" if place else self.message


class BadValue(Exception):
    """A value that a field cannot have; the message names the remedy.

    :param at: where inside the field, for fields that have parts.
    """

    def __init__(self, message: str, at: Path = ()) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class FlowError(Exception):
    """The flow cannot be used. `complaints` names everything that is wrong with it."""

    code = "bad_flow"

    def __init__(self, complaints: list[Complaint]) -> None:
        super().__init__("; ".join(str(complaint) for complaint in complaints[:5]))
        self.complaints = complaints
