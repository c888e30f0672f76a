"""An edge without sockets that phones and one call process talk to: for tests of its forks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from telephony.edge.admission import Admission
from telephony.edge.calls import Calls
from telephony.edge.digest import Digest
from telephony.edge.directory import Binding, Directory
from telephony.edge.dispatcher import Dispatcher
from telephony.edge.hops import Ours
from telephony.edge.limits import Limits, Rate
from telephony.edge.message import Message, parse
from telephony.edge.tokens import Signer
from telephony.edge.uri import Address

EDGE, PROCESS = ("127.0.0.1", 5060), ("127.0.0.1", 4001)
DEVICES = (54, 55, 60)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
)


class Clock:
    """Stands in for the loop: timers are run by `pass_`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, seconds: float, call: Callable[..., None], *args: Any) -> Any:
        entry = (self.now + seconds, id(object()) + len(self.timers), call, args)
        self.timers.append(entry)
        clock = self

        class Handle:
            def cancel(self) -> None:
                if entry in clock.timers:
                    clock.timers.remove(entry)

        return Handle()

    def pass_(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [entry for entry in self.timers if entry[0] <= until]:
            entry = min(due, key=lambda one: one[0])
            self.timers.remove(entry)
            self.now = entry[0]
            entry[2](*entry[3])
        self.now = until


class Scene:
    """A dispatcher that knows phones by their devices, and one call process."""

    def __init__(self, clock: Clock, devices: tuple[int, ...] = DEVICES) -> None:
        self.clock = clock
        self.directory = Directory(loaded=True)
        for device in devices:
            self.register(device)
        self.refreshed: list[Callable[[], None]] = []
        self.sent: list[tuple[Message, Address]] = []
        self.start()

    def register(self, device: int) -> None:
        self.directory.bindings[device] = Binding(device, device, f"sip:desk@192.0.2.{device}", phone_at(device), time.time() + 600)

    def start(self) -> None:
        """Also anew: an edge that knows nothing but the directory and which processes there are."""
        signer, calls = Signer("key"), Calls("127.0.0.1")
        calls.started(PROCESS[1])
        limits = Limits(requests=Rate(1000, 6000), invites=Rate(1000, 6000))
        admission = Admission(self.directory, Digest(signer.key("digest"), "x"), limits, EDGE)
        self.clock.timers.clear()
        self.edge = Dispatcher(
            Ours(EDGE, EDGE), signer, calls, self.directory, admission, limits,
            send=self._send, tell=lambda note: None, register=lambda message, source: None, refresh=self.refreshed.append,
        )  # fmt: skip

    def _send(self, data: bytes, to: Address) -> None:
        self.sent.append((parse(data), to))

    def heard(self, by: Address) -> list[Message]:
        """What it got since the last time."""
        found = [message for message, to in self.sent if to == by]
        self.sent = [(message, to) for message, to in self.sent if to != by]
        return found

    def at(self, device: int) -> list[str]:
        """Methods of the requests that the phone got since the last time."""
        return [message.method for message in self.heard(phone_at(device))]

    def told(self) -> list[tuple[int, str, str]]:
        """Status, device and reason of what the process was told since the last time."""
        return [(m.status, m.get("x-cc-device") or m.get("x-cc-ends"), m.get("reason")) for m in self.heard(PROCESS)]

    # ---- the process ---------------------------------------------------------------------------------------
    def process_says(self, method: str, *devices: int, branch: str = "z9hG4bKcall", cseq: int = 7, to_tag: str = "") -> None:
        uri = f"sip:device-{'-'.join(map(str, devices))}@127.0.0.1:5060"
        lines = [
            f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP 127.0.0.1:4001;rport;branch={branch}", "Max-Forwards: 70",
            "From: <sip:caller@127.0.0.1>;tag=ours", f"To: <sip:device-{self.all}@127.0.0.1>{to_tag}", f"Call-ID: {branch}-id",
            f"CSeq: {cseq} {method}", "Contact: <sip:127.0.0.1:4001>", "Supported: replaces, 100rel, timer", "X-CC-Secret: 1",
        ]  # fmt: skip
        body = SDP if method == "INVITE" else ""
        lines += ["Content-Type: application/sdp"] if body else []
        self.edge.receive("\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode(), PROCESS)

    def rings(self, *devices: int, branch: str = "z9hG4bKcall") -> None:
        """The process sends its INVITE; what phones got of it is kept in `invites`."""
        self.all = "-".join(map(str, devices))
        self.process_says("INVITE", *devices, branch=branch)
        self.invites = {device: message for device in devices for message in self.heard(phone_at(device)) if message.method == "INVITE"}

    # ---- the phones ----------------------------------------------------------------------------------------
    def phone_says(self, device: int, status: int, *extra: tuple[str, str], body: str = "", tag: str = "") -> None:
        invite = self.invites[device]
        reply = invite.reply(status, "Reason", *extra, to_tag=tag or f"desk{device}")
        routes = [header for header in invite.headers if header[0] == "record-route"]
        reply.headers += [*routes, ("contact", f"Contact: <sip:desk@192.0.2.{device}>")]
        if body:
            reply.headers.append(("content-type", "Content-Type: application/sdp"))
            reply.body = body.encode()
        self.edge.receive(reply.encode(), phone_at(device))

    def all_ring(self, *devices: int) -> None:
        self.rings(*(devices or DEVICES))
        for device in devices or DEVICES:
            self.phone_says(device, 180)
        self.heard(PROCESS)


def phone_at(device: int) -> Address:
    return f"192.0.2.{device}", 5060
