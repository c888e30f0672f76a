"""Which sounds a flow may need that are the same for every caller: they are made before the first one calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import expressions
from .document import Flow
from .words import Sound


def languages_of(flow: Flow) -> set[str]:
    """The flow's own language, those its steps set, and those its texts are written in."""
    found = {flow.language}
    found |= {step.values["language"] for step in flow.steps.values() if step.values.get("language")}
    for saying in sayings_of(flow):
        if isinstance(saying, dict):
            found |= set(saying.get("say", ()))
    return found


def sayings_of(flow: Flow) -> Iterator[Any]:
    for step in flow.steps.values():
        for one in step.fields:
            if one.kind == "sayings":
                yield from step.values.get(one.name) or ()


def statics_of(flow: Flow) -> set[Sound]:
    """Every sound without a value of the call in it, as any caller may be about to hear it."""
    found: set[Sound] = set()
    languages = languages_of(flow)
    for saying in sayings_of(flow):
        found |= set(_sounds(saying, languages))
    return {sound for sound in found if not expressions.places(sound.text)}


def _sounds(saying: Any, languages: set[str]) -> Iterator[Sound]:
    if isinstance(saying, str):
        yield from (Sound(text=saying, language=language) for language in languages)
    elif "prompt" in saying:
        yield from (Sound(prompt=saying["prompt"], language=language) for language in languages)
    else:
        yield from (Sound(text=text, language=language) for language, text in saying["say"].items())
