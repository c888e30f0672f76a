"""Mutations of SIP messages and session descriptions: what is known to have hurt PJSIP, and chance."""

from __future__ import annotations

from random import Random

SDP_LINES = [
    "c=IN IP4 " + "a" * 254, "c=IN IP4 1.2.3.4.5", "c=IN IP6 ::1", "c=IN IP4 300.1.1.1", "c=IN IP4 0.0.0.0",
    "c=IN IP4 224.2.1.1/127/3", "a=ptime:0", "a=ptime:-20", "a=ptime:200", "a=ptime:540", "a=ptime:65536", "a=ptime:4294967296",
    "a=ptime:20.5", "a=maxptime:1", "a=rtpmap:97 iLBC/8000", "a=fmtp:97 mode=0", "a=fmtp:97 mode=25", "a=rtpmap:98 speex/16000",
    "a=rtpmap:99 opus/48000/2", "a=rtpmap:128 PCMU/8000", "a=rtpmap:4294967200 PCMU/8000", "a=rtpmap:-1 X/1", "a=rtpmap:0 PCMU/0",
    "a=rtpmap:0 GSM/8000", "a=rtpmap:8", "a=rtpmap:101 telephone-event/8000/255", "a=rtpmap:101 telephone-event/4294967295",
    "a=fmtp:101 0-4294967295", "a=fmtp:101 " + "1," * 90, "a=fmtp:0 " + "x" * 300, "a=ice-ufrag:" + "u" * 300, "a=ice-pwd:x",
    "a=candidate:1 1 UDP 1 1.1.1.1 1 typ host", "a=rtcp-mux", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:" + "A" * 40,
    "a=fingerprint:sha-256 00:11", "a=setup:actpass", "a=rtcp:99999", "a=rtcp:1 IN IP6 ::1", "a=rtcp:5000 IN IP4 " + "9" * 60,
    "a=sendonly", "a=recvonly", "a=inactive", "a=" + "y" * 380, "a=", "a=:", "=", "b=AS:999999999999999", "b=TIAS:-1", "k=clear:x",
    "z=0 0", "t=99999999999999999999 0", "r=1 1 1", "i=\xff\xfe", "u=", "e=\x80", "s=again", "o=x", "v=1", "m=audio 0 RTP/AVP 0",
    "m=audio 4002 RTP/AVP 8", "m=audio 70000 RTP/AVP 0", "m=audio 4000/9 RTP/AVP 0", "m=audio 4000 RTP/SAVP 0",
    "m=audio 4000 RTP/AVPF 0", "m=audio 4000 RTP/AVP", "m=audio 4000 RTP/AVP " + " ".join(map(str, range(127))),
    "m=audio 4000 RTP/AVP 256", "m=video 4004 RTP/AVP 96", "m=image 4006 udptl t38", "m=application 9 TCP/BFCP *", "m=text 1 X/Y z",
    "m=" + "a" * 300, "m=",
]  # fmt: skip
NUMBERS = ["0", "1", "-1", "9", "255", "65535", "65536", "2147483648", "4294967296", "18446744073709551616", "9" * 40, "0x10", "1e9", ""]
HEADERS = [
    "Session-Expires: 0", "Session-Expires: 1;refresher=uas", "Session-Expires: 4294967295", "Session-Expires: 90;refresher=x",
    "Min-SE: 0", "Min-SE: 99999", "Require: 100rel", "Require: timer, replaces", "Require: nothing",
    "Supported: 100rel, timer, replaces", "RSeq: 1", "RAck: 1 1 INVITE", "Replaces: a;to-tag=b;from-tag=c", "Replaces: x",
    "Refer-To: <sip:a@b>", "Refer-To: <sip:a@b?Replaces=x%3Bto-tag%3D1>", "Event: refer",
    "Subscription-State: active;expires=99999999999", "Subscription-State: terminated", "Expires: 0", "Expires: 4294967295",
    "Content-Encoding: gzip", "Content-Disposition: render", "Content-Type: multipart/mixed;boundary=x",
    "Content-Type: application/sdp;a=b", "Contact: *", "Contact: <sip:x@[::1]>", "Contact: <sip:" + "h" * 200 + ">",
    "Contact: <tel:123>", "Contact: <sip:a@b;transport=tls>", "Contact: <sip:a@b;maddr=1.1.1.1>", "Record-Route: <sip:x;lr>",
    "Record-Route: <sip:" + "r" * 100 + ":99999>", "Route: <sip:x;lr>", "Path: <sip:x>", "Service-Route: <sip:x>",
    "Via: SIP/2.0/TCP x", "Via: SIP/2.0/UDP [::1]:5060;branch=z9hG4bKx", "X-A: " + "z" * 1000,
    "P-Asserted-Identity: \"\\\"\" <sip:a@b>", "Diversion: <sip:a@b>;reason=x", "Allow: " + "A," * 60, "Accept: */*",
    "Warning: 399 x \"y\"", "Max-Forwards: 1", "Timestamp: 9999999999.9", "Priority: emergency", "Privacy: id",
    "Alert-Info: <http://x>", "Call-Info: <x>;purpose=icon", "Authorization: Digest username=\"" + "u" * 200 + "\"",
    "User-Agent: " + "%s%n" * 40, "Reason: SIP;cause=99999", "Subject: \xc3\x28",
]  # fmt: skip


