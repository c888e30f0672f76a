"""What the conversation says to the phones and hears from them. No Django, no SIP, no pjsua2 here.

`Phone` is what a call process can do with its legs; the dataclasses below are the facts that come back.
`LegId` is a small number of the call process's own; the caller's leg is always `CALLER`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

LegId = int
CALLER: LegId = 0


# ---- facts from the phones -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class CallerArrived:
    """An INVITE reached this process; the leg is the caller's."""

    sip_call_id: str
    caller_number: str
    caller_name: str
    dialled: str
    source: str
    """Where the edge got it from: "public", "trunk:<id>" or "agent:<id>" (header X-CC-Source, set by the edge alone)."""


@dataclass(frozen=True, slots=True)
class LegRinging:
    """A dialled phone answered 18x."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class EarlyMedia:
    """A party outside that was not answered yet can be heard: the network's ringing tone, or what it says instead (RFC 3960)."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class LegAnswered:
    """A dialled phone answered 200, or our own 200 to the caller was acknowledged. Media can be bridged."""

    leg: LegId
    codec: str = ""


@dataclass(frozen=True, slots=True)
class LegEnded:
    """The dialog is over. `status` is the final SIP status; `by_peer` tells who ended it."""

    leg: LegId
    status: int
    by_peer: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LegHeld:
    """The peer put us on hold (`held`) or resumed, by re-INVITE."""

    leg: LegId
    held: bool


@dataclass(frozen=True, slots=True)
class DigitPressed:
    leg: LegId
    digit: str
    method: str
    """rfc4733 or info."""


@dataclass(frozen=True, slots=True)
class PromptEnded:
    """A prompt that was to be played once has been played to its end."""

    leg: LegId
    prompt: str


@dataclass(frozen=True, slots=True)
class SilenceHeard:
    """A leg that is recorded has said nothing for as long as `Phone.record` was told."""

    leg: LegId


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """The file is whole and closed: because that was asked for, because the leg is over, or (`failed`) because no more could be written."""

    leg: LegId
    path: str
    seconds: float
    failed: bool = False


@dataclass(frozen=True, slots=True)
class MediaLost:
    """No RTP came from the peer for `seconds`, and the peer is not holding."""

    leg: LegId
    seconds: float


# ---- facts from the node (pipe) --------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Target:
    """One device to ring: the SIP URI to dial at the edge, which finds the device's real address."""

    device: int
    uri: str


@dataclass(frozen=True, slots=True)
class OfferOpened:
    """Matching reserved an agent for this call: ring these devices until `ring_seconds` are over."""

    offer: int
    agent: int
    targets: tuple[Target, ...]
    ring_seconds: float


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """The offer's row was closed by somebody else (expired, cancelled, supervisor)."""

    offer: int


@dataclass(frozen=True, slots=True)
class CommandGiven:
    command: int
    kind: str
    data: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drain:
    """The node wants the process to go when its call is over; an idle one goes at once."""


@dataclass(frozen=True, slots=True)
class CallComing:
    """A caller's INVITE is on its way to this process."""


@dataclass(frozen=True, slots=True)
class CallbackWanted:
    """This process carries an attempt to call somebody back: agents are rung for it first, then the customer is called."""

    number: str
    name: str
    ring_seconds: float
    """How long the customer's phone may ring."""
    ringing: str
    """Path of the WAV file that the agent hears meanwhile."""


@dataclass(frozen=True, slots=True)
class ClerkAssigned:
    """The socket that came with this leads to the clerk who writes for this process."""


@dataclass(frozen=True, slots=True)
class CallMoved:
    """The call's row is in another queue now: other music, another greeting."""


@dataclass(frozen=True, slots=True)
class FarewellDue:
    """The queue's way out was taken: say the message, then hang up."""


@dataclass(frozen=True, slots=True)
class RowClosed:
    """The call's row is closed already: somebody took this process for dead."""


@dataclass(frozen=True, slots=True)
class NodeLost:
    """The pipe closed: the node that supervised this process is gone."""


