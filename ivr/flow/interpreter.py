"""Walks a flow: a generator that says what it wants of the world and is answered.

Whoever runs it keeps a call's version for the whole call, feeds answers by `send`, and throws nothing into it. Whatever a step does
wrong, the caller goes to the flow's fallback queue: no flow strands a caller.
"""

from __future__ import annotations

from collections.abc import Generator

from .expressions import ExpressionFailed
from .steps import Step
from .story import Story
from .words import Answer, Entered, Gather, Hand, Left, Typed, Word

MOST_STEPS = 500
"""In one call: nobody listens that long, so it is a circle that no check foresaw."""
MOST_SILENCES = 12
"""Questions in a row that a caller leaves without a key: nobody is there, or nobody can type."""

LOST = "lost"
"""The exit of a step that failed."""


def walk(story: Story, start: str = "") -> Generator[Word, Answer, None]:
    """Every word the call needs, from the flow's start (or a given step) until the caller is handed on."""
    name: str | None = start or story.flow.start
    watch = _Watch()
    while name is not None and watch.step():
        step = story.flow.steps.get(name)
        if step is None:
            break
        name = yield from _take(step, story, watch)
    yield Hand("queue", {"queue": story.flow.fallback_queue, "priority": story.priority, "skills": dict(story.skills), "fallback": True})


def _take(step: Step, story: Story, watch: _Watch) -> Generator[Word, Answer, str | None]:
    """One step; returns the next."""
    yield Entered(step.name, step.kind)
    try:
        exit_name = yield from watch.over(step.run(story))
        following = step.goes_to(story, exit_name)
        note = ""
    except (ExpressionFailed, _NobodyThere) as failure:
        exit_name, following, note = LOST, None, str(failure)[:200]
    except Exception as failure:  # a step of ours that is wrong must not cost the caller the call
        exit_name, following, note = LOST, None, f"the step failed: {type(failure).__name__}"
    yield Left(step.name, exit_name, note)
    return following


class _NobodyThere(Exception):
    """The caller has not typed anything for `MOST_SILENCES` questions."""


class _Watch:
    """Sees to it that a walk ends."""

    def __init__(self) -> None:
        self.steps = 0
        self.silences = 0

    def step(self) -> bool:
        self.steps += 1
        return self.steps <= MOST_STEPS

    def over(self, words: Generator[Word, Answer, str]) -> Generator[Word, Answer, str]:
        """Pass on the words of a step, and notice how often nothing was typed.

        :raises _NobodyThere: too often.
        """
        answer: Answer = None
        while True:
            try:
                word = words.send(answer)
            except StopIteration as end:
                return str(end.value)
            answer = yield word
            if isinstance(word, Gather):
                self._note(answer)

    def _note(self, answer: Answer) -> None:
        typed = isinstance(answer, Typed) and bool(answer.digits)
        self.silences = 0 if typed else self.silences + 1
        if self.silences >= MOST_SILENCES:
            raise _NobodyThere("nothing typed any more")
