"""A call told for people: its event log as a time line, and for each offer why this agent and why not the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from callcenter.core import events
from callcenter.core.machine import State
from callcenter.core.models import LogEntry
from callcenter.core.naming import in_words

from .models import Call, Offer, Skill
from .skills import Need, need_in_words
from .states import CALL

GAP_SECONDS = 30.0
"""A silence this long between two lines is worth a line of its own."""

FACTS = {
    "call.arrived": "The call reached us.",
    "call.agent_device_rang": "The agent's phone rings.",
    "call.held": "A party put the other on hold.",
    "call.resumed": "The conversation goes on.",
    "call.refused": "The queue refused the call.",
    "call.turned_away": "A rule of overflow sent the call elsewhere.",
    "call.priority_set": "The priority was changed.",
    "call.written_up": "The result and the notes were saved.",
    "call.wrap_up_extended": "More time for the paperwork.",
    "call.message_left": "The caller left a message.",
    "call.command_settled": "The command was carried out, or could not be.",
    "call.offer_closed": "The offer ended.",
    "call.relaxed": "Other skills are asked for than before.",
    "call.no_longer_kept": "The agent of last time is not waited for any longer.",
    "call.taken_up": "A process was found that carries the callback.",
    "call.outbound_permitted": "A trunk may carry the call to the outside.",
    "call.put_through": "Somebody outside answered, and talked with the caller.",
    "call.outbound_refused": "No trunk may carry the call to the outside.",
}
"""Lines that are no change of state; those are explained by the state table."""

REASONS = {
    "deactivated": "is deactivated",
    "offline": "was offline",
    "break": "was on a break",
    "wrap_up": "was in wrap-up",
    "leaving": "was about to leave or to go on a break",
    "unreachable": "had no reachable phone",
    "busy": "had as many calls as allowed",
    "cooling_down": "was cooling down after a missed call",
    "logged_out_of_queue": "was logged out of this queue",
    "tier_closed": "is in a tier that was not open yet",
    "higher_tier": "is in a higher tier, and one of a lower tier was free",
    "another_agent_wanted": "was not the agent who was called",
    "skills": "lacks a skill that was asked for",
    "kept_for_another": "was not the agent who talked to this caller last",
    "rings_already": "was rung for this call already",
    "ringing": "was ringing for another call",
    "on_call": "was on another call",
    "ranked": "was ranked behind these",
}
KEYS = {
    "longest-idle": "idle since {0}",
    "round-robin": "{after} the last one asked",
    "fewest-calls": "{0:g} calls since login",
    "fewest-today": "{0:g} calls today",
    "least-talk-time": "{0:.0f} s of talk since login",
    "linear": "position {1}",
    "random": "drew {0:.3f}",
    "weighted-random": "drew {0:.3f}",
    "skills-weighted": "skills worth {worth}, idle since {1}",
    "sticky": "talked to this caller last",
    "ring-all": "rung together",
    "ring-progressively": "idle since {0}",
}


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime
    offset: float
    """Seconds since the call arrived."""
    gap: float | None
    """Seconds of silence before it, if long."""
    fact: str
    meaning: str
    actor: str
    cause: str
    before: State | None
    after: State | None
    details: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Considered:
    """One agent whom the ranking looked at."""

    agent: str
    chosen: bool
    note: str


def timeline(call: Call) -> list[Line]:
    """The call's events, oldest first."""
    entries = list(events.about("call", call.pk))
    names = _names(entries)
    lines: list[Line] = []
    for entry in entries:
        silence = (entry.at - lines[-1].at).total_seconds() if lines else 0.0
        lines.append(_line(call, entry, names, silence if silence >= GAP_SECONDS else None))
    return lines


def considered(offer: Offer, names: dict[str, str] | None = None) -> list[Considered]:
    """Who was looked at for this offer: the ranked in their order, then those left out with the first reason."""
    why = offer.why or {}
    ranked, left_out = why.get("ranked") or [], why.get("left_out") or {}
    ids = [_agent_of(one) for one in ranked] + list(left_out)
    names = names or in_words(f"agent:{pk}" for pk in ids)
    found = [
        Considered(names.get(f"agent:{_agent_of(one)}", "?"), str(_agent_of(one)) == str(offer.agent_id), _rank_note(why, one))
        for one in ranked
    ]
    lacking = _lacking(why.get("lacks") or {})
    found += [
        Considered(names.get(f"agent:{pk}", f"agent {pk}"), False, lacking.get(pk) or _reason(reason)) for pk, reason in left_out.items()
    ]
    return found + [Considered(f"{count} more", False, _of_many(reason)) for reason, count in (why.get("others") or {}).items()]


