"""A caller leaves a message: greeting, tone, recording, review, good-bye. No Django, no SIP.

A message that was spoken is kept whatever happens then: the caller hangs up, says nothing more, or the line breaks.
Only who asks to record it again gives it up, and only when the new recording begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from .callerside import CallerSide
from .ports import CALLER, Phone, RecordingEnded
from .records import BoxProfile, Desk, Recording

PROMPT_SECONDS = 120.0
"""No greeting is longer; one that cannot be played to its end must not keep the line."""

CHOICE_SECONDS = 8.0
"""Who chooses nothing for so long has nothing against the message as it is."""

CLOSING_SECONDS = 2.0
"""A file is closed within a few turns of the bridge; one of which nothing is heard is taken as it is."""

MOST_TRIES = 3
"""Recordings in a row without a word; then we take leave."""

SOUND_KEPT = 0.5
"""Seconds of the silence that ended a message which stay in it, so that the last word does not end abruptly."""

CALLER_ENDED, SILENCE, LIMIT, FAILURE = "caller", "silence", "limit", "failure"


class Stage(Enum):
    ANSWERING = "answering"
    GREETING = "greeting"
    TONE = "tone"
    RECORDING = "recording"
    CLOSING = "closing"
    REVIEW = "review"
    HEARING = "hearing"
    LAST_WORDS = "last words"
    OVER = "over"


class MessageTaker:
    """
    :param number: of this visit to a box within the call; it tells the recordings apart.
    :param done: called when everything is said and the line may be closed.
    """

    def __init__(self, phone: Phone, desk: Desk, side: CallerSide, box: BoxProfile, *, number: int, done: Callable[[], None]) -> None:
        self.phone = phone
        self.desk = desk
        self.side = side
        self.box = box
        self.done = done
        self.path = f"{box.recordings}-{number}.wav"
        self.stage = Stage.ANSWERING
        self.since = 0.0
        self.length: float | None = None
        """Seconds of the message that there is to keep."""
        self.gone = False
        """The caller's line is closed."""
        self._ended_by = ""
        self._early_choice = ""
        """Pressed by who knows the choices, while the file was being closed."""
        self._tries = 0
        self._recorded = self._settled = self._told = False
        self._last_prompt = ""

    def begin(self, now: float) -> None:
        """Answer, if that was not done; what played before stops."""
        self._enter(Stage.ANSWERING, now)
        self.side.answer()
        self.phone.stop_playing(CALLER)
        if self.side.audible:
            self.audible(now)

    # ---- what happens -------------------------------------------------------------------------------------------
    def audible(self, now: float) -> None:
        """The caller hears us."""
        if self.stage is Stage.ANSWERING:
            self._say(Stage.GREETING, self.box.greeting, now)

    def prompt_ended(self, prompt: str, now: float) -> None:
        if prompt == self._last_prompt:
            self._said(now)

    def digit(self, digit: str, now: float) -> None:
        if self.stage is Stage.GREETING and digit == "#":
            self._say(Stage.TONE, (self.box.tone,), now)
        elif self.stage is Stage.RECORDING and digit == "#":
            self._stop(CALLER_ENDED, now)
        elif self.stage in (Stage.REVIEW, Stage.HEARING):
            self._choose(digit, now)
        elif self.stage is Stage.CLOSING and digit in "123":
            self._early_choice = digit

    def silence(self, now: float) -> None:
        if self.stage is Stage.RECORDING:
            self._stop(SILENCE, now)

    def recording_ended(self, ended: RecordingEnded, now: float) -> None:
        if self.stage not in (Stage.RECORDING, Stage.CLOSING) or ended.path != self.path:
            return
        if ended.failed:
            self._ended_by = FAILURE
        self._judge(ended.seconds, now)

    def caller_left(self, now: float) -> None:
        """The line is closed, by whomever. What was said is a message."""
        self.gone = True
        if self.stage is Stage.RECORDING:
            self._stop(CALLER_ENDED, now)
        elif self.stage is not Stage.CLOSING:
            self._settle(now)

    @property
    def closing(self) -> bool:
        """The line is closed, the file not yet."""
        return self.gone and self.stage is Stage.CLOSING

    # ---- time ---------------------------------------------------------------------------------------------------
    def tick(self, now: float) -> None:
        if self.since + self._patience() > now:
            return
        if self.stage is Stage.RECORDING:
            self._stop(LIMIT, now)
        elif self.stage is Stage.CLOSING:
            self._judge(self.box.max_seconds, now)
        elif self.stage is Stage.REVIEW:
            self._keep(now)
        else:
            self._said(now)

    def deadlines(self) -> Iterator[float]:
        if self.stage not in (Stage.ANSWERING, Stage.OVER):
            yield self.since + self._patience()

    def _patience(self) -> float:
        if self.stage in (Stage.ANSWERING, Stage.OVER):
            return float("inf")  # the stack gives up a 200 that nobody acknowledges
        if self.stage is Stage.REVIEW and not self._last_prompt:
            return CHOICE_SECONDS
        known = {Stage.RECORDING: self.box.max_seconds, Stage.CLOSING: CLOSING_SECONDS, Stage.HEARING: self.box.max_seconds + 1}
        return known.get(self.stage, PROMPT_SECONDS)

    # ---- one step after the other -------------------------------------------------------------------------------
    def _enter(self, stage: Stage, now: float) -> None:
        self.stage, self.since = stage, now

    def _say(self, stage: Stage, prompts: tuple[str, ...], now: float) -> None:
        """A prompt that cannot be played is left out: the caller must not be left in silence because of it."""
        self._enter(stage, now)
        self._last_prompt = prompts[-1] if prompts else ""
        try:
            if prompts:
                self.phone.play_prompt(CALLER, list(prompts))
        except OSError:
            self._last_prompt = ""
        if not self._last_prompt:
            self._said(now)

    def _said(self, now: float) -> None:
        """The prompt of this stage is over."""
        self._last_prompt = ""
        if self.stage is Stage.GREETING:
            self._say(Stage.TONE, (self.box.tone,), now)
        elif self.stage is Stage.TONE:
            self._record(now)
        elif self.stage is Stage.REVIEW:
            self.since = now  # from here on there is time to choose
        elif self.stage is Stage.HEARING:
            self._say(Stage.REVIEW, self.box.choices, now)
        elif self.stage is Stage.LAST_WORDS:
            self._enter(Stage.OVER, now)
            self.done()

    def _record(self, now: float) -> None:
        self.length, self._ended_by, self._early_choice = None, "", ""
        try:
            self.phone.record(CALLER, self.path, silence_seconds=self.box.silence_seconds)
        except OSError:
            self._say(Stage.LAST_WORDS, self.box.failed, now)
            return
        self._recorded = True
        self._enter(Stage.RECORDING, now)

    def _stop(self, ended_by: str, now: float) -> None:
        self._ended_by = ended_by
        self._enter(Stage.CLOSING, now)
        self.phone.stop_recording(CALLER)

    def _judge(self, seconds: float, now: float) -> None:
        """The file is closed: is it a message?"""
        spoken = max(0.0, seconds - max(0.0, self.box.silence_seconds - SOUND_KEPT)) if self._ended_by == SILENCE else seconds
        self.length = spoken if spoken >= self.box.min_seconds else None
        if self.gone:
            self._settle(now)
        elif self._ended_by == FAILURE:
            self._settle(now)
            self._say(Stage.LAST_WORDS, self.box.failed, now)
        elif self.length is None:
            self._nothing_said(now)
        elif self.box.choices:
            self._review(now)
        else:
            self._keep(now)

    def _review(self, now: float) -> None:
        choice, self._early_choice = self._early_choice, ""
        if choice:
            self._choose(choice, now)
        else:
            self._say(Stage.REVIEW, self.box.choices, now)

    def _nothing_said(self, now: float) -> None:
        self._tries += 1
        if self._tries < MOST_TRIES:
            self._say(Stage.GREETING, self.box.too_short, now)
            return
        self._settle(now)
        self._say(Stage.LAST_WORDS, self.box.goodbye, now)

    def _choose(self, digit: str, now: float) -> None:
        if digit == "1":
            self._say(Stage.HEARING, (self.path,), now)
        elif digit == "2":
            self._say(Stage.TONE, (self.box.tone,), now)
        elif digit in ("3", "#"):
            self._told = True
            self._keep(now)
        elif self.stage is Stage.REVIEW:
            self._say(Stage.REVIEW, self.box.choices, now)

    def _keep(self, now: float) -> None:
        self._settle(now)
        self._say(Stage.LAST_WORDS, self.box.thanks if self._wanted else self.box.goodbye, now)

    @property
    def _wanted(self) -> bool:
        return self._told or not self.box.only_if_told

    def _settle(self, now: float) -> None:
        """What becomes of the recording, said once."""
        if self.gone:
            self._enter(Stage.OVER, now)
        if self._settled or not self._recorded:
            return
        self._settled = True
        name = self.path.rpartition("/")[2]
        if self.length is None or not self._wanted:
            self.desk.drop_message(name)
        else:
            self.desk.keep_message(Recording(self.box.box, name, round(self.length, 2), self._ended_by))
