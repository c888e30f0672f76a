"""The edge alone: `python -m bench.edge`. JSON with messages per second, CPU per message, and the latency it adds.

A sender, the real edge process and a pretended call process on loopback. Each call is INVITE, 100, 183, 200, ACK, BYE, 200:
seven messages in, seven out. `invite_ms` is the way of an INVITE, the question to the node included; `relay_ms` that of the ACK, which
the edge only relays; `direct_ms_p50` is a datagram on the same machine without an edge. Sender and node share the cores with the edge.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import platform
import select
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from callcenter.embedded import Postgres, running

HOST = "127.0.0.1"
MESSAGES_PER_CALL = 7
PROCESSES = 150
"""The edge lets only so many messages a second through to one call process."""
NUMBER = "bench"


@contextlib.contextmanager
def stage() -> Iterator[Any]:
    """A database, a public number, and a running edge."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        data.chmod(0o755)
        os.environ |= {"CALLCENTER_DATA": str(data), "DJANGO_SETTINGS_MODULE": "callcenter.settings"}
        os.environ.pop("DATABASE_URL", None)
        with running(Postgres(data, durable=False), data / "postgres.log"):
            import django

            django.setup()
            from django.core.management import call_command

            call_command("migrate", verbosity=0)
            from tests.sip.edge.kit import Company, Edge

            number = Company().public
            edge = Edge(dict(os.environ), SIP_REQUESTS_PER_SECOND="1000000", SIP_CALLS_PER_SECOND="1000000").start()
            try:
                yield edge, number
            finally:
                edge.stop()


class Caller:
    """Sends calls at a rate, answers nothing itself but what a call needs."""

    def __init__(self, edge: Any, number: str) -> None:
        from tests.sip.edge.kit import SDP, Phone, Process

        self.edge, self.number, self.sdp = edge, number, SDP
        self.phone = Phone(edge.address)
        self.processes = [Process() for _ in range(PROCESSES)]
        ports = itertools.cycle([process.port for process in self.processes])
        edge.choose = lambda: next(ports)
        for process in self.processes:
            edge.tell(op="process", port=process.port)
        self.poll = select.epoll()
        self.wires = {wire.sock.fileno(): wire for wire in (self.phone, *self.processes)}
        for wire in self.wires.values():
            wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
            wire.sock.setblocking(False)
            self.poll.register(wire.sock, select.EPOLLIN)
        self.sent: dict[str, float] = {}
        self.invites: list[float] = []
        self.acks: list[float] = []
        self.done = 0

    def close(self) -> None:
        self.poll.close()
        for wire in self.wires.values():
            wire.close()
            self.edge.tell(op="gone", port=wire.port)

    def begin(self, index: int) -> None:
        call_id = f"bench{index}"
        request = self.phone.invite_request(self.number, call_id=call_id, branch=f"z9hG4bKb{index}").encode()
        self.sent[call_id] = time.perf_counter()
        self.phone.sock.sendto(request, self.edge.address)

    def serve(self, until: float) -> None:
        """Play both ends until that moment; once around if it has passed."""
        left = 0.0
        while left >= 0:
            left = until - time.perf_counter()
            for number, _ in self.poll.poll(max(left, 0)):
                wire = self.wires[number]
                with contextlib.suppress(BlockingIOError):
                    while True:
                        data, source = wire.sock.recvfrom(65535)
                        if wire is self.phone:
                            self._at_caller(data)
                        else:
                            self._at_process(data, source, wire)

    def _at_process(self, data: bytes, source: tuple[str, int], process: Any) -> None:
        now = time.perf_counter()
        head = data.partition(b"\r\n\r\n")[0].decode()
        method = head.partition(" ")[0]
        call_id = field(head, "Call-ID")
        if method == "INVITE":
            self.invites.append(now - self.sent.pop(call_id, now))
            for status in ("100 Trying", "183 Progress", "200 OK"):
                process.sock.sendto(reply(head, status, "" if status[0] == "1" else self.sdp, process.port), source)
        elif method == "ACK":
            self.acks.append(now - self.sent.pop(call_id, now))
        elif method == "BYE":
            process.sock.sendto(reply(head, "200 OK", "", process.port), source)

    def _at_caller(self, data: bytes) -> None:
        head = data.partition(b"\r\n\r\n")[0].decode()
        if not head.startswith("SIP/2.0 200"):
            return
        if "BYE" in field(head, "CSeq"):
            self.done += 1
            return
        ack, bye = self._in_dialog(head, "ACK", 1), self._in_dialog(head, "BYE", 2)
        self.sent[field(head, "Call-ID")] = time.perf_counter()
        self.phone.sock.sendto(ack, self.edge.address)
        self.phone.sock.sendto(bye, self.edge.address)

    def _in_dialog(self, head: str, method: str, cseq: int) -> bytes:
        target = field(head, "Contact").strip("<>")
        route = f"Route: {field(head, 'Record-Route')}"
        request: str = self.phone.request(
            method, target, route, call_id=field(head, "Call-ID"), cseq=cseq, to=f"<sip:{self.number}@x>;tag=bench"
        )  # fmt: skip
        return request.encode()


