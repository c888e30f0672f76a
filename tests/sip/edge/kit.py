"""The real edge process between a pretended node and pretended call processes; phones are plain sockets."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from telephony.edge.message import Malformed, Message, parse

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 4000 RTP/AVP 9 8 0 101\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n"
)
_serial = itertools.count(random.getrandbits(30))


def fresh(prefix: str = "x") -> str:
    return f"{prefix}{next(_serial):x}"


class Wire:
    """A UDP socket that speaks SIP: a phone, a trunk, or a call process."""

    def __init__(self, host: str = HOST) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind((host, 0))
        self.host, self.port = self.sock.getsockname()

    def send(self, data: bytes | str | Message, to: tuple[str, int]) -> None:
        raw = data.encode("latin-1") if isinstance(data, str) else data.encode() if isinstance(data, Message) else data
        self.sock.sendto(raw, to)

    def receive(self, within: float = 3.0) -> Message:
        self.sock.settimeout(within)
        self.data, self.source = self.sock.recvfrom(65535)
        return parse(self.data)

    def silent(self, within: float = 0.15) -> bool:
        try:
            self.receive(within)
        except TimeoutError:
            return True
        return False

    def close(self) -> None:
        self.sock.close()


class Phone(Wire):
    """Builds requests to one edge and answers its challenges."""

    def __init__(self, edge: tuple[str, int], name: str = "stranger", password: str = "demo", host: str = HOST) -> None:
        super().__init__(host)
        self.edge, self.name, self.password = edge, name, password
        self.call_id, self.cseq, self.count = fresh("reg"), 0, 0
        self.algorithm = "SHA-256"

    def request(self, method: str, uri: str, *extra: str, body: str = "", call_id: str = "", cseq: int = 1, to: str = "", tag: str = "t1",
                branch: str = "") -> str:  # fmt: skip
        kind = ["Content-Type: application/sdp"] if body and not any("content-type" in line.lower() for line in extra) else []
        contact = (
            [] if any(line.lower().startswith("contact") for line in extra) else [f"Contact: <sip:{self.name}@{self.host}:{self.port}>"]
        )
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.host}:{self.port};rport;branch={branch or 'z9hG4bK' + fresh('b')}",
            "Max-Forwards: 70", f"From: <sip:{self.name}@callcenter>;tag={tag}", f"To: {to or f'<{uri}>'}",
            f"Call-ID: {call_id or fresh('call')}", f"CSeq: {cseq} {method}", *contact, *kind, *extra,
            f"Content-Length: {len(body.encode('latin-1'))}",
        ]  # fmt: skip
        return "\r\n".join([*lines, "", body])

    def ask(self, request: str, within: float = 3.0) -> Message:
        self.send(request, self.edge)
        return self.receive(within)

    # ---- digest ------------------------------------------------------------------------------------------
    def authorization(self, header: str, challenge: Message, method: str, asked: str, **changes: Any) -> str:
        offered = [value for value in challenge.values(CHALLENGE[header]) if f"algorithm={self.algorithm}" in value]
        given = {
            "username": self.name, "realm": "callcenter", "nonce": re.search(r'nonce="([^"]+)"', offered[0])[1],  # type: ignore[index]
            "uri": asked, "algorithm": self.algorithm, "qop": "auth", "nc": "00000001", "cnonce": "abcd", "password": self.password,
        } | changes  # fmt: skip
        hash_ = HASHES[given["algorithm"]]

        def h(*parts: str) -> str:
            return hash_(":".join(parts).encode()).hexdigest()

        ha1 = h(given["username"], given["realm"], given["password"])
        response = h(ha1, given["nonce"], given["nc"], given["cnonce"], given["qop"], h(method, given["uri"]))
        return (
            f'{header}: Digest username="{given["username"]}", realm="{given["realm"]}", nonce="{given["nonce"]}", uri="{given["uri"]}",'
            f' response="{response}", algorithm={given["algorithm"]}, qop={given["qop"]}, nc={given["nc"]}, cnonce="{given["cnonce"]}"'
        )

    # ---- REGISTER ----------------------------------------------------------------------------------------
    def register_request(self, *extra: str, cseq: int | None = None, aor: str = "", branch: str = "") -> str:
        self.cseq = cseq or self.cseq + 1
        uri = f"sip:{self.edge[0]}:{self.edge[1]}"
        return self.request(
            "REGISTER", uri, *extra, call_id=self.call_id, cseq=self.cseq, to=f"<sip:{aor or self.name}@callcenter>", branch=branch
        )  # fmt: skip

    def challenge(self) -> Message:
        return self.ask(self.register_request())

    def register(self, *extra: str, cseq: int | None = None, aor: str = "", **changes: Any) -> Message:
        """A challenge and an answer to it; the edge's answer to that."""
        challenge = self.challenge()
        assert challenge.status == 401, challenge.start
        uri = f"sip:{self.edge[0]}:{self.edge[1]}"
        proof = self.authorization("Authorization", challenge, "REGISTER", uri, **changes)
        return self.ask(self.register_request(proof, *extra, cseq=cseq, aor=aor))

    # ---- INVITE ------------------------------------------------------------------------------------------
    def invite_request(self, number: str, *extra: str, **fields: Any) -> str:
        return self.request("INVITE", f"sip:{number}@{self.edge[0]}:{self.edge[1]}", *extra, **{"body": SDP, **fields})

    def invite(self, number: str, *extra: str, **fields: Any) -> Message:
        """An INVITE that proves who we are."""
        call_id = fresh("call")
        challenge = self.ask(self.invite_request(number, call_id=call_id, **fields))
        assert challenge.status == 407, challenge.start
        uri = f"sip:{number}@{self.edge[0]}:{self.edge[1]}"
        proof = self.authorization("Proxy-Authorization", challenge, "INVITE", uri)
        self.send(self.invite_request(number, proof, *extra, call_id=call_id, cseq=2, **fields), self.edge)
        return challenge


