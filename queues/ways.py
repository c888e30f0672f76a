"""The next steps of callers who leave a queue without an agent: one class for each kind, in one registry.

A row of `WayOut` names its kind; the kind knows what the row must say, how people read it and what becomes of the call in
the rows. Other apps add kinds of theirs by `register`, when they are made ready. What the caller hears of a step is told by
`telephony.lastwords`, for telephony stands above this app.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, ClassVar

from .states import SegmentOutcome

if TYPE_CHECKING:
    from .locks import Held
    from .models import Call, WayOut

OTHERWISE = "otherwise"
RULES = ("length", "longest", "waited", "per_agent")
"""Rows with a threshold of their own; all others name a limit of the queue."""


@dataclass(frozen=True, slots=True)
class Way:
    """A row of `WayOut` as transactions see it; in the order of `COLUMNS`. The built-in one has no id."""

    id: int | None
    when: str
    threshold: float
    kind: str
    next_queue: int | None
    keeps_place: bool
    target: str

    @classmethod
    def of(cls, row: WayOut) -> Way:
        return cls(row.pk, row.when, float(row.threshold or 0), row.kind, row.next_queue_id, row.keeps_place, row.target)


COLUMNS = 'id, "when", coalesce(threshold, 0), kind, next_queue_id, keeps_place, target'

BUILT_IN = Way(None, OTHERWISE, 0, "hang_up", None, False, "")
"""Of a queue that has no row for the case: the standard words of its language, then the end."""


def chosen(ways: tuple[Way, ...], reason: str) -> Way:
    """What the rows say about this limit; without a row of its own, the first one for everything else."""
    for when in (reason, OTHERWISE):
        for way in ways:
            if way.when == when:
                return way
    return BUILT_IN


class Kind(ABC):
    """What one kind of next step is."""

    name: ClassVar[str]
    """As the rows store it."""
    label: ClassVar[str]
    """As people choose it."""
    outcome: ClassVar[SegmentOutcome] = SegmentOutcome.OVERFLOW
    """Of the stay that ends with this step."""
    reads: ClassVar[frozenset[str]] = frozenset({"message"})
    """Columns of the row that mean something: of next_queue, target, message."""

    @abstractmethod
    def sentence(self, way: WayOut) -> str:
        """How the row goes on after “Full: ”, e.g. “to Overflow, keeping the place”."""

    def in_list(self, way: WayOut) -> str:
        """As `sentence`, from the row alone: lists must not ask the database for each of their rows."""
        return self.sentence(way)

    def complaints(self, way: WayOut) -> dict[str, str]:
        """What is wrong with the row, by its columns, with the remedy."""
        return {}

    def targets(self) -> list[tuple[str, str]]:
        """What may stand in `target`, each with the name that people read; for a kind that reads it."""
        return []

    def begin(self, held: Held, call: Call, way: Way) -> None:
        """Write what the step needs in the transaction that takes the call out of its queue, or refuses it at entry. The
        queues of the chain and the call are locked; `call.way_out` tells the step afterwards to the process that carries
        the call. It must not touch the call's state."""
        return


class HangUp(Kind):
    name = "hang_up"
    label = "Say the message and hang up"

    def sentence(self, way: WayOut) -> str:
        return "message and hang up" if way.message.strip() else "hang up"


class ToQueue(Kind):
    """The only kind that does not end the chain: the services go on in the next queue."""

    name = "queue"
    label = "Go to another queue"
    reads = frozenset({"next_queue"})

    def sentence(self, way: WayOut) -> str:
        return f"to {way.next_queue}, {'keeping the place' if way.keeps_place else 'at the end of its line'}"

    def complaints(self, way: WayOut) -> dict[str, str]:
        if way.next_queue is None:
            return {"next_queue": "Choose the queue that takes over, or let the caller hear a message and hang up."}
        return {}


KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> Kind:
    """:raises ValueError: another kind has the name."""
    if kind.name in KINDS and type(KINDS[kind.name]) is not type(kind):
        raise ValueError(f"There is a way out named {kind.name!r} already: {KINDS[kind.name]!r}.")
    KINDS[kind.name] = kind
    return kind


register(HangUp())
register(ToQueue())


def kind_of(name: str) -> Kind:
    """A kind whose app is gone ends the call as the built-in one does."""
    return KINDS.get(name) or KINDS[HangUp.name]


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.name, kind.label) for kind in KINDS.values()]


def plain(number: Decimal | float | None) -> str:
    """A threshold as people write it: 5, not 5.0."""
    return f"{float(number or 0):g}"
