"""Each strategy beside a plain model of it, and every reason why not."""

from __future__ import annotations

import math
import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.states import AVAILABLE, BREAK, OFFLINE, ON_CALL, WRAP_UP
from queues.demand import Candidate, Demand
from queues.ranking import EXPLAINED, not_free, rank
from queues.skills import Need, Needs
from queues.strategies import LOADED, STRATEGIES, newcomer_load

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
moments = st.none() | st.integers(0, 5).map(lambda minutes: NOW - timedelta(minutes=minutes))


levels = st.dictionaries(st.integers(1, 3), st.integers(1, 5))
"""Skills by number, and how well."""
needs = st.lists(st.builds(Need, st.integers(1, 3), st.integers(1, 5), st.integers(1, 4)), max_size=3, unique_by=lambda n: n.skill).map(
    tuple
)


@st.composite
def people(draw: st.DrawFn, *, free: bool = False) -> list[Candidate]:
    """Up to eight members; with `free` all of them may take the call."""
    found = []
    for agent in range(1, draw(st.integers(0, 8)) + 1):
        one = Candidate(
            agent=agent, state=AVAILABLE, idle_since=draw(moments), load=draw(st.integers(0, 3)), position=draw(st.integers(0, 3)),
            weight=draw(st.integers(1, 100)), levels=draw(levels),
        )  # fmt: skip
        if not free:
            one = one._replace(
                state=draw(st.sampled_from([AVAILABLE, BREAK, ON_CALL, WRAP_UP, OFFLINE])), reachable=draw(st.booleans()),
                open_calls=draw(st.integers(0, 2)), max_calls=draw(st.integers(1, 2)), tier=draw(st.integers(0, 2)),
                logged_in=draw(st.booleans()), ready_at=draw(moments | st.just(NOW + timedelta(seconds=1))), leaving=draw(st.booleans()),
            )  # fmt: skip
        found.append(one)
    return draw(st.permutations(found))


def ask(strategy: str, members: list[Candidate], **demand: object) -> tuple[int, ...]:
    return rank(members, Demand(now=NOW, strategy=strategy, **demand), draw=lambda: 0.5).order  # type: ignore[arg-type]


@given(people(free=True))
def test_longest_idle_prefers_who_never_had_a_call_then_who_waits_longest(members: list[Candidate]) -> None:
    fresh = sorted(one.agent for one in members if one.idle_since is None)
    rest = [one for one in members if one.idle_since is not None]
    served = [one.agent for one in sorted(sorted(rest, key=lambda one: one.agent), key=lambda one: one.idle_since or NOW)]
    assert list(ask("longest-idle", members)) == fresh + served


@given(people(free=True), st.integers(0, 9))
def test_round_robin_goes_round_from_the_pointer(members: list[Candidate], pointer: int) -> None:
    circle = sorted(one.agent for one in members)
    while circle and any(agent > pointer for agent in circle) and circle[0] <= pointer:
        circle.append(circle.pop(0))
    assert list(ask("round-robin", members, pointer=pointer)) == circle


@given(people(free=True), st.integers(1, 30))
def test_round_robin_offers_to_everybody_before_anybody_twice(members: list[Candidate], start: int) -> None:
    pointer, asked = start, []
    for _ in members:
        pointer = ask("round-robin", members, pointer=pointer)[0]
        asked.append(pointer)
    assert sorted(asked) == sorted(one.agent for one in members)


@given(people(free=True), st.sampled_from(LOADED))
def test_who_had_the_least_for_the_capacity_score_comes_first(members: list[Candidate], strategy: str) -> None:
    share = {one.agent: Fraction(one.load, one.weight) for one in members}
    assert list(ask(strategy, members)) == sorted(share, key=lambda agent: (share[agent], agent))


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100)), min_size=1), st.integers(1, 100))
def test_a_newcomer_starts_where_the_least_busy_colleague_is(counts: list[tuple[int, int]], own: int) -> None:
    start = newcomer_load((load, weight, own) for load, weight in counts)
    least = min(Fraction(load, weight) for load, weight in counts)
    assert Fraction(start, own) <= least < Fraction(start + 1, own)


def test_a_newcomer_without_colleagues_starts_at_nothing() -> None:
    assert newcomer_load([]) == 0


@given(people(free=True))
def test_linear_asks_everybody_once_before_it_begins_again(members: list[Candidate]) -> None:
    by_position = sorted(members, key=lambda one: (one.position, one.agent))
    asked: list[int] = []
    for _ in members:
        asked.append(ask("linear", members, last_tried=asked[-1] if asked else None)[0])
    assert asked == [one.agent for one in by_position]
    if members:
        assert ask("linear", members, last_tried=asked[-1])[0] == asked[0]


