"""The place of a call in the lines of those who could serve it, against a plain reading of the definition."""

from __future__ import annotations

import heapq
from random import Random
from statistics import fmean, median_high

import pytest
from hypothesis import given
from hypothesis import strategies as some

from queues.estimate import Pace, expect
from queues.place import Group, Lane, Place, among_all, place
from queues.skills import Levels, Need, Needs

GERMAN, SPANISH = 1, 2
ANYBODY: Needs = ()
IN_GERMAN, IN_SPANISH = (Need(GERMAN, 3),), (Need(SPANISH, 3),)


def agents(count: int, **levels: int) -> Group:
    return Group({{"german": GERMAN, "spanish": SPANISH}[name]: level for name, level in levels.items()}, count)


def test_who_waits_for_other_agents_is_not_ahead() -> None:
    crew = [agents(2, german=5), agents(1, spanish=3)]
    assert place(IN_SPANISH, [Lane(IN_GERMAN, 2)], crew) == Place(1, 1, 1 / 3)


def test_who_waits_for_anybody_is_ahead_but_likely_served_by_others() -> None:
    crew = [agents(9), agents(1, spanish=3)]
    assert place(IN_SPANISH, [Lane(ANYBODY, 2)], crew) == Place(3, 1.2, 0.1)


def test_many_who_wait_for_the_one_who_speaks_their_language_are_not_ahead_of_all_others() -> None:
    crew = [agents(8), agents(1, spanish=3)]
    assert place(ANYBODY, [Lane(IN_SPANISH, 5)], crew) == Place(1, 1, 1)
    assert place(ANYBODY, [Lane(IN_SPANISH, 5)], [agents(1), agents(1, spanish=3)]).number == 6, "half of them have five before"


def test_who_can_be_served_by_nobody_is_ahead_of_nobody() -> None:
    assert place(ANYBODY, [Lane(IN_SPANISH, 4), Lane(ANYBODY, 1)], [agents(3)]) == Place(2, 2, 1)


def test_a_call_that_nobody_can_serve_has_its_place_among_all_and_no_expectation() -> None:
    found = place(IN_SPANISH, [Lane(ANYBODY, 3)], [agents(3)])
    assert found == Place(4, 0, 0)
    assert expect(Pace(30, 0, 1, 0.02), found.load, found.share) is None
    assert place(ANYBODY, [], []).number == 1


def test_a_line_of_a_third_of_the_agents_moves_a_third_as_fast() -> None:
    pace = Pace(30, 0, 1, 0.02)
    narrow, slow = expect(pace, 2, 1 / 3), expect(Pace(90, 0, 1, 0.02), 2)
    assert narrow
    assert slow
    assert (narrow.low, narrow.high) == pytest.approx((slow.low, slow.high))
    between = expect(pace, 1.5)
    one, two = expect(pace, 1), expect(pace, 2)
    assert one
    assert between
    assert two
    assert one.high < between.high < two.high


LEVELS = some.dictionaries(some.sampled_from([GERMAN, SPANISH]), some.integers(1, 3))
NEEDS = LEVELS.map(lambda asked: tuple(Need(skill, level) for skill, level in sorted(asked.items())))
CALLS = some.lists(NEEDS, max_size=8)
CREW = some.lists(LEVELS, max_size=6)


def lanes(calls: list[Needs]) -> list[Lane]:
    return [Lane(needs, calls.count(needs)) for needs in dict.fromkeys(calls)]


def groups(crew: list[dict[int, int]]) -> list[Group]:
    kinds = [levels for number, levels in enumerate(crew) if levels not in crew[:number]]
    return [Group(levels, crew.count(levels)) for levels in kinds]


def serves(levels: Levels, needs: Needs) -> bool:
    return all(levels.get(need.skill, 0) >= need.level for need in needs)


