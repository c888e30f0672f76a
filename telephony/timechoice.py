"""“As soon as it is your turn, or at a time of your choice?” Then which: a few windows at once, one key each. No Django, no SIP.

The number is known by then, so nobody is stranded: who presses nothing, or nothing that makes sense, or hangs up meanwhile is
called back as soon as it is the own turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from .callerside import CallerSide
from .records import CallbackTimes

WORDS_SECONDS = 90.0
"""No menu is longer: if the end of one is never heard of, the time for a key runs all the same."""
KEY_SECONDS = 8.0
"""For a key, once everything is said."""
LOOK_SECONDS = 5.0
"""Records that have not said by then what is free are away, and choosing is over."""
TRIES = 3
"""Times without a key, or with a wrong one, until it is as soon as possible."""
SOON, CHOOSE, AGAIN, LATER, OTHER_DAY, BACK = "1", "2", "0", "8", "9", "*"


class Step(Enum):
    IDLE = "idle"
    WHEN = "when"
    LOOKING = "looking"
    TIMES = "times"
    ASKING = "asking"
    TELLING = "telling"


UNDECIDED = (Step.WHEN, Step.LOOKING, Step.TIMES)


class TimeChoice:
    """
    :param look: asks the records what is free from a moment on (as they named it; empty: from now on).
    :param chosen: takes the beginning of the window, or nothing for as soon as possible; what comes of it is told by `found` or
        `tell`, or the choice is forgotten.
    :param back: what star does at the first question; None: it is asked again.
    """

    def __init__(
        self, side: CallerSide, look: Callable[[str], None], chosen: Callable[[str], None], back: Callable[[], None] | None = None
    ) -> None:
        self.side = side
        self._look = look
        self._chosen = chosen
        self._back = back
        self.step = Step.IDLE
        self.deadline: float | None = None
        self.tries = 0
        self._when: tuple[str, ...] = ()
        self._invalid: tuple[str, ...] = ()
        self._times = CallbackTimes()
        self._picked = ""
        """The window that the records were asked for last."""
        self._last = ""
        """The end of what is being said."""
        self._said: Callable[[], None] = _nothing

    @property
    def listens(self) -> bool:
        """Keys are meant for it."""
        return self.step in (*UNDECIDED, Step.TELLING)

    @property
    def looks(self) -> bool:
        """The records are asked what is free."""
        return self.step is Step.LOOKING

    def begin(self, when: tuple[str, ...], invalid: tuple[str, ...], now: float) -> None:
        self.tries, self._when, self._invalid = 0, when, invalid
        self._ask(Step.WHEN, when, now)

    # ---- what the caller presses -----------------------------------------------------------------------------------
    def pressed(self, digit: str, now: float) -> None:
        if self.step is Step.WHEN:
            self._press_when(digit, now)
        elif self.step is Step.TIMES:
            self._press_times(digit, now)

    def _press_when(self, digit: str, now: float) -> None:
        if digit == SOON:
            self._choose("")
        elif digit == CHOOSE:
            self._look_from("", now)
        elif digit == AGAIN or (digit == BACK and self._back is None):
            self._ask(Step.WHEN, self._when, now)
        elif digit == BACK and self._back:
            self._back()
        else:
            self._missed(self._invalid, now)

    def _press_times(self, digit: str, now: float) -> None:
        times = self._times.times
        if digit.isdigit() and 1 <= int(digit) <= len(times):
            self._choose(times[int(digit) - 1])
        elif digit == LATER and self._times.later:
            self._look_from(self._times.later, now)
        elif digit == OTHER_DAY and self._times.other_day:
            self._look_from(self._times.other_day, now)
        elif digit == AGAIN:
            self._ask(Step.TIMES, self._times.prompts, now)
        elif digit == BACK:
            self._ask(Step.WHEN, self._when, now)
        else:
            self._missed(self._invalid, now)

    def _look_from(self, since: str, now: float) -> None:
        self.step, self.deadline = Step.LOOKING, now + LOOK_SECONDS
        self._look(since)

    def _choose(self, time: str) -> None:
        self.step, self.deadline, self._picked = Step.ASKING, None, time
        self._chosen(time)

    def _missed(self, first: tuple[str, ...], now: float) -> None:
        """No key, or a wrong one: the same again, but not for ever."""
        self.tries += 1
        if self.tries >= TRIES:
            self._choose("")
        else:
            self._ask(self.step, (*first, *(self._when if self.step is Step.WHEN else self._times.prompts)), now)

    # ---- what the records say --------------------------------------------------------------------------------------
    def found(self, times: CallbackTimes, now: float) -> None:
        """What is free: asked for, or because what was chosen is not free any more."""
        if not (self.step is Step.LOOKING or (self.step is Step.ASKING and self._picked)):
            return
        self._times = times
        if times.times:
            self._ask(Step.TIMES, times.prompts, now)
        else:
            self.step = Step.WHEN
            self._missed(times.prompts, now)

    def tell(self, prompts: tuple[str, ...], now: float, said: Callable[[], None]) -> None:
        """What was agreed; then `said` is called."""
        self._said = said
        self._ask(Step.TELLING, prompts, now)

    # ---- time --------------------------------------------------------------------------------------------------------
    def heard_out(self, prompt: str, now: float) -> None:
        """This was said to its end."""
        if prompt != self._last:
            return
        if self.step is Step.TELLING:
            self._tell_over()
        elif self.step in (Step.WHEN, Step.TIMES):
            self.deadline = now + KEY_SECONDS

    def deadlines(self) -> Iterator[float]:
        if self.deadline is not None:
            yield self.deadline

    def tick(self, now: float) -> None:
        if self.deadline is None or now < self.deadline:
            return
        if self.step is Step.TELLING:
            self._tell_over()
        elif self.step is Step.LOOKING:
            self._choose("")
        else:
            self._missed((), now)

    def _tell_over(self) -> None:
        self.forget()
        self._said()

    # ---- ends --------------------------------------------------------------------------------------------------------
    def hung_up(self) -> None:
        """The caller has gone, and is owed a call all the same."""
        if self.step in UNDECIDED:
            self._choose("")

    def forget(self) -> None:
        self.step, self.deadline = Step.IDLE, None

    def _ask(self, step: Step, prompts: tuple[str, ...], now: float) -> None:
        self.step, self.deadline = step, now + WORDS_SECONDS
        self._last = prompts[-1] if prompts else ""
        self.side.say_at_once(prompts)


def _nothing() -> None:
    pass
