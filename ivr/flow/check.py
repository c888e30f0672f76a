"""What a flow must satisfy before callers are let into it: no exit may lead nowhere, nobody may be sent round in circles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .complaints import BadValue, Complaint, Path
from .document import Flow
from .fields import check_address
from .naming import named_in
from .steps import Step
from .steps.hearing import Menu


@dataclass(frozen=True, slots=True)
class Known:
    """What the installation has, by stable names. None: not asked (a document by itself)."""

    queues: Collection[str] | None = None
    schedules: Collection[str] | None = None
    mailboxes: Collection[str] | None = None
    flows: Collection[str] | None = None
    agents: Collection[str] | None = None
    connections: Collection[str] | None = None
    rules: Collection[str] | None = None
    prompts: dict[str, Collection[str]] | None = None
    """The languages that each prompt can be heard in."""
    skills: Mapping[str, int] | None = None
    """The highest level of each skill that any active agent has; 0: nobody has it."""


NOTHING_KNOWN = Known()

WORDLESS = "zxx"
"""The language of recordings without words, such as a tone (ISO 639-2): heard by everybody."""


def check(flow: Flow, known: Known = NOTHING_KNOWN) -> list[Complaint]:
    """Everything that keeps the flow from being published, and warnings."""
    return [*_flow(flow, known), *_steps(flow, known), *_ways(flow)]


def _flow(flow: Flow, known: Known) -> Iterator[Complaint]:
    if not flow.fallback_queue:
        yield Complaint(("fallback_queue",), "Choose the queue for callers whom the flow cannot lead on, for example when a step fails.")
    elif known.queues is not None and flow.fallback_queue not in known.queues:
        yield Complaint(("fallback_queue",), MISSING["queue"].format(flow.fallback_queue))
    if flow.start not in flow.steps:
        yield Complaint(("start",), f"There is no step “{flow.start}”. Choose the step that callers begin with.")


def _steps(flow: Flow, known: Known) -> Iterator[Complaint]:
    for step in flow.steps.values():
        yield from _exits(flow, step)
        yield from _references(step, known)
        yield from _sayings(flow, step, known)


def _exits(flow: Flow, step: Step) -> Iterator[Complaint]:
    path = ("steps", step.name, "exits")
    outlets = {outlet.name: outlet for outlet in step.outlets()}
    for name, target in step.exits.items():
        if name not in outlets:
            has = f"It has {', '.join(outlets)}." if outlets else "It has none."
            yield Complaint((*path, name), f"This step has no exit “{name}”. {has}")
        elif not target:
            yield Complaint((*path, name), f"“{outlets[name].label}” leads nowhere. Connect it with the next step, or remove it.")
        elif target not in flow.steps:
            yield Complaint((*path, name), f"There is no step “{target}”.")
    for outlet in outlets.values():
        if outlet.required and outlet.name not in step.exits:
            yield Complaint((*path, outlet.name), f"“{outlet.label}” leads nowhere. Connect it with the next step.")
    if isinstance(step, Menu) and not step.options:
        yield Complaint(path, "A menu needs at least one key that leads somewhere.")


MISSING = {
    "queue": "There is no queue “{}”. Choose another one, or create it first.",
    "schedule": "There is no schedule “{}”. Choose another one, or create it first.",
    "mailbox": "There is no mailbox “{}”. Choose another one, or create it first.",
    "agent": "There is no agent with the extension “{}”, or the agent is switched off. Choose another one.",
    "flow": "There is no published flow “{}”. Choose another one, or publish it first.",
    "connection": "There is no connection “{}”. Choose another one, or create it first.",
    "rule": "There is no rule “{}”. Choose another one, or create it first.",
    "skill": "There is no skill “{}”. Choose another one, or create it first; calls would not be asked for it.",
}
"""What is said of a name that leads to nothing, by kind. Prompts are looked at together with their languages."""


def _references(step: Step, known: Known) -> Iterator[Complaint]:
    there: dict[str, Collection[str] | None] = {
        "queue": known.queues, "schedule": known.schedules, "mailbox": known.mailboxes, "agent": known.agents, "flow": known.flows,
        "connection": known.connections, "rule": known.rules, "skill": known.skills,
    }  # fmt: skip
    for one in step.fields:
        for inside, kind, name in named_in(one.kind, step.values.get(one.name)):
            names = there.get(kind)
            if names is not None and name not in names:
                yield Complaint(("steps", step.name, one.name, *inside[:1]), MISSING[kind].format(name))
        if one.kind == "skills":
            yield from _levels(("steps", step.name, one.name), step.values.get(one.name) or (), known)
    if step.kind == "web" and not step.values["connection"]:
        try:
            check_address(step.values["url"] or "")
        except BadValue as bad:
            yield Complaint(("steps", step.name, "url"), bad.message)
    if step.kind == "transfer" and bool(step.values["agent"]) == bool(step.values["number"]):
        yield Complaint(("steps", step.name, "number"), "Give either an agent's extension or a number outside.")


def _levels(path: Path, asked: Collection[tuple[str, int]], known: Known) -> Iterator[Complaint]:
    """Nobody may have a skill yet, so this keeps no flow from being published."""
    for skill, level in asked:
        best = (known.skills or {}).get(skill, level)
        if best < level:
            has = f"the best has {best}" if best else "nobody has the skill"
            remedy = "Lower the level, or give it to somebody; else these calls wait until their queue asks for less."
            yield Complaint((*path, skill), f"No agent has “{skill}” at level {level}: {has}. {remedy}", warning=True)


def _sayings(flow: Flow, step: Step, known: Known) -> Iterator[Complaint]:
    for one in step.fields:
        sayings = (step.values.get(one.name) or ()) if one.kind == "sayings" else ()
        for index, saying in enumerate(sayings):
            if isinstance(saying, dict) and "prompt" in saying:
                yield from _prompt(("steps", step.name, one.name, index), saying["prompt"], flow, known)
        if sayings and not any(_in_language(saying, flow.language) for saying in sayings):
            message = f"There is no text in {flow.language}, the flow's own language; callers hear another one."
            yield Complaint(("steps", step.name, one.name), message, warning=True)


def _in_language(saying: Any, language: str) -> bool:
    """Prompts are looked at by themselves. Of several texts one is enough: a choice of languages says each in its own."""
    return not isinstance(saying, dict) or "prompt" in saying or language in saying["say"]


def _prompt(path: Any, slug: str, flow: Flow, known: Known) -> Iterator[Complaint]:
    if known.prompts is None:
        return
    if slug not in known.prompts:
        yield Complaint(path, f"There is no prompt “{slug}”. Choose another one, or record it first.")
    elif not {flow.language, flow.language.split("-")[0], WORDLESS} & set(known.prompts[slug]):
        yield Complaint(path, f"The prompt “{slug}” has no recording in {flow.language}. Record or speak it, or choose another.")


def _ways(flow: Flow) -> Iterator[Complaint]:
    """Steps that nobody comes to, and circles in which a caller is never asked anything."""
    reached = reachable(flow)
    for name in flow.steps:
        if name not in reached:
            yield Complaint(("steps", name), "No caller can come to this step. Connect it, or remove it.", warning=True)
    for circle in _silent_circles(flow, reached):
        names = " → ".join((*circle, circle[0]))
        yield Complaint(("steps", circle[0]), f"Callers go round in a circle without being asked anything: {names}.")


def reachable(flow: Flow) -> set[str]:
    found: set[str] = set()
    ahead = [flow.start]
    while ahead:
        name = ahead.pop()
        if name in flow.steps and name not in found:
            found.add(name)
            ahead += flow.steps[name].exits.values()
    return found


def flows_reached_unasked(flow: Flow) -> set[str]:
    """Other flows that a caller can get to without having been asked anything in this one."""
    found: set[str] = set()
    seen: set[str] = set()
    ahead = [flow.start]
    while ahead:
        name = ahead.pop()
        step = flow.steps.get(name)
        if step is None or step.takes_input or name in seen:
            continue
        seen.add(name)
        found |= {step.values["flow"]} if step.kind == "flow" and step.values["flow"] else set()
        ahead += step.exits.values()
    return found


def _silent_circles(flow: Flow, reached: set[str]) -> Iterator[tuple[str, ...]]:
    """Depth first over the steps that wait for nothing; iterative, so that a chain of 500 steps is no deep recursion."""
    silent = {name for name in reached if not flow.steps[name].takes_input}
    done: set[str] = set()
    for first in sorted(silent):
        way: list[str] = []
        stack = [(first, iter(_next_silent(flow, first, silent)))] if first not in done else []
        if stack:
            way.append(first)
        while stack:
            name, onward = stack[-1]
            following = next(onward, None)
            if following is None:
                stack.pop()
                way.pop()
                done.add(name)
            elif following in way:
                yield tuple(way[way.index(following) :])
                done.add(following)
            elif following not in done:
                stack.append((following, iter(_next_silent(flow, following, silent))))
                way.append(following)


def _next_silent(flow: Flow, name: str, silent: set[str]) -> list[str]:
    return [target for target in flow.steps[name].exits.values() if target in silent]
