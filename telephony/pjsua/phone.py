"""`PjsuaPhone`: the legs and media of one call process on PJSIP. The only door to pjsua2."""

from __future__ import annotations

import gc
import logging
import math
import os
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import pjsua2 as pj

from ..ports import CALLER, DialogData, EarlyMedia, Fact, LegId, MediaLost, PromptEnded, Quality, Target
from . import endpoint, messages, probe
from .fork import Fork, parcels
from .legs import Leg, callback
from .media import Studio

log = logging.getLogger(__name__)

FORBIDDEN = 403
BUSY = 486
UNAVAILABLE = 480
NOT_ACCEPTABLE = 488
POLL_SECONDS = 2.0
FAREWELL_SECONDS = 4.0
"""How long `close()` waits for the answers to its BYEs: three retransmissions."""
LINGER_SECONDS = 0.7
"""Past the first retransmission (T1 = 0.5 s): a BYE that crossed ours still finds somebody to say 200."""


class Line(pj.Account):  # type: ignore[misc]
    """Where INVITEs arrive."""

    def __init__(self, arrived: Callable[[int, str, str], None]) -> None:
        super().__init__()
        self.arrived = arrived

    @callback
    def onIncomingCall(self, prm: Any) -> None:
        self.arrived(prm.callId, prm.rdata.wholeMsg, prm.rdata.srcAddress)

    @callback
    def onIncomingSubscribe(self, prm: Any) -> None:
        prm.code = 489  # Bad Event: no presence here


