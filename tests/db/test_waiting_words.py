"""What callers hear, made from rows: announcements, music, last words, and how the columns of old became these rows."""

from __future__ import annotations

import importlib
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from queues import phrases, waits
from queues.estimate import Range
from queues.models import Announcement, Music, Queue
from queues.place import NOWHERE, among_all
from queues.standing import standing
from telephony import lastwords, prompts, sounds
from telephony.records import Farewell, Scheduled

from . import cast

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Texts instead of files; no voice speaks Klingon."""
    heard: list[tuple[str, str]] = []

    def files(text: str, language: str = "en") -> tuple[str, ...]:
        if language == "tlh" or not text.strip():
            return ()
        heard.append((text, language))
        return (text,)

    monkeypatch.setattr(prompts, "heard", files)
    monkeypatch.setattr(prompts, "place", lambda number, language: files(phrases.position(number, language), language))
    monkeypatch.setattr(prompts, "wait", lambda expected, language: files(phrases.wait(expected, language), language))
    return heard


def announce(queue: Queue, *rows: tuple[str, str, int, int]) -> list[int]:
    return [
        Announcement.objects.create(queue=queue, kind=kind, text=text, first_after=first, every=every, position=position).pk
        for position, (kind, text, first, every) in enumerate(rows)
    ]


# Announcements


def test_on_entry_is_said_what_starts_at_once_and_the_rest_is_planned() -> None:
    queue = cast.queue()
    greeting, message, place, comfort = announce(
        queue, ("greeting", "Welcome.", 0, 0), ("message", "Did you know?", 20, 60), ("position", "", 0, 45), ("reoffer", "Sorry.", 5, 30)
    )
    heard = sounds.of(queue.pk)
    assert sounds.on_entry(heard, among_all(3)) == ("Welcome.", "You are number three in line.")
    planned = (Scheduled(message, 20, 60), Scheduled(place, 45, 45), Scheduled(comfort, 5, 30, after_offer=True))
    assert sounds.profile(heard, "p1").announcements == planned
    assert sounds.announced(heard, (place, message), among_all(1)) == ("Did you know?", "You are next in line.")
    assert sounds.announced(heard, (comfort,), among_all(1)) == ("Sorry.",)
    assert greeting not in {one.number for one in planned}


def test_whom_a_phone_rings_for_already_hears_of_no_place() -> None:
    queue = cast.queue()
    announce(queue, ("greeting", "Welcome.", 0, 0), ("position", "Please note:", 0, 45), ("estimate", "", 0, 45))
    assert sounds.on_entry(sounds.of(queue.pk), NOWHERE) == ("Welcome.",)


def test_what_is_switched_off_is_not_said() -> None:
    queue = cast.queue()
    announce(queue, ("greeting", "Welcome.", 0, 0))
    queue.announcements.update(active=False)
    assert sounds.on_entry(sounds.of(queue.pk), among_all(1)) == ()


def test_the_language_of_the_queue_is_spoken(said: list[tuple[str, str]]) -> None:
    queue = cast.queue(language="de-at")
    announce(queue, ("position", "Bitte warten.", 0, 45))
    heard = sounds.on_entry(sounds.of(queue.pk), among_all(2))
    assert heard == ("Bitte warten.", "Sie sind Nummer zwei in der Warteschlange.")
    assert sorted(said) == [(text, "de-at") for text in heard]


def test_a_text_that_cannot_be_spoken_is_left_out() -> None:
    queue = cast.queue(language="tlh")
    announce(queue, ("greeting", "nuqneH", 0, 0), ("position", "", 0, 45))
    assert sounds.on_entry(sounds.of(queue.pk), among_all(2)) == ()


def test_a_queue_and_all_that_is_heard_in_it_is_one_statement() -> None:
    queue = cast.queue()
    announce(queue, ("greeting", "Welcome.", 0, 0))
    with CaptureQueriesContext(connection) as statements:
        sounds.profile(sounds.of(queue.pk), "p1")
    assert len(statements) == 1


# Music


def test_music_is_played_in_order_or_shuffled_alike_for_one_caller() -> None:
    queue = cast.queue()
    for position, name in enumerate("cabfed"):
        Music.objects.create(queue=queue, file=f"music/{name}.wav", position=position)
    in_order = tuple(default_storage.path(f"music/{name}.wav") for name in "cabfed")
    assert sounds.profile(sounds.of(queue.pk), "p1").music == in_order
    Queue.objects.update(music_order="shuffled")
    shuffled = {caller: sounds.profile(sounds.of(queue.pk), caller).music for caller in ("p1", "p2", "p3")}
    assert sounds.profile(sounds.of(queue.pk), "p1").music == shuffled["p1"]
    assert len(set(shuffled.values())) > 1
    assert all(sorted(order) == sorted(in_order) for order in shuffled.values())


def test_without_files_there_is_the_built_in_music() -> None:
    assert sounds.profile(sounds.of(cast.queue().pk), "p1").music == (str(prompts.default_music()),)


# Last words


def test_the_message_of_the_way_out_is_heard_or_the_standard_words() -> None:
    queue = cast.queue()
    own, silent = cast.way_out(queue, message="Good-bye."), cast.way_out(queue, "full")
    assert lastwords.answer(own.pk, "en", "full") == Farewell(("Good-bye.",), "full")
    assert lastwords.answer(silent.pk, "en", "full") == Farewell((), "full")
    standard = Farewell((phrases.refusal("de"),), "fallback")
    assert lastwords.answer(None, "de", "fallback") == standard
    own.delete()
    assert lastwords.answer(10**9, "de", "fallback") == standard
    circle = cast.way_out(queue, "closed", next_queue=cast.queue())
    assert lastwords.answer(circle.pk, "de", "fallback") == standard


# The estimate


def answered(queue: Queue, count: int) -> None:
    """So many callers who waited five minutes each, one answer every half minute, two minutes of talk."""
    for number in range(count):
        entered = timezone.now() - timedelta(seconds=900 + 30 * number)
        cast.stay(queue, "answered", wait=300, talk=100, paper=20, at=entered)


@pytest.mark.inconsistent_on_purpose
def test_the_wait_is_estimated_from_recent_stays_and_staffing() -> None:
    queue = cast.queue()
    for _ in range(4):
        cast.agent(queues=(queue,))
    answered(queue, 20)
    found = waits.expected_wait(queue.pk, among_all(10))
    assert found
    assert found.low < 300 < found.high
    assert waits.expected_wait(queue.pk) == waits.expected_wait(queue.pk, among_all(1))
    announce(queue, ("estimate", "", 0, 60))
    assert sounds.on_entry(sounds.of(queue.pk), among_all(10)) == (phrases.wait(found),)


@pytest.mark.inconsistent_on_purpose
def test_nothing_is_said_of_a_wait_that_nobody_knows() -> None:
    queue = cast.queue()
    announce(queue, ("estimate", "As to your wait:", 0, 60))
    cast.agent(queues=(queue,))
    answered(queue, 2)
    assert waits.expected_wait(queue.pk) is None
    assert sounds.on_entry(sounds.of(queue.pk), among_all(1)) == ()


@pytest.mark.inconsistent_on_purpose
def test_breaks_and_phones_out_of_reach_are_no_staff() -> None:
    queue = cast.queue()
    answered(queue, 20)
    cast.agent(queues=(queue,), state="break")
    cast.agent(queues=(queue,), phone=False)
    assert waits.expected_wait(queue.pk, among_all(3)) is None


@pytest.mark.inconsistent_on_purpose
def test_what_was_hours_ago_says_nothing() -> None:
    queue = cast.queue()
    cast.agent(queues=(queue,))
    for number in range(20):
        cast.stay(queue, "answered", at=timezone.now() - timedelta(hours=3, seconds=number))
    assert waits.paces([queue.pk]) == {queue.pk: None}


def test_the_range_is_in_seconds() -> None:
    assert phrases.short_wait(Range(190, 350)) == "3–6 min"


# From columns to rows

OLD: dict[str, Any] = {
    "greeting": "Hello.", "comfort": "Please hold.", "comfort_every": 30, "announce_position": True, "music": "", "fallback": "hang-up",
    "fallback_queue": None, "fallback_keeps_place": True, "fallback_message": "Sorry.",
}  # fmt: skip


def moved(queue: Queue, **old: Any) -> None:
    """What the data migration does with a queue that had these columns."""
    for name, value in {**OLD, **old}.items():
        setattr(queue, name, value)
    rows = SimpleNamespace(objects=SimpleNamespace(order_by=lambda _: [queue]))
    historic: Any = SimpleNamespace(get_model=lambda app, name: rows if name == "Queue" else apps.get_model(app, name))
    importlib.import_module("queues.migrations.0014_waiting_words").into_rows(historic, None)


def test_what_was_said_is_said_at_the_same_times_as_before() -> None:
    queue = cast.queue()
    moved(queue)
    rows = list(queue.announcements.values_list("kind", "text", "first_after", "every", "active"))
    assert rows == [
        ("greeting", "Hello.", 0, 0, True), ("message", "Please hold.", 30, 30, True), ("position", "", 0, 30, True)
    ]  # fmt: skip
    assert sounds.on_entry(sounds.of(queue.pk), among_all(1)) == ("Hello.", "You are next in line.")


def test_words_that_were_never_said_are_kept_but_not_said() -> None:
    queue = cast.queue()
    moved(queue, comfort_every=0, announce_position=False)
    assert list(queue.announcements.values_list("kind", "active")) == [("greeting", True), ("message", False)]


def test_the_fallback_becomes_a_way_out_and_the_music_a_list_of_one() -> None:
    queue, other = cast.queue(), cast.queue()
    moved(queue, fallback="queue", fallback_queue=other, fallback_keeps_place=False, music=SimpleNamespace(name="music/a.wav"))
    way = queue.ways_out.get()
    assert (way.when, way.kind, way.next_queue, way.keeps_place, way.message) == ("otherwise", "queue", other, False, "Sorry.")
    assert sounds.of(queue.pk).music == ("music/a.wav",)
    moved(other, fallback_queue=queue)
    assert other.ways_out.get().next_queue is None, "it was set and not used"


def test_every_queue_of_a_fresh_installation_says_something_and_extensions_have_their_words() -> None:
    direct = Queue.objects.get(slug="direct")
    assert not direct.announcements.exists()
    assert "person you are calling" in direct.ways_out.get().message
    support = Queue.objects.get(slug="support")
    assert list(support.announcements.values_list("kind", "every")) == [("position", 45)]


@pytest.mark.inconsistent_on_purpose
def test_flows_are_told_how_long_somebody_who_joined_now_would_wait() -> None:
    queue, unknown = cast.queue(), cast.queue()
    busy = cast.agent(queues=(queue,))
    cast.talk(cast.enqueue(cast.queue(), wanted_agent_id=busy.pk))
    answered(queue, 20)
    cast.enqueue(queue)
    found = standing([queue.slug, unknown.slug])
    expected = waits.expected_wait(queue.pk)
    assert expected
    assert (found[queue.slug]["expected_wait"], found[unknown.slug]["expected_wait"]) == (int(expected.high), 0)
