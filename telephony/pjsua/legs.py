"""One leg: a SIP dialog with its media. Its callbacks only note facts; what to do about them is decided elsewhere."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import pjsua2 as pj

from ..ports import DialogData, DigitPressed, Fact, LegAnswered, LegEnded, LegHeld, LegId, LegRinging, Quality
from . import messages, quality

log = logging.getLogger(__name__)

DTMF_METHODS = {0: "rfc4733", 1: "info"}
DECLINED = 603
LATER_CSEQ = 1_000_000
"""Higher than any CSeq the stack starts from (15 bits) and reaches: a BYE sent after us is in order (RFC 3261 12.2.2)."""
LIVE_MEDIA = (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_LOCAL_HOLD, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)

Callback = TypeVar("Callback", bound=Callable[..., None])


def callback(method: Callback) -> Callback:
    """An exception must not travel into the C library: it is logged and the call goes on."""

    @functools.wraps(method)
    def guarded(*args: Any) -> None:
        try:
            method(*args)
        except Exception:
            log.exception("Callback %s failed", method.__name__)

    return guarded  # type: ignore[return-value]


class Home(Protocol):
    """What a leg tells its process."""

    @property
    def inbox(self) -> Callable[[Fact], None]: ...

    def media_ready(self, leg: LegId, port: Any) -> None: ...

    def media_gone(self, leg: LegId) -> None: ...

    def leg_over(self, leg: LegId) -> None: ...


class Leg(pj.Call):  # type: ignore[misc]
    """`incoming` is the text of the INVITE that opened the dialog; empty for a leg that we dial."""

    def __init__(
        self, home: Home, account: pj.Account, leg: LegId, *, call_id: int = pj.PJSUA_INVALID_ID, incoming: str = "", wideband: bool = False
    ) -> None:
        super().__init__(account, call_id)
        self.home = home
        self.leg = leg
        self.wideband = wideband
        self.hung_up = self.answered = self.rang = self.confirmed = self.held = self.ended = False
        self.heard = self.silent_polls = 0
        self.codec = ""
        self._early_media = False
        """Described before the answer, and nothing heard of it yet."""
        self._earlier = self._stream = quality.Stretch()
        self._local_tag = ""
        self._remote_tag = messages.tag(messages.header(incoming, "from"))
        self._routes = messages.split_list(messages.headers(incoming, "record-route"))
        self._incoming = bool(incoming)

    # ---- what the library reports ----------------------------------------------------------------------
    @callback
    def onCallState(self, prm: Any) -> None:
        self._read(prm.e)
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_EARLY and not self._incoming:
            self._note_ringing()
        elif info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._note_answered()
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            self.note_ended(info.lastStatusCode, info.lastReason)

    @callback
    def onCallMediaState(self, prm: Any) -> None:
        info = self.getInfo()  # kept in a name: its list of media is freed with it
        for index, media in enumerate(info.media):
            if media.type == pj.PJMEDIA_TYPE_AUDIO:
                self._note_media(index, media.status)
                self._early_media = info.state == pj.PJSIP_INV_STATE_EARLY and not self._incoming
                return

    @callback
    def onCallSdpCreated(self, prm: Any) -> None:
        if not self.wideband:
            prm.sdp.wholeSdp = without_g722(prm.sdp.wholeSdp)

    @callback
    def onStreamDestroyed(self, prm: Any) -> None:
        """Its figures go with it, and the next stream counts from zero."""
        self._count()
        self._earlier, self._stream = self._earlier + self._stream, quality.Stretch()

    @callback
    def onDtmfDigit(self, prm: Any) -> None:
        self.home.inbox(DigitPressed(self.leg, prm.digit, DTMF_METHODS.get(prm.method, "rfc4733")))

    @callback
    def onCallTransferRequest(self, prm: Any) -> None:
        prm.statusCode = DECLINED

    @callback
    def onCallReplaceRequest(self, prm: Any) -> None:
        prm.statusCode = DECLINED

    @callback
    def onCallTsxState(self, prm: Any) -> None:
        self._read(prm.e)

    def _read(self, event: Any) -> None:
        """Both tags and the route stand only in the messages: read them until the dialog is known."""
        if event.type != pj.PJSIP_EVENT_TSX_STATE or (self._local_tag and self._remote_tag and self.confirmed):
            return
        state = event.body.tsxState
        if state.tsx.method != "INVITE":
            return
        if state.type == pj.PJSIP_EVENT_TX_MSG:
            self._read_sent(state.src.tdata.wholeMsg)
        elif state.type == pj.PJSIP_EVENT_RX_MSG:
            self._read_received(state.src.rdata.wholeMsg)

    # ---- what they mean --------------------------------------------------------------------------------
    def _note_ringing(self) -> None:
        if not self.rang:
            self.rang = True
            self.home.inbox(LegRinging(self.leg))

    def _note_answered(self) -> None:
        if not self.confirmed:
            self.confirmed = True
            self.home.inbox(LegAnswered(self.leg, self.codec))

    def note_ended(self, status: int, reason: str) -> None:
        if self.ended:
            return
        self.measure()
        self.ended = True
        self.home.leg_over(self.leg)
        self.home.inbox(LegEnded(self.leg, status, by_peer=not self.hung_up, reason=messages.plain(reason, 120)))

    def _note_media(self, index: int, status: int) -> None:
        if status not in LIVE_MEDIA:
            self.home.media_gone(self.leg)
            return
        try:
            codec, media = str(self.getStreamInfo(index).codecName), self.getAudioMedia(index)
        except pj.Error:  # said to be live, but its stream could not be made: an answer with impossible media
            self.home.media_gone(self.leg)
            return
        self.codec = codec
        self.home.media_ready(self.leg, media)
        held = status == pj.PJSUA_CALL_MEDIA_REMOTE_HOLD
        if held != self.held:
            self.held = held
            self.home.inbox(LegHeld(self.leg, held))

    def _read_sent(self, message: str) -> None:
        ours = "to" if self._incoming else "from"
        self._local_tag = self._local_tag or messages.tag(messages.header(message, ours))

    def _read_received(self, message: str) -> None:
        if self._incoming or not message.startswith("SIP/2.0 "):
            return
        tag = messages.tag(messages.header(message, "to"))
        if tag:  # of several phones the one that answered counts: the last message read is its 200
            self._remote_tag = tag
            self._routes = tuple(reversed(messages.split_list(messages.headers(message, "record-route"))))

    # ---- what the process asks -------------------------------------------------------------------------
    @property
    def is_incoming(self) -> bool:
        return self._incoming

    def measure(self) -> Quality:
        """Figures of the leg; the last ones known when its stream is gone."""
        if not self.ended and self.isActive() and self.hasMedia():
            self._count()
        return quality.rated(self.codec, self._earlier + self._stream)

    def _count(self) -> None:
        try:
            self._stream = quality.counted(self.getStreamStat(0))
        except pj.Error:
            return

    def has_gone_silent(self, polls: int) -> bool:
        """Call once per poll: True once, when so many polls (1 or more) in a row saw neither audio nor RTCP of a peer that should send."""
        self.measure()
        before, self.heard = self.heard, (self._earlier + self._stream).heard
        self.silent_polls = 0 if self.held or before != self.heard else self.silent_polls + 1
        return self.silent_polls == polls

    def begins_to_sound(self) -> bool:
        """True once, for who is not answered yet and sends audio: that it is described does not mean that it comes."""
        if not self._early_media or self.confirmed or self.ended:
            return False
        self._count()
        self._early_media = self._stream.received == 0
        return not self._early_media

    def dialog(self) -> DialogData | None:
        if not self.confirmed or self.ended:
            return None
        info = self.getInfo()
        return DialogData(
            call_id=info.callIdString,
            local_uri=messages.uri(info.localUri),
            local_tag=self._local_tag,
            remote_uri=messages.uri(info.remoteUri),
            remote_tag=self._remote_tag,
            remote_target=messages.uri(info.remoteContact),
            route_set=self._routes,
            local_cseq=LATER_CSEQ,
        )


def without_g722(sdp: str) -> str:
    """The SDP with payload type 9 taken out: outside callers get G.711 only."""
    lines = []
    for line in sdp.splitlines():
        if line.startswith("m=audio "):
            words = line.split()
            line = " ".join(words[:3] + [word for word in words[3:] if word != "9"])
        if not line.startswith(("a=rtpmap:9 ", "a=fmtp:9 ")):
            lines.append(line)
    return "\r\n".join(lines) + "\r\n"
