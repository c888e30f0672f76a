"""What a flow asks of the world, word by word, and what it is answered. The world is a real call, or the simulator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sound:
    """One thing to be heard: a prompt by its slug, or a text to be spoken. `filled`: it has a value of this call in it."""

    prompt: str = ""
    text: str = ""
    language: str = ""
    filled: bool = False

    @property
    def key(self) -> str:
        """Under which the files of a sound that is the same for every caller are known."""
        return f"{self.language}\0{self.prompt}\0{self.text}"


@dataclass(frozen=True, slots=True)
class Say:
    """Let the caller hear these. Answer: None."""

    sounds: tuple[Sound, ...]
    barge_in: bool = False
    """Whether a digit ends it; the digit is kept for the next `Gather`."""


@dataclass(frozen=True, slots=True)
class Gather:
    """Let the caller hear these and type. Answer: `Typed`."""

    sounds: tuple[Sound, ...]
    most: int = 1
    terminator: str = ""
    """Ends the input and is no part of it; empty: none."""
    first_seconds: float = 5.0
    """How long to wait for the first digit once everything was heard."""
    between_seconds: float = 3.0
    barge_in: bool = True
    secret: bool = False
    """The digits are not to be written anywhere."""


@dataclass(frozen=True, slots=True)
class Typed:
    """`ended`: by the terminator, or because no more were allowed; else the time was over."""

    digits: str = ""
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the records or to the network. Answer: a dict, or None if nobody could say."""

    what: str
    """queues, hours, rule, web or flow."""
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hand:
    """Give the caller to something else: queue, agent, external, voicemail, callback or hang_up. If the caller comes back from
    it, the answer is the name of the exit to go on with; mostly nobody does."""

    to: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entered:
    """The caller came to a step. Answer: None."""

    step: str
    kind: str


@dataclass(frozen=True, slots=True)
class Left:
    """The caller left a step by this exit. Answer: None.

    `note` says what happened in it, as the path shows it; never digits that are secret."""

    step: str
    exit: str
    note: str = ""


Word = Say | Gather | Ask | Hand | Entered | Left
Answer = Typed | dict[str, Any] | str | None
