"""Asks web services on behalf of flows. An address that a manager typed must not reach what only this server can reach (SSRF), and a
service that hangs, floods or redirects must not hold up the caller.
"""

from __future__ import annotations

import ipaddress
import json
import socket
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog
import urllib3

log = structlog.get_logger(__name__)

MOST_BYTES = 256 * 1024
CHUNK = 16 * 1024
OWN_HEADERS = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-type"})


class WebFailed(Exception):
    """The web service gave no answer that can be used; the message says why, without what was asked."""


@dataclass(frozen=True, slots=True)
class Request:
    """:ivar internal: addresses inside the own network may be asked, too."""

    url: str
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    timeout: float = 3.0
    retries: int = 1
    internal: bool = False


def fetch(request: Request) -> Any:
    """The service's answer, which must be JSON and at most 256 KB.

    :raises WebFailed: after all attempts.
    """
    failure = WebFailed("not tried")
    for _ in range(request.retries + 1):
        try:
            return _once(request)
        except WebFailed as failed:
            failure = failed
    raise failure


def _once(request: Request) -> Any:
    until = time.monotonic() + request.timeout
    parts = urlsplit(request.url)
    host = parts.hostname or ""
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise WebFailed("the address has a port that is none") from None
    address = address_of(host, port, internal=request.internal)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with _pool(parts.scheme, host, address, port, request.timeout) as pool:
        try:
            answer = pool.request(
                request.method, path, headers=_headers(request, parts.netloc), body=request.body.encode() or None,
                redirect=False, retries=False, preload_content=False,
            )  # fmt: skip
            return _read(answer, until)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise WebFailed(type(error).__name__) from None


def address_of(host: str, port: int, *, internal: bool) -> str:
    """The address to connect to. It is looked up once and the connection made to just that one, so that a name which changes its
    address in between gains nothing.

    :raises WebFailed: there is none, or one of them is inside.
    """
    try:
        found = [info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        raise WebFailed("the host has no address") from None
    if not internal and not all(_outside(str(address)) for address in found):
        raise WebFailed("the host is inside the own network")
    return str(found[0])


def _outside(address: str) -> bool:
    number = ipaddress.ip_address(address.split("%")[0])
    mapped = getattr(number, "ipv4_mapped", None) or number
    return bool(mapped.is_global and not mapped.is_multicast)


def _pool(scheme: str, host: str, address: str, port: int, timeout: float) -> urllib3.HTTPConnectionPool:
    times = urllib3.Timeout(connect=timeout, read=timeout)
    if scheme == "https":
        return urllib3.HTTPSConnectionPool(address, port, timeout=times, server_hostname=host, assert_hostname=host)
    return urllib3.HTTPConnectionPool(address, port, timeout=times)


def _headers(request: Request, netloc: str) -> dict[str, str]:
    given = {name: _one_line(value) for name, value in request.headers if name.lower() not in OWN_HEADERS}
    known = {"Host": netloc.rpartition("@")[2], "Accept": "application/json", "User-Agent": "callcenter"}
    return {**known, **given, **({"Content-Type": "application/json"} if request.body else {})}


def _one_line(value: str) -> str:
    """What a caller typed must not begin a header of its own."""
    return "".join(letter for letter in value if letter.isprintable())[:1000]


def _read(answer: Any, until: float) -> Any:
    if answer.status >= 300:
        raise WebFailed(f"status {answer.status}")
    data = b""
    for part in answer.stream(CHUNK):
        data += part
        if len(data) > MOST_BYTES:
            raise WebFailed("the answer is longer than 256 KB")
        if time.monotonic() > until:
            raise WebFailed("the answer took too long")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise WebFailed("the answer is no JSON") from None
