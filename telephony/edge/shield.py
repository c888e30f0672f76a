"""What no packet may contain, whoever sends it and in whichever direction it goes.

PJSIP 2.15.1 in the Python wheel has its assertions on: one hostile packet ends a call process. Callbacks
see re-INVITEs and ACK bodies too late, so every packet is judged here, before it is forwarded.
"""

from __future__ import annotations

import re

from . import sdp
from .message import METHODS, Message
from .uri import NameAddr, Uri, Via, callable_uri

SCANNERS = re.compile(r"friendly-scanner|sipvicious|sipcli|sip-scan|sipsak|pplsip|vaxsip|sundayddr|iwar|eyebeam_scan", re.IGNORECASE)
MAX_BODY = 3000

_PASSING = """
    via from to call-id cseq contact max-forwards route record-route content-type content-length content-disposition
    supported require proxy-require unsupported allow allow-events accept accept-encoding accept-language user-agent server
    date warning expires min-expires session-expires min-se rack rseq refer-to referred-by refer-sub replaces reason event
    subscription-state p-asserted-identity p-preferred-identity remote-party-id diversion history-info privacy subject
    organization retry-after call-info alert-info priority authorization proxy-authorization www-authenticate
    proxy-authenticate timestamp in-reply-to
"""
PASSING = frozenset(_PASSING.split())
"""Headers that pass; others fall away, but for X- headers, which trunks use to tell us about the caller."""
_ONCE = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires", "session-expires", "event", "rack",
         "replaces", "refer-to")  # fmt: skip

_ADDRESSES = frozenset(("from", "to", "contact", "route", "record-route", "refer-to", "referred-by", "p-asserted-identity"))

_TOKEN = re.compile(r"[A-Za-z0-9.!%*_+`'~-]{1,32}")
_CALL_ID = re.compile(r"[!-~]{1,160}")
_CSEQ = re.compile(r"([0-9]{1,10})[ \t]+([A-Za-z0-9.!%*_+`'~-]{1,32})")
_OTHER_SCHEME = re.compile(r"(?!sips?:)[a-z][a-z0-9+.-]*:\S*", re.IGNORECASE)
_X_HEADER = re.compile(r"x-(?!cc-)[a-z0-9-]{1,40}")
"""X-CC- is ours: what a call process may believe, so it never comes from outside."""
_SMALL = re.compile(r"[0-9]{1,10}")
_SESSION = re.compile(r"[0-9]{1,7}\s*(?:;\s*refresher\s*=\s*(?:uac|uas)\s*)?", re.IGNORECASE)
_RACK = re.compile(r"[0-9]{1,10}[ \t]+[0-9]{1,10}[ \t]+[A-Z]{1,10}")
_NUMBERS = {"expires": _SMALL, "min-se": _SESSION, "session-expires": _SESSION, "rack": _RACK, "rseq": _SMALL}
_SIGNAL = re.compile(r"Signal\s*=\s*([0-9*#A-D])\s*(?:\r?\n\s*Duration\s*=\s*([0-9]{1,5})\s*)?", re.IGNORECASE)


class Refused(Exception):
    """The message must not pass. A request is answered with the status, a response is dropped."""

    def __init__(self, status: int, reason: str, *extra: tuple[str, str]) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.extra = extra


class Silence(Exception):
    """The sender gets no answer."""


BAD = 400


def inspect(message: Message) -> None:
    """Structure and headers. Raises Refused; takes unknown headers away."""
    if message.version != "SIP/2.0":
        raise Refused(505, "Version Not Supported") if message.version.startswith("SIP/") else Refused(BAD, "Bad Request Line")
    _once(message)
    _identity(message)
    _vias(message)
    _addresses(message)
    _numbers(message)
    if message.is_request:
        _request(message)
    message.headers = [header for header in message.headers if header[0] in PASSING or _X_HEADER.fullmatch(header[0])]


def _once(message: Message) -> None:
    names = [name for name, _ in message.headers]
    if any(names.count(name) > 1 for name in _ONCE):
        raise Refused(BAD, "Header Twice")
    if not {"via", "from", "to", "call-id", "cseq"} <= set(names):
        raise Refused(BAD, "Missing Header")


def _identity(message: Message) -> None:
    cseq = _CSEQ.fullmatch(message.get("cseq"))
    if not cseq or int(cseq[1]) >= 1 << 31:
        raise Refused(BAD, "Bad CSeq")
    if message.is_request and cseq[2] != message.method:
        raise Refused(BAD, "CSeq Method Differs")
    if not _CALL_ID.fullmatch(message.call_id):
        raise Refused(BAD, "Bad Call-ID")


