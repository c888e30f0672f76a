"""Requirements as rows: what a call asks for in a queue now, and when less will do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from agents.states import OFFLINE
from callcenter.core import sql

from . import skills
from .models import Call, Queue, Skill
from .skills import Levels, Need, Needs

NEEDS = "SELECT requirement_id, skill_id, level, weight FROM queues_requiredskill WHERE requirement_id = ANY (%(ids)s) ORDER BY skill_id"

STEPS = "SELECT after_seconds, skill_id, minimum_level FROM queues_relaxationstep WHERE queue_id = %(queue)s ORDER BY after_seconds"

WORDS = """
SELECT need.requirement_id, s.name, need.level FROM queues_requiredskill need JOIN agents_skill s ON s.id = need.skill_id
WHERE need.requirement_id = ANY (%(ids)s) ORDER BY s.name
"""

FIND = "SELECT id FROM queues_requirement WHERE key = %(key)s"

# Nothing comes back if another transaction has just made the same: then it is found by the next statement. A skill that was
# deleted meanwhile is left out.
MAKE = """
WITH made AS (INSERT INTO queues_requirement (key) VALUES (%(key)s) ON CONFLICT (key) DO NOTHING RETURNING id),
needs AS (
  INSERT INTO queues_requiredskill (requirement_id, skill_id, level, weight)
  SELECT made.id, s.id, need.level, need.weight
  FROM made, unnest(%(skills)s::bigint[], %(levels)s::smallint[], %(weights)s::smallint[]) AS need (skill, level, weight)
  JOIN agents_skill s ON s.id = need.skill)
SELECT id FROM made
"""

# Everybody who is logged in to the queue, with the skills in question; a break counts, for it ends.
LOGGED_IN = f"""
FROM queues_membership m JOIN agents_agent a ON a.id = m.agent_id
LEFT JOIN agents_agentskill has ON has.agent_id = a.id AND has.skill_id = ANY (%(skills)s)
WHERE m.queue_id = %(queue)s AND m.logged_in AND a.active AND a.state <> '{OFFLINE}'
"""

CREW = f"SELECT m.agent_id, has.skill_id, has.level {LOGGED_IN}"

# By what they can do, so that of a thousand agents a few rows come back.
GROUPS = f"""
SELECT skills, levels, count(*) FROM (
  SELECT array_agg(has.skill_id ORDER BY has.skill_id) AS skills, array_agg(has.level ORDER BY has.skill_id) AS levels
  {LOGGED_IN} GROUP BY m.agent_id) alike
GROUP BY skills, levels
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Fit:
    """What a call asks for in its queue: `asked` before any relaxation, `present` now, and when less will be enough."""

    asked: int | None = None
    present: int | None = None
    relax_at: datetime | None = None


NOTHING = Fit()


def fit(queue: Queue, call: Call, *, entered: datetime, now: datetime) -> Fit:
    """What the queue and the call ask for together, as far as it is relaxed after waiting since `entered`.

    A call for one agent asks for nothing else.
    """
    if call.wanted_agent_id is not None or (queue.requirement_id is None and call.own_requirement_id is None):
        return NOTHING
    needs = _together(queue, call.own_requirement_id)
    path = skills.stages(needs, steps_of(queue))
    crew = crew_of(queue, needs) if len(path) > 1 else []  # without a step to take, who is there changes nothing
    place = skills.stage_at(path, (now - entered).total_seconds(), crew)
    following = path[place + 1] if place + 1 < len(path) else None
    asked = intern(needs)
    present = asked if place == 0 else intern(path[place].needs)
    return Fit(asked, present, entered + timedelta(seconds=following.after) if following else None)


def least(queue: Queue, own_requirement_id: int | None) -> Needs:
    """What will be asked for in the end, after all the queue's relaxation steps. No statement if nothing is asked for at all."""
    if queue.requirement_id is None and own_requirement_id is None:
        return ()
    return skills.stages(_together(queue, own_requirement_id), steps_of(queue))[-1].needs


def _together(queue: Queue, own_requirement_id: int | None) -> Needs:
    known = needs_of(queue.requirement_id, own_requirement_id)
    return skills.merged(known.get(queue.requirement_id or 0, ()), known.get(own_requirement_id or 0, ()))


def intern(needs: Iterable[Need]) -> int | None:
    """The id of the requirement with these needs, made if there is none yet; None of nothing."""
    given = sorted(needs)
    if not given:
        return None
    key = {"key": skills.key(given)}
    columns = {"skills": [n.skill for n in given], "levels": [n.level for n in given], "weights": [n.weight for n in given]}
    found = sql.row(FIND, key) or sql.row(MAKE, {**key, **columns}) or sql.only_row(FIND, key)
    return int(found[0])


def needs_of(*requirements: int | None) -> dict[int, Needs]:
    """The needs of each of these requirements, by its id."""
    ids = [pk for pk in requirements if pk is not None]
    found: dict[int, Needs] = {}
    for requirement, skill, level, weight in sql.rows(NEEDS, {"ids": ids}) if ids else ():
        found[requirement] = (*found.get(requirement, ()), Need(skill, level, weight))
    return found


def named(levels: Mapping[str, int]) -> list[Need]:
    """Needs by the names of the skills, as flows write them. A skill that is gone since is not asked for: it would lead to nobody."""
    ids = dict(Skill.objects.filter(name__in=levels).values_list("name", "pk")) if levels else {}
    return [Need(ids[name], level) for name, level in levels.items() if name in ids]


def steps_of(queue: Queue) -> list[skills.Step]:
    return [skills.Step._make(row) for row in sql.rows(STEPS, {"queue": queue.pk})]


def crew_of(queue: Queue, needs: Needs) -> list[Levels]:
    crew: dict[int, dict[int, int]] = defaultdict(dict)
    for agent, skill, level in sql.rows(CREW, {"queue": queue.pk, "skills": [need.skill for need in needs]}):
        crew[agent].update({skill: level} if skill is not None else {})
    return list(crew.values())


def groups_of(queue_id: int, skilled: Iterable[int]) -> list[tuple[Levels, int]]:
    """The levels in these skills that agents logged in to the queue have, and how many have just these."""
    found = sql.rows(GROUPS, {"queue": queue_id, "skills": list(skilled)})
    return [({skill: level for skill, level in zip(*levels, strict=True) if skill}, agents) for *levels, agents in found]


def in_words(requirement: int | None) -> str:
    """“German 4, Invoices 2”; empty for no requirement."""
    return ", ".join(words_of([requirement]).get(requirement or 0, ()))


def words_of(ids: Iterable[int | None]) -> dict[int, list[str]]:
    """The needs of many requirements in words, by the requirement's id."""
    found: dict[int, list[str]] = defaultdict(list)
    wanted = sorted({pk for pk in ids if pk is not None})
    for requirement, name, level in sql.rows(WORDS, {"ids": wanted}) if wanted else ():
        found[requirement].append(f"{name} {level}")
    return dict(found)
