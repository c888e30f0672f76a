"""A document in the order in which people read it: the database sorts names by their length."""

from __future__ import annotations

from typing import Any

from .document import OWN
from .steps import KINDS

FIRST = ("format", "name", "note", "language", "timezone", "start", "fallback_queue")


def in_order(document: Any) -> Any:
    """The same document: the flow itself first, steps as callers come to them, fields as forms have them, texts in the flow's own
    language before others."""
    if not isinstance(document, dict):
        return document
    language = str(document.get("language", "en"))
    steps = document.get("steps")
    found = {name: document[name] for name in FIRST if name in document}
    found |= {name: value for name, value in document.items() if name not in OWN}
    if isinstance(steps, dict):
        steps = {name: _step(steps[name], language) for name in _walked(document.get("start"), steps)}
    return {**found, "steps": steps} if "steps" in document else found


def _walked(start: Any, steps: dict[str, Any]) -> list[str]:
    """Breadth first from the start, then what nobody comes to."""
    seen: dict[str, None] = {}
    ahead = [start]
    for name in ahead:
        if isinstance(name, str) and name in steps and name not in seen:
            seen[name] = None
            exits = steps[name].get("exits") if isinstance(steps[name], dict) else None
            ahead += list(_exits(exits).values()) if isinstance(exits, dict) else []
    return [*seen, *(name for name in steps if name not in seen)]


def _step(step: Any, language: str) -> Any:
    if not isinstance(step, dict):
        return step
    kind = KINDS.get(str(step.get("kind")))
    sayings = {one.name for one in kind.fields if one.kind == "sayings"} if kind else set()
    order = ("kind", "label", *(one.name for one in kind.fields)) if kind else ("kind", "label")
    found = {name: step[name] for name in order if name in step}
    found |= {name: value for name, value in step.items() if name not in found and name not in ("exits", "at")}
    found |= {name: _saying(found[name], language) for name in sayings & found.keys()}
    if "exits" in step:
        found["exits"] = _exits(step["exits"]) if isinstance(step["exits"], dict) else step["exits"]
    return found | ({"at": step["at"]} if "at" in step else {})


def _exits(exits: dict[str, Any]) -> dict[str, Any]:
    """Keys of a phone first, then names as they were."""
    return {name: exits[name] for name in sorted(exits, key=lambda name: (not name.isdigit(), name if name.isdigit() else ""))}


def _saying(value: Any, language: str) -> Any:
    if isinstance(value, list):
        return [_saying(part, language) for part in value]
    if isinstance(value, dict) and isinstance(value.get("say"), dict):
        return {**value, "say": _saying(value["say"], language)}
    if isinstance(value, dict) and language in value:
        return {language: value[language], **value}
    return value