@given(people(free=True), st.randoms(use_true_random=False))
def test_random_follows_the_draw(members: list[Candidate], dice: object) -> None:
    draws = {one.agent: number / 10 for number, one in enumerate(members)}
    numbers = iter(draws.values())
    found = rank(members, Demand(now=NOW, strategy="random"), draw=lambda: next(numbers))
    assert list(found.order) == sorted(draws, key=draws.__getitem__)


@given(people(free=True), st.lists(st.floats(0, 1, exclude_max=True), min_size=8, max_size=8))
def test_a_weighted_draw_is_a_race_at_the_speed_of_the_scores(members: list[Candidate], draws: list[float]) -> None:
    numbers = iter(draws)
    time = {one.agent: -math.log(1 - number) / one.weight for one, number in zip(members, draws, strict=False)}
    found = rank(members, Demand(now=NOW, strategy="weighted-random"), draw=lambda: next(numbers))
    assert list(found.order) == sorted(time, key=lambda agent: (time[agent], agent))


def test_in_a_weighted_draw_everybody_is_first_in_proportion_to_the_score() -> None:
    members, dice, first = [Candidate(n, AVAILABLE, weight=w) for n, w in ((1, 10), (2, 30), (3, 60))], random.Random(7), Counter[int]()
    for _ in range(4000):
        first[rank(members, Demand(now=NOW, strategy="weighted-random"), draw=dice.random).order[0]] += 1
    assert all(abs(first[agent] / 4000 - share) < 0.03 for agent, share in ((1, 0.1), (2, 0.3), (3, 0.6)))


@given(people(free=True), needs)
def test_best_skills_adds_up_level_by_weight_and_then_looks_who_waits_longest(members: list[Candidate], asked: Needs) -> None:
    def fits(one: Candidate) -> int:
        return sum(one.levels.get(skill, 0) * weight for skill, _, weight in asked)

    order = ask("skills-weighted", members, asked=asked)
    best_first = sorted(members, key=lambda one: (-fits(one), one.idle_since or NOW - timedelta(days=99), one.agent))
    assert list(order) == [one.agent for one in best_first]


@given(people(), st.integers(1, 8), st.sampled_from(sorted(STRATEGIES.keys() - {"sticky"})))
def test_sticky_is_one_agent_or_the_second_strategy(members: list[Candidate], last: int, second: str) -> None:
    kept = rank(members, Demand(now=NOW, strategy="sticky", second=second, preferred=last, tier_wait=30))
    able = [one for one in members if one.agent == last and one.logged_in and not not_free(one, NOW)]
    assert list(kept.order) == [one.agent for one in able], "whatever the tier"
    free, usual = (rank(members, Demand(now=NOW, strategy=s, second=second), draw=lambda: 0.5) for s in ("sticky", second))
    assert (free.strategy, free.order, free.left_out) == (second, usual.order, usual.left_out)


@given(people(free=True), st.frozensets(st.integers(1, 8)))
def test_ringing_progressively_adds_the_longest_idle_of_those_who_do_not_ring_yet(
    members: list[Candidate], ringing: frozenset[int]
) -> None:
    quiet = [one for one in members if one.agent not in ringing]
    assert ask("ring-progressively", members, ringing=ringing) == ask("longest-idle", quiet)


@given(people(free=True), needs)
def test_only_who_has_the_skills_is_ranked_and_the_others_hear_what_they_lack(members: list[Candidate], required: Needs) -> None:
    found = rank(members, Demand(now=NOW, strategy="longest-idle", needs=required))
    for one in members:
        lacking = [need for need in required if one.levels.get(need.skill, 0) < need.level]
        assert (found.left_out.get(one.agent) == "skills") == bool(lacking)
        assert found.lacks.get(one.agent) == ((lacking[0], one.levels.get(lacking[0].skill, 0)) if lacking else None)


@given(people(), needs, st.integers(0, 90))
def test_a_tier_is_kept_closed_only_by_those_who_could_serve_the_call(members: list[Candidate], required: Needs, waited: int) -> None:
    def has(one: Candidate) -> bool:
        return all(one.levels.get(need.skill, 0) >= need.level for need in required)

    found = rank(members, Demand(now=NOW, strategy="longest-idle", needs=required, waited=waited, tier_wait=30))
    for one in (one for one in members if found.left_out.get(one.agent) == "tier_closed"):
        assert any(m.tier < one.tier and m.logged_in and m.reachable and has(m) and m.state not in (BREAK, OFFLINE) for m in members)


@given(people(free=True))
def test_ring_all_names_everybody_of_the_tier(members: list[Candidate]) -> None:
    assert list(ask("ring-all", members)) == sorted(one.agent for one in members)


