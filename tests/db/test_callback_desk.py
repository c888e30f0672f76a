"""What the records answer to a caller who chooses a time: words and windows as they are, what was agreed, and what others took."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ivr import speech
from ivr.prompts.system import PROMPTS
from queues import services, spokentimes
from queues.models import Callback, Queue
from telephony import sounds
from telephony.models import DialRule, Trunk
from telephony.records import CallbackNoted, CallbackTimes, CallbackWhen, Farewell

from . import cast
from .mailbox import Clerk
from .test_callbacks import NUMBER
from .test_chosen_times import OTHER, hour, queue

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def trunk() -> None:
    to_all = Trunk.objects.create(name="Provider", host="192.0.2.9", allowed_prefixes="+49", caller_id="+4940555555")
    DialRule.objects.create(trunk=to_all, prefix="+49")


def spoken(text: str, language: str = "en") -> str:
    return str(speech.spoken(text, language))


def said(of: Queue, at: datetime, key: int, language: str = "en") -> str:
    today = timezone.now().date()
    return spoken(spokentimes.choice(at, at + timedelta(hours=1), today, str(key), language), language)


def in_flow() -> Clerk:
    call = cast.arrive()
    services.start_flow(call.pk, "Main 1")
    return Clerk(call)


def wanted(of: Queue, **more: Any) -> dict[str, Any]:
    return {"queue": of.slug, "number": NUMBER, "priority": 0, "skills": {}, "language": "de"} | more


def test_the_next_free_windows_are_read_out_with_their_keys() -> None:
    support = queue(callback_days_ahead=2)
    services.schedule_callback(support.pk, OTHER, at=hour(2), actor="user:1")
    clerk = Clerk(cast.enqueue(support))
    clerk.wish("callback_times", since="", wanted={})
    [times] = clerk.heard
    assert isinstance(times, CallbackTimes)
    begins = [datetime.fromisoformat(one) for one in times.times]
    assert hour(2) not in begins
    assert 1 <= len(begins) <= 4
    assert times.prompts[: len(begins)] == tuple(said(support, at, key) for key, at in enumerate(begins, 1))
    assert spoken("To hear this again, press 0. To go back, press star.") == times.prompts[-1]
    assert (spoken("For another day, press 9.") in times.prompts) == bool(times.other_day) is True
    assert (spoken("For later times, press 8.") in times.prompts) == bool(times.later)
    clerk.wish("callback_times", since=times.other_day, wanted={})
    other = clerk.heard[-1]
    assert isinstance(other, CallbackTimes)
    assert datetime.fromisoformat(other.times[0]).date() > begins[0].date()


def test_the_good_bye_says_the_window_that_was_agreed() -> None:
    support = queue()
    clerk = Clerk(cast.enqueue(support))
    clerk.wish("request_callback", number=NUMBER, at=hour().isoformat())
    today = timezone.now().date()
    assert clerk.heard == [Farewell((spoken(spokentimes.promise(hour(), hour(3), today)),), "callback")]
    assert Callback.objects.get().window_from == hour()
    clerk.wish("request_callback", again=True, number=NUMBER, at=hour().isoformat())
    assert clerk.heard[1] == clerk.heard[0], "only the answer got lost"


def test_as_soon_as_possible_says_no_time() -> None:
    clerk = Clerk(cast.enqueue(queue()))
    clerk.wish("request_callback", number=NUMBER, at="")
    assert clerk.heard == [Farewell(sounds.promise("en"), "callback")]


def test_who_chooses_what_was_just_taken_hears_what_is_free() -> None:
    support = queue()
    call = cast.enqueue(support)
    clerk = Clerk(call)
    services.schedule_callback(support.pk, OTHER, at=hour(), actor="user:1")
    clerk.wish("request_callback", number=NUMBER, at=hour().isoformat())
    [times] = clerk.heard
    assert isinstance(times, CallbackTimes)
    assert times.prompts[0] == spoken("We are sorry, this time has just been taken. Please choose another one.")
    assert hour().isoformat() not in times.times
    call.refresh_from_db()
    assert call.state == "queued"


def test_in_a_flow_the_caller_is_asked_when_and_in_the_language_of_the_flow() -> None:
    support = queue()
    clerk = in_flow()
    clerk.wish("note_callback", wanted=wanted(support))
    assert clerk.heard[0] == CallbackWhen(sounds.when("de"), sounds.invalid("de"))
    assert not Callback.objects.exists()
    clerk.wish("callback_times", since="", wanted=wanted(support))
    times = clerk.heard[1]
    assert isinstance(times, CallbackTimes)
    first = datetime.fromisoformat(times.times[0])
    assert times.prompts[0] == said(support, first, 1, "de")
    clerk.wish("note_callback", wanted=wanted(support, at=first.isoformat(), decided=True))
    agreed = spokentimes.promise(first, first + timedelta(hours=1), timezone.now().date(), "de")
    assert clerk.heard[2] == CallbackNoted(True, (spoken(agreed, "de"),))
    assert Callback.objects.get().window_from == first


def test_in_a_flow_as_soon_as_possible_and_where_no_time_may_be_chosen() -> None:
    support, plain = queue(), queue(callback_choose_time=False)
    for of, more in ((support, {"decided": True, "at": ""}), (plain, {})):
        clerk = in_flow()
        clerk.wish("note_callback", wanted=wanted(of, **more))
        assert clerk.heard == [CallbackNoted(True)]
    assert list(Callback.objects.values_list("state", flat=True)) == ["due", "due"]


def test_in_a_flow_a_number_that_cannot_be_called_is_refused_before_anything_is_chosen() -> None:
    support = queue()
    clerk = in_flow()
    clerk.wish("note_callback", wanted=wanted(support, number="+41446681800"))
    assert clerk.heard == [CallbackNoted(False)]


def test_only_queues_that_offer_it_say_that_a_time_may_be_chosen() -> None:
    offered = sounds.profile(sounds.of(queue(callback_offer="announced").pk), "p").callback
    plain = sounds.profile(sounds.of(queue(callback_offer="announced", callback_choose_time=False).pk), "p").callback
    assert offered
    assert plain
    assert [Path(path).exists() for path in offered.when] == [True, True]
    assert (plain.when, plain.invalid) == ((), ())


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_line_offers_a_callback_in_its_own_language(language: str) -> None:
    support = queue(language=language, callback_key="*", callback_offer="announced")
    terms = sounds.profile(sounds.of(support.pk), "caller").callback
    assert terms
    said = {
        terms.offer: ("callback-to-keep-place", "press-star"),
        terms.menu: ("callback-number", "callback-wait-on"),
        terms.enter: ("callback-enter",),
        terms.sorry: ("callback-refused",),
        sounds.promise(language): ("callback-place-kept",),
    }
    for heard, slugs in said.items():
        assert heard == tuple(spoken(getattr(PROMPTS[slug], language), language) for slug in slugs)
    read_back = sounds.read_back("+4930", language)
    assert read_back[0] == spoken(getattr(PROMPTS["callback-at"], language), language)
    assert read_back[-1] == spoken(getattr(PROMPTS["callback-wait-on"], language), language)
