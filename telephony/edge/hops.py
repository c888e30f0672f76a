"""What we write into requests that we pass on, so that their answers and what follows in the dialog find the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .message import Message
from .tokens import Flow, Signer
from .uri import Address, Via


@dataclass(frozen=True, slots=True)
class Ours:
    """Our own addresses: as phones and trunks see us, and as the call processes of this machine do."""

    outside: Address
    inside: Address


class Hops:
    """`send` puts a datagram on the wire."""

    def __init__(self, ours: Ours, signer: Signer, send: Callable[[bytes, Address], None]) -> None:
        self.ours = ours
        self.signer = signer
        self.send = send

    def record_route(self, message: Message, flow: Flow, *, inward: bool) -> None:
        token = self.signer.flow_token(flow)
        hops = [self.ours.outside, self.ours.inside] if inward else [self.ours.inside, self.ours.outside]
        # Last pushed is nearest to the receiver; one entry does when both addresses are the same.
        for host, port in dict.fromkeys(hops):
            message.push("Record-Route", f"<sip:{host}:{port};lr;f={token}>")

    def via(self, branch: str, *, inward: bool) -> str:
        host, port = self.ours.inside if inward else self.ours.outside
        return f"SIP/2.0/UDP {host}:{port};rport;branch={branch}"

    @staticmethod
    def count(message: Message) -> None:
        """One hop less to go (RFC 3261 16.6 step 3)."""
        left = message.get("max-forwards")
        message.set("Max-Forwards", str(int(left) - 1 if left else 70))


def reply_to(message: Message) -> Address:
    """Where answers to a stamped request go."""
    via = Via.parse(message.get("via"))
    return via.reply_to if via else ("127.0.0.1", 9)


def stamp(message: Message, source: Address) -> None:
    """Write into the top Via where the request came from (RFC 3261 18.2.1, RFC 3581); for every sender, NAT or not."""
    value = message.get("via")
    via = Via.parse(value)
    if via is None:
        return
    kept = [part for part in value.split(";")[1:] if part.partition("=")[0].strip().lower() not in ("received", "rport")]
    head = value.partition(";")[0].strip()
    message.pop("via")
    message.push("Via", ";".join([head, *(part.strip() for part in kept), f"received={source[0]}", f"rport={source[1]}"]))
