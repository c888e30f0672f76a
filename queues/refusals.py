"""What the services of this app refuse, each with the words that people read."""

from __future__ import annotations

from typing import ClassVar

from callcenter.core.errors import NotAllowed, Refusal


class AgentNotFree(Refusal):
    """This agent cannot take a call now."""

    code: ClassVar[str] = "agent_not_free"


class CallIsOver(Refusal):
    """The call has ended."""

    code: ClassVar[str] = "call_is_over"


class CallNotWaiting(Refusal):
    """The call does not wait in a queue."""

    code: ClassVar[str] = "call_not_waiting"


class NotYourCall(NotAllowed):
    """This is not your call."""

    code: ClassVar[str] = "not_your_call"


class DispositionMissing(Refusal):
    """Choose a result before you finish."""

    code: ClassVar[str] = "disposition_missing"


class DispositionNotOffered(Refusal):
    """This result is not on the queue's list (any more). Choose one that is."""

    code: ClassVar[str] = "disposition_not_offered"


class WrapUpIsOver(Refusal):
    """The time for the paperwork is over."""

    code: ClassVar[str] = "wrap_up_is_over"


class MayNotExtend(Refusal):
    """This queue does not allow more time for the paperwork."""

    code: ClassVar[str] = "may_not_extend"


class NotLoggedIn(Refusal):
    """An agent who is offline cannot go on a break."""

    code: ClassVar[str] = "not_logged_in"


class CallbackUnderWay(Refusal):
    """The customer is being called already, or the callback is over."""

    code: ClassVar[str] = "callback_under_way"


class CallbackOwedAlready(Refusal):
    """This queue owes the number a callback already. Change or cancel that one."""

    code: ClassVar[str] = "callback_owed_already"


class OutsideCallbackHours(Refusal):
    """Nobody is called back at this time. Choose one within the hours for callbacks, on a day on which the queue is open."""

    code: ClassVar[str] = "outside_callback_hours"


class WindowFull(Refusal):
    """As many callbacks as the queue takes are promised for this time already. Choose another one."""

    code: ClassVar[str] = "window_full"


class TimeHasPassed(Refusal):
    """This time has passed. Choose a later one, or call now."""

    code: ClassVar[str] = "time_has_passed"


class SoundErased(Refusal):
    """The sound of this message has been erased; there is nothing left to put back."""

    code = "sound_erased"