PhoneFact = (
    CallerArrived | LegRinging | EarlyMedia | LegAnswered | LegEnded | LegHeld | DigitPressed | PromptEnded | SilenceHeard
    | RecordingEnded | MediaLost
)  # fmt: skip
NodeFact = (
    OfferOpened | OfferWithdrawn | CommandGiven | CallMoved | FarewellDue | RowClosed | NodeLost | Drain | ClerkAssigned | CallComing
    | CallbackWanted
)  # fmt: skip

Fact = PhoneFact | NodeFact


@dataclass(frozen=True, slots=True)
class Quality:
    """How a leg's media went: what `Leg` stores."""

    codec: str = ""
    rx_packets: int = 0
    tx_packets: int = 0
    loss_percent: float | None = None
    jitter_ms: float | None = None
    rtt_ms: float | None = None
    mos: float | None = None


@dataclass(frozen=True, slots=True)
class DialogData:
    """What a BYE needs when the process that owned the dialog is gone (RFC 3261 12.2.1.1)."""

    call_id: str
    local_uri: str
    local_tag: str
    remote_uri: str
    remote_tag: str
    remote_target: str
    route_set: tuple[str, ...]
    local_cseq: int


class Phone(Protocol):
    """The legs and media of one call process. Every method returns at once; what came of it is a fact later."""

    def progress(self, leg: LegId, *, early_media: bool) -> None:
        """Send 180, or 183 with our SDP when `early_media`."""

    def answer(self, leg: LegId) -> None:
        """Send 200 with our SDP."""

    def refuse(self, leg: LegId, status: int) -> None:
        """Send a final failure to a leg that was not answered."""

    def dial(self, targets: Sequence[Target], *, caller_number: str, caller_name: str, headers: dict[str, str]) -> list[LegId]:
        """Ring all these devices at once, with our own SDP offer. A leg for each, in their order; for the last ones none
        when no INVITE is left for them. The first to answer ends the legs that were dialled with it (487, not by the peer)."""

    def call_outside(self, uri: str, *, leg: LegId | None = None) -> LegId | None:
        """Call one party through a trunk, with our own SDP offer; `uri` is what the edge accepts (`Permit.uri`). Then the
        facts of the leg come as those of a phone. None when no INVITE is left for it.

        :param leg: `CALLER` makes it the customer's leg, in a call that has none yet; None: a new one."""

    def hang_up(self, leg: LegId) -> None:
        """BYE, CANCEL or a failure answer, whatever the state of the dialog asks for; none if it is over."""

    def bridge(self, one: LegId, other: LegId) -> None:
        """Connect audio both ways; prompts that played on them stop, music rests."""

    def unbridge(self, one: LegId, other: LegId) -> None:
        """Disconnect audio both ways."""

    def listen(self, leg: LegId, to: LegId) -> None:
        """Let a leg hear the other one, which does not hear it; what played on it stops. Until they are bridged or one ends."""

    def play_music(self, leg: LegId, paths: tuple[str, ...]) -> None:
        """Play WAV files one after the other, again and again, until something else plays. The same files once more go on where
        the leg heard them last. Raises `OSError` when the first cannot be read."""

    def play_prompt(self, leg: LegId, paths: list[str]) -> None:
        """Play WAV files once, music paused; then `PromptEnded` and the music again."""

    def stop_playing(self, leg: LegId) -> None:
        """Music and prompt off."""

    def record(self, leg: LegId, path: str, *, silence_seconds: float) -> None:
        """Write what the leg says into a new WAV file (8 kHz, 16 bit, mono), until told to stop or the leg is over; then
        `RecordingEnded`. `SilenceHeard` after so many seconds without a word, once. Raises `OSError` when no file can be made."""

    def stop_recording(self, leg: LegId) -> None:
        """Close the file; `RecordingEnded` says when it is whole. Nothing is recorded: nothing happens."""

    def quality(self, leg: LegId) -> Quality:
        """Figures of the leg's media so far."""

    def dialog(self, leg: LegId) -> DialogData | None:
        """Data of a confirmed dialog; None before."""
