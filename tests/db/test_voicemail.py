"""Voicemail in rows and files: nothing is kept twice or lost, and what becomes of a message is along its table."""

from __future__ import annotations

import os
import stat
import wave
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from callcenter.core import events
from callcenter.core.stateful import IllegalTransition
from ivr import speech
from ivr.models import Number, Prompt
from ivr.prompts import services as prompt_services
from queues import metrics, readback, services, tasks
from queues.hours_preview import way_of_a_call
from queues.models import Queue, Segment, VoicemailBox, VoicemailMessage
from queues.refusals import SoundErased
from queues.states import CallOutcome, SegmentOutcome
from queues.voicemail import files
from telephony import boxes, spool
from telephony.ports import CallerArrived
from telephony.records import BoxOpened, Farewell, Recording
from telephony.services import recordings

from . import cast
from .mailbox import NODE, Clerk, box, message, overflowed, queue_with_box, recorded

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("voicemail_folder")]


# ---- the way there ------------------------------------------------------------------------------------------------------
def test_the_way_out_opens_the_box_with_what_its_callers_hear() -> None:
    queue, made = queue_with_box(greeting="", review=False, max_seconds=30)
    clerk = Clerk(overflowed(queue))
    clerk.wish("farewell")
    [opened] = clerk.heard
    assert isinstance(opened, BoxOpened)
    profile = opened.box
    assert profile
    assert (profile.box, profile.max_seconds, profile.silence_seconds, profile.min_seconds) == (made.pk, 30, 5, 1)
    assert (profile.greeting, profile.choices) == ((), ())
    assert profile.recordings == str(spool.folder(NODE) / f"{clerk.process}-b{made.pk}")
    for path in (profile.tone, *profile.thanks, *profile.too_short, *profile.failed):
        with wave.open(path) as sound:
            assert sound.getframerate() == 8000


def test_a_greeting_that_cannot_be_spoken_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    made = box(greeting="Hello.")

    def no_room(*_: Any, **__: Any) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ivr.speech.spoken", no_room)
    profile = boxes.profile(made, "x")
    assert (profile.greeting, profile.thanks, profile.choices) == ((), (), ())
    assert Path(profile.tone).exists()


AROUND = (boxes.CHOICES, boxes.CHOICES_OF_A_PROMPT, boxes.TOO_SHORT, boxes.THANKS, boxes.GOODBYE, boxes.FAILED)


def test_what_is_said_around_a_message_are_prompts_of_the_product_in_four_languages() -> None:
    slugs = {slug for group in AROUND for slug in group}
    languages = {slug: set(Prompt.objects.get(slug=slug, system=True).recordings.values_list("language", flat=True)) for slug in slugs}
    assert languages == {slug: {"en", "de"} if slug == "record-review" else {"en", "de", "fr", "es"} for slug in slugs}


def test_what_a_manager_recorded_is_heard_in_boxes_too() -> None:
    made = box(greeting="", language="de-AT")
    heard = boxes.profile(made, "x").thanks
    prompt = Prompt.objects.get(slug="message-saved")
    prompt_services.speak(prompt.pk, "de", "Ist notiert.", actor="user:1")
    assert boxes.profile(made, "x").thanks == (str(speech.spoken("Ist notiert.", "de")), heard[1])
    prompt_services.speak(prompt.pk, "de-AT", "Passt.", actor="user:1")
    assert boxes.profile(made, "x").thanks[0] == str(speech.spoken("Passt.", "de-AT"))


def test_a_language_without_words_of_its_own_hears_the_default_one() -> None:
    english = boxes.profile(box(greeting="", language="en"), "x")
    for language, same in (("pt", True), ("fr", False), ("es-MX", False)):
        assert (boxes.profile(box(greeting="", language=language), "x").choices == english.choices) is same


def test_a_queue_that_lets_nobody_in_opens_its_box_at_once() -> None:
    queue, _ = queue_with_box(greeting="")
    Queue.objects.filter(pk=queue.pk).update(active=False)
    Number.objects.create(number="support", queue=queue, public=True)
    call = cast.arrive()
    clerk = Clerk(call)
    clerk.wish("arrive", caller=CallerArrived("c", "100", "", "support", "public"))
    assert isinstance(clerk.heard[0], BoxOpened)
    services.hang_up(call.pk, by="caller")


