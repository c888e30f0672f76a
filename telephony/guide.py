"""Leads a caller through a flow: plays what it says, takes the keys, asks the records what it wants to know. No Django, no SIP.

Like the rest of the conversation it never waits: it is told what happened and when, and names its next deadline.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from ivr.flow import document
from ivr.flow.complaints import FlowError
from ivr.flow.interpreter import walk
from ivr.flow.steps import secrets_of
from ivr.flow.story import Story
from ivr.flow.words import Answer, Ask, Entered, Gather, Hand, Left, Say, Sound, Typed

from .ports import CALLER, Phone
from .records import Desk, FlowRunEnded, FlowStart, FlowVisited

ANSWER_SECONDS = 5.0
"""A question that the records have not answered by then (the database is away) is answered with nothing: the flow goes on."""
ASKED_ELSEWHERE = ("voicemail", "callback")
"""Hands that the records must agree to: while they are away the caller is not kept in silence, but goes on by "failed"."""
LONGEST_TYPE_AHEAD = 40


class Guide:
    """
    :param handed: called with what the flow hands the caller to; it may answer with `resume` if the caller comes back.
    """

    def __init__(self, phone: Phone, desk: Desk, handed: Callable[[Hand], None]) -> None:
        self.phone = phone
        self.desk = desk
        self.handed = handed
        self.now = 0.0
        self.start: FlowStart | None = None
        self.story: Story | None = None
        self.word: Say | Gather | Ask | Hand | None = None
        """What we wait for an answer to."""
        self.deadline: float | None = None
        self.typed = ""
        self.ahead = ""
        """Keys that came before they were asked for."""
        self.playing = ""
        """The last file of what is being said; empty: all was heard."""
        self._words: Any = None
        self._asked = 0
        self._visits = 0
        self._visit: FlowVisited | None = None
        self._speaks: tuple[Say | Gather, tuple[Sound, ...]] | None = None
        """A word whose texts with values in them are being spoken into files."""
        self._led_to: Hand | None = None
        self._answers: list[Answer] = []

    @property
    def leads(self) -> bool:
        return self._words is not None

    # ---- begin and end ------------------------------------------------------------------------------------------
    def begin(self, start: FlowStart, now: float, *, after: Story | None = None) -> None:
        """The caller hears us: take the first step.

        :param after: the story of the flow that led into this one.
        """
        self.now, self.start = now, start
        self._visits, self._visit, self._led_to = 0, None, None
        self.story = _story(start)
        if after:
            self.story.bring(after)
        self._words = walk(self.story)
        self._go_on(None)

    def resume(self, answer: str, now: float) -> None:
        """The caller is back from what the flow handed over to: go on by this exit."""
        self.now = now
        if self.leads and isinstance(self.word, Hand):
            self._led_to = None
            self._go_on(answer)

    def end(self, now: float, *, hung_up: bool) -> None:
        """The caller is out of the flow; write how that was."""
        self.now = now
        if not self.leads:
            return
        self._leave_step("" if hung_up and not self._led_to else "handed")
        self._end_run(hung_up)
        self._words = self.word = self.deadline = self._speaks = None
        self._answers.clear()
        self.playing = self.typed = self.ahead = ""

    def variables(self) -> dict[str, Any]:
        """What the flow has set, without what must not be written."""
        if self.story is None:
            return {}
        secrets = secrets_of(self.story.flow.steps.values())
        return {name: value for name, value in self.story.variables.items() if name not in secrets}

    def _end_run(self, hung_up: bool) -> None:
        assert self.start
        assert self.story
        handed = self._led_to
        outcome = "abandoned" if hung_up and handed is None else "fallback" if handed and handed.data.get("fallback") else "completed"
        target = str(next((handed.data[name] for name in ("queue", "box", "flow") if name in handed.data), "")) if handed else ""
        ended = FlowRunEnded(
            outcome,
            handed.to if handed else "",
            target,
            self._visit.step if self._visit else "",
            self.story.language,
            self.variables(),
            self.now,
        )
        self.desk.flow_ended(ended)

    # ---- what happens -------------------------------------------------------------------------------------------
    def digit(self, digit: str, now: float) -> None:
        self.now = now
        if not self.leads:
            return
        word = self.word
        if isinstance(word, Gather) and (word.barge_in or not self.playing):
            self._hush()
            self._take(word, digit)
        elif isinstance(word, Say) and not word.barge_in:
            return  # it is to be heard to its end, and what is typed into it is meant for nothing
        else:
            self.ahead = (self.ahead + digit)[-LONGEST_TYPE_AHEAD:]
            if isinstance(word, Say) and self.playing:
                self._hush()
                self._go_on(None)

    def prompt_ended(self, path: str, now: float) -> None:
        self.now = now
        if not self.leads or not self.playing or path != self.playing:
            return
        self.playing = ""
        self._heard_out()

    def told(self, number: int, answer: Any, now: float) -> None:
        """The records answered question `number`; one that is late is nobody's answer any more."""
        self.now = now
        if not self.leads or number != self._asked or self.deadline is None:
            return
        if self._speaks:
            self._play(self._speaks[0], self._speaks[1], answer or {})
        elif isinstance(self.word, Ask):
            self.deadline = None
            self._go_on(answer if isinstance(answer, dict) else None)
        elif isinstance(self.word, Hand):
            self._hand_told(answer)

    def tick(self, now: float) -> None:
        """The time that was named is over."""
        self.now = now
        if self.deadline is None or now < self.deadline or not self.leads:
            return
        self.deadline = None
        if self._speaks:
            self._play(self._speaks[0], self._speaks[1], {})
        elif isinstance(self.word, Gather):
            self._complete(ended=False)
        elif isinstance(self.word, Ask):
            self._go_on(None)
        elif isinstance(self.word, Hand):
            self._hand_told(None)

    # ---- words and answers ----------------------------------------------------------------------------------------
    def _go_on(self, answer: Answer) -> None:
        """Answer, and take word after word until one has to wait. Not by recursion: a flow may have hundreds of steps that say nothing."""
        self._answers.append(answer)
        if len(self._answers) == 1:
            while self._answers and self.leads:
                self._next_word(self._answers[0])
                del self._answers[:1]  # none, if the flow ended meanwhile

    def _next_word(self, answer: Answer) -> None:
        word = self._words.send(answer)
        while isinstance(word, Entered | Left):
            self._note(word)
            word = self._words.send(None)
        self.word, self.deadline, self.typed = word, None, ""
        self._begin(word)

    def _note(self, word: Entered | Left) -> None:
        if isinstance(word, Entered):
            self._visits += 1
            self._visit = FlowVisited(self._visits, word.step, word.kind, self.now)
        else:
            self._leave_step(word.exit, word.note)

    def _begin(self, word: Say | Gather | Ask | Hand) -> None:
        if isinstance(word, Gather) and word.barge_in and self.ahead:
            self._take_ahead(word)
        elif isinstance(word, Say | Gather):
            self._voice(word)
        elif isinstance(word, Ask):
            self._ask(word.what, word.data, _patience(word))
            self._play_meanwhile(word)
        else:
            self._hand_over(word)

    def _take_ahead(self, gather: Gather) -> None:
        """Who knows the way has typed already: nothing needs to be said. What is more than enough is for the next question."""
        while self.ahead:
            digit, self.ahead = self.ahead[0], self.ahead[1:]
            if self._take(gather, digit):
                return

    def _take(self, gather: Gather, digit: str) -> bool:
        """One more key; True if the input is complete."""
        if digit != gather.terminator:
            self.typed += digit
            if len(self.typed) < gather.most:
                self.deadline = self.now + gather.between_seconds
                return False
        self._complete(ended=True)
        return True

    def _complete(self, *, ended: bool) -> None:
        typed, self.typed, self.deadline = self.typed, "", None
        self._go_on(Typed(typed, ended))

    def _ask(self, what: str, data: dict[str, Any], seconds: float) -> None:
        self._asked += 1
        self.deadline = self.now + seconds
        self.desk.ask(self._asked, what, data)

    def _hand_over(self, hand: Hand) -> None:
        self._led_to = hand
        if hand.to in ("flow", "external"):
            self._ask(hand.to, hand.data, ANSWER_SECONDS)
        else:
            # Set before: a hand that is taken at once ends the walk, and with it the deadline.
            self.deadline = self.now + ANSWER_SECONDS if hand.to in ASKED_ELSEWHERE else None
            self.handed(hand)

    def awaits(self, to: str) -> bool:
        """Whether the flow still waits for what it handed the caller to; an answer that comes too late finds it elsewhere."""
        return self.leads and isinstance(self.word, Hand) and self.word.to == to and self.deadline is not None

    def taken(self) -> None:
        """Somebody has the caller: there is no hurry any more."""
        self.deadline = None

    def asked_again(self, now: float) -> None:
        """The records must agree once more."""
        self.deadline = now + ANSWER_SECONDS

    def _hand_told(self, answer: Any) -> None:
        assert isinstance(self.word, Hand)
        self.deadline = None
        if self.word.to == "flow":
            self._change_flow(answer)
        elif isinstance(answer, dict) and answer.get("uri"):
            self.handed(Hand("outside", {**answer, "ring_seconds": self.word.data["ring_seconds"]}))
        else:
            self._led_to = None
            self._go_on("failed")

    def _change_flow(self, answer: Any) -> None:
        """Into another flow, with all that was found out; to the fallback queue if there is no such flow (any more)."""
        assert self.story
        after = self.story
        start = FlowStart(**answer) if isinstance(answer, dict) and answer.get("document") else None
        if start is None:
            self._led_to = Hand("queue", {"queue": after.flow.fallback_queue, "priority": after.priority, "skills": {}, "fallback": True})
            self.word, self.deadline = self._led_to, None
            self.handed(self._led_to)
            return
        self._leave_step("handed")
        self._end_run(hung_up=False)
        self.desk.flow_begun(start.version, self.now)
        self.begin(start, self.now, after=after)

    # ---- what is heard --------------------------------------------------------------------------------------------
    def _voice(self, word: Say | Gather) -> None:
        """Say it; texts with values of this call in them are spoken first."""
        fresh = [sound for sound in word.sounds if sound.filled]
        if fresh:
            self._speaks = (word, word.sounds)
            self._ask("speak", {"texts": [[sound.text, sound.language] for sound in fresh]}, ANSWER_SECONDS)
        else:
            self._play(word, word.sounds, {})

    def _play(self, word: Say | Gather, sounds: tuple[Sound, ...], spoken: dict[str, Any]) -> None:
        assert self.start
        self._speaks, self.deadline = None, None
        known = {**self.start.sounds, **{key: tuple(paths) for key, paths in spoken.items()}}
        paths = [path for sound in sounds for path in known.get(sound.key, ())]
        self.playing = paths[-1] if paths and self._started(paths) else ""
        if not self.playing:
            self._heard_out()

    def _started(self, paths: list[str]) -> bool:
        """A file that cannot be played must not cost the call: the flow goes on as if it had been heard."""
        with contextlib.suppress(OSError):
            self.phone.play_prompt(CALLER, paths)
            return True
        return False

    def _heard_out(self) -> None:
        if isinstance(self.word, Gather):
            self.deadline = self.deadline or self.now + (self.word.between_seconds if self.typed else self.word.first_seconds)
        elif isinstance(self.word, Say):
            self._go_on(None)

    def _hush(self) -> None:
        if self.playing:
            self.playing = ""
            self.phone.stop_playing(CALLER)

    def _play_meanwhile(self, ask: Ask) -> None:
        assert self.start
        paths = [path for key in ask.data.get("meanwhile", ()) for path in self.start.sounds.get(key, ())]
        if paths:
            self._started(paths)

    # ---- the path ---------------------------------------------------------------------------------------------------
    def _leave_step(self, exit_name: str, note: str = "") -> None:
        visit = self._visit
        if visit and visit.left is None:
            visit.exit, visit.note, visit.left = exit_name, note, self.now
            self.desk.flow_visited(visit)


def _story(start: FlowStart) -> Story:
    """A document that this version of the program cannot read any more leads to its fallback queue at the first step."""
    try:
        flow = document.read(start.document)
    except FlowError:
        flow = document.Flow("", "", fallback_queue=str(start.document.get("fallback_queue", "")))
    zone = ZoneInfo(flow.timezone)
    return Story(flow, start.caller, start.dialled, clock=lambda: datetime.now(zone), draw=random.random)


def _patience(ask: Ask) -> float:
    """A web service has its own times; everything else is asked of the records."""
    if ask.what != "web":
        return ANSWER_SECONDS
    return float(ask.data["timeout"]) * (int(ask.data["retries"]) + 1) + 1.0
