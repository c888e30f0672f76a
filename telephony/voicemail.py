"""The caller's visits to voicemail boxes in one call: at most one at a time. No Django, no SIP."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .callerside import CallerSide
from .message import MessageTaker
from .ports import Phone, RecordingEnded
from .records import BoxProfile, Desk


class Voicemail:
    """Passes on what happens to the visit that goes on. After it nothing of that means anything any more.

    :param done: called when everything is said at a box.
    """

    def __init__(self, phone: Phone, desk: Desk, side: CallerSide, done: Callable[[], None]) -> None:
        self.phone = phone
        self.desk = desk
        self.side = side
        self.done = done
        self._visit: MessageTaker | None = None
        self._visits = 0

    def begin(self, box: BoxProfile, now: float) -> None:
        """Lead the caller to the box. What was said until then, or was to be said, is over."""
        self.side.hush()
        self._visits += 1
        self._visit = MessageTaker(self.phone, self.desk, self.side, box, number=self._visits, done=self.done)
        self._visit.begin(now)

    @property
    def closing(self) -> bool:
        """The line is closed, the file of the recording not yet."""
        return bool(self._visit and self._visit.closing)

    def tick(self, now: float) -> None:
        if self._visit:
            self._visit.tick(now)

    def deadlines(self) -> Iterator[float]:
        if self._visit:
            yield from self._visit.deadlines()

    def audible(self, now: float) -> None:
        """The caller hears us."""
        if self._visit:
            self._visit.audible(now)

    def digit(self, digit: str, now: float) -> None:
        if self._visit:
            self._visit.digit(digit, now)

    def prompt_ended(self, prompt: str, now: float) -> None:
        if self._visit:
            self._visit.prompt_ended(prompt, now)

    def silence(self, now: float) -> None:
        if self._visit:
            self._visit.silence(now)

    def recording_ended(self, ended: RecordingEnded, now: float) -> None:
        """Also when the call is over: what was said is a message."""
        if self._visit:
            self._visit.recording_ended(ended, now)

    def caller_left(self, now: float) -> None:
        if self._visit:
            self._visit.caller_left(now)
