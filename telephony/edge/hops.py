"""What we write into requests that we pass on, so that their answers and what follows in the dialog find the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .message import Message
from .tokens import Flow, Signer
from .uri import Address


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
