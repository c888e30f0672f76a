"""What a call asks of an agent, and how less and less of it is asked for while the call waits. Pure.

A requirement is a set of needs: a skill, the least level (1 to 5), and the weight that the skill has where agents are
compared (`skills-weighted`). Relaxation steps lower or drop needs after so many seconds; a step that would lead to
nobody who is there is passed over at once, because waiting for it would help nobody (Wazo).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

LEAST, MOST = 1, 5
"""Levels: some knowledge to expert."""

HEAVIEST = 100
"""The greatest weight of a need, so that one skill may count a hundred times another, and no more."""

MOST_NEEDS = 30
"""Of one call: the key of a requirement has room for so many, and no flow may make one that has not."""

Levels = Mapping[int, int]
"""Skill to the level that an agent has."""


class Need(NamedTuple):
    """One skill that a call requires, by its id."""

    skill: int
    level: int = LEAST
    weight: int = 1


class Step(NamedTuple):
    """After so many seconds `level` is enough; 0: the skill is not asked for any more. No skill named: all of them."""

    after: int
    skill: int | None
    level: int


Needs = tuple[Need, ...]


class Stage(NamedTuple):
    """What is asked for from so many seconds of waiting on."""

    after: int
    needs: Needs


def merged(default: Iterable[Need], own: Iterable[Need]) -> Needs:
    """What the queue asks for and what the call itself does; where both name a skill, the call knows better."""
    found = {need.skill: need for need in (*default, *own)}
    return tuple(_within_bounds(found[skill]) for skill in sorted(found)[:MOST_NEEDS])


def key(needs: Iterable[Need]) -> str:
    """The same for the same needs in whatever order: what tells one requirement from another."""
    return ",".join(f"{need.skill}={need.level}*{need.weight}" for need in sorted(needs))


def stages(needs: Needs, steps: Iterable[Step]) -> tuple[Stage, ...]:
    """From the full requirement to the least, without the steps that change nothing for it."""
    found = [Stage(0, needs)]
    for step in sorted(steps, key=lambda step: step.after):
        less = _relaxed(found[-1].needs, step)
        if less != found[-1].needs:
            found[-1:] = [Stage(step.after, less)] if found[-1].after == step.after else [found[-1], Stage(step.after, less)]
    return tuple(found)


def stage_at(path: Sequence[Stage], waited: float, crew: Collection[Levels]) -> int:
    """The index of the stage that a call is at: the one that its waiting time says, or the next that anybody could satisfy.

    :param crew: the levels of everybody who is logged in to the queue. If nobody can satisfy any stage, time alone counts.
    """
    by_time = max(index for index, stage in enumerate(path) if stage.after <= max(waited, 0))
    possible = (index for index in range(by_time, len(path)) if any(not missing(levels, path[index].needs) for levels in crew))
    return next(possible, by_time)


def missing(levels: Levels, needs: Iterable[Need]) -> Need | None:
    """The first need that is not satisfied."""
    return next((need for need in needs if levels.get(need.skill, 0) < need.level), None)


def score(levels: Levels, needs: Iterable[Need]) -> int:
    """Σ level × weight: how well an agent fits."""
    return sum(levels.get(need.skill, 0) * need.weight for need in needs)


def _relaxed(needs: Needs, step: Step) -> Needs:
    lowered = (need._replace(level=min(need.level, step.level)) if step.skill in (None, need.skill) else need for need in needs)
    return tuple(need for need in lowered if need.level)


def _within_bounds(need: Need) -> Need:
    return Need(need.skill, min(max(need.level, LEAST), MOST), min(max(need.weight, 1), HEAVIEST))


# Words


def need_in_words(need: Need, names: Mapping[int, str]) -> str:
    return f"{names.get(need.skill, '?')} {need.level}"


def path_in_words(steps: Iterable[Step], names: Mapping[int, str]) -> str:
    """“After 30 s German 3 is enough, after 60 s German is not asked for.” Empty without steps."""
    ordered = sorted(steps, key=lambda step: step.after)
    said = ", ".join(f"after {step.after} s {_step_in_words(step, names)}" for step in ordered)
    return f"A{said[1:]}." if said else ""


def _step_in_words(step: Step, names: Mapping[int, str]) -> str:
    if step.skill is None:
        return f"level {step.level} of every skill is enough" if step.level else "no skill is asked for"
    name = names.get(step.skill, "?")
    return f"{name} {step.level} is enough" if step.level else f"{name} is not asked for"


def useless_step(steps: Iterable[Step]) -> Step | None:
    """The first step that asks for no less than an earlier one of the same skill does."""
    enough: dict[int | None, int] = {}
    for step in sorted(steps, key=lambda step: step.after):
        known = [enough[skill] for skill in (None, step.skill) if skill in enough]
        if known and step.level >= min(known):
            return step
        enough[step.skill] = step.level
    return None
