"""INVITEs of callers that their call process has not answered for good: when it is gone, the edge answers them.

Who only hears it ring has no dialog that a BYE could end and repeats nothing any more, so nobody else would tell.
The answer is 500 (RFC 3261 21.5.1): one call met what nobody expected, and its caller may try again. A 503 would speak of
all of us (21.5.4): a trunk would take us out of use, or send the very INVITE that may have killed the process to the next.
"""

from __future__ import annotations

from dataclasses import dataclass

from .farewell import Farewell
from .fork import outline
from .hops import reply_to
from .message import Message
from .refusals import Refusals
from .shield import Refused
from .tokens import Signer


@dataclass(slots=True)
class Open:
    invite: Message
    """Stamped; only what an answer repeats of it."""
    port: int
    cancelled: bool = False
    """The caller gave up, and the process was told."""
    answered: bool = False
    """Kept until the process is gone all the same: a late repetition of the INVITE must not open it again."""


class Unanswered:
    """One INVITE for each call in progress. Lost with the edge; a repetition of the INVITE brings it back."""

    def __init__(self, signer: Signer, farewell: Farewell, refusals: Refusals) -> None:
        self._signer = signer
        self._farewell = farewell
        self._refusals = refusals
        self._of: dict[str, Open] = {}

    def follow(self, request: Message, port: int) -> None:
        """What went to this process of a caller without a dialog: INVITE, its repetition, CANCEL."""
        known = self._find(request)
        if request.method == "CANCEL" and known:
            known.cancelled = True
        elif request.method == "INVITE" and not (known and known.port == port):
            self._of[request.key] = Open(outline(request), port)

    def answered(self, response: Message) -> None:
        """The process says this to the caller."""
        found = self._find(response)
        if found and response.status >= 200 and response.cseq_method == "INVITE":
            found.answered = True

    def acknowledged(self, ack: Message) -> None:
        """The caller has our answer, which our tag in it names."""
        self._farewell.stop(ack.tag("to"))

    def abandon(self, port: int) -> None:
        """The process is gone."""
        for key in [key for key, one in self._of.items() if one.port == port]:
            gone = self._of.pop(key)
            if not gone.answered:
                self._end(gone)

    def _find(self, message: Message) -> Open | None:
        found = self._of.get(message.key)
        return found if found and found.invite.cseq == message.cseq else None

    def _end(self, gone: Open) -> None:
        """Repeated until the ACK (RFC 3261 17.2.1), and said to a repetition of the INVITE: it must not begin a call."""
        said = Refused(487, "Request Terminated") if gone.cancelled else Refused(500, "Server Internal Error")
        self._refusals.remember(gone.invite, said)
        tag = self._signer.to_tag(gone.invite)
        self._farewell.repeat(tag, gone.invite.reply(said.status, said.reason, to_tag=tag).encode(), reply_to(gone.invite))