def test_the_last_queue_of_the_chain_names_the_box() -> None:
    last, made = queue_with_box()
    Queue.objects.filter(pk=last.pk).update(active=False)
    first = cast.queue(max_wait=50, next_queue=last)
    assert services.box_of_way_out(overflowed(first).pk) == made


def test_who_dialled_an_extension_gets_the_box_of_that_agent_if_there_is_one() -> None:
    queue, house = queue_with_box()
    alice, bob = cast.agent("alice", state="offline"), cast.agent("bob", state="offline")
    own = box(agent=alice)
    found = []
    for wanted in (alice, bob):
        call = cast.enqueue(queue, wanted_agent_id=wanted.pk)
        type(call).objects.filter(pk=call.pk).update(dialled=wanted.extension)
        cast.age(call, 100)
        services.sweep("test")
        found.append(services.box_of_way_out(call.pk))
        services.hang_up(call.pk, by="caller")
    assert found == [own, house]


def test_a_flow_opens_a_box_by_its_stable_name() -> None:
    call = cast.arrive()
    clerk = Clerk(call)
    made = box(greeting="")
    clerk.wish("open_box", box=made.slug)
    VoicemailBox.objects.update(active=False)
    clerk.wish("open_box", box=made.slug)
    opened, closed = clerk.heard
    assert isinstance(opened, BoxOpened)
    assert opened.box
    assert opened.box.box == made.pk
    assert closed == BoxOpened(None)
    services.hang_up(call.pk, by="caller")


def test_of_a_box_that_is_off_the_message_of_the_way_out_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.sounds.say", lambda text, _: (text,))
    queue, _ = queue_with_box(active=False)
    queue.ways_out.update(message="No messages now.")
    clerk = Clerk(overflowed(queue))
    clerk.wish("farewell")
    assert clerk.heard == [Farewell(("No messages now.",), "fallback")]


