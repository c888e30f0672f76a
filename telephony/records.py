"""What the conversation asks of the records, and what comes back. No Django, no SIP here.

The records may be slow or away for a while, so nothing here returns an answer: every method of `Desk`
puts a wish into an ordered outbox, and what came of it is a fact later, like what the phones say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from .ports import CallerArrived, DialogData, NodeFact, PhoneFact, Quality


@dataclass(frozen=True, slots=True)
class CallbackTerms:
    """How a queue lets its callers ask to be called back; the words are paths of WAV files."""

    key: str
    after: float
    """Seconds of waiting after which it is offered, once. 0: announcements offer it."""
    offer: tuple[str, ...] = ()
    menu: tuple[str, ...] = ()
    """1: the number that the caller calls from, 2: another one, star: wait on."""
    enter: tuple[str, ...] = ()
    sorry: tuple[str, ...] = ()
    when: tuple[str, ...] = ()
    """1: as soon as it is the caller's turn, 2: at a time of the caller's choice. Empty: no time can be chosen."""
    invalid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scheduled:
    """An announcement that is made while the caller waits. Times in seconds."""

    number: int
    """By which it is asked for."""
    first_after: float
    """Since the caller joined the queue."""
    every: float = 0
    """0: once, or after an offer each time."""
    after_offer: bool = False
    """Only to those who are back in line because an agent did not take the call; then `every` is the least distance."""


@dataclass(frozen=True, slots=True)
class QueueProfile:
    """What a queue lets its callers hear."""

    answer_mode: str
    """answer, ringback or early-media."""
    music: tuple[str, ...]
    """Paths of WAV files, in the order in which they are played again and again."""
    deliver_directly: bool = False
    announcements: tuple[Scheduled, ...] = ()
    """In the order in which they are made when several are due."""
    callback: CallbackTerms | None = None


@dataclass(frozen=True, slots=True)
class FlowStart:
    """All that leading a caller through a flow takes: no question is asked of the records for a menu."""

    version: int
    document: dict[str, Any]
    caller: dict[str, Any]
    """What expressions know of the caller: number, name, priority, calls."""
    dialled: str
    sounds: dict[str, list[str]]
    """The files of every sound that is the same for all callers, by `ivr.flow.words.Sound.key`."""


@dataclass(slots=True)
class FlowVisited:
    """One step that the caller came through. Times are of the monotonic clock."""

    number: int
    step: str
    kind: str
    entered: float
    left: float | None = None
    exit: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class FlowRunEnded:
    """How the way through a flow ended; `outcome` is a value of `FlowRun.Outcome`."""

    outcome: str
    led_to: str
    target: str
    last_step: str
    language: str
    variables: dict[str, Any]
    at: float


@dataclass(frozen=True, slots=True)
class Routed:
    """The number leads to a queue, and the call is about to be recorded and placed there; or to a flow, which comes first."""

    profile: QueueProfile
    flow: FlowStart | None = None


@dataclass(frozen=True, slots=True)
class Unrouted:
    """Nobody is reached under the number, or it could not be recorded. Answer the caller with `status`."""

    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Placed:
    """The call has its place in line. `offered`: an agent was free and is being rung."""

    prompts: tuple[str, ...] = ()
    offered: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """The call is in line of another queue."""

    profile: QueueProfile
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Announced:
    """The announcements that were asked for, as they are now."""

    prompts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Farewell:
    """The caller cannot stay: these are the last words. Asked for by `Desk.farewell`, or entry was refused."""

    prompts: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of an acceptance. Lost: somebody closed the offer first. Not `live`: the call's row is closed."""

    offer: int
    won: bool
    live: bool = True


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to question `number` of `Desk.ask`; None: nobody can say."""

    number: int
    answer: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class CustomerMayBeCalled:
    """By this URI, which the edge accepts once."""

    uri: str


@dataclass(frozen=True, slots=True)
class CustomerMayNotBeCalled:
    """No trunk has room now (`no_line`), or none may call this number at all (`number_refused`)."""

    reason: str


@dataclass(frozen=True, slots=True)
class CallbackChecked:
    """The number that was asked about in the form in which it would be called, and the words that read it back; empty: it
    cannot be called."""

    number: str
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackNoted:
    """Whether the callback that a flow asked for is owed now, and what was agreed, if the caller chose a time."""

    done: bool
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackWhen:
    """The caller in a flow may choose when to be called back; `CallbackTerms` tells the keys."""

    prompts: tuple[str, ...]
    invalid: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallbackTimes:
    """Windows of time that are free: one key each, in order, and moments to ask for more from. Times are as the records write them."""

    prompts: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    """When they begin; empty: nothing is free."""
    later: str = ""
    """More of the same day; empty: there are none."""
    other_day: str = ""


@dataclass(frozen=True, slots=True)
class CallbackDenied:
    """The caller cannot be called back; the place in line is as it was. Granted is a `Farewell`."""


@dataclass(frozen=True, slots=True)
class BoxProfile:
    """What a voicemail box lets its callers hear, and how long they may speak. Times in seconds, prompts are paths of WAV files."""

    box: int
    recordings: str
    """Path that the recordings of this process begin with; a number and ".wav" follow."""
    tone: str
    """Says that it records from here on."""
    max_seconds: float
    silence_seconds: float
    """So long without a word ends the message. 0: silence does not end it."""
    min_seconds: float
    """What is shorter is no message."""
    greeting: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    """What may be done with a message that was spoken: hear it, record it again, keep it. Empty: it is kept as it is."""
    too_short: tuple[str, ...] = ()
    thanks: tuple[str, ...] = ()
    goodbye: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    """That it cannot be recorded."""
    only_if_told: bool = False
    """Kept only by who says so: what is recorded takes the place of something that others hear. A message is kept anyway."""


@dataclass(frozen=True, slots=True)
class BoxOpened:
    """The way out leads to this voicemail box. Asked for by `Desk.farewell`, or entry was refused; or by `Desk.open_box`, and then
    None says that there is no such box, or that it takes no messages."""

    box: BoxProfile | None


@dataclass(frozen=True, slots=True)
class Recording:
    """A message that a caller left."""

    box: int
    name: str
    """Of the file, without its folder."""
    seconds: float
    """How much of the file is the message; what follows is silence."""
    ended_by: str
    """caller (a key, or hung up), silence, limit or failure."""


DeskFact = (
    Told | Routed | Unrouted | Placed | Moved | Announced | Farewell | BoxOpened | Accepted | CustomerMayBeCalled | CustomerMayNotBeCalled
    | CallbackChecked | CallbackNoted | CallbackWhen | CallbackTimes | CallbackDenied
)  # fmt: skip
StoryFact = PhoneFact | NodeFact | DeskFact


@dataclass(slots=True)
class LegRecord:
    """One leg as the records keep it. Times are of the monotonic clock; whoever stores them converts."""

    number: int
    role: str
    began: float
    sip_call_id: str = ""
    agent: int | None = None
    offer: int | None = None
    answered: float | None = None
    ended: float | None = None
    status: int | None = None
    dialog: DialogData | None = None
    quality: Quality | None = None
    cancelled: bool = False
    """We gave it up ourselves; its 487 says nothing about the agent."""


class Desk(Protocol):
    """The records of one call. Wishes are carried out in the order in which they were made."""

    def arrive(self, caller: CallerArrived) -> None:
        """Route, record and queue the call: `Routed` then `Placed`, `Farewell` (no entry), or `Unrouted`."""

    def ask(self, number: int, what: str, data: dict[str, Any]) -> None:
        """A question of a flow: `Told`, soon or never. `what`: queues, hours, speak, flow or web."""

    def flow_begun(self, version: int, at: float) -> None:
        """The caller went from one flow into another."""

    def flow_visited(self, visit: FlowVisited) -> None:
        """The caller left a step."""

    def flow_ended(self, ended: FlowRunEnded) -> None:
        """The caller left the flow."""

    def enqueue(self, target: dict[str, Any]) -> None:
        """A flow gives the caller to a queue, or to an agent: `Moved`, or `Farewell` (no entry)."""

    def put_through(self) -> None:
        """Somebody outside answered, and the caller talks with them."""

    def offer_rang(self, offer: int) -> None:
        """A phone of the offer's agent rings."""

    def offer_dialled(self, offer: int) -> None:
        """Phones of the offer's agent are called, but none has said yet that it rings."""

    def accept(self, offer: int) -> None:
        """The agent answered: `Accepted`."""

    def offer_failed(self, offer: int, outcome: str, status: int | None) -> None:
        """The offer came to nothing; `outcome` is a value of `OfferOutcome`."""

    def hold(self) -> None:
        """One party put the other on hold."""

    def resume(self) -> None:
        """Nobody holds any more."""

    def announce(self, numbers: tuple[int, ...]) -> None:
        """Ask for these announcements with the present place and estimate: `Announced`."""

    def moved(self) -> None:
        """Ask what the call's new queue sounds like: `Moved`."""

    def farewell(self) -> None:
        """Ask for the queue's way out: `Farewell`, its last words, or `BoxOpened`."""

    def open_box(self, box: str) -> None:
        """Ask what callers of the voicemail box with this stable name hear: `BoxOpened`."""

    def keep_message(self, recording: Recording) -> None:
        """The caller left a message."""

    def drop_message(self, recorded: str) -> None:
        """Nothing was said that is worth keeping in the file of this name."""

    def call_customer(self) -> None:
        """An agent waits on the line to call the customer back: `CustomerMayBeCalled` or `CustomerMayNotBeCalled`."""

    def customer_answered(self) -> None:
        """The customer who was called back is on the line."""

    def check_callback(self, number: str) -> None:
        """May the waiting caller be called back there? Empty: at the number of the call. `CallbackChecked`."""

    def note_callback(self, wanted: dict[str, Any]) -> None:
        """A flow takes down a number for a queue to call back: `CallbackNoted`. If the caller may choose a time and nothing is decided
        (`wanted["decided"]`), `CallbackWhen` asks for it; if the one chosen (`wanted["at"]`) is taken, `CallbackTimes` are the others."""

    def callback_times(self, since: str, wanted: dict[str, Any]) -> None:
        """What may be chosen from this moment on: `CallbackTimes`.

        :param wanted: what a flow asked for; empty: in the queue where the call waits.
        """

    def request_callback(self, number: str, at: str = "") -> None:
        """Give the place in line to a callback, as soon as possible or in the window that begins `at`: `Farewell`, or `CallbackDenied`;
        `CallbackTimes` if that is taken."""

    def hang_up(self, by: str, reason: str) -> None:
        """The caller's line is closed. `by`: caller, agent or system."""

    def settle(self, command: int, done: bool, reason: str = "") -> None:
        """Write how a command went."""

    def save_leg(self, leg: LegRecord) -> None:
        """Store the leg as it is now."""
