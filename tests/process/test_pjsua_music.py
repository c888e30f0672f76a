"""Music on hold of a call process: several pieces, and that it goes on where it was. Real SIP and RTP."""

# mypy: disable-error-code="union-attr, index, misc, arg-type"
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.sip.harness import tones
from tests.sip.harness.fleet import Fleet, Takes
from tests.until import until

from .subject import Subject

CALLER = 0


@pytest.fixture
def staircase(tmp_path: Path) -> str:
    """Music whose parts can be told apart: 300 Hz for a second and a half, then 700 Hz for long."""
    parts = [tones.tone(300, 1.5), tones.tone(700, 8.0)]
    return str(tones.write_wav(tmp_path / "staircase.wav", np.concatenate(parts)))


def test_music__several_pieces_follow_each_other_and_begin_again(subject: Subject, fleet: Fleet, sounds: dict[int, str]) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (sounds[300], sounds[700]))
    for hertz in (300, 700, 300, 700):
        until(lambda hertz=hertz: call.hears(hertz), what=f"the piece of {hertz} Hz")


def test_music__goes_on_after_a_prompt_where_it_was(subject: Subject, fleet: Fleet, sounds: dict[int, str], staircase: str) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (staircase,))
    until(lambda: call.hears(300, 0.8), what="most of the first part")
    subject.play_prompt(CALLER, [sounds[1200]])
    until(lambda: call.hears(1200), what="the prompt")
    call.stream.listening_for = 700
    ended = subject.fact("PromptEnded", prompt=sounds[1200])
    until(lambda: 700 in call.stream.heard_at, what="the second part")
    # What was left of the first part; from the beginning it would be a second and a half.
    assert call.stream.heard_at[700] - ended["at"] < 1.1


def test_music__asked_for_again_does_not_begin_again(subject: Subject, fleet: Fleet, staircase: str) -> None:
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (staircase,))
    until(lambda: call.hears(700), what="the second part")
    subject.play_music(CALLER, (staircase,))
    subject.bridge(CALLER, subject.dial_phone(fleet.phone("bob", tone=880, takes=Takes(answer_after=0.1))))
    leg = subject.fact("LegAnswered", codec="PCMA", leg=1)["leg"]
    until(lambda: call.hears(880), what="the agent")
    subject.unbridge(CALLER, leg)
    subject.play_music(CALLER, (staircase,))
    call.stream.listening_for = 300
    until(lambda: call.hears(700), what="the second part, as before the talk")
    assert 300 not in call.stream.heard_at


def test_music__a_piece_that_cannot_be_read_is_left_out(subject: Subject, fleet: Fleet, sounds: dict[int, str], tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_text("not a sound")
    call = fleet.phone("alice").call("support")
    subject.fact("CallerArrived")
    subject.answer(CALLER)
    subject.play_music(CALLER, (sounds[300], str(broken), sounds[700]))
    for hertz in (300, 700, 300):
        until(lambda hertz=hertz: call.hears(hertz), what=f"the piece of {hertz} Hz")