def _vias(message: Message) -> None:
    vias = message.values("via")
    if len(vias) > 12 or any(Via.parse(via) is None for via in vias):
        raise Refused(BAD, "Bad Via")


def _addresses(message: Message) -> None:
    routes = 0
    for name, line in message.headers:
        if name in _ADDRESSES and not _address(name, line.partition(":")[2].strip()):
            raise Refused(BAD, f"Bad {name.title()}")
        routes += name in ("route", "record-route")
    if routes > 12:
        raise Refused(BAD, "Too Many Routes")
    for name in ("from", "to"):
        if len(message.tag(name)) > 128:
            raise Refused(BAD, "Tag Too Long")


def _address(name: str, value: str) -> bool:
    if name == "contact" and (value == "*" or "," in value):
        return True  # REGISTER only; the registrar reads it
    found = NameAddr.parse(value)
    if not found or len(value) > 500:
        return False
    if name in ("route", "record-route"):
        return Uri.parse(found.uri) is not None
    return callable_uri(found.uri.partition("?")[0] if name == "refer-to" else found.uri)


def _numbers(message: Message) -> None:
    for name, line in message.headers:
        if name in _NUMBERS and not _NUMBERS[name].fullmatch(line.partition(":")[2].strip()):
            raise Refused(BAD, f"Bad {name.title()}")
    length = message.get("content-length")
    if length and not (_SMALL.fullmatch(length) and int(length) == len(message.body)):
        raise Refused(BAD, "Bad Content-Length")


def _request(message: Message) -> None:
    if message.method not in METHODS:
        if not _TOKEN.fullmatch(message.method):
            raise Refused(BAD, "Bad Method")
        raise Refused(405, "Method Not Allowed", ("Allow", ", ".join(sorted(METHODS))))
    if Uri.parse(message.uri) is None:
        raise Refused(416, "Unsupported URI Scheme") if _OTHER_SCHEME.fullmatch(message.uri) else Refused(BAD, "Bad Request-URI")
    hops = message.get("max-forwards")
    if hops and not (hops.isascii() and hops.isdigit() and int(hops[:4]) <= 255):
        raise Refused(BAD, "Bad Max-Forwards")
    if hops and int(hops) == 0 and message.method != "REGISTER":
        raise Refused(483, "Too Many Hops")


# ---- bodies ----------------------------------------------------------------------------------------------
def content_type(message: Message) -> str:
    return message.get("content-type").partition(";")[0].strip().lower()


def clean_body(message: Message, *, wideband: bool, outward: bool) -> None:
    """Rewrite the body to what was understood of it. Raises Refused. `outward`: it comes from a call process."""
    if not message.body:
        message.replace_body(b"")
        return
    kind = content_type(message)
    if len(message.body) > MAX_BODY:
        raise Refused(513, "Message Too Large")
    if message.get("content-encoding"):
        raise Refused(415, "Unsupported Media Type", ("Accept-Encoding", "identity"))
    if kind == "application/sdp" and message.cseq_method in ("INVITE", "UPDATE", "PRACK", "ACK"):
        _replace(message, "application/sdp", _description(message.body, wideband))
    elif kind in ("application/dtmf-relay", "application/dtmf") and message.cseq_method == "INFO":
        _replace(message, "application/dtmf-relay", _digit(message.body))
    elif kind == "message/sipfrag" and message.cseq_method == "NOTIFY" and outward:
        return
    elif message.method in ("BYE", "CANCEL") or message.status:
        message.replace_body(b"")
    else:
        raise Refused(415, "Unsupported Media Type", ("Accept", "application/sdp, application/dtmf-relay"))


def _replace(message: Message, kind: str, body: bytes) -> None:
    message.replace_body(body)
    message.drop("content-disposition")
    message.set("Content-Type", kind)


def _description(body: bytes, wideband: bool) -> bytes:
    try:
        return sdp.clean(body, wideband=wideband)
    except sdp.BadDescription as error:
        raise Refused(BAD, f"Bad SDP ({error})") from None
    except sdp.NothingInCommon as error:
        raise Refused(488, f"Not Acceptable Here ({error})") from None


def _digit(body: bytes) -> bytes:
    """In the one form that PJSIP reads; phones that name it `application/dtmf` send the bare digit, or this form too."""
    text = body.decode("latin-1").strip()
    found = _SIGNAL.fullmatch(f"Signal={text}" if len(text) == 1 else text)
    if not found:
        raise Refused(BAD, "Bad Digit")
    duration = min(max(int(found[2] or 160), 40), 5000)
    return f"Signal={found[1]}\r\nDuration={duration}\r\n".encode()
