"""What is asked of an agent, and how it shrinks: beside a plain model that replays the seconds."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from queues.skills import Need, Needs, Step, key, merged, missing, path_in_words, stage_at, stages, useless_step

NAMES = {1: "German", 2: "Invoices", 3: "Spanish"}
skill = st.integers(1, 3)
needs = st.lists(st.builds(Need, skill, st.integers(1, 5), st.integers(1, 9)), max_size=3, unique_by=lambda n: n.skill).map(
    lambda found: tuple(sorted(found))
)
steps = st.lists(st.builds(Step, st.integers(1, 90), st.none() | skill, st.integers(0, 4)), max_size=6)
crews = st.lists(st.dictionaries(skill, st.integers(1, 5)), max_size=4)


def asked_after(full: Needs, taken: list[Step], waited: float) -> dict[int, int]:
    """The plain model: skill to level, step by step."""
    left = {need.skill: need.level for need in full}
    for step in sorted(taken, key=lambda step: step.after):
        if step.after <= waited:
            for one in list(left):
                if step.skill in (None, one):
                    left[one] = min(left[one], step.level)
    return {one: level for one, level in left.items() if level}


def levels_of(found: Needs) -> dict[int, int]:
    return {need.skill: need.level for need in found}


@given(needs, steps, st.integers(0, 100))
def test_a_call_asks_for_what_the_steps_say_after_so_long(full: Needs, taken: list[Step], waited: int) -> None:
    path = stages(full, taken)
    everything = [{1: 5, 2: 5, 3: 5}]
    assert levels_of(path[stage_at(path, waited, everything)].needs) == asked_after(full, taken, waited)


@given(needs, steps)
def test_stages_ask_for_less_and_less(full: Needs, taken: list[Step]) -> None:
    path = stages(full, taken)
    assert path[0].after == 0
    for earlier, later in pairwise(path):
        assert earlier.after < later.after
        assert earlier.needs != later.needs
        assert not missing(levels_of(earlier.needs), later.needs), "who had enough still has"


@given(needs, steps, st.integers(0, 100), crews)
def test_a_stage_that_leads_to_nobody_is_passed_over_at_once(
    full: Needs, taken: list[Step], waited: int, crew: list[dict[int, int]]
) -> None:
    path = stages(full, taken)
    place = stage_at(path, waited, crew)

    def anybody(index: int) -> bool:
        return any(not missing(levels, path[index].needs) for levels in crew)

    by_time = max(i for i, stage in enumerate(path) if stage.after <= waited)
    assert place >= by_time
    if anybody(place):
        assert not any(anybody(index) for index in range(by_time, place)), "no further than needed"
    else:
        assert place == by_time
        assert not any(anybody(index) for index in range(by_time, len(path))), "then it waits as if nothing were"


@given(needs, needs)
def test_the_call_knows_better_than_its_queue(default: Needs, own: Needs) -> None:
    assert levels_of(merged(default, own)) == levels_of(default) | levels_of(own)


@given(st.lists(st.builds(Need, skill, st.integers(-9, 99), st.integers(-9, 999))))
def test_levels_and_weights_stay_within_their_bounds(given_: list[Need]) -> None:
    assert all(1 <= need.level <= 5 and 1 <= need.weight <= 100 for need in merged((), given_))


@given(needs, needs)
def test_a_key_is_the_same_for_the_same_needs_only(one: Needs, other: Needs) -> None:
    assert (key(one) == key(reversed(other))) == (one == other)


def test_steps_are_read_back_in_words() -> None:
    steps = [Step(60, 1, 0), Step(30, 1, 3)]
    assert path_in_words(steps, NAMES) == "After 30 s German 3 is enough, after 60 s German is not asked for."
    steps = [Step(20, None, 2), Step(90, None, 0)]
    assert path_in_words(steps, NAMES) == "After 20 s level 2 of every skill is enough, after 90 s no skill is asked for."
    assert path_in_words([], NAMES) == ""


def test_a_step_that_asks_for_no_less_than_an_earlier_one_is_useless() -> None:
    assert useless_step([Step(30, 1, 3), Step(60, 1, 0), Step(60, 2, 4)]) is None
    assert useless_step([Step(60, 1, 3), Step(30, 1, 3)]) == Step(60, 1, 3)
    assert useless_step([Step(30, None, 2), Step(60, 1, 2)]) == Step(60, 1, 2)
