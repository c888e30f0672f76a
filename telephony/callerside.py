"""What the caller hears before an agent answers: ringing, music, announcements. No Django, no SIP."""

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
        """To be said when the caller hears us, or when what is being said has ended."""
        self._speaks = False

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

    @property
    def silent(self) -> bool:
        """Nothing is being said, nor about to be."""
        return not (self._speaks or self._prompts)

    def say(self, prompts: tuple[str, ...]) -> None:
        """Say it when what is being said has ended, and as soon as the caller hears us; never to one who is not being answered."""
        if self.answering or self.audible:
            self._prompts += prompts
            self._catch_up()

    def cut(self) -> None:
        """Stop what is being said this instant; the music goes on."""
        self.hush()
        if self.audible:
            self.phone.stop_playing(CALLER)
            self.play_music(CALLER)

    def say_at_once(self, prompts: tuple[str, ...]) -> None:
        """Whatever else was being said, or was to be."""
        self.hush()
        self.say(prompts)

    def say_unanswered(self, prompts: tuple[str, ...]) -> None:
        """Last words. Before an answer they go out as early media: nobody is billed for a refusal."""
        self.hush()
        self._prompts = prompts
        self.open_early_media()
        self._catch_up()

    def hush(self) -> None:
        """Nothing more of what was being said; the next thing that is played cuts it off."""
        self._prompts, self._speaks = (), False

    def said(self) -> None:
        """What was being said has ended."""
        self._speaks = False
        self._catch_up()

    def _catch_up(self) -> None:
        if self.audible and self._prompts and not self._speaks:
            prompts, self._prompts = self._prompts, ()
            with contextlib.suppress(OSError):
                self.phone.play_prompt(CALLER, list(prompts))
                self._speaks = True