def test_words_for_hanging_up_are_not_said_before_the_greeting_of_a_box(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("telephony.sounds.say", lambda text, _: (text,))
    monkeypatch.setattr("telephony.prompts.heard", lambda text, _: (text,) if text else ())
    queue, _ = queue_with_box(greeting="Speak.")
    shut = cast.schedule(days=())
    Queue.objects.filter(pk=queue.pk).update(schedule=shut, closed_message="We are closed. Good-bye.")
    Number.objects.create(number="support", queue=queue, public=True)
    heard: list[Any] = []
    for active in (True, False):
        VoicemailBox.objects.update(active=active)
        call = cast.arrive()
        clerk = Clerk(call)
        clerk.wish("arrive", caller=CallerArrived("c", "100", "", "support", "public"))
        heard += clerk.heard
        services.hang_up(call.pk, by="caller")
    opened, closed = heard
    assert opened.box.greeting == ("Speak.",)
    assert closed == Farewell(("We are closed. Good-bye.",), "closed")


def test_a_way_out_to_voicemail_needs_a_box_that_takes_messages() -> None:
    way = cast.way_out(cast.queue(), kind="voicemail", target="")
    off = box(active=False)
    for target, complaint in (("", "Choose the box"), ("nowhere", "no voicemail box"), (off.slug, "takes no messages")):
        way.target = target
        with pytest.raises(ValidationError, match=complaint):
            way.full_clean()
    VoicemailBox.objects.update(active=True)
    way.full_clean()


def test_a_way_out_to_voicemail_is_read_back_with_the_name_of_the_box() -> None:
    queue, made = queue_with_box(name="Front desk", slug="front")
    assert readback.sentences(queue) == ["Otherwise: to the voicemail box “Front desk”"]
    assert readback.short(queue) == "to voicemail: front"
    VoicemailBox.objects.update(active=False)
    assert "which is off: message and hang up" in readback.sentences(queue)[0]
    made.delete()
    assert "there is no box “front”" in readback.sentences(queue)[0]


def test_the_preview_of_opening_hours_leads_to_the_box() -> None:
    queue, _ = queue_with_box(name="Front desk", greeting="Speak.")
    queue.schedule = cast.schedule(days=())
    queue.closed_message = "Closed."
    queue.save()
    [step] = way_of_a_call(queue, timezone.now())
    assert (step.lets_in, step.hears) == (False, "Speak.")
    assert "“Front desk”" in step.then
    VoicemailBox.objects.update(active=False)
    [step] = way_of_a_call(queue, timezone.now())
    assert (step.hears, step.then) == ("Closed.", "Say the message and hang up.")


# ---- a message is left ------------------------------------------------------------------------------------------------
def test_a_message_makes_the_stay_and_the_call_a_voicemail_and_the_figures_add_up() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    clerk = Clerk(call)
    path = recorded(f"{call.process}-b{made.pk}-1.wav", 9)
    clerk.wish("keep_message", recording=Recording(made.pk, path.name, 4.5, "silence"))
    services.hang_up(call.pk, by="system", reason="voicemail")
    call.refresh_from_db()
    assert (call.outcome, call.segments.get().outcome) == (CallOutcome.VOICEMAIL, SegmentOutcome.VOICEMAIL)
    figures = metrics.queue_figures(queue)
    assert (figures.offered, figures.voicemail, figures.overflow) == (1, 1, 0)
    assert metrics.broken_identities() == []
    stored = made.messages.get()
    assert (stored.call, stored.seconds, stored.ended_by, stored.caller_number, stored.partial) == (call, 4.5, "silence", "100", False)
    with wave.open(str(files.path_of(stored))) as sound:
        assert sound.getnframes() == 36_000  # the silence at the end is cut off
    assert not path.exists()
    assert stat.S_IMODE(files.path_of(stored).stat().st_mode) == 0o600
    assert [entry.data["box"] for entry in events.about("voicemail", stored.pk)] == [made.pk]


def test_a_message_that_is_stored_after_the_end_of_the_call_counts_as_well() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    services.hang_up(call.pk, by="caller", reason="hung up")
    Clerk(call).wish("keep_message", recording=Recording(made.pk, recorded(f"{call.process}-b{made.pk}-1.wav").name, 4, "caller"))
    call.refresh_from_db()
    assert (call.outcome, call.segments.get().outcome) == (CallOutcome.VOICEMAIL, SegmentOutcome.VOICEMAIL)


def test_who_is_led_to_the_box_and_says_nothing_overflowed() -> None:
    queue, _ = queue_with_box()
    call = overflowed(queue)
    services.hang_up(call.pk, by="caller", reason="hung up")
    call.refresh_from_db()
    assert (call.outcome, call.segments.get().outcome) == (CallOutcome.OVERFLOWED, SegmentOutcome.OVERFLOW)


def test_only_the_last_stay_of_a_chain_is_the_voicemail() -> None:
    last, made = queue_with_box()
    first = cast.queue(max_wait=50, next_queue=last, keeps_place=False)
    call = cast.enqueue(first)
    for _ in range(2):
        cast.age(call, 100)
        services.sweep("test")
    services.keep_message("x", box_id=made.pk, call_id=call.pk, seconds=3, ended_by="caller")
    assert [stay.outcome for stay in Segment.objects.filter(call=call)] == [SegmentOutcome.OVERFLOW, SegmentOutcome.VOICEMAIL]
    services.hang_up(call.pk, by="caller")


def test_asked_again_it_is_the_same_message() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    recording = Recording(made.pk, recorded(f"{call.process}-b{made.pk}-1.wav").name, 4, "caller")
    for again in (False, True, True):
        Clerk(call).wish("keep_message", again=again, recording=recording)
    assert made.messages.count() == 1
    assert files.path_of(made.messages.get()).exists()
    assert len(events.about("call", call.pk).filter(type="call.message_left")) == 1
    services.hang_up(call.pk, by="caller")


def test_a_clerk_that_dies_between_the_row_and_the_file_leaves_both_to_the_next() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    path = recorded(f"{call.process}-b{made.pk}-1.wav")
    services.keep_message(f"{NODE}/{path.name}", box_id=made.pk, call_id=call.pk, seconds=4, ended_by="caller")
    Clerk(call).wish("keep_message", again=True, recording=Recording(made.pk, path.name, 4, "caller"))
    assert files.path_of(made.messages.get()).exists()
    assert not path.exists()
    services.hang_up(call.pk, by="caller")


@pytest.mark.parametrize("name", ["../../secret_key", "other-b1-1.wav", "p-b1-1.wav/../x", "p1.wav"])
def test_a_process_may_name_no_file_but_its_own(name: str) -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    with pytest.raises(ValueError, match="no recording of this process"):
        Clerk(call).wish("keep_message", recording=Recording(made.pk, name, 4, "caller"))
    with pytest.raises(ValueError, match="no recording of this process"):
        Clerk(call).wish("drop_message", recorded=name)
    services.hang_up(call.pk, by="caller")


@pytest.mark.parametrize("trick", ["symlink", "hard link", "folder", "fifo", "nothing in it"])
def test_what_is_no_plain_recording_is_not_taken(voicemail_folder: Path, trick: str) -> None:
    """A call process that strangers have taken over must not make a message of other files."""
    queue, made = queue_with_box()
    call = overflowed(queue)
    secret = voicemail_folder / "secret_key"
    secret.write_text("s" * 100)
    path = spool.folder(NODE) / f"{call.process}-b{made.pk}-1.wav"
    tricks: dict[str, Any] = {
        "symlink": lambda: path.symlink_to(secret), "hard link": lambda: os.link(secret, path), "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path), "nothing in it": lambda: path.write_bytes(b"RIFF"),
    }  # fmt: skip
    tricks[trick]()
    with pytest.raises(files.NoRecording):
        Clerk(call).wish("keep_message", recording=Recording(made.pk, path.name, 4, "caller"))
    assert not made.messages.exists()
    assert secret.read_text() == "s" * 100
    services.hang_up(call.pk, by="caller")


# ---- what a dead process left behind -----------------------------------------------------------------------------------
def quiet(path: Path, seconds: float = 10) -> Path:
    then = path.stat().st_mtime - seconds
    os.utime(path, (then, then))
    return path


def test_the_recording_of_a_dead_process_becomes_a_partial_message() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    path = quiet(recorded(f"{call.process}-b{made.pk}-1.wav", 6, header=False))
    assert recordings.recover(NODE, alive={call.process}) == 0
    services.process_lost(NODE, call.process)
    assert recordings.recover(NODE, alive=set()) == 1
    assert recordings.recover(NODE, alive=set()) == 0
    stored = made.messages.get()
    assert (stored.partial, stored.ended_by, stored.seconds, stored.call) == (True, "failure", 6, call)
    with wave.open(str(files.path_of(stored))) as sound:
        assert sound.getnframes() == 48_000
    assert not path.exists()
    call.refresh_from_db()
    assert (call.outcome, call.segments.get().outcome) == (CallOutcome.LOST, SegmentOutcome.VOICEMAIL)
    assert metrics.broken_identities() == []


def test_what_is_still_being_written_is_left_alone_and_what_is_too_short_is_thrown_away() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    path = recorded(f"{call.process}-b{made.pk}-1.wav", 0.5)
    assert recordings.recover(NODE, alive=set()) == 0
    assert path.exists()
    recordings.recover(NODE, alive=set()) or quiet(path)
    assert recordings.recover(NODE, alive=set()) == 0
    assert not path.exists()
    services.hang_up(call.pk, by="caller")


def test_a_recording_whose_call_was_never_written_is_kept_after_a_while() -> None:
    made = box()
    path = quiet(recorded(f"p-b{made.pk}-1.wav"))
    assert recordings.recover(NODE, alive=set()) == 0
    quiet(path, recordings.UNRECORDED_SECONDS)
    assert recordings.recover(NODE, alive=set()) == 1
    assert made.messages.get().call is None


def test_what_was_said_for_a_box_that_is_gone_is_put_aside(voicemail_folder: Path) -> None:
    call = cast.arrive()
    path = quiet(recorded(f"{call.process}-b999-1.wav"))
    assert recordings.recover(NODE, alive=set()) == 0
    assert path.with_suffix(".broken").exists()
    services.hang_up(call.pk, by="caller")


def test_a_clerk_that_dies_between_taking_and_naming_the_file_leaves_it_to_the_next() -> None:
    queue, made = queue_with_box()
    call = overflowed(queue)
    path = recorded(f"{call.process}-b{made.pk}-1.wav")
    stored = services.keep_message(f"{NODE}/{path.name}", box_id=made.pk, call_id=call.pk, seconds=4, ended_by="caller")
    there = files.path_of(stored)
    there.parent.mkdir(parents=True)
    path.rename(there.with_name(f".{there.name}"))
    Clerk(call).wish("keep_message", again=True, recording=Recording(made.pk, path.name, 4, "caller"))
    assert there.exists()
    services.hang_up(call.pk, by="caller")


def test_what_cannot_be_kept_is_put_aside_and_does_not_stop_the_others(voicemail_folder: Path) -> None:
    made = box()
    call = cast.arrive()
    bad = spool.folder(NODE) / f"{call.process}-b{made.pk}-1.wav"
    bad.symlink_to(voicemail_folder / "prompts")
    os.utime(bad, (0, 0), follow_symlinks=False)
    quiet(recorded(f"{call.process}-b{made.pk}-2.wav"))
    assert recordings.recover(NODE, alive=set()) == 1
    assert bad.with_suffix(".broken").is_symlink()
    services.hang_up(call.pk, by="caller")


# ---- what becomes of it -------------------------------------------------------------------------------------------------
def test_the_first_who_hears_a_message_is_noted() -> None:
    stored = message(box())
    for actor in ("agent:1", "agent:2"):
        services.mark_heard(stored.pk, actor=actor)
    stored.refresh_from_db()
    assert (stored.state, stored.heard_by) == ("heard", "agent:1")
    services.mark_new(stored.pk, actor="agent:1")
    services.mark_heard(stored.pk, actor="agent:2")
    stored.refresh_from_db()
    assert stored.heard_by == "agent:1"


def test_what_was_deleted_can_be_taken_back_until_its_sound_is_erased() -> None:
    stored = message(box())
    services.delete_message(stored.pk, actor="agent:1")
    with pytest.raises(IllegalTransition):
        services.archive_message(stored.pk, actor="agent:1")
    services.restore_message(stored.pk, actor="agent:1")
    services.delete_message(stored.pk, actor="agent:1")
    services.erase_message(stored.pk, actor="system:retention")
    assert not files.path_of(stored).exists()
    with pytest.raises(SoundErased):
        services.restore_message(stored.pk, actor="agent:1")


def test_the_database_refuses_states_that_no_event_leads_to() -> None:
    stored = message(box())
    services.delete_message(stored.pk, actor="agent:1")
    with pytest.raises(IntegrityError, match="illegal transition"), transaction.atomic():
        VoicemailMessage.objects.filter(pk=stored.pk).update(state="archived")


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"age": 89}, True),
        ({"age": 91}, False),
        ({"age": 91, "retention": 0}, True),
        ({"age": 8, "deleted": 6}, True),
        ({"age": 8, "deleted": 8}, False),
    ],
)
def test_sound_is_kept_as_long_as_the_box_says_and_a_week_in_the_bin(fields: dict[str, int], kept: bool) -> None:
    now = timezone.now()
    stored = message(box(retention_days=fields.get("retention", 90)))
    before = files.path_of(stored)
    if "deleted" in fields:
        services.delete_message(stored.pk, actor="agent:1")
        VoicemailMessage.objects.filter(pk=stored.pk).update(state_since=now - timedelta(days=fields["deleted"]))
    left = now - timedelta(days=fields["age"])
    VoicemailMessage.objects.filter(pk=stored.pk).update(left_at=left)
    stored.refresh_from_db()
    there = files.path_of(stored)
    there.parent.mkdir(parents=True, exist_ok=True)
    if there != before:
        before.rename(there)
    assert tasks.erase_old_voicemail() == (0 if kept else 1)
    stored.refresh_from_db()
    assert there.exists() == kept
    assert (stored.erased_at is None) == kept
    if not kept:
        assert stored.state == "deleted"
        assert tasks.erase_old_voicemail() == 0


def test_the_node_makes_a_folder_that_others_walk_through_but_do_not_see(voicemail_folder: Path) -> None:
    folders = ("voicemail", "voicemail/incoming", f"voicemail/incoming/{NODE}")
    assert [stat.S_IMODE((voicemail_folder / path).stat().st_mode) for path in folders] == [0o711, 0o711, 0o700]


def test_a_message_that_a_flow_took_says_more_than_that_the_flow_said_good_bye() -> None:
    for late in (False, True):
        made, call = box(), cast.arrive()
        services.start_flow(call.pk, "menu")
        if late:
            services.hang_up(call.pk, by="system", reason="served by the flow")
        services.keep_message(f"x{late}", box_id=made.pk, call_id=call.pk, seconds=3, ended_by="caller")
        services.hang_up(call.pk, by="system", reason="served by the flow")
        call.refresh_from_db()
        assert call.outcome == CallOutcome.VOICEMAIL