@given(needs=NEEDS, ahead=CALLS, crew=CREW)
def test_the_place_is_that_in_the_line_of_a_middle_one_of_the_agents(needs: Needs, ahead: list[Needs], crew: list[dict[int, int]]) -> None:
    found = place(needs, lanes(ahead), groups(crew))
    able = [levels for levels in crew if serves(levels, needs)]
    if not able:
        assert found == Place(len(ahead) + 1, 0, 0)
        return

    def others(call: Needs) -> float:
        serving = [levels for levels in crew if serves(levels, call)]
        return sum(levels in able for levels in serving) / len(serving)

    assert found.number == median_high(1 + sum(serves(levels, call) for call in ahead) for levels in able)
    assert found.load == pytest.approx(median_high(1 + sum(others(call) for call in ahead if serves(levels, call)) for levels in able))
    assert found.share == len(able) / len(crew)
    assert 1 <= found.load <= found.number + 1e-9 <= len(ahead) + 1 + 1e-9


@given(needs=NEEDS, ahead=some.lists(NEEDS, min_size=1, max_size=8), crew=CREW, gone=some.data())
def test_the_place_never_gets_worse_by_whoever_goes(
    needs: Needs, ahead: list[Needs], crew: list[dict[int, int]], gone: some.DataObject
) -> None:
    before = place(needs, lanes(ahead), groups(crew))
    ahead.pop(gone.draw(some.integers(0, len(ahead) - 1)))
    after = place(needs, lanes(ahead), groups(crew))
    assert after.number <= before.number
    assert after.load <= before.load + 1e-9


@given(ahead=some.integers(0, 50), crew=some.integers(1, 20))
def test_without_skills_it_is_the_place_in_the_queue(ahead: int, crew: int) -> None:
    assert place(ANYBODY, [Lane(ANYBODY, ahead)], [agents(crew)]) == among_all(ahead + 1)


# What is expected, against what happens


def waits(crew: list[Group], mix: dict[Needs, float], *, talk: float, busy: float, calls: int) -> dict[Needs, list[tuple[float, float]]]:
    """A simulated day: for each caller who had to wait the seconds, and how many the place let expect."""
    random, team = Random(1), [group.levels for group in crew for _ in range(group.agents)]
    clock, line, free = 0.0, list[tuple[float, Needs, Place]](), set(range(len(team)))
    todo: list[tuple[float, int, Needs]] = []
    for _ in range(calls):
        clock += random.expovariate(busy * len(team) / talk)
        todo.append((clock, -1, random.choices(list(mix), list(mix.values()))[0]))
    found: dict[Needs, list[tuple[float, float]]] = {needs: [] for needs in mix}
    while todo:
        now, agent, needs = heapq.heappop(todo)
        took: int | None = None
        if agent < 0:
            took = min((one for one in free if serves(team[one], needs)), default=None, key=lambda _: random.random())
            free.discard(-1 if took is None else took)
            if took is None:
                ahead = [other for _, other, _ in line]
                line.append((now, needs, place(needs, lanes(ahead), crew)))
        elif first := next((one for one in line if serves(team[agent], one[1])), None):
            line.remove(first)
            came, asked, told = first
            found[asked].append((now - came, told.load * talk / len(team) / told.share))
            took = agent
        else:
            free.add(agent)
        if took is not None:
            heapq.heappush(todo, (now + random.gammavariate(2, talk / 2), took, ()))
    return found


@pytest.mark.parametrize(
    ("crew", "mix"),
    [
        ([agents(8), agents(2, spanish=3)], {ANYBODY: 0.85, IN_SPANISH: 0.15}),
        ([agents(8), agents(2, spanish=3)], {ANYBODY: 0.75, IN_SPANISH: 0.25}),
        ([agents(4, german=3), agents(3, spanish=3), agents(3, german=3, spanish=3)], {IN_GERMAN: 0.6, IN_SPANISH: 0.4}),
        ([agents(7, german=3), agents(3, spanish=3)], {IN_GERMAN: 0.7, IN_SPANISH: 0.3}),
    ],
    ids=["a few speak Spanish", "too few speak Spanish", "some speak both", "nobody speaks both"],
)
def test_callers_wait_about_as_long_as_their_place_lets_expect(crew: list[Group], mix: dict[Needs, float]) -> None:
    for needs, calls in waits(crew, mix, talk=180, busy=0.95, calls=2500).items():
        waited, expected = fmean(one[0] for one in calls), fmean(one[1] for one in calls)
        assert 0.6 < expected / waited < 1.6, needs