def mutate(text: str, dice: Random) -> str:
    """One to three changes, in the body or the headers."""
    head, gap, body = text.partition("\r\n\r\n")
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        if body and dice.random() < 0.7:
            body = dice.choice((_line, _line, _number, _lines, _bytes))(body, dice, SDP_LINES)
        else:
            head = dice.choice((_header, _header, _number, _bytes))(head, dice, HEADERS)
    if dice.random() < 0.95:
        head = _length(head, len(body.encode("latin-1")))
    return head + gap + body


def _length(head: str, length: int) -> str:
    return "\r\n".join(
        f"Content-Length: {length}" if line.lower().startswith("content-length:") else line for line in head.split("\r\n")
    )  # fmt: skip


def _line(text: str, dice: Random, stock: list[str]) -> str:
    """A line of the stock put in, or in the place of another, perhaps many times."""
    lines = text.split("\r\n")
    place = dice.randrange(len(lines) + 1)
    lines[place : place + dice.randrange(2)] = [dice.choice(stock)] * dice.choice((1, 1, 1, 1, 2, 30, 100))
    return "\r\n".join(lines)


def _header(text: str, dice: Random, stock: list[str]) -> str:
    """A header added; in a third of the cases in the place of those of its name."""
    fresh = dice.choice(stock)
    name = fresh.partition(":")[0].lower() + ":"
    lines = text.split("\r\n")
    if dice.random() < 0.6:
        lines = [lines[0], *(line for line in lines[1:] if not line.lower().startswith(name))]
    lines.insert(dice.randrange(1, len(lines) + 1), fresh)
    return "\r\n".join(lines)


def _number(text: str, dice: Random, stock: list[str]) -> str:
    words = text.split(" ")
    places = [place for place, word in enumerate(words) if any(char.isdigit() for char in word)]
    if places:
        words[dice.choice(places)] = dice.choice(NUMBERS)
    return " ".join(words)


def _lines(text: str, dice: Random, stock: list[str]) -> str:
    """A line lost, doubled, or the whole in another order."""
    lines = text.split("\r\n")
    place = dice.randrange(len(lines))
    kind = dice.randrange(3)
    if kind == 0:
        del lines[place]
    elif kind == 1:
        lines.insert(place, lines[place])
    else:
        dice.shuffle(lines)
    return "\r\n".join(lines)


def _bytes(text: str, dice: Random, stock: list[str]) -> str:
    start, length = dice.randrange(len(text) + 1), dice.choice((0, 1, 1, 2, 8, 40))
    junk = "".join(chr(dice.choice((0, 9, 10, 13, 32, 34, 37, 44, 58, 59, 60, 64, 127, 255, dice.randrange(256)))) for _ in range(length))
    return text[:start] + dice.choice((junk, text[start : start + length] * 2)) + text[start + dice.choice((0, length)) :]
