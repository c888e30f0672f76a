"""Walks a flow without a phone: typed keys, a chosen caller, time and state of the queues. The interpreter is the one that calls run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .document import Flow
from .interpreter import LOST, walk
from .steps import secrets_of
from .story import Story
from .words import Answer, Ask, Entered, Gather, Hand, Left, Say, Sound, Typed, Word

HIDDEN = "•"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that the flow can find out about this call.

    :ivar keys: what is typed at each question, in order: "1", "4711#"; empty: nothing is typed.
    :ivar queues: state of queues by slug; of others nobody waits.
    :ivar hours: open, closed or the name of a holiday, by schedule; open if it is not there.
    :ivar web: answers of web services by step; None or missing: it does not answer.
    :ivar rules: as the installation has them (`ivr.flow.words.Ask` "rule"), by their names; nobody can say what others decide.
    :ivar share: from 0 to 1, which way A/B steps send the call.
    """

    keys: Sequence[str] = ()
    caller: Mapping[str, Any] = field(default_factory=dict)
    dialled: str = ""
    now: datetime = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
    queues: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hours: Mapping[str, str] = field(default_factory=dict)
    web: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    share: float = 0.0
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Visit:
    """One step as it was walked through."""

    step: str
    kind: str
    heard: list[str] = field(default_factory=list)
    typed: str = ""
    exit: str = ""
    note: str = ""


@dataclass(slots=True)
class Outcome:
    """
    :ivar end: what the caller was handed to; None: the flow waits for a key (`asks`).
    """

    visits: list[Visit] = field(default_factory=list)
    end: Hand | None = None
    asks: Gather | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    language: str = ""

    @property
    def path(self) -> list[str]:
        return [visit.step for visit in self.visits]

    @property
    def failed(self) -> bool:
        """A step failed, and the fallback queue took the caller."""
        return any(visit.exit == LOST for visit in self.visits)


NOBODY = {"number": "", "name": "", "priority": 0, "calls": 0}
QUIET = {"waiting": 0, "longest_wait": 0, "available": 0, "at_work": 0, "expected_wait": 0}


def simulate(flow: Flow, scene: Scene) -> Outcome:
    """Walk until the caller is handed on, or is asked for a key that the scene does not have."""
    story = Story(
        flow, {**NOBODY, **scene.caller}, scene.dialled, clock=lambda: scene.now, draw=lambda: scene.share, variables=dict(scene.variables)
    )
    outcome = Outcome()
    world = _World(flow, scene, outcome)
    words, answer = walk(story), None
    while outcome.end is None and outcome.asks is None:
        answer = world.hear(words.send(answer))
    outcome.variables = {name: HIDDEN if name in world.secrets else value for name, value in story.variables.items()}
    outcome.language = story.language
    return outcome


class _World:
    def __init__(self, flow: Flow, scene: Scene, outcome: Outcome) -> None:
        self.scene = scene
        self.outcome = outcome
        self.keys: Iterator[str] = iter(scene.keys)
        self.secrets = secrets_of(flow.steps.values())

    def hear(self, word: Word) -> Answer:
        match word:
            case Entered(step, kind):
                self.outcome.visits.append(Visit(step, kind))
            case Left(_, exit_name, note):
                self.visit.exit, self.visit.note = exit_name, note
            case Say(sounds):
                self.visit.heard += [heard(sound) for sound in sounds]
            case Gather():
                return self._typed(word)
            case Ask():
                return self._asked(word)
            case Hand(to="flow") | Hand():
                self.outcome.end = word
        return None

    @property
    def visit(self) -> Visit:
        return self.outcome.visits[-1]

    def _typed(self, gather: Gather) -> Answer:
        self.visit.heard += [heard(sound) for sound in gather.sounds]
        keys = next(self.keys, None)
        if keys is None:
            self.outcome.asks = gather
            return None
        typed = as_typed(keys, gather)
        self.visit.typed = HIDDEN * len(typed.digits) if gather.secret else typed.digits
        return typed

    def _asked(self, ask: Ask) -> Answer:
        match ask.what:
            case "queues":
                return {slug: {**QUIET, **self.scene.queues.get(slug, {})} for slug in ask.data["slugs"]}
            case "hours":
                return {"state": self.scene.hours.get(ask.data["schedule"], "open")}
            case "rule":
                known = self.scene.rules.get(ask.data["rule"])
                return None if known is None else dict(known)
            case "web":
                found = self.scene.web.get(self.visit.step)
                return None if found is None else {"response": found}
        return None


def as_typed(keys: str, gather: Gather) -> Typed:
    """What of these keys is input, as a call would take it."""
    digits, terminator, _ = keys.partition(gather.terminator) if gather.terminator else (keys, "", "")
    return Typed(digits[: gather.most], ended=bool(terminator) or len(digits) >= gather.most)


def heard(sound: Sound) -> str:
    """How a transcript shows a sound."""
    return f"[{sound.prompt}]" if sound.prompt else sound.text
