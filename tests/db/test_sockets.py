"""The sockets of the live screens: who gets in, what is refused, what comes back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.db import OperationalError, connections
from django.test import Client

from agents.models import Agent
from callcenter.asgi import application
from callcenter.core import bell, relay, websocket
from queues import services
from queues.board.consumer import BoardConsumer

from . import cast

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_outlives_its_test(transactional_db: None, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[None]:
    """No thread still reads while the tables are emptied, and none keeps a connection to the test database.

    The Redis layer's receiver sometimes swallows the cancellation at the end of a loop; Redis has its part in the browser tests.
    """
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    with ThreadPoolExecutor(4) as threads:
        monkeypatch.setattr(websocket, "_threads", threads)
        yield


def make(name: str, *roles: str) -> User:
    user = User.objects.create(username=name)
    for role in roles:
        user.groups.add(Group.objects.get_or_create(name=role)[0])
    return user


def cookie(user: User) -> bytes:
    client = Client()
    client.force_login(user)
    return f"sessionid={client.cookies['sessionid'].value}".encode()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    lines = []

    async def connect_(path: str, user: User | None = None, origin: bytes = b"http://localhost") -> WebsocketCommunicator:
        headers = [(b"origin", origin), (b"host", b"localhost")]
        if user:
            headers.append((b"cookie", await sync_to_async(cookie)(user)))
        line = WebsocketCommunicator(application, path, headers)
        lines.append(line)
        return line

    yield connect_
    for line in lines:
        await line.disconnect()


async def hear(line: WebsocketCommunicator, kind: str, within: float = 5) -> dict[str, Any]:
    """The next message of this kind."""
    async with asyncio.timeout(within):
        while True:
            message: dict[str, Any] = json.loads(await line.receive_from(5))
            if message["type"] == kind:
                return message


async def closed(line: WebsocketCommunicator) -> int:
    while True:
        output = await line.receive_output(5)
        if output["type"] == "websocket.close":
            code: int = output["code"]
            return code


def intent(op: str, key: str | None = None, **args: Any) -> str:
    return json.dumps({"type": "intent", "id": key or str(uuid.uuid4()), "op": op, "args": args})


@pytest.fixture
def alice() -> Agent:
    return Agent.objects.select_related("user").get(pk=cast.agent("alice").pk)


@pytest.mark.parametrize("path", ["/ws/panel/", "/ws/board/"])
async def test_a_stranger_is_told_to_log_in(connect: Connect, path: str) -> None:
    line = await connect(path)
    assert (await line.connect())[0]
    assert await closed(line) == 4401


async def test_a_session_from_before_a_new_secret_key_stays_good(connect: Connect, settings: Any) -> None:
    line = await connect("/ws/board/", await sync_to_async(make)("pat", "supervisor"))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another one, " + "x" * 60
    assert (await line.connect())[0]
    await hear(line, "snapshot")


async def test_a_session_signed_with_a_forgotten_key_is_over(connect: Connect, settings: Any) -> None:
    line = await connect("/ws/board/", await sync_to_async(make)("pat", "supervisor"))
    settings.SECRET_KEY = "another one, " + "x" * 60
    assert (await line.connect())[0]
    assert await closed(line) == websocket.UNAUTHENTICATED


async def test_without_the_database_the_browser_is_asked_to_come_again(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(session_key: str | None) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(websocket, "session_user", away)
    line = await connect("/ws/board/", await sync_to_async(make)("pat", "supervisor"))
    assert (await line.connect())[0]
    assert await closed(line) == websocket.FAILED


@pytest.mark.parametrize(
    ("path", "role"), [("/ws/panel/", "supervisor"), ("/ws/panel/", "manager"), ("/ws/board/", "agent"), ("/ws/board/", "")]
)
async def test_the_wrong_role_is_refused(connect: Connect, path: str, role: str) -> None:
    line = await connect(path, await sync_to_async(make)("pat", role) if role else await sync_to_async(make)("pat"))
    await line.connect()
    assert await closed(line) == 4403


async def test_a_page_of_another_origin_gets_no_socket(connect: Connect, alice: Agent) -> None:
    line = await connect("/ws/panel/", alice.user, origin=b"https://evil.example")
    assert not (await line.connect())[0]


async def test_a_picture_comes_first_and_an_intent_changes_it(connect: Connect, alice: Agent) -> None:
    line = await connect("/ws/panel/", alice.user)
    await line.connect()
    first = await hear(line, "snapshot")
    assert first["data"]["agent"]["state"] == "available"
    key = str(uuid.uuid4())
    await line.send_to(intent("offline", key))
    answer = await hear(line, "answer")
    assert (answer["id"], answer["ok"]) == (key, True)
    second = await hear(line, "snapshot")
    assert second["data"]["agent"]["state"] == "offline"
    assert second["version"] > first["version"]


async def test_an_intent_sent_again_over_a_new_line_is_answered_but_not_repeated(connect: Connect, alice: Agent) -> None:
    key = str(uuid.uuid4())
    for _ in range(2):
        line = await connect("/ws/panel/", alice.user)
        await line.connect()
        await line.send_to(intent("offline", key))
        assert (await hear(line, "answer"))["ok"]
        await sync_to_async(services.set_available)(alice.pk, actor="system:test")
    await sync_to_async(alice.refresh_from_db)()
    assert alice.state == "available", "the second copy did not go offline again"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("{", None),
        ("[]", "type"),
        ('{"type": "shell"}', "type"),
        (intent("no_such_thing"), "op"),
        ('{"type": "intent", "id": "7", "op": "offline", "args": {}}', "id"),
        ('{"type": "intent", "id": "x", "op": "offline", "args": []}', "op"),
        (intent("break", reason="lunch"), "reason"),
    ],
    ids=["not JSON", "not an object", "unknown type", "unknown op", "id not a UUID", "args not an object", "argument of the wrong kind"],
)
async def test_what_is_not_understood_is_refused_and_the_line_stays(connect: Connect, alice: Agent, text: str, field: str | None) -> None:
    line = await connect("/ws/panel/", alice.user)
    await line.connect()
    await line.send_to(text)
    answer = await hear(line, "answer")
    assert (answer["ok"], answer["error"].get("field")) == (False, field)
    await line.send_to('{"type": "ping"}')
    assert await hear(line, "pong")


async def test_a_message_too_big_ends_the_line(connect: Connect, alice: Agent) -> None:
    line = await connect("/ws/panel/", alice.user)
    await line.connect()
    await line.send_to("x" * (websocket.MESSAGE_LIMIT + 1))
    assert await closed(line) == 1009


async def test_a_flood_ends_the_line(connect: Connect, alice: Agent) -> None:
    line = await connect("/ws/panel/", alice.user)
    await line.connect()
    for _ in range(60):
        await line.send_to('{"type": "ping"}')
    assert await closed(line) == 4429


async def test_who_logs_out_or_loses_the_role_loses_the_line(connect: Connect, alice: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SESSION_CHECK_SECONDS", 0.1)
    monkeypatch.setattr(websocket, "BEAT_SECONDS", 0.1)
    boss = await sync_to_async(make)("sam", "supervisor")
    line, board = await connect("/ws/panel/", alice.user), await connect("/ws/board/", boss)
    for each in (line, board):
        await each.connect()
        await hear(each, "snapshot")
    await Session.objects.all().adelete()
    assert await closed(line) == 4401
    assert await closed(board) == 4401


async def test_an_auditor_looks_on_and_steers_nothing(connect: Connect, alice: Agent) -> None:
    line = await connect("/ws/board/", await sync_to_async(make)("audrey", "auditor"))
    await line.connect()
    assert (await hear(line, "snapshot"))["data"]["may_steer"] is False
    await line.send_to(intent("offline", agent=alice.pk))
    assert (await hear(line, "answer"))["ok"] is False
    await sync_to_async(alice.refresh_from_db)()
    assert alice.state == "available"


# ---- pushed, not polled ------------------------------------------------------------------------------------
@contextlib.asynccontextmanager
async def running_relay() -> AsyncIterator[None]:
    task = asyncio.create_task(relay.Relay().run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        ears = [thread for thread in threading.enumerate() if thread.name == "ear"]
        await sync_to_async(bell.ring)(bell.EVENTS)  # it notices its end at the next ring
        for ear in ears:
            ear.join(10)


def state_shown(message: dict[str, Any], agent: Agent) -> str:
    shown = [message["data"]["agent"]] if "agent" in message["data"] else message["data"]["agents"]
    [state] = [each["state"] for each in shown if each["id"] == agent.pk]
    return str(state)


async def quiet_for(line: WebsocketCommunicator, beats: int) -> None:
    """Wait until so many beats in a row came and no picture between them."""
    heard = 0
    while heard < beats:
        message = json.loads(await line.receive_from(5))
        heard = heard + 1 if message["type"] == "beat" else 0


@pytest.fixture
def no_timers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing reads again by itself: what a screen shows, it was told of."""
    for screen in (websocket.LiveConsumer, BoardConsumer):
        monkeypatch.setattr(screen, "reread_seconds", 3600.0)
    for timer in ("REREAD_SECONDS", "HEARTBEAT_SECONDS"):
        monkeypatch.setattr(relay, timer, 3600.0)
    monkeypatch.setattr(websocket, "BEAT_SECONDS", 0.05)


@pytest.mark.parametrize("path", ["/ws/panel/", "/ws/board/"])
async def test_what_changes_is_pushed_within_a_second(connect: Connect, alice: Agent, no_timers: None, path: str) -> None:
    boss = await sync_to_async(make)("sam", "supervisor")
    line = await connect(path, alice.user if path == "/ws/panel/" else boss)
    await line.connect()
    assert state_shown(await hear(line, "snapshot"), alice) == "available"
    await quiet_for(line, 5)
    await sync_to_async(services.go_offline)(alice.pk, actor="system:test")
    for _ in range(5):
        assert json.loads(await line.receive_from(5))["type"] == "beat", "without the relay nothing should be read again"
    async with running_relay():
        assert state_shown(await hear(line, "snapshot"), alice) == "offline", "a new relay tells everybody"
        await quiet_for(line, 5)
        await sync_to_async(services.set_available)(alice.pk, actor="system:test")
        assert state_shown(await hear(line, "snapshot", within=1), alice) == "available"
