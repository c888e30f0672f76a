"""While a caller waits: "press 1 to be called back". Which number, read back, confirmed. No Django, no SIP.

The caller stays in line until the records have the callback; an agent who answers in between comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from .callerside import CallerSide
from .records import CallbackChecked, CallbackTerms, CallbackTimes, Desk
from .timechoice import TimeChoice

MENU_SECONDS = 25.0
"""For a choice, the words that offer it included; then the music goes on and the caller simply waits."""
DIGIT_SECONDS = 12.0
"""Between two digits of a number, and before the first one is pressed once the words are over."""
MOST_DIGITS = 20


class Step(Enum):
    IDLE = "idle"
    CHOOSING = "choosing"
    ENTERING = "entering"
    CHECKING = "checking"
    CONFIRMING = "confirming"
    TIMING = "timing"
    """The number is right; now when."""
    ASKING = "asking"


class CallbackOffer:
    """:param terms: what the queue that the caller is in now offers; None: nothing."""

    def __init__(self, side: CallerSide, desk: Desk, terms: Callable[[], CallbackTerms | None]) -> None:
        self.side = side
        self.desk = desk
        self._terms = terms
        self.step = Step.IDLE
        self.digits = ""
        self.number = ""
        self.deadline: float | None = None
        self.announce_at: float | None = None
        self.time = TimeChoice(side, lambda since: desk.callback_times(since, {}), self._request, self.leave)

    def plan(self, now: float) -> None:
        """The caller has a place in this queue since `now`; whatever was chosen in another one is void."""
        self.forget()
        terms = self._terms()
        self.announce_at = now + terms.after if terms and terms.after else None

    @property
    def busy(self) -> bool:
        """The caller is choosing: nothing else should be said."""
        return self.step is not Step.IDLE

    # ---- what the caller presses ------------------------------------------------------------------------------
    def pressed(self, digit: str, now: float) -> None:
        terms = self._terms()
        if terms and self.side.audible:
            PRESSED[self.step](self, digit, terms, now)

    def _press_idle(self, digit: str, terms: CallbackTerms, now: float) -> None:
        if digit == terms.key:
            self._to(Step.CHOOSING, now + MENU_SECONDS, terms.menu)

    def _press_choice(self, digit: str, terms: CallbackTerms, now: float) -> None:
        if digit == "1":
            self._check("")
        elif digit == "2":
            self._enter_number(terms, now)
        elif digit == "*":
            self.leave()

    def _press_number(self, digit: str, terms: CallbackTerms, now: float) -> None:
        if digit == "*":
            self._enter_number(terms, now)
        elif digit == "#":
            if self.digits:
                self._check(self.digits)
        elif digit.isdigit() and len(self.digits) < MOST_DIGITS:
            if not self.digits:
                self.side.cut()
            self.digits += digit
            self.deadline = now + DIGIT_SECONDS

    def _press_confirmation(self, digit: str, terms: CallbackTerms, now: float) -> None:
        if digit == "1" and terms.when:
            self._to(Step.TIMING, None)
            self.time.begin(terms.when, terms.invalid, now)
        elif digit == "1":
            self._request("")
        elif digit == "2":
            self._enter_number(terms, now)
        elif digit == "*":
            self.leave()

    def _press_time(self, digit: str, terms: CallbackTerms, now: float) -> None:
        self.time.pressed(digit, now)

    def _press_nothing(self, digit: str, terms: CallbackTerms, now: float) -> None:
        """The records are asked."""

    def _enter_number(self, terms: CallbackTerms, now: float) -> None:
        self.digits = ""
        self._to(Step.ENTERING, now + MENU_SECONDS, terms.enter)

    def _request(self, at: str) -> None:
        """:param at: the beginning of the window that was chosen; empty: as soon as it is the caller's turn."""
        self._to(Step.ASKING, None)
        self.desk.request_callback(self.number, at)

    def _check(self, number: str) -> None:
        self._to(Step.CHECKING, None)
        self.side.cut()
        self.desk.check_callback(number)

    # ---- what the records say -----------------------------------------------------------------------------------
    def checked(self, found: CallbackChecked, now: float) -> None:
        terms = self._terms()
        if self.step is not Step.CHECKING or terms is None:
            return
        self.number = found.number
        if found.number:
            self._to(Step.CONFIRMING, now + MENU_SECONDS, found.prompts)
        else:
            self._to(Step.CHOOSING, now + MENU_SECONDS, (*terms.sorry, *terms.menu))

    def times_found(self, times: CallbackTimes, now: float) -> None:
        """What is free; also when the one that was chosen is not any more."""
        if self.step in (Step.TIMING, Step.ASKING) and self._terms():
            self._to(Step.TIMING, None)
            self.time.found(times, now)

    def denied(self) -> None:
        """It cannot be: the caller waits on."""
        terms = self._terms()
        if self.step is Step.ASKING and terms:
            self.leave()
            self.side.say(terms.sorry)

    # ---- ends -----------------------------------------------------------------------------------------------------
    def deadlines(self) -> Iterator[float]:
        yield from (moment for moment in (self.deadline, self.announce_at) if moment is not None)
        yield from self.time.deadlines()

    def tick(self, now: float) -> None:
        self._announce(now)
        self.time.tick(now)
        if self.deadline is not None and now >= self.deadline:
            if self.step is Step.ENTERING and self.digits:
                self._check(self.digits)
            else:
                self.leave()

    def _announce(self, now: float) -> None:
        if self.announce_at is None or now < self.announce_at:
            return
        self.announce_at, terms = None, self._terms()
        if terms and self.side.audible and not self.busy:
            self.side.say(terms.offer)

    def leave(self) -> None:
        """Back to the music; the caller waits as before."""
        if self.busy:
            self.time.forget()
            self._to(Step.IDLE, None)
            self.side.cut()

    def forget(self) -> None:
        """An agent answered, or the caller has gone."""
        self.announce_at = None
        self.time.forget()
        self._to(Step.IDLE, None)

    def _to(self, step: Step, deadline: float | None, prompts: tuple[str, ...] = ()) -> None:
        self.step, self.deadline = step, deadline
        if prompts:
            self.side.say_at_once(prompts)


PRESSED: dict[Step, Callable[[CallbackOffer, str, CallbackTerms, float], None]] = {
    Step.IDLE: CallbackOffer._press_idle,
    Step.CHOOSING: CallbackOffer._press_choice,
    Step.ENTERING: CallbackOffer._press_number,
    Step.CHECKING: CallbackOffer._press_nothing,
    Step.CONFIRMING: CallbackOffer._press_confirmation,
    Step.TIMING: CallbackOffer._press_time,
    Step.ASKING: CallbackOffer._press_nothing,
}
