"""How the messages are written down."""

from __future__ import annotations


def wire(text: str | bytes, body: str = "") -> bytes:
    """Headers as typed, one to a line, then the empty line and the body."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8")
    return (
        raw.strip(b"\n").replace(b"\n", b"\r\n")
        + b"\r\n\r\n"
        + body.strip("\n").replace("\n", "\r\n").encode()
        + (b"\r\n" if body else b"")
    )


def sdp(address: str, *, connection: str = "", time: str = "0 0") -> str:
    """The session description that most of the messages carry."""
    return f"""
v=0
o=mhandley 29739 7272939 IN IP4 {address}
s=-
c=IN IP4 {connection or address}
t={time}
m=audio 49217 RTP/AVP 0 12
m=video 3227 RTP/AVP 31
a=rtpmap:31 LPC
"""