def answered(phone: Phone, request: str | bytes) -> int:
    """The status that comes back; 0 for silence."""
    phone.send(request, phone.edge)
    with contextlib.suppress(TimeoutError, Malformed):
        return phone.receive(0.3).status
    return 0


CHALLENGE = {"Authorization": "www-authenticate", "Proxy-Authorization": "proxy-authenticate"}


class Process(Wire):
    """A pretended call process."""

    def answer(self, request: Message, status: int, *, body: str = "", tag: str = "ours") -> Message:
        reply = request.reply(status, "Reason", to_tag=tag)
        at = next(place for place, (name, _) in enumerate(reply.headers) if name != "via")
        reply.headers[at:at] = [header for header in request.headers if header[0] == "record-route"]
        reply.set("Contact", f"<sip:{self.host}:{self.port}>")
        if body:
            reply.set("Content-Type", "application/sdp")
            reply.body = body.encode("latin-1")
        self.send(reply, self.source)
        return reply


class Edge:
    """Starts the edge as the node would, answers its claims, remembers what a node remembers."""

    def __init__(self, environment: dict[str, str], **settings: str) -> None:
        self.port = free_port()
        self.address = (HOST, self.port)
        self.process = Process()
        self.affinity: dict[str, int] = {}
        self.nonces: dict[str, int] = {}
        self.nonces_since = 0.0
        self.notes: list[dict[str, Any]] = []
        self.claims = True
        freely = {"SIP_REQUESTS_PER_SECOND": "5000", "SIP_CALLS_PER_SECOND": "1000"}
        self.environment = environment | {"SIP_PORT": str(self.port)} | freely | settings

    def start(self) -> Self:
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "telephony.edge", "--fd", str(theirs.fileno())]
        self.child = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=ROOT, env=self.environment)
        theirs.close()
        self.pipe, self.ready = ours, threading.Event()
        hello = {"op": "hello", "node": "test", "secret_epoch": 0, "affinity": self.affinity, "processes": [self.process.port]}
        self.tell(**hello, nonces=self.nonces, nonces_since=self.nonces_since)
        threading.Thread(target=self._hear, args=(ours.makefile(), self.ready), daemon=True).start()
        assert self.ready.wait(60), "the edge did not get ready"
        return self

    def tell(self, **note: Any) -> None:
        self.pipe.sendall(json.dumps(note).encode() + b"\n")

    def _hear(self, lines: Any, ready: threading.Event) -> None:
        with contextlib.suppress(ConnectionError):  # the edge was killed
            self._note(lines, ready)

    def _note(self, lines: Any, ready: threading.Event) -> None:
        for line in lines:
            note = json.loads(line)
            self.notes.append(note)
            if note["op"] == "ready":
                ready.set()
            elif note["op"] == "nonce":
                self.nonces[note["nonce"]] = note["nc"]
            elif note["op"] == "claim" and self.claims:
                self.affinity[note["key"]] = self.choose()
                with contextlib.suppress(OSError):
                    self.tell(op="claimed", key=note["key"], port=self.affinity[note["key"]], busy=False)

    def choose(self) -> int:
        """The port of the process that gets the next call."""
        return int(self.process.port)

    def claimed(self) -> list[str]:
        return [note["source"] for note in self.notes if note["op"] == "claim"]

    def kill(self) -> None:
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def stop(self) -> None:
        self.pipe.shutdown(socket.SHUT_RDWR)  # the listening thread holds the descriptor too
        self.child.wait(10)
        self.process.close()

    def alive(self) -> bool:
        """It answers an OPTIONS."""
        assert self.child.poll() is None, "the edge ended"
        phone = Phone(self.address)
        try:
            return phone.ask(phone.request("OPTIONS", f"sip:{HOST}")).status == 200
        finally:
            phone.close()


def free_port() -> int:
    while True:
        port = random.randrange(10_000, 12_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


@contextlib.contextmanager
def running_edge(environment: dict[str, str], **settings: str) -> Iterator[Edge]:
    edge = Edge(environment, **settings).start()
    try:
        yield edge
    finally:
        edge.stop()


class Company:
    """Rows for the tests of one module."""

    def __init__(self) -> None:
        from queues.models import Queue

        self.name = fresh("edge")
        self.queue = Queue.objects.create(name=self.name, slug=self.name)
        self.public = self.number(public=True)
        self.private = self.number(public=False)
        self.alice, self.bob = self.agent(), self.agent()

    def number(self, *, public: bool) -> str:
        from ivr.models import Number

        return Number.objects.create(number=fresh("n"), public=public, queue=self.queue).number

    def agent(self, password: str = "demo") -> Any:
        from django.contrib.auth import get_user_model

        from agents.models import Agent
        from agents.services import set_sip_password

        name = fresh("a")
        user = get_user_model().objects.create(username=name)
        extension = str(next(_serial) % 10**9)
        agent = Agent.objects.create(user=user, name=name, sip_username=name, extension=extension)
        set_sip_password(agent, password)
        return agent

    def trunk(self, *, password: str = "", **fields: Any) -> Any:
        from telephony.models import Trunk
        from telephony.services.trunks import set_trunk_password

        trunk = Trunk.objects.create(name=fresh("trunk"), **fields)
        if password:
            set_trunk_password(trunk, password)
        return trunk


def registered(agent: Any) -> list[Any]:
    from telephony.models import Registration

    return list(Registration.objects.filter(agent=agent).order_by("id"))
