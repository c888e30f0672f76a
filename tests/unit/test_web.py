"""Web services that flows ask: what is reached, what is not, and what is taken for an answer."""

from __future__ import annotations

import http.server
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ivr import web
from ivr.web import Request, WebFailed, fetch

Handler = Callable[[http.server.BaseHTTPRequestHandler], None]


@pytest.fixture
def server() -> Iterator[Callable[[Handler], str]]:
    running: list[http.server.ThreadingHTTPServer] = []

    def serve(handle: Handler) -> str:
        kind = type("Service", (http.server.BaseHTTPRequestHandler,), {"do_GET": handle, "do_POST": handle, "log_message": lambda *_: None})
        made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
        threading.Thread(target=made.serve_forever, daemon=True).start()
        running.append(made)
        return f"http://127.0.0.1:{made.server_port}"

    yield serve
    for one in running:
        one.shutdown()
        one.server_close()


def says(data: bytes, status: int = 200, **headers: str) -> Handler:
    def handle(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    return handle


def ask(address: str, **more: Any) -> Any:
    return fetch(Request(address, **{"internal": True, "retries": 0, "timeout": 1.0, **more}))


def test_an_answer_in_json_is_taken(server: Callable[[Handler], str]) -> None:
    seen: dict[str, Any] = {}

    def handle(request: http.server.BaseHTTPRequestHandler) -> None:
        length = int(request.headers.get("Content-Length", 0))
        seen.update(path=request.path, body=request.rfile.read(length), headers=dict(request.headers))
        says(b'{"name": "Ann"}')(request)

    address = server(handle)
    found = ask(f"{address}/c/1?x=2", method="POST", body='{"a": 1}', headers=(("X-Key", "abc\r\nEvil: 1"), ("Host", "other")))
    assert found == {"name": "Ann"}
    assert (seen["path"], seen["body"]) == ("/c/1?x=2", b'{"a": 1}')
    assert seen["headers"]["X-Key"] == "abcEvil: 1", "what was typed begins no header of its own"
    assert "Evil" not in seen["headers"]
    assert seen["headers"]["Host"] == address.removeprefix("http://")


@pytest.mark.parametrize(
    ("handle", "why"),
    [
        (says(b"{}", 500), "status 500"), (says(b"{}", 404), "status 404"), (says(b"", 302, Location="http://127.0.0.1/"), "status 302"),
        (says(b"<html>"), "no JSON"), (says(b"[" * 100_000), "no JSON"), (says(b'"' + b"x" * 300_000 + b'"'), "longer than"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_none(server: Callable[[Handler], str], handle: Handler, why: str) -> None:
    with pytest.raises(WebFailed, match=why):
        ask(server(handle))


def test_a_service_that_drips_does_not_hold_the_caller(server: Callable[[Handler], str]) -> None:
    stop = threading.Event()

    def drip(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b" " * web.CHUNK)
            if stop.wait(0.1):
                return

    began = time.monotonic()
    with pytest.raises(WebFailed):
        ask(server(drip), timeout=0.5)
    stop.set()
    assert time.monotonic() - began < 3


def test_attempts_are_counted(server: Callable[[Handler], str]) -> None:
    tries: list[int] = []

    def third(request: http.server.BaseHTTPRequestHandler) -> None:
        tries.append(1)
        says(b"{}" if len(tries) == 3 else b"", 200 if len(tries) == 3 else 503)(request)

    assert ask(server(third), retries=2) == {}
    assert len(tries) == 3


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[fe80::1]",
        "224.0.0.1",
    ],
)
def test_what_is_inside_is_not_reached_from_outside(host: str) -> None:
    with pytest.raises(WebFailed, match="inside"):
        fetch(Request(f"http://{host}/", retries=0))


def test_a_name_with_one_address_inside_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers)
    with pytest.raises(WebFailed, match="inside"):
        web.address_of("rebinds.example.org", 80, internal=False)


def test_the_connection_goes_to_the_address_that_was_looked_at(server: Callable[[Handler], str], monkeypatch: pytest.MonkeyPatch) -> None:
    address = server(says(json.dumps({"here": True}).encode()))
    port = int(address.rpartition(":")[2])
    monkeypatch.setattr(web, "address_of", lambda host, port, internal: "127.0.0.1")
    assert ask(f"http://moved.example.org:{port}/") == {"here": True}