def field(head: str, name: str) -> str:
    return head.partition(f"\r\n{name}: ")[2].partition("\r\n")[0]


def reply(head: str, status: str, body: str, port: int) -> bytes:
    kept = [line for line in head.split("\r\n")[1:] if line.startswith(("Via", "From", "Call-ID", "CSeq", "Record-Route"))]
    to = field(head, "To")
    lines = [f"SIP/2.0 {status}", *kept, f"To: {to if 'tag=' in to else to + ';tag=bench'}", f"Contact: <sip:{HOST}:{port}>"]
    lines += ["Content-Type: application/sdp"] if body else []
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", body]).encode()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def at_rate(edge: Any, number: str, rate: int, seconds: float) -> dict[str, Any]:
    caller = Caller(edge, number)
    before, began = cpu_seconds(edge.child.pid), time.perf_counter()
    total = int(rate * seconds)
    for index in range(total):
        caller.begin(index + rate * 1_000_000)
        caller.serve(began + (index + 1) / rate)
    caller.serve(time.perf_counter() + 1.0)
    cpu = cpu_seconds(edge.child.pid) - before
    caller.close()
    edge.affinity.clear()
    messages = total * MESSAGES_PER_CALL
    return {
        "calls_per_second": rate, "messages_per_second": rate * MESSAGES_PER_CALL, "calls": total, "completed": caller.done,
        "cpu_us_per_message": round(cpu / messages * 1e6, 1), "cpu_ms_per_call": round(cpu / total * 1e3, 3),
        "core_percent": round(cpu / seconds * 100, 1),
        "invite_ms": quantiles(caller.invites), "relay_ms": quantiles(caller.acks),
    }  # fmt: skip


def quantiles(waits: list[float]) -> dict[str, float]:
    waits = sorted(waits)
    return {f"p{share}": round(waits[len(waits) * share // 100] * 1000, 3) for share in (50, 95, 99) if waits}


def direct_ms() -> float:
    """p50 of a datagram from socket to socket, without an edge between."""
    one, two = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    two.bind((HOST, 0))
    waits = []
    for _ in range(2000):
        began = time.perf_counter()
        one.sendto(b"x" * 700, two.getsockname())
        two.recvfrom(2000)
        waits.append(time.perf_counter() - began)
    return round(sorted(waits)[1000] * 1000, 4)


def restart(edge: Any) -> float:
    """Milliseconds from SIGKILL until the edge that replaces it is ready."""
    began = time.perf_counter()
    edge.kill()
    edge.start()
    return round((time.perf_counter() - began) * 1000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=[50, 200, 400, 600], help="Calls per second to offer.")
    parser.add_argument("--seconds", type=float, default=5.0, help="How long each rate is kept.")
    arguments = parser.parse_args()
    with stage() as (edge, number):
        found = {
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}",
            "direct_ms_p50": direct_ms(),
            "rates": [at_rate(edge, number, rate, arguments.seconds) for rate in arguments.rates],
            "restart_ms": sorted(restart(edge) for _ in range(3))[1],
        }
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
