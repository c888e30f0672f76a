"""Every packet's way: in by the shield, then to a call process, to a phone, or answered here. Keeps no dialog state."""

from __future__ import annotations

import logging
from collections.abc import Callable

from . import shield
from .admission import STRANGER, Admission, Caller
from .calls import Calls, Held
from .directory import Directory
from .farewell import Farewell
from .forks import Forks, devices_of
from .hops import Hops, Ours, reply_to, stamp
from .limits import Limits
from .message import METHODS, Malformed, Message, parse
from .outside import Outside
from .refusals import Refusals
from .registering import Registering
from .shield import Refused, Silence
from .tokens import Flow, Leave, Mark, Signer
from .unanswered import Unanswered
from .uri import Address, NameAddr, Uri, Via, parameters

log = logging.getLogger(__name__)

ALLOW = ("Allow", ", ".join(sorted(METHODS)))


class Dispatcher:
    """`send` puts a datagram on the wire, `tell` a note on the pipe to the node, `register` answers a REGISTER later."""

    def __init__(
        self, ours: Ours, signer: Signer, calls: Calls, directory: Directory, admission: Admission, limits: Limits, *,
        send: Callable[[bytes, Address], None], tell: Callable[[dict[str, object]], None],
        register: Callable[[Message, Address], None], refresh: Callable[[Callable[[], None]], None],
        trunk_changed: Callable[[int, bool], None] = lambda trunk, registered: None,
    ) -> None:  # fmt: skip
        self.ours = ours
        self.signer = signer
        self.calls = calls
        self.directory = directory
        self.admission = admission
        self.limits = limits
        self.send = send
        self.hops = Hops(ours, signer, send)
        self.tell = tell
        self.register = register
        self.farewell = Farewell(ours, signer, send)
        self._refresh = refresh
        self.forks = Forks(self.hops, directory, self.farewell, refresh)
        self.registering = Registering(ours, directory, self.farewell, trunk_changed)
        self.outside = Outside(self.hops, directory, self.farewell)
        self.refusals = Refusals()
        self.unanswered = Unanswered(signer, self.farewell, self.refusals)

    # ---- in ------------------------------------------------------------------------------------------
    def receive(self, data: bytes, source: Address) -> None:
        if len(data) < 20:
            return  # keep-alives (RFC 5626 4.4.1)
        inside = self.calls.owns(source)
        if not inside and not self._tolerated(source):
            return
        try:
            message = parse(data)
        except Malformed:
            return
        if message.is_request:
            self._request(message, source, inside)
        else:
            self._response(message, inside)

    def _tolerated(self, source: Address) -> bool:
        return self.limits.requests.take(source[0]) or self.directory.trunk_at(source[0]) is not None

    def _request(self, message: Message, source: Address, inside: bool) -> None:
        if not inside and (shield.SCANNERS.search(message.get("user-agent")) or self._guesses(message, source)):
            return
        try:
            stamp(message, source)
            shield.inspect(message)
            self._route(message, source, inside)
        except Refused as refused:
            self.refuse(message, source, refused)
        except Silence:
            return

    def _guesses(self, message: Message, source: Address) -> bool:
        """It asks to be let in, from an address that guessed passwords. Callers from there keep their calls."""
        knocks = message.method == "REGISTER" or message.get("proxy-authorization")
        return bool(knocks) and self.admission.locked_out(message, source)

    def _route(self, message: Message, source: Address, inside: bool) -> None:
        flow = self._pop_route(message)
        if inside:
            self._from_process(message, flow)
        elif message.method == "REGISTER":
            self.register(message, source)
        elif message.method == "CANCEL":
            self._cancel(message, source)
        elif message.tag("to"):
            self._in_dialog(message, source, flow)
        elif message.method == "INVITE":
            self._invite(message, source)
        elif message.method == "OPTIONS":
            self.answer(message, source, 200, "OK", ALLOW, ("Accept", "application/sdp"))
        else:
            raise Refused(481, "Call/Transaction Does Not Exist")

    def _pop_route(self, message: Message) -> Flow | None:
        """Take our own entries from the top of the route set; the token in one of them names the far end."""
        flow = None
        while route := message.get("route"):
            uri = Uri.parse((NameAddr.parse(route) or NameAddr("", "")).uri)
            found = self.signer.read_flow(parameters(uri.params).get("f", "")) if uri else None
            if not found and (uri is None or uri.address not in (self.ours.outside, self.ours.inside)):
                break
            message.pop("route")
            flow = found or flow
        return flow

    # ---- calls from outside --------------------------------------------------------------------------
    def _invite(self, message: Message, source: Address) -> None:
        key = message.key
        process = self.calls.process_for(key)
        if process:
            self._deliver(message, source, process, self.calls.callers.get(key, STRANGER))
        elif not (self.calls.waits(key) or self.calls.leaving):
            self._try_claim(message, source, key)

    def _try_claim(self, message: Message, source: Address, key: str) -> None:
        if said := self.refusals.of(message):
            raise said
        try:
            self._claim(message, source, key)
        except Refused as refused:
            if refused.status == 503:
                self.refusals.remember(message, refused)
            raise

    def _claim(self, message: Message, source: Address, key: str) -> None:
        caller = self.admission.caller(message, source)
        shield.clean_body(message, wideband=caller.phone, outward=False)
        if self.calls.draining:
            raise Refused(503, "Service Unavailable", ("Retry-After", "10"))
        if caller.max_calls and self.calls.count(caller.source) >= caller.max_calls:
            raise Refused(503, "Too Many Calls", ("Retry-After", "10"))
        self.calls.hold(key, Held(caller, [(message, source)]))
        self.tell({"op": "claim", "key": self.calls.name(key, caller), "source": caller.source})

    def claimed(self, name: str, port: int | None) -> None:
        """The node's answer to a claim: the port of the process, or None when there is none to be had."""
        key, _ = self.calls.read_name(name)
        if port is None:
            self._none_to_be_had(key)
            return
        held = self.calls.claimed(key, port)
        for message, source in held.messages if held else ():
            try:
                self._deliver(message, source, (self.calls.host, port), held.caller if held else STRANGER)
            except Refused as refused:
                self.refuse(message, source, refused)

    def _none_to_be_had(self, key: str) -> None:
        held = self.calls.held.pop(key, None)
        for message, source in held.messages if held else ():
            if message.method == "INVITE":
                self.refuse(message, source, full := Refused(503, "Service Unavailable", ("Retry-After", "5")))
                self.refusals.remember(message, full)
            else:
                self.answer(message, source, 200, "OK")

    def _deliver(self, message: Message, source: Address, process: Address, caller: Caller) -> None:
        """To the call process that has (or will have) the dialog, by affinity: INVITE, CANCEL, ACK to a failure."""
        message.drop("route", "authorization", "proxy-authorization")
        came = message.copy()
        if message.method == "INVITE":
            message.set("X-CC-Source", caller.source)
            self.hops.record_route(message, Flow(source, caller.phone), inward=True)
        self._to_process(message, process, wideband=caller.phone)
        self.unanswered.follow(came, process[1])

    def _cancel(self, message: Message, source: Address) -> None:
        held = self.calls.held.get(message.key)
        if held:
            held.messages.append((message, source))
        elif process := self.calls.process_for(message.key):
            self._deliver(message, source, process, STRANGER)
        elif self.refusals.of(message):
            # It came too late (RFC 3261 9.2): the INVITE was answered by us.
            self.answer(message, source, 200, "OK")
        else:
            raise Refused(481, "Call/Transaction Does Not Exist")

    def _in_dialog(self, message: Message, source: Address, flow: Flow | None) -> None:
        uri = Uri.parse(message.uri)
        process = self.calls.process_for(message.key)
        if message.method == "ACK":
            self.unanswered.acknowledged(message)
        if uri and self.calls.owns(uri.address):
            self._to_process(message, uri.address, wideband=bool(flow and flow.phone))
        elif process:
            # A caller that heeds neither our Contact nor our Record-Route, as `sipp -sn uac`; and an ACK to a failure.
            message.drop("route")
            self._to_process(message, process, wideband=self.calls.callers.get(message.key, STRANGER).phone)
        elif message.method == "BYE" and flow:
            # The process is over and so is the dialog: both sides hung up at once, or our answer was lost.
            self.answer(message, source, 200, "OK")
        elif message.method != "ACK":
            raise Refused(481, "Call/Transaction Does Not Exist")

    def _to_process(self, message: Message, process: Address, *, wideband: bool) -> None:
        message.drop("authorization", "proxy-authorization")
        self._clean(message, wideband=wideband, outward=False)
        if not self.limits.process.take(process[1]):
            raise Refused(503, "Too Many Requests", ("Retry-After", "1"))
        if message.method == "INVITE" and not self.limits.process_invites.take(process[1]):
            raise Refused(503, "Too Many Requests", ("Retry-After", "1"))
        self._forward(message, process, phone=wideband)

    # ---- calls from our processes --------------------------------------------------------------------
    def _from_process(self, message: Message, flow: Flow | None) -> None:
        if message.method == "OPTIONS" and not message.tag("to"):
            self.answer(message, reply_to(message), 200, "OK", ALLOW)
        elif flow:
            self._clean(message, wideband=flow.phone, outward=True)
            if message.method == "ACK":
                self.forks.acknowledged(message)
                self.outside.acknowledged(message)
            self.outside.dress(message)
            self._forward(message, flow.address, phone=flow.phone)
        elif leave := self.outside.leave_of(message.uri):
            self._to_outside(message, leave)
        elif devices := devices_of(message.uri):
            self._about_devices(message, devices)
        else:
            raise Refused(481, "Call/Transaction Does Not Exist") if message.tag("to") else Refused(403, "Forbidden")

    def _to_outside(self, message: Message, leave: Leave) -> None:
        """A trunk that the directory does not know may have been set up an instant ago: the rows are read again for it."""
        self._clean(message, wideband=False, outward=True)
        if message.method == "INVITE" and leave.trunk not in self.directory.providers:
            self._refresh(lambda: self._late_to_outside(message, leave))
        else:
            self.outside.request(message, leave)

    def _late_to_outside(self, message: Message, leave: Leave) -> None:
        try:
            self.outside.request(message, leave)
        except Refused as refused:
            self.refuse(message, reply_to(message), refused)

    def _about_devices(self, message: Message, devices: list[int]) -> None:
        if message.method == "ACK":
            self.forks.acknowledged(message)  # of a failure: same Request-URI and branch as the INVITE
        elif message.tag("to"):
            raise Refused(481, "Call/Transaction Does Not Exist")
        elif message.method == "INVITE":
            self._clean(message, wideband=True, outward=True)
            self.forks.begin(message, devices)
        elif message.method == "CANCEL":
            self.answer(message, reply_to(message), 200, "OK")
            self.forks.cancel(message, devices)
        else:
            raise Refused(403, "Forbidden")

    # ---- responses -----------------------------------------------------------------------------------
    def _response(self, message: Message, inside: bool) -> None:
        try:
            shield.inspect(message)
        except Refused:
            return
        ours = Via.parse(message.pop("via"))
        theirs = Via.parse(message.get("via"))
        if ours is None or theirs is None:
            self.farewell.answered(ours)
            self.registering.heard(message, ours)
            return
        # Signed with the address in it, so nobody can make us send to a third party; and one side must be a process.
        mark, inward = self.signer.read_branch(message, ours, theirs), self.calls.owns(theirs.reply_to)
        if mark is None:
            return
        if mark.device and not inside:
            self._clean(message, wideband=True, outward=False)
            self.forks.heard(message, mark.device, alive=inward)
        elif not inside and not mark.phone and self.outside.heard(message, ours.branch):
            return
        elif inside != inward:
            self._clean(message, wideband=mark.phone, outward=inside)
            self.send(message.encode(), theirs.reply_to)
            self.unanswered.answered(message)

    # ---- out -----------------------------------------------------------------------------------------
    def _clean(self, message: Message, *, wideband: bool, outward: bool) -> None:
        try:
            shield.clean_body(message, wideband=wideband, outward=outward)
        except Refused:
            if message.is_request and message.method != "ACK":
                raise
            # An answer cannot be answered: it goes on without its body, and the call ends for want of a session.
            message.replace_body(b"")

    def _forward(self, message: Message, to: Address, *, phone: bool) -> None:
        via = Via.parse(message.get("via"))
        if via is None:
            return
        self.hops.count(message)
        branch = self.signer.branch(message, via, Mark(phone))
        message.push("Via", self.hops.via(branch, inward=self.calls.owns(to)))
        self.send(message.encode(), to)

    def answer(self, message: Message, source: Address, status: int, reason: str, *extra: tuple[str, str]) -> None:
        if message.method == "ACK":
            return
        self.send(message.reply(status, reason, *extra, to_tag=self.signer.to_tag(message)).encode(), source)

    def refuse(self, message: Message, source: Address, refused: Refused) -> None:
        """Answer with the refusal if the request has what an answer needs; otherwise silence."""
        needed = {"via", "from", "to", "call-id", "cseq"}
        if needed <= {name for name, _ in message.headers} and Via.parse(message.get("via")):
            self.answer(message, source, refused.status, refused.reason, *refused.extra)