@given(people(), st.sampled_from(sorted(STRATEGIES)), st.integers(0, 90))
def test_everybody_is_either_ranked_or_told_why_not(members: list[Candidate], strategy: str, waited: int) -> None:
    found = rank(members, Demand(now=NOW, strategy=strategy, waited=waited, tier_wait=30))
    assert set(found.order) | found.left_out.keys() == {one.agent for one in members}
    assert set(found.order).isdisjoint(found.left_out)
    assert all(found.left_out.values())


@given(people(), st.sampled_from(sorted(STRATEGIES)), st.integers(0, 90))
def test_who_is_ranked_may_take_the_call_and_nobody_of_a_lower_tier_could(members: list[Candidate], strategy: str, waited: int) -> None:
    def may(one: Candidate) -> bool:
        below = [m for m in members if m.tier < one.tier and m.logged_in and m.reachable and m.state not in (BREAK, OFFLINE)]
        ready = one.ready_at is None or one.ready_at <= NOW
        free = one.state in (AVAILABLE, ON_CALL) and one.open_calls < one.max_calls and not one.leaving and ready
        return one.reachable and one.logged_in and free and (one.tier == 0 or waited >= 30 * one.tier or not below)

    able = [one for one in members if may(one)]
    lowest = min((one.tier for one in able), default=None)
    found = rank(members, Demand(now=NOW, strategy=strategy, waited=waited, tier_wait=30))
    assert sorted(found.order) == sorted(one.agent for one in able if one.tier == lowest)
    assert found.tier == lowest


FREE = Candidate(agent=1, state=AVAILABLE)


@pytest.mark.parametrize(
    ("agent", "reason"),
    [
        (FREE._replace(active=False), "deactivated"),
        (FREE._replace(state=BREAK), "break"),
        (FREE._replace(state=WRAP_UP), "wrap_up"),
        (FREE._replace(leaving=True), "leaving"),
        (FREE._replace(reachable=False), "unreachable"),
        (FREE._replace(state=ON_CALL, open_calls=1), "busy"),
        (FREE._replace(ready_at=NOW + timedelta(seconds=1)), "cooling_down"),
        (FREE._replace(logged_in=False), "logged_out_of_queue"),
        (FREE._replace(state=BREAK, reachable=False, logged_in=False), "break"),
        (FREE._replace(reachable=False, ready_at=NOW + timedelta(seconds=1)), "unreachable"),
    ],
)
def test_the_first_failing_condition_is_the_reason(agent: Candidate, reason: str) -> None:
    assert rank([agent], Demand(now=NOW, strategy="longest-idle")).left_out == {1: reason}


def test_a_closed_tier_and_a_tier_that_comes_later_are_told_apart() -> None:
    demand = Demand(now=NOW, strategy="longest-idle", waited=10, tier_wait=30)
    second = Candidate(agent=2, state=AVAILABLE, tier=1)
    assert rank([FREE, second], demand).left_out == {2: "tier_closed"}
    assert rank([FREE, second], replace(demand, waited=30)).left_out == {2: "higher_tier"}


def test_only_the_wanted_agent_is_asked_whatever_the_queue_says() -> None:
    wanted = Candidate(agent=2, state=AVAILABLE, tier=3, logged_in=False)
    found = rank([FREE, wanted], Demand(now=NOW, strategy="longest-idle", wanted=2, tier_wait=30))
    assert (found.order, found.left_out) == ((2,), {1: "another_agent_wanted"})


def test_the_explanation_is_plain_json_and_bounded() -> None:
    crowd = [Candidate(agent=n, state=AVAILABLE if n % 2 else BREAK, idle_since=NOW) for n in range(300)]
    why = rank(crowd, Demand(now=NOW, strategy="longest-idle")).explain()
    assert why["ranked"][0] == {"agent": 1, "key": [NOW.isoformat()]}
    assert (len(why["ranked"]), len(why["left_out"])) == (EXPLAINED, EXPLAINED)
    assert why["others"] == {"ranked": 150 - EXPLAINED, "break": 150 - EXPLAINED}


def test_of_a_crowd_those_are_named_whose_reason_is_not_plain_to_see() -> None:
    crowd = [Candidate(agent=n, state=BREAK) for n in range(100)] + [Candidate(agent=100, state=AVAILABLE, reachable=False)]
    why = rank(crowd, Demand(now=NOW, strategy="longest-idle")).explain()
    assert why["left_out"]["100"] == "unreachable"
    assert why["others"] == {"break": 101 - EXPLAINED}


def test_an_explanation_names_the_skill_and_both_levels() -> None:
    found = rank([FREE, FREE._replace(agent=2, levels={5: 2})], Demand(now=NOW, strategy="longest-idle", needs=(Need(5, 4),)))
    assert found.explain()["lacks"] == {"1": [5, 4, 0], "2": [5, 4, 2]}