def _lacking(lacks: dict[str, list[int]]) -> dict[str, str]:
    """Agent to the skill that was missing, and how much of it."""
    names = dict(Skill.objects.filter(pk__in={skill for skill, _, _ in lacks.values()}).values_list("pk", "name")) if lacks else {}
    return {
        agent: f"lacks {need_in_words(Need(skill, needed), names)}, has {f'level {level}' if level else 'none'}"
        for agent, (skill, needed, level) in lacks.items()
    }


def _reason(why: str) -> str:
    return REASONS.get(why, why.replace("_", " "))


def _of_many(why: str) -> str:
    verb, _, rest = _reason(why).partition(" ")
    many = {"was": "were", "is": "are", "lacks": "lack"}
    return f"{many.get(verb, verb)} {rest}"


def _agent_of(one: Any) -> Any:
    return one.get("agent") if isinstance(one, dict) else one


def _rank_note(why: dict[str, Any], one: Any) -> str:
    """What the strategy compared, in words; what cannot be worded is shown as it is stored."""
    key = one.get("key", []) if isinstance(one, dict) else []
    form = KEYS.get(str(why.get("strategy")), "")
    try:
        return form.format(*map(_worded, key), after="before" if key and key[0] else "after", worth=_worth(key))
    except (IndexError, ValueError, TypeError):
        return ", ".join(map(str, key))


def _worth(key: list[Any]) -> Any:
    """The best fit has the lowest key, which is the negative of what it is worth."""
    return -key[0] if key and isinstance(key[0], int | float) else ""


def _worded(part: Any) -> Any:
    """A stored moment as the time of day; anything else as it is."""
    try:
        return f"{timezone.localtime(datetime.fromisoformat(part)):%H:%M:%S}"
    except (TypeError, ValueError):
        return part


def _line(call: Call, entry: LogEntry, names: dict[str, str], gap: float | None) -> Line:
    data = dict(entry.data)
    before, after = data.pop("from", None), data.pop("to", None)
    return Line(
        at=entry.at,
        offset=(entry.at - call.arrived_at).total_seconds(),
        gap=gap,
        fact=entry.type.partition(".")[2].replace("_", " "),
        meaning=_meaning(entry.type),
        actor=names.get(entry.actor, entry.actor),
        cause=entry.cause.replace("_", " "),
        before=_state(before) if before != after else None,
        after=_state(after),
        details=tuple((name.replace("_", " "), names.get(f"{name}:{value}", _said(value))) for name, value in data.items()),
    )


def _said(value: Any) -> str:
    return "yes" if value is True else str(value)


def _state(name: str | None) -> State | None:
    return next((state for state in CALL.states if state.name == name), None)


def _meaning(type_: str) -> str:
    fact = type_.partition(".")[2]
    declared = next((event.meaning for event in CALL.events if event.name == fact), "")
    if fact.startswith("wanted_"):
        return f"Somebody asked to {fact.removeprefix('wanted_').replace('_', ' ')}."
    return declared or FACTS.get(type_, "")


def _names(entries: Iterable[LogEntry]) -> dict[str, str]:
    """Names of all actors, agents, queues and boxes that the entries mention."""
    mentioned = {entry.actor for entry in entries}
    mentioned |= {f"{kind}:{entry.data[kind]}" for entry in entries for kind in ("agent", "queue", "box") if kind in entry.data}
    return in_words(mentioned)


COLLECTED_SHOWN = 8


def collected(call: Call) -> list[dict[str, str]]:
    """What a flow found out before the call came: names for people, values short enough to be read at a glance."""
    found = list((call.collected or {}).items())[:COLLECTED_SHOWN]
    return [{"name": name.replace("_", " ").capitalize(), "value": str(value)[:60]} for name, value in found if value not in (None, "")]
