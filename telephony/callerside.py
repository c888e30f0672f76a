"""What the caller hears before an agent collected: ringing, music, announcements. No Django, no SIP."""

from __future__ import annotations

import contextlib

from .ports import CALLER, LegId, Phone
from .records import QueueProfile


class CallerSide:
    """What we have told the caller's phone so far."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.profile: QueueProfile | None = None
        self.answering = False
        """Our 200 went out; it may not be acknowledged yet."""
        self.audible = False
        """The caller hears us: our SDP went out with 183, or our 200 was acknowledged."""
        self._rings = False
        self._prompts: tuple[str, ...] = ()

    def welcome(self) -> None:
        """Let the caller hear what the queue's answer mode says. Saying it again changes nothing."""
        mode = self.profile.answer_mode if self.profile else "ringback"
        if mode == "answer":
            self.answer()
        elif mode == "early-media":
            self.open_early_media()
        else:
            self.ring()

    def ring(self) -> None:
        """The phone makes the ringing tone itself."""
        if not (self._rings or self.answering or self.audible):
            self._rings = True
            self.phone.progress(CALLER, early_media=False)

    def answer(self) -> None:
        if not self.answering:
            self.answering = True
            self.phone.answer(CALLER)

    def open_early_media(self) -> None:
        if not (self.audible or self.answering):
            self.phone.progress(CALLER, early_media=True)
            self.audible = True
            self._catch_up()

    def acknowledged(self) -> bool:
        """Our 200 was acknowledged. True if the caller could not hear us before."""
        fresh, self.audible = not self.audible, True
        return fresh

    def wait_with_music(self) -> None:
        """Music, and what could not be said before the caller heard us."""
        if self.audible:
            self.play_music(CALLER)
        self._catch_up()

    def play_music(self, leg: LegId) -> None:
        """Of the queue; a file that cannot be played must not cost the call."""
        if self.profile:
            with contextlib.suppress(OSError):
                self.phone.play_music(leg, self.profile.music)

    def say(self, prompts: tuple[str, ...]) -> None:
        """Say it now, or as soon as the caller hears us; never to one who is not being answered."""
        if self.answering or self.audible:
            self._prompts = prompts
            self._catch_up()

    def hush(self) -> None:
        """Stop what is being said; the music goes on."""
        self._prompts = ()
        if self.audible:
            self.phone.stop_playing(CALLER)
            self.play_music(CALLER)

    def say_unanswered(self, prompts: tuple[str, ...]) -> None:
        """Last words. Before an answer they go out as early media: nobody is billed for a refusal."""
        self._prompts = prompts
        self.open_early_media()
        self._catch_up()

    def _catch_up(self) -> None:
        if self.audible and self._prompts:
            prompts, self._prompts = self._prompts, ()
            with contextlib.suppress(OSError):
                self.phone.play_prompt(CALLER, list(prompts))
