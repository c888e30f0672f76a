"""A flow as a document (JSON or YAML, the same shape), read into steps."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .complaints import BadValue, Complaint, FlowError, Path
from .fields import LANGUAGE, SLUG
from .steps import KINDS, Step
from .steps.hearing import KEYS

FORMAT = 1
MOST_STEPS = 500
"""A picture with more is read by nobody; the rest belongs into flows of their own."""

STEP_NAME = re.compile(r"^[a-z][a-z0-9_-]{0,39}$")
OWN = frozenset({"format", "name", "language", "timezone", "start", "fallback_queue", "steps", "note"})
OF_STEPS = frozenset({"kind", "label", "at", "exits"})


@dataclass(frozen=True, slots=True)
class Flow:
    """
    :ivar language: what is said where a caller's language has no text.
    :ivar timezone: what time it is for `time` in expressions.
    :ivar fallback_queue: slug of the queue for callers whom the flow cannot lead on.
    """

    name: str
    start: str
    steps: Mapping[str, Step] = field(default_factory=dict)
    language: str = "en"
    fallback_queue: str = ""
    timezone: str = "UTC"


def read(document: Any) -> Flow:
    """
    :raises FlowError: with everything that is wrong, each at its place.
    """
    flow, complaints = inspect(document)
    if complaints:
        raise FlowError(complaints)
    return flow


def inspect(document: Any) -> tuple[Flow, list[Complaint]]:
    """The flow as far as it can be read, and what of it cannot: for those who are still working on it."""
    reader = _Reader()
    return reader.flow(document), reader.complaints


class _Reader:
    def __init__(self) -> None:
        self.complaints: list[Complaint] = []

    def wrong(self, path: Path, message: str) -> None:
        self.complaints.append(Complaint(path, message))

    def flow(self, document: Any) -> Flow:
        if not isinstance(document, dict):
            self.wrong((), 'A flow is an object with "start" and "steps".')
            return Flow("", "")
        for unknown in sorted(set(map(str, document)) - OWN):
            self.wrong((unknown,), f"Flows have no “{unknown}”. They have {', '.join(sorted(OWN))}.")
        if document.get("format", FORMAT) != FORMAT:
            self.wrong(("format",), f"This version reads format {FORMAT}.")
        return Flow(
            name=self._text(document, "name"),
            start=self._text(document, "start"),
            steps=self._steps(document.get("steps")),
            language=self._language(document.get("language", "en")),
            fallback_queue=self._queue(document.get("fallback_queue", "")),
            timezone=self._timezone(document.get("timezone", "UTC")),
        )

    def _text(self, document: dict[str, Any], name: str) -> str:
        value = document.get(name, "")
        if not isinstance(value, str) or len(value) > 80:
            self.wrong((name,), "This is a text of 80 characters at most.")
            return ""
        return value

    def _language(self, value: Any) -> str:
        if not isinstance(value, str) or not LANGUAGE.match(value):
            self.wrong(("language",), "A language is a code such as en, de or pt-BR.")
            return "en"
        return value

    def _timezone(self, value: Any) -> str:
        try:
            return ZoneInfo(value).key
        except (ValueError, TypeError, OSError, ZoneInfoNotFoundError):
            self.wrong(("timezone",), "This is the name of a timezone, such as Europe/Berlin.")
            return "UTC"

    def _queue(self, value: Any) -> str:
        if not isinstance(value, str) or (value and not SLUG.match(value)):
            self.wrong(("fallback_queue",), "This is the stable name of a queue, such as general.")
            return ""
        return value

    def _steps(self, steps: Any) -> dict[str, Step]:
        if not isinstance(steps, dict) or not steps:
            self.wrong(("steps",), "A flow needs at least one step.")
            return {}
        if len(steps) > MOST_STEPS:
            self.wrong(("steps",), f"A flow has {MOST_STEPS} steps at most; move some into a flow of their own.")
            return {}
        found = {str(name): self._step(str(name), step) for name, step in steps.items()}
        return {name: step for name, step in found.items() if step}

    def _step(self, name: str, given: Any) -> Step | None:
        path = ("steps", name)
        if not STEP_NAME.match(name):
            self.wrong(path, "A step's name is a small letter, then small letters, digits, - and _, such as main_menu.")
        kind = given.get("kind") if isinstance(given, dict) else None
        if not isinstance(kind, str) or kind not in KINDS:
            self.wrong((*path, "kind"), f"A step is of one of these kinds: {', '.join(KINDS)}.")
            return None
        step = KINDS[kind]
        for unknown in sorted(set(map(str, given)) - OF_STEPS - {one.name for one in step.fields}):
            self.wrong((*path, unknown), f"A {step.title} step has no “{unknown}”.")
        return step(
            name, self._label(path, given), self._values(path, step, given), self._exits(path, step, given), _place(given.get("at"))
        )

    def _label(self, path: Path, given: dict[str, Any]) -> str:
        label = given.get("label", "")
        if not isinstance(label, str) or len(label) > 80:
            self.wrong((*path, "label"), "A label is a text of 80 characters at most.")
            return ""
        return label

    def _values(self, path: Path, step: type[Step], given: dict[str, Any]) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for one in step.fields:
            try:
                values[one.name] = one.read(given.get(one.name))
            except BadValue as bad:
                self.wrong((*path, one.name, *bad.at), bad.message)
                values[one.name] = one.nothing
        return values

    def _exits(self, path: Path, step: type[Step], given: dict[str, Any]) -> dict[str, str]:
        """A key that leads nowhere yet is a key all the same; any other exit is not connected then."""
        exits = given.get("exits", {})
        if not isinstance(exits, dict):
            self.wrong((*path, "exits"), 'Exits name the next steps: {"next": "main_menu"}.')
            return {}
        for name, target in exits.items():
            if target is not None and not isinstance(target, str):
                self.wrong((*path, "exits", str(name)), "An exit names the next step.")
        keys = KEYS if step.grows == "keys" else ""
        return {str(name): target for name, target in exits.items() if isinstance(target, str) and (target or str(name) in keys)}


def _place(at: Any) -> tuple[float, float]:
    """Where it stands on the canvas; nonsense does not matter."""
    if isinstance(at, list) and len(at) == 2 and all(isinstance(one, int | float) for one in at):
        return float(at[0]), float(at[1])
    return 0.0, 0.0
