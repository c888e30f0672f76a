"""What one call has been through in its flow so far, and what its expressions and texts see of that."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from . import expressions
from .words import Answer, Ask, Sound, Word

if TYPE_CHECKING:
    from .document import Flow

Walk = Generator[Word, Answer, str]
"""A step at work: words out, answers in, at last the name of the exit."""


@dataclass(slots=True)
class Story:
    """
    :ivar caller: number, name, priority and how many calls they made in the last 30 days.
    :ivar clock: what time it is, in the flow's timezone.
    :ivar draw: a number from 0 to 1, for shares.
    """

    flow: Flow
    caller: Mapping[str, Any]
    dialled: str
    clock: Callable[[], datetime]
    draw: Callable[[], float]
    language: str = ""
    variables: dict[str, Any] = field(default_factory=dict)
    priority: int = 0
    skills: dict[str, int] = field(default_factory=dict)
    menus: list[str] = field(default_factory=list)
    """The menus on the way to here, the present one last."""
    queues: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.language = self.language or self.flow.language

    def bring(self, after: Story) -> None:
        """Another flow led here: what it found out and set is known here too."""
        self.language, self.variables, self.priority, self.skills = after.language, after.variables, after.priority, after.skills

    def context(self, **more: Any) -> dict[str, Any]:
        return {
            "caller": dict(self.caller), "dialled": self.dialled, "language": self.language, "vars": self.variables,
            "time": _time(self.clock()), "queues": self.queues, **more,
        }  # fmt: skip

    def look(self, *sources: str) -> Generator[Word, Answer, None]:
        """Ask for the state of the queues that these expressions name. What nobody can tell is not known then."""
        slugs = sorted(set().union(*(expressions.queues_named(source) for source in sources)))
        if slugs:
            found = yield Ask("queues", {"slugs": slugs})
            self.queues.update(found if isinstance(found, dict) else {})

    def sounds(self, sayings: tuple[Any, ...]) -> Generator[Word, Answer, tuple[Sound, ...]]:
        """What is to be heard, in the caller's language or the nearest to it, with values filled in."""
        chosen = [choose(saying, self.language, self.flow.language) for saying in sayings]
        yield from self.look(*(place for sound in chosen for place in expressions.places(sound.text)))
        return tuple(self._fill(sound) for sound in chosen)

    def _fill(self, sound: Sound) -> Sound:
        if not expressions.places(sound.text):
            return sound
        return Sound(text=expressions.filled(sound.text, self.context()), language=sound.language, filled=True)

    def enter_menu(self, name: str) -> None:
        """A menu that was passed on the way here is where the caller is again, not a further one."""
        if name in self.menus:
            del self.menus[self.menus.index(name) :]
        self.menus.append(name)


def choose(saying: Any, language: str, default: str) -> Sound:
    """One sound of a saying: in the language, else its base (de for de-AT), else the flow's, else whatever there is."""
    if isinstance(saying, str):
        return Sound(text=saying, language=language or default)
    if "prompt" in saying:
        return Sound(prompt=saying["prompt"], language=language or default)
    texts = saying["say"]
    nearest = next((code for code in (language, language.split("-")[0], default, default.split("-")[0]) if code in texts), None)
    code = nearest or next(iter(texts))
    return Sound(text=texts[code], language=code)


def _time(now: datetime) -> dict[str, Any]:
    return {
        "hour": now.hour, "minute": now.minute, "weekday": now.isoweekday(), "day": now.day, "month": now.month, "year": now.year,
        "date": now.date().isoformat(),
    }  # fmt: skip
