"""The place that callers hear of, from rows: against the lines that matching itself serves."""

from __future__ import annotations

from statistics import median_high

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from agents.models import AgentSkill
from queues import roster, services
from queues.models import Announcement, Queue
from queues.place import NOWHERE, Place, among_all
from queues.places import place_of
from queues.waits import expected_wait
from telephony import prompts, sounds

from . import cast
from .test_waiting_words import answered

pytestmark = pytest.mark.django_db


@pytest.fixture
def support() -> Queue:
    """One agent speaks Spanish only, two speak German only; nobody is free."""
    queue = cast.queue()
    cast.skilled(cast.agent("sol", queues=(queue,), state="break"), Spanish=3)
    for name in ("gerd", "gabi"):
        cast.skilled(cast.agent(name, queues=(queue,), state="break"), German=5)
    return queue


def test_two_whom_others_serve_are_not_before_who_asks_for_spanish(support: Queue) -> None:
    for _ in range(2):
        cast.enqueue(support, skills=cast.needs(German=3))
    assert services.enqueue(cast.arrive().pk, support.pk, skills=cast.needs(Spanish=3)).place == Place(1, 1, 1 / 3)
    assert services.enqueue(cast.arrive().pk, support.pk, skills=cast.needs(Spanish=1)).place.number == 2
    assert place_of(cast.enqueue(support)).number == 3, "two of the three have two before"


def test_the_place_follows_who_comes_and_goes_and_what_is_asked_for(support: Queue) -> None:
    spanish, plain = cast.enqueue(support, skills=cast.needs(Spanish=3)), cast.enqueue(support)
    assert place_of(plain).number == 1
    cast.skilled(cast.agent("sole", queues=(support,), state="break"), Spanish=3)
    assert place_of(plain).number == 2, "two of four: more than half have none before no more"
    services.hang_up(spanish.pk, by="caller")
    assert place_of(plain).number == 1
    spanish.refresh_from_db()
    assert place_of(spanish) == NOWHERE


def test_without_skills_it_is_one_statement_and_the_place_in_the_queue() -> None:
    queue = cast.queue()
    calls = [cast.enqueue(queue) for _ in range(3)]
    with CaptureQueriesContext(connection) as statements:
        assert place_of(calls[2]) == among_all(3)
    assert len(statements) == 1


@pytest.mark.inconsistent_on_purpose
def test_who_waits_for_one_of_three_is_told_of_a_longer_wait(support: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    for agent in support.memberships.all():
        services.set_available(agent.agent_id, actor="system:test")
    answered(support, 20)
    everybody, few = expected_wait(support.pk, Place(1, 1)), expected_wait(support.pk, Place(1, 1, 1 / 3))
    assert everybody
    assert few
    assert few.high > 2.5 * everybody.high
    assert expected_wait(support.pk, Place(1, 0, 0)) is None
    monkeypatch.setattr(prompts, "wait", lambda expected, language: (str(expected),))
    Announcement.objects.create(queue=support, kind="estimate", first_after=0, every=60)
    assert sounds.on_entry(sounds.of(support.pk), Place(1, 1, 1 / 3)) == (str(few),)


LEVELS = some.dictionaries(some.sampled_from(["Spanish", "German"]), some.integers(1, 2))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(crew=some.lists(LEVELS, min_size=1, max_size=4), asked=some.lists(LEVELS, min_size=1, max_size=6))
def test_the_place_is_that_in_the_lines_that_matching_serves(crew: list[dict[str, int]], asked: list[dict[str, int]]) -> None:
    queue, now = cast.queue(), timezone.now()
    people = [cast.skilled(cast.agent(queues=(queue,), state="break"), **levels) for levels in crew]
    calls = [cast.enqueue(queue, skills=cast.needs(**needs)) for needs in asked]
    lines = [roster.line_for(person.pk, now) for person in people]
    for number, call in enumerate(calls):
        places = [line.index(call.pk) + 1 for line in lines if call.pk in line]
        assert place_of(call).number == (median_high(places) if places else number + 1)
        assert place_of(call).share == len(places) / len(crew)
    AgentSkill.objects.all().delete()
