"""One call of a light phone: the INVITE's transaction, the dialog, the audio."""

from __future__ import annotations

import asyncio
import random
import re
import time
from typing import TYPE_CHECKING

from . import message
from .message import Message
from .rtp import HOST, Stream

if TYPE_CHECKING:
    from .fleet import Phone, Takes

T1, T2, GIVE_UP = 0.5, 4.0, 32.0
"""RFC 3261 17.1.1.1: first and longest gap between retransmissions, and when a transaction is given up."""
REASONS = {
    180: "Ringing",
    183: "Session Progress",
    200: "OK",
    480: "Temporarily Unavailable",
    486: "Busy Here",
    487: "Request Terminated",
    603: "Decline",
}


class Call:
    """State is calling, early, ringing, talking or ended; `status` is the last of the INVITE."""

    def __init__(self, phone: Phone, *, outgoing: bool, target: str) -> None:
        self.phone, self.outgoing, self.target = phone, outgoing, target
        self.loop = phone.fleet.loop
        self.state, self.status = ("calling" if outgoing else "ringing"), 0
        self.provisionals: list[int] = []
        self.by_peer = False
        self.reason = ""
        self.bye_status = 0
        self.held = False
        self.call_id, self.local_tag = f"{random.getrandbits(80):x}@{phone.host}", f"{random.getrandbits(48):x}"
        self.local, self.remote = f"<sip:{phone.user}@{phone.fleet.realm}>;tag={self.local_tag}", f"<{target}>"
        self.cseq, self.routes = random.randrange(1000), list[str]()
        self.stream: Stream | None = None
        self.description = 1
        self.invited_at = self.answered_at = self.ended_at = 0.0
        self.first_answer_at = 0.0
        """When the first response of any kind came."""
        self._invite: Message | None = None
        self._ack: Message | None = None
        self._final: Message | None = None
        self._giving_up = False
        self._timers: list[asyncio.TimerHandle] = []
        self._resend: asyncio.TimerHandle | None = None

    # -- what a test asks for; from any thread ---------------------------------------------------------------
    @property
    def over(self) -> bool:
        return self.state == "ended"

    @property
    def talking(self) -> bool:
        return self.state == "talking"

    def share(self, frequency: int, seconds: float = 0.4) -> float:
        return self.stream.share(frequency, seconds) if self.stream else 0.0

    def hears(self, frequency: int, seconds: float = 0.4) -> bool:
        return self.share(frequency, seconds) > 0.9

    def answer(self) -> None:
        self.phone.fleet.now(lambda: self._finish(200))

    def reject(self, status: int = 486) -> None:
        self.phone.fleet.now(lambda: self._finish(status))

    def hang_up(self) -> None:
        """BYE, CANCEL or a refusal, whatever is due."""
        self.phone.fleet.now(self.leave)

    def hold(self) -> None:
        self.phone.fleet.now(lambda: self._reinvite("sendonly", sending=False))

    def resume(self) -> None:
        self.phone.fleet.now(lambda: self._reinvite("sendrecv", sending=True))

    def press(self, key: str) -> None:
        """One key, in the stream of the audio."""

        def go() -> None:
            assert self.stream
            self.stream.press(key)

        self.phone.fleet.now(go)

    def vanish(self) -> None:
        """No more RTP, no answer to anything: the network is gone."""

        def go() -> None:
            self.phone.deaf = True
            self.drop()

        self.phone.fleet.now(go)

    # -- our INVITE ------------------------------------------------------------------------------------------
    def invite(self, headers: dict[str, str]) -> None:
        self._invite = request = self._request("INVITE")
        request.headers += [("contact", f"<{self.phone.contact}>"), ("content-type", "application/sdp"), *headers.items()]
        request.body = self._sdp("sendrecv")
        self.invited_at = time.monotonic()
        self._send_invite(request)

    def _send_invite(self, request: Message) -> None:
        self.phone.waiting[(request.branch, "INVITE")] = self._invite_answered
        self.phone.send(request)
        self._again(request, T1, time.monotonic() + GIVE_UP, growing=True)

    def _again(self, sent: Message, gap: float, end: float, *, growing: bool = False) -> None:
        """Retransmit until stopped: INVITE without a cap (timer A), answers with one (timer G)."""
        if time.monotonic() > end:
            self._end(408, by_peer=False)
            return

        def fire() -> None:
            self.phone.send(sent)
            self._again(sent, 2 * gap if growing else min(2 * gap, T2), end, growing=growing)

        self._resend = self.loop.call_later(gap, fire)

    def _quiet(self) -> None:
        if self._resend:
            self._resend.cancel()
            self._resend = None

    def _invite_answered(self, response: Message) -> None:
        self.first_answer_at = self.first_answer_at or time.monotonic()
        self._quiet()
        self.status = response.status
        if response.status < 200:
            self._progressed(response)
        elif response.status < 300:
            self._accepted(response)
        else:
            self._refused(response)

    def _progressed(self, response: Message) -> None:
        self.provisionals.append(response.status)
        if self.state == "calling":
            self.state = "early"
            if self._giving_up:
                self._cancel()
        self._listen(response)

    def _accepted(self, response: Message) -> None:
        if self._ack is None:
            self.remote, self.target = response.get("to"), message.uri(response.get("contact")) or self.target
            self.routes = message.routes(response)[::-1]
            self._ack = self._request("ACK", cseq=response.cseq)
            if self.state not in ("talking", "ended"):
                self.state, self.answered_at = "talking", time.monotonic()
            self._listen(response)
        self.phone.send(self._ack)
        if self._giving_up and not self.bye_status:
            self._bye()

    def _refused(self, response: Message) -> None:
        assert self._invite
        ack = Message(f"ACK {self._invite.start.split()[1]} SIP/2.0")
        ack.headers = [(n, v) for n, v in self._invite.headers if n in ("via", "from", "call-id", "max-forwards")]
        ack.headers += [("to", response.get("to")), ("cseq", f"{response.cseq} ACK")]
        self.phone.send(ack)
        if self.state == "ended":
            return
        if response.status in (401, 407) and self.phone.password and not self._invite.get("authorization"):
            self._invite_with_credentials(response)
        else:
            self.reason = response.get("reason")
            self._end(response.status, by_peer=True)

    def _invite_with_credentials(self, response: Message) -> None:
        assert self._invite
        asked, target = message.challenge(response, "MD5"), self._invite.start.split()[1]
        answer = message.credentials(asked, user=self.phone.user, password=self.phone.password, method="INVITE", uri=target)
        again = self._request("INVITE")
        kept = [(n, v) for n, v in self._invite.headers if n in ("contact", "content-type") or n.startswith("x-")]
        again.headers += [*kept, ("authorization" if response.status == 401 else "proxy-authorization", answer)]
        again.body, self._invite = self._invite.body, again
        self._send_invite(again)

    # -- their INVITE ----------------------------------------------------------------------------------------
    def rung(self, request: Message, takes: Takes) -> None:
        self.invited_at = time.monotonic()
        self._invite, self.call_id = request, request.get("call-id")
        self.remote, self.local = request.get("from"), f"{request.get('to')};tag={self.local_tag}"
        self.routes = message.routes(request)
        if takes.early:
            self._respond(183, self._sdp("sendrecv"))
            self._listen(request)
        else:
            self._respond(180)
        if takes.answer_after is not None:
            self._timers.append(self.loop.call_later(takes.answer_after, self._finish, takes.status))
        if takes.answer_after is not None and takes.talk_for is not None:
            self._timers.append(self.loop.call_later(takes.answer_after + takes.talk_for, self.leave))

    def _respond(self, status: int, sdp: str = "") -> Message:
        assert self._invite
        response = message.respond(
            self._invite, status, REASONS.get(status, "Other"), to_tag=self.local_tag, contact=self.phone.contact, sdp=sdp
        )
        self.status = status
        self.phone.reply(self._invite, response)
        return response

    def _finish(self, status: int) -> None:
        """The final answer to their INVITE, repeated until it is acknowledged."""
        if self.state != "ringing" or self.outgoing:
            return
        assert self._invite
        final = self._respond(status, self._sdp("sendrecv") if status == 200 else "")
        self._again(final, T1, time.monotonic() + GIVE_UP)
        if status == 200:
            self.state, self.answered_at = "talking", time.monotonic()
            self._listen(self._invite)
        else:
            self._end(status, by_peer=False, keep_repeating=True)

    def acknowledged(self, ack: Message) -> None:
        self._quiet()
        if ack.body:
            self._listen(ack)

    # -- inside the dialog -----------------------------------------------------------------------------------
    def requested(self, method: str, request: Message) -> None:
        if method == "CANCEL":
            self.phone.reply(request, message.respond(request, 200, "OK", to_tag=self.local_tag))
            self.reason = request.get("reason")
            if self.state == "ringing":
                self._again(self._respond(487), T1, time.monotonic() + GIVE_UP)
                self._end(487, by_peer=True, keep_repeating=True)
        elif method == "BYE":
            self.phone.reply(request, message.respond(request, 200, "OK"))
            self.reason = request.get("reason")
            self._end(self.status, by_peer=True)
        elif method in ("INVITE", "UPDATE"):
            self._reoffered(request)
        else:
            self.phone.reply(request, message.respond(request, 200, "OK"))

    def _reoffered(self, request: Message) -> None:
        self.held = bool(re.search(r"^a=(sendonly|inactive)", request.body, re.M))
        self.description += 1
        direction = "recvonly" if self.held else "sendrecv"
        sdp = self._sdp(direction) if request.body or request.method == "INVITE" else ""
        response = message.respond(request, 200, "OK", contact=self.phone.contact, sdp=sdp)
        self.phone.reply(request, response)
        if request.method == "INVITE":
            self._again(response, T1, time.monotonic() + GIVE_UP)
        if request.body:
            self._listen(request)

    def _reinvite(self, direction: str, *, sending: bool) -> None:
        self.description += 1
        request = self._request("INVITE")
        request.headers += [("contact", f"<{self.phone.contact}>"), ("content-type", "application/sdp")]
        request.body = self._sdp(direction)

        def heard(response: Message) -> None:
            self._quiet()
            if response.status >= 200:
                self.phone.send(self._request("ACK", cseq=response.cseq))
            if 200 <= response.status < 300 and self.stream:
                self.stream.sending = sending

        self.phone.waiting[(request.branch, "INVITE")] = heard
        self.phone.send(request)
        self._again(request, T1, time.monotonic() + GIVE_UP, growing=True)

    def take(self) -> None:
        """Answer; in the loop."""
        self._finish(200)

    def leave(self) -> None:
        """Hang up; in the loop."""
        if self.state == "talking":
            self._bye()
        elif self.state == "ringing":
            self._finish(603)
        elif self.state == "early":
            self._cancel()
        elif self.state == "calling":
            self._giving_up = True  # RFC 3261 9.1: no CANCEL before a provisional response

    def _cancel(self) -> None:
        assert self._invite
        self._giving_up = True
        cancel = Message(f"CANCEL {self._invite.start.split()[1]} SIP/2.0")
        cancel.headers = [(n, v) for n, v in self._invite.headers if n in ("via", "from", "to", "call-id", "max-forwards")]
        cancel.headers.append(("cseq", f"{self._invite.cseq} CANCEL"))
        self._ask(cancel)

    def _bye(self) -> None:
        self._quiet()
        self.bye_status = 1
        self._ask(self._request("BYE"))
        self._end(self.status, by_peer=False)

    def _ask(self, request: Message) -> None:
        async def run() -> None:
            answer = await self.phone.ask(request)
            if request.method == "BYE":
                self.bye_status = answer.status

        task = self.loop.create_task(run())
        self.phone.fleet.tasks.add(task)
        task.add_done_callback(self.phone.fleet.tasks.discard)

    def drop(self) -> None:
        """Forget everything without a word to the peer."""
        self._quiet()
        for timer in self._timers:
            timer.cancel()
        if self.stream:
            self.phone.fleet.studio.close(self.stream)
        self.state, self.ended_at = "ended", self.ended_at or time.monotonic()

    def _end(self, status: int, *, by_peer: bool, keep_repeating: bool = False) -> None:
        if self.state == "ended":
            return
        self.status, self.by_peer, resend = status, by_peer, self._resend
        if keep_repeating:
            self._resend = None
        self.drop()
        self._resend = resend if keep_repeating else None

    def _listen(self, described: Message) -> None:
        remote = message.media_address(described.body)
        if remote is None:
            return
        if self.stream is None:
            self.stream = self.phone.fleet.studio.open(Stream(self.phone.tone, remote))
            self.stream.listening_for = self.phone.listens_for
        elif self.stream.remote != remote:
            self.phone.fleet.studio.move(self.stream, remote)

    def _sdp(self, direction: str) -> str:
        return message.sdp(HOST, self.phone.fleet.studio.port, direction, self.description)

    def _request(self, method: str, cseq: int | None = None) -> Message:
        if cseq is None:
            self.cseq += 1
        request = self.phone.request(method, self.target, self.local, self.remote, self.call_id, self.cseq if cseq is None else cseq)
        request.headers += [("route", route) for route in self.routes]
        return request