class PjsuaPhone:
    """Implements `telephony.ports.Phone`.

    `edge` is host:port of the SIP edge: every INVITE of ours goes there, and none is taken from elsewhere. Empty, in tests: there is
    no edge, and anybody may call. `inbox` gets each fact, on the thread that calls `pump`.
    """

    def __init__(
        self,
        sip_host: str,
        rtp_port_min: int,
        rtp_port_max: int,
        edge: str,
        inbox: Callable[[Fact], None],
        *,
        media_host: str = "",
        public_address: str = "",
        session_expires: int = 600,
        rtp_timeout: float = 30.0,
        log_path: str = "",
    ) -> None:
        self.settings = endpoint.Settings(sip_host, rtp_port_min, rtp_port_max, media_host, public_address, session_expires, log_path)
        self.edge = edge
        self.inbox = inbox
        self.rtp_timeout = rtp_timeout
        self._silent_polls = max(1, math.ceil(rtp_timeout / POLL_SECONDS))
        self.legs: dict[LegId, Leg] = {}
        self.studio = Studio(lambda leg, path: inbox(PromptEnded(leg, path)), inbox)
        self.sip_port = 0
        self._endpoint: pj.Endpoint | None = None
        self._line: Line | None = None
        self._trunks: Line | None = None
        self._fileno = -1
        self._next_leg = CALLER + 1
        self._turned_away: list[Leg] = []
        self._forks: list[Fork] = []
        """What we dialled; kept until the library has no more to say of it."""
        self._outside: list[Leg] = []
        """What we dialled through trunks; kept for the same reason."""
        self._to_tend: list[Fork] = []
        self._socket: socket.socket | None = None
        self._polled = 0.0
        self._last_end = -LINGER_SECONDS
        self._sounding = False

    # ---- life of the process ---------------------------------------------------------------------------
    def start(self) -> int:
        """Bind and listen; returns the SIP port. Raises `OSError` when no socket can be had."""
        self._endpoint, self.sip_port = endpoint.create(self.settings)
        self._line = Line(self._arrived)
        self._line.create(endpoint.account_config(self.settings, self.sip_port))
        self._fileno = endpoint.socket_number(self.sip_port)
        self._socket = socket.socket(fileno=os.dup(self._fileno))
        return self.sip_port

    def fileno(self) -> int:
        """The SIP socket: sleep on it (and the pipe) while there is no call, then `pump(0)`."""
        return self._fileno

    def pump(self, milliseconds: int) -> None:
        """Let the stack work for at most so long; less when a packet came. At least once a second during a call."""
        assert self._endpoint
        self._endpoint.libHandleEvents(milliseconds)
        self.studio.tick()
        if self._to_tend:
            self._tend_forks()
        for leg in self._outside:
            if leg.begins_to_sound():
                self.inbox(EarlyMedia(leg.leg))
        if self.legs and time.monotonic() - self._polled >= POLL_SECONDS:
            self._poll()

    def close(self) -> None:
        """Hang up whatever stands, wait for the peers' answers, free the library. The interpreter may exit normally then."""
        if self._endpoint is None:
            return
        for leg in list(self.legs):
            self.hang_up(leg)
        self._pump_until(lambda: all(leg.ended for leg in self._all_legs()), FAREWELL_SECONDS)
        self._pump_until(lambda: time.monotonic() > self._last_end + LINGER_SECONDS, LINGER_SECONDS)
        self._free()

    def _pump_until(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done() and time.monotonic() < end:
            self.pump(20)

    def _free(self) -> None:
        """Order matters: players and calls first, or the library's assertions end the process."""
        self.studio.close()
        self.legs.clear()
        self._forks.clear()
        self._outside.clear()
        self._to_tend.clear()
        self._turned_away.clear()
        gc.collect()
        assert self._endpoint
        assert self._line
        assert self._socket
        self._socket.close()
        for line in filter(None, (self._trunks, self._line)):
            line.shutdown()
        self._trunks = self._line = None
        self._endpoint.libDestroy(pj.PJSUA_DESTROY_NO_NETWORK)
        self._endpoint = None

    # ---- the caller ------------------------------------------------------------------------------------
    def _arrived(self, call_id: int, invite: str, sender: str) -> None:
        if self.edge and sender != self.edge:  # who calls is known only of what the edge let in
            self._turn_away(call_id, invite, FORBIDDEN)
            return
        source = messages.plain(messages.header(invite, "x-cc-source"), 80)
        wideband = source.startswith("agent:")
        if CALLER in self.legs:
            self._turn_away(call_id, invite, BUSY)
            return
        if not probe.acceptable(invite, wideband=wideband):
            self._turn_away(call_id, invite, NOT_ACCEPTABLE)
            return
        self.sound()
        leg = Leg(self, self._line, CALLER, call_id=call_id, incoming=invite, wideband=wideband)
        self.legs[CALLER] = leg
        self.inbox(messages.caller_arrived(invite, source))

    def _turn_away(self, call_id: int, invite: str, status: int) -> None:
        """One process, one customer: a second INVITE is for another process. Nor does what passed by the edge become a call, or a
        bad description."""
        stranger = Leg(Silent(), self._line, -1, call_id=call_id, incoming=invite)
        self._turned_away = [*(leg for leg in self._turned_away if not leg.ended), stranger]
        self._answer(stranger, status)

    def sound(self) -> None:
        """Start the clock of the bridge. It costs CPU, so not before there is a call; and its first turn comes a frame (20 ms)
        later, so call this as soon as one is known to come."""
        if not self._sounding:
            assert self._endpoint
            self._endpoint.audDevManager().setNullDev()
            self._sounding = True

    def progress(self, leg: LegId, *, early_media: bool) -> None:
        if self._is_open(leg) and not self.legs[leg].answered:
            self._answer(self.legs[leg], 183 if early_media else 180)

    def answer(self, leg: LegId) -> None:
        if self._is_open(leg) and self.legs[leg].is_incoming and not self.legs[leg].answered:
            self.legs[leg].answered = True
            self._answer(self.legs[leg], 200)

    def refuse(self, leg: LegId, status: int) -> None:
        if self._is_open(leg) and not self.legs[leg].answered:
            self.legs[leg].hung_up = True
            self._answer(self.legs[leg], status)

    def _answer(self, leg: Leg, status: int) -> None:
        param = pj.CallOpParam()
        param.statusCode = status
        _quietly(lambda: leg.answer(param))

    # ---- phones that we dial ---------------------------------------------------------------------------
    def dial(self, targets: Sequence[Target], *, caller_number: str, caller_name: str, headers: dict[str, str]) -> list[LegId]:
        legs: list[LegId] = []
        for parcel in parcels(targets) if self.edge else ([target] for target in targets):
            if self._open_calls() >= endpoint.LEGS:
                break
            legs += self._ring(parcel, self._call_options(caller_number, caller_name, headers))
        return legs

    def _open_calls(self) -> int:
        calls = [*self._outside, *self._forks]
        if CALLER in self.legs:
            calls.append(self.legs[CALLER])
        return sum(not call.ended for call in {id(call): call for call in calls}.values())

    def _ring(self, targets: list[Target], options: pj.CallOpParam) -> list[LegId]:
        """All of them with one INVITE."""
        numbers = list(range(self._next_leg, self._next_leg + len(targets)))
        self._next_leg += len(targets)
        fork = Fork(self, self._line, {target.device: leg for target, leg in zip(targets, numbers, strict=True)})
        self._forks.append(fork)
        self.legs.update(dict.fromkeys(numbers, fork))
        self.sound()
        uri = messages.devices_uri(fork.ringing, self.edge) if self.edge else targets[0].uri
        self._invite(fork, uri, options)
        return numbers

    def _invite(self, leg: Leg, uri: str, options: pj.CallOpParam) -> None:
        try:
            leg.makeCall(uri, options)
        except pj.Error as error:
            leg.hung_up = True
            leg.note_ended(UNAVAILABLE, error.reason)

    def call_outside(self, uri: str, *, leg: LegId | None = None) -> LegId | None:
        if self._open_calls() >= endpoint.LEGS:
            return None
        if leg is None:
            leg, self._next_leg = self._next_leg, self._next_leg + 1
        call = self.legs[leg] = Leg(self, self._outside_line(), leg)
        self._outside.append(call)
        self.sound()
        self._invite(call, uri, self._call_options("", "", {}))
        return leg

    def _outside_line(self) -> Line:
        """An identity that answers challenges, so that a provider's is answered; the edge knows the true password."""
        if self._trunks is None:
            self._trunks = Line(self._arrived)
            self._trunks.create(endpoint.challenged_account_config(self.settings, self.sip_port))
        return self._trunks

    def tend(self, fork: Fork) -> None:
        self._to_tend.append(fork)

    def _tend_forks(self) -> None:
        """Let go of phones that should not ring any more while others do. The library knows CANCEL of the whole only, so this
        one is ours, through its socket: the edge answers where it belongs, in the INVITE's transaction."""
        forks, self._to_tend = list({id(fork): fork for fork in self._to_tend}.values()), []
        for fork in forks:
            said = fork.let_go(self.edge)
            if said is None:
                self._end_call(fork)
            elif said:
                self._send(said)

    def _send(self, said: str) -> None:
        host, _, port = self.edge.partition(":")
        try:
            assert self._socket
            self._socket.sendto(said.encode(), (host, int(port or 5060)))
        except OSError as error:
            log.info("CANCEL was not sent: %s", error)  # `_poll` repeats it

    def _call_options(self, caller_number: str, caller_name: str, headers: dict[str, str]) -> pj.CallOpParam:
        options = pj.CallOpParam(True)
        options.opt.audioCount, options.opt.videoCount = 1, 0
        user = messages.escaped_user(caller_number) or "anonymous"
        options.txOption.localUri = messages.name_address(caller_name, f"sip:{user}@{self.settings.domain}")
        for name, value in headers.items():
            header = pj.SipHeader()
            header.hName, header.hValue = messages.plain(name, 60), messages.plain(value, 250)
            options.txOption.headers.append(header)
        return options

    # ---- any leg ---------------------------------------------------------------------------------------
    def hang_up(self, leg: LegId) -> None:
        if not self._is_open(leg) or self.legs[leg].hung_up:
            return
        call = self.legs[leg]
        if isinstance(call, Fork) and call.release(leg):
            return
        self._end_call(call)

    def _end_call(self, call: Leg) -> None:
        call.measure()  # the stream is gone as soon as the library is asked
        call.hung_up = True
        param = pj.CallOpParam()
        param.statusCode = UNAVAILABLE if call.is_incoming and not call.answered else 0
        _quietly(lambda: call.hangup(param))

    def bridge(self, one: LegId, other: LegId) -> None:
        self.studio.bridge(one, other)

    def unbridge(self, one: LegId, other: LegId) -> None:
        self.studio.unbridge(one, other)

    def listen(self, leg: LegId, to: LegId) -> None:
        self.studio.listen(leg, to)

    def play_music(self, leg: LegId, paths: tuple[str, ...]) -> None:
        if self._is_open(leg):
            self.studio.music(leg, paths)

    def play_prompt(self, leg: LegId, paths: list[str]) -> None:
        if self._is_open(leg) and paths:
            self.studio.prompt(leg, paths)

    def stop_playing(self, leg: LegId) -> None:
        self.studio.stop(leg)

    def record(self, leg: LegId, path: str, *, silence_seconds: float) -> None:
        if self._is_open(leg):
            self.studio.recordings.start(leg, path, silence_seconds)

    def stop_recording(self, leg: LegId) -> None:
        self.studio.recordings.stop(leg)

    def quality(self, leg: LegId) -> Quality:
        return self.legs[leg].measure() if leg in self.legs else Quality()

    def dialog(self, leg: LegId) -> DialogData | None:
        return self.legs[leg].dialog() if leg in self.legs else None

    # ---- what the legs report --------------------------------------------------------------------------
    def media_ready(self, leg: LegId, port: Any) -> None:
        self.studio.media_ready(leg, port)

    def media_gone(self, leg: LegId) -> None:
        self.studio.media_gone(leg)

    def leg_over(self, leg: LegId) -> None:
        self._last_end = time.monotonic()
        self.studio.forget(leg)
        if isinstance(call := self.legs.get(leg), Fork) and call.leg != leg:
            del self.legs[leg]  # its phone never was a party

    def _poll(self) -> None:
        """Every `POLL_SECONDS`: keep the figures, and notice who sends no more. No event of the library tells."""
        self._polled = time.monotonic()
        self._turned_away = [leg for leg in self._turned_away if not leg.ended]
        self._forks = [fork for fork in self._forks if not fork.ended]
        self._outside = [leg for leg in self._outside if not leg.ended]
        self._to_tend += [fork for fork in self._forks if not fork.confirmed]
        for leg in self.legs.values():
            if leg.confirmed and not leg.ended and leg.has_gone_silent(polls=self._silent_polls):
                self.inbox(MediaLost(leg.leg, self.rtp_timeout))

    def _is_open(self, leg: LegId) -> bool:
        return leg in self.legs and not self.legs[leg].ended

    def _all_legs(self) -> list[Leg]:
        return [*self.legs.values(), *self._forks, *self._outside, *self._turned_away]


class Silent:
    """Home of a call that nobody needs to hear about."""

    def inbox(self, fact: Fact) -> None:
        return

    def media_ready(self, leg: LegId, port: Any) -> None:
        return

    def media_gone(self, leg: LegId) -> None:
        return

    def leg_over(self, leg: LegId) -> None:
        return


def _quietly(operation: Callable[[], None]) -> None:
    """The peer may have ended the dialog in the same instant; its end is reported anyway."""
    try:
        operation()
    except pj.Error as error:
        log.info("SIP operation came too late: %s", error.reason)
