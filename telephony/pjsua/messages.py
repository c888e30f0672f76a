"""Reading what SIP messages say: headers, name-addresses, tags. Pure functions over text, no SIP stack."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote, unquote

from ..ports import CallerArrived

COMPACT = {"f": "from", "t": "to", "m": "contact", "i": "call-id", "v": "via"}
NAME_ADDRESS = re.compile(r'^\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<token>[^"<]*?))\s*<(?P<uri>[^>]*)>')
USER = re.compile(r"^(?:sips?|tel):(?P<user>[^@;?>]*)(?P<at>@)?", re.I)


def headers(message: str, name: str) -> list[str]:
    """Values of all headers called `name`, lines folded together, in order."""
    head = re.split(r"\r?\n\r?\n", message, maxsplit=1)[0]
    lines = re.sub(r"\r?\n[ \t]+", " ", head).splitlines()[1:]
    pairs = (line.partition(":") for line in lines)
    return [value.strip() for key, _, value in pairs if _full_name(key) == name.lower()]


def header(message: str, name: str) -> str:
    """First header called `name`; empty when there is none."""
    return next(iter(headers(message, name)), "")


def _full_name(key: str) -> str:
    key = key.strip().lower()
    return COMPACT.get(key, key)


def split_list(values: list[str]) -> tuple[str, ...]:
    """Comma-separated header values one by one; commas inside <> and quotes do not separate."""
    return tuple(part.strip() for value in values for part in re.findall(r'(?:"(?:[^"\\]|\\.)*"|<[^>]*>|[^,"<])+', value) if part.strip())


def display_name(value: str) -> str:
    match = NAME_ADDRESS.match(value)
    if not match:
        return ""
    return plain(re.sub(r"\\(.)", r"\1", match["quoted"]) if match["quoted"] is not None else match["token"], 120)


def uri(value: str) -> str:
    """The address inside a From, To, Contact or Route value."""
    match = NAME_ADDRESS.match(value)
    return match["uri"].strip() if match else value.split(";", 1)[0].strip()


def user(address: str) -> str:
    """Who a URI names: `alice` of sip:alice@host, the number of tel:+49...; empty when it names only a host."""
    match = USER.match(address)
    if not match or not (match["at"] or address[:4].lower() == "tel:"):
        return ""
    return plain(unquote(match["user"].split(":", 1)[0]), 80)


def escaped_user(name: str) -> str:
    """`name` as the user part of a URI (RFC 3261 25.1)."""
    return quote(plain(name, 80), safe="-_.!~*'()&=+$,;?/")


def devices_uri(devices: Iterable[int], edge: str) -> str:
    """How the edge (host:port) is told which devices to ring."""
    return f"sip:device-{'-'.join(map(str, devices))}@{edge}"


def cancel(invite: str, uri: str) -> str:
    """A CANCEL of the INVITE that we sent (RFC 3261 9.1), for those alone whom `uri` names."""
    kept = [f"{name}: {header(invite, name)}" for name in ("Via", "From", "To", "Call-ID")]
    lines = [*kept, f"CSeq: {header(invite, 'CSeq').split()[0]} CANCEL", "Max-Forwards: 70", "Content-Length: 0"]
    return "\r\n".join([f"CANCEL {uri} SIP/2.0", *lines, "", ""])


def ends(value: str) -> dict[int, int]:
    """`54=486,55=480`: how it ended at each device."""
    return {int(device): int(status) for device, status in re.findall(r"([0-9]+)=([0-9]{3})", value)}


def number(value: str, pattern: str = "([0-9]+)") -> int | None:
    found = re.search(pattern, value)
    return int(found[1]) if found else None


def tag(value: str) -> str:
    match = re.search(r";\s*tag\s*=\s*([^;,\s]+)", value.rsplit(">", 1)[-1], re.I)
    return match[1] if match else ""


def plain(text: str, limit: int) -> str:
    """Text that is safe to store and show: no control, format or surrogate characters, single spaces, bounded."""
    kept = "".join(character if unicodedata.category(character)[0] != "C" else " " for character in text)
    return " ".join(kept.split())[:limit]


def name_address(name: str, address: str) -> str:
    """A From value that no name can break out of."""
    quoted = plain(name, 120).replace("\\", "").replace('"', "")
    return f'"{quoted}" <{address}>' if quoted else f"<{address}>"


def caller_arrived(invite: str, source: str) -> CallerArrived:
    """Who calls whom. The asserted identity counts only when a trunk vouches for it; anybody can write one."""
    asserted = header(invite, "p-asserted-identity") if source.startswith("trunk:") else ""
    caller = asserted or header(invite, "from")
    return CallerArrived(
        sip_call_id=plain(header(invite, "call-id"), 255),
        caller_number=user(uri(caller)),
        caller_name=display_name(caller),
        dialled=user(invite.split(" ", 2)[1]),
        source=source,
    )
