"""What callers of a voicemail box hear, as WAV files: the box's greeting, and around it prompts that come with the product."""

from __future__ import annotations

from ivr.models import RecordingCode
from ivr.prompts import resolve
from ivr.prompts.system import BEEP
from queues.models import VoicemailBox

from . import prompts
from .records import BoxProfile

CHOICES = ("message-review",)
CHOICES_OF_A_PROMPT = ("record-review",)
TOO_SHORT = ("message-too-short", "record-after-tone")
THANKS = ("message-saved", "goodbye")
GOODBYE = ("goodbye",)
FAILED = ("recording-failed",)

STUDIO = 10**15
"""Boxes with numbers from here on are no boxes: the rest is the number of a recording code. So the name of a file tells also of
a prompt what it is, and what a dead process left behind is not taken for a message."""
STUDIO_SECONDS, STUDIO_SILENCE, STUDIO_LEAST = 300, 5, 0.5


def studio(code: RecordingCode, recordings: str) -> BoxProfile:
    """What is heard by who records a prompt by phone. The recording can be heard, kept or made again."""
    language = code.language
    return BoxProfile(
        box=STUDIO + code.pk,
        recordings=recordings,
        tone=_tone(language),
        max_seconds=STUDIO_SECONDS,
        silence_seconds=STUDIO_SILENCE,
        min_seconds=STUDIO_LEAST,
        greeting=_said(("record-after-tone",), language),
        choices=_said(CHOICES_OF_A_PROMPT, language),
        too_short=_said(TOO_SHORT, language),
        thanks=_said(("record-kept",), language),
        failed=_said(FAILED, language),
        only_if_told=True,
    )


def profile(box: VoicemailBox, recordings: str) -> BoxProfile:
    """What cannot be made (the disk is full, there is nothing to say in "...") is left out: the caller must not wait for it in vain.

    :param recordings: what the paths of the recordings begin with.
    """
    language = box.language
    return BoxProfile(
        box=box.pk,
        recordings=recordings,
        tone=_tone(language),
        max_seconds=box.max_seconds,
        silence_seconds=box.silence_seconds,
        min_seconds=box.min_seconds,
        greeting=(box.greeting_file.path,) if box.greeting_file else prompts.heard(box.greeting, language),
        choices=_said(CHOICES, language) if box.review else (),
        too_short=_said(TOO_SHORT, language),
        thanks=_said(THANKS, language),
        goodbye=_said(GOODBYE, language),
        failed=_said(FAILED, language),
    )


def _said(slugs: tuple[str, ...], language: str) -> tuple[str, ...]:
    return tuple(map(str, resolve([{"prompt": slug} for slug in slugs], language)))


def _tone(language: str) -> str:
    return next(iter(_said((BEEP,), language)), "")
