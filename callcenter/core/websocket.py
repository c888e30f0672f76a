"""What the sockets of all live screens have in common.

The server sends whole pictures, `{"type": "snapshot", "version", "at", "data"}`, whenever what the screen shows has
changed, and `{"type": "beat", "at"}` every two seconds when nothing has. The browser sends intents,
`{"type": "intent", "id": uuid, "op", "args"}`, and gets `{"type": "answer", "id", "ok", "error"}`; the same id
again gets the same answer (see `intents`). The picture is read from the rows: at once after a hint (see
`hints`), and every few seconds without one, so that a screen is right again after the loss of any other part.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from asgiref.sync import sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.core.serializers.json import DjangoJSONEncoder
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from . import reading
from .errors import Refusal
from .hints import EVERYBODY, hub
from .intents import Answer, Arguments, BadRequest, perform

log = logging.getLogger(__name__)

UNAUTHENTICATED, FORBIDDEN, TOO_BIG, TOO_MANY, FAILED = 4401, 4403, 1009, 4429, 1011
"""Close codes; 44xx follow the HTTP status they resemble."""

MESSAGE_LIMIT = 16 * 1024
BEAT_SECONDS = 2.0
SESSION_CHECK_SECONDS = 60.0

# Four database connections serve all sockets of a process: reads take milliseconds.
_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="socket")

Result = TypeVar("Result")
Operation = Callable[[Arguments], None]


async def in_thread(work: Callable[..., Result], *args: Any) -> Result:
    """Run database work beside the event loop, on a connection that is checked before and after."""

    def run() -> Result:
        close_old_connections()
        try:
            return work(*args)
        finally:
            close_old_connections()

    return await sync_to_async(run, thread_sensitive=False, executor=_threads)()


@dataclass
class Allowance:
    """A token bucket: `burst` messages at once, `rate` a second in the long run."""

    rate: float = 20.0
    burst: float = 40.0
    tokens: float = 40.0
    at: float = 0.0

    def take(self, now: float) -> bool:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate) - 1
        self.at = now
        if self.tokens < 0:
            self.tokens = 0
            return False
        return True


class LiveConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Base of the sockets of live screens. Subclasses say who may come in, what they see and what they may ask."""

    # The hub listens for us. Channels would subscribe each socket by itself and refuse it while Redis is away.
    channel_layer_alias = "none"

    reread_seconds: ClassVar[float] = 4.0
    spacing_seconds: ClassVar[float] = 0.0
    """Shortest time between two reads, so that a storm of hints does not become a storm of reads."""

    def admit(self, user: User) -> None:
        """Remember what is needed of the user. Runs beside the event loop.

        :raises Refusal: if this user may not open the screen.
        """
        raise NotImplementedError

    def read(self) -> dict[str, Any]:
        """What the screen shows now, without anything that changes by the mere passing of time."""
        raise NotImplementedError

    def groups_to_follow(self, data: dict[str, Any]) -> set[str]:
        """The hints after which this screen reads again."""
        raise NotImplementedError

    def operations(self) -> Mapping[str, Operation]:
        """What the screen may ask for, by name."""
        return {}

    async def connect(self) -> None:
        self._heard = asyncio.Event()
        self._followed: set[str] = set()
        self._allowance = Allowance(at=time.monotonic())
        self._shown = ""
        self._life: asyncio.Task[None] | None = None
        # Accept before closing: a browser learns the close code only of a socket that was open.
        await self.accept()
        try:
            user = await in_thread(session_user, self.scope["session"].session_key)
            if user is None:
                await self.close(UNAUTHENTICATED)
                return
            self.user = user
            await in_thread(self.admit, user)
        except Refusal:
            await self.close(FORBIDDEN)
        except (DatabaseError, InterfaceError):
            await self.close(FAILED)
        else:
            self._life = asyncio.create_task(self._live())

    async def disconnect(self, code: int) -> None:
        if self._life is not None:
            self._life.cancel()
            hub().leave(self._followed, self._heard)

    # Pictures

    async def _live(self) -> None:
        try:
            await self._show_for_ever()
        except Exception:
            log.exception("a live screen failed; the browser will connect again")
            await self.close(FAILED)

    async def _show_for_ever(self) -> None:
        self._follow({EVERYBODY})
        read_due, check_due = 0.0, time.monotonic() + SESSION_CHECK_SECONDS
        while True:
            if time.monotonic() >= check_due:
                if not await self._still_welcome():
                    return
                check_due = time.monotonic() + SESSION_CHECK_SECONDS
            if self._heard.is_set() or time.monotonic() >= read_due:
                await self._show()
                read_due = time.monotonic() + self.reread_seconds
            else:
                await self._tell(type="beat", at=timezone.now())
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._heard.wait(), BEAT_SECONDS)

    async def _show(self) -> None:
        """Read, and send the picture if it differs from the last one sent."""
        self._heard.clear()
        began = time.monotonic()
        try:
            version, data = await in_thread(self._read_at_one_moment)
        except (DatabaseError, InterfaceError) as error:
            log.warning("a live screen cannot be read (%s)", type(error).__name__)
            await self._tell(type="stale", at=timezone.now(), reason="database")
            return
        self._follow({EVERYBODY, *self.groups_to_follow(data)})
        picture = json.dumps(data, cls=DjangoJSONEncoder)
        if picture == self._shown:
            await self._tell(type="beat", at=timezone.now())
        else:
            self._shown = picture
            await self._tell(type="snapshot", version=version, at=timezone.now(), data=data)
        # At least twice as long as the read itself took, so that reading never fills the machine.
        cost = time.monotonic() - began
        await asyncio.sleep(max(self.spacing_seconds - cost, 2 * cost if self.spacing_seconds else 0))

    def _read_at_one_moment(self) -> tuple[int, dict[str, Any]]:
        with reading.one_moment():
            return reading.version(), self.read()

    def _follow(self, wanted: set[str]) -> None:
        if wanted != self._followed:
            hub().leave(self._followed - wanted, self._heard)
            hub().follow(wanted - self._followed, self._heard)
            self._followed = wanted

    async def _still_welcome(self) -> bool:
        try:
            user = await in_thread(session_user, self.scope["session"].session_key)
            if user is None or user.pk != self.user.pk:
                await self.close(UNAUTHENTICATED)
                return False
            await in_thread(self.admit, user)
        except Refusal:
            await self.close(FORBIDDEN)
            return False
        except (DatabaseError, InterfaceError):
            log.warning("session not checked: the database is away")
        return True

    # Intents

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if text_data is None or len(text_data) > MESSAGE_LIMIT:
            await self.close(TOO_BIG)
        elif not self._allowance.take(time.monotonic()):
            await self.close(TOO_MANY)
        elif self._life is not None:
            await self._obey(text_data)

    async def _obey(self, text: str) -> None:
        try:
            message = parse(text)
            if message["type"] == "ping":
                await self._tell(type="pong", at=timezone.now())
                return
            answer = await self._carry_out(message)
        except Refusal as refusal:
            answer = {"id": wanted_id(text), "ok": False, "error": refusal.as_dict()}
        await self._tell(type="answer", **answer)

    async def _carry_out(self, message: dict[str, Any]) -> Answer:
        operation = self.operations().get(message["op"])
        if operation is None:
            raise BadRequest(f"unknown op {message['op']!r}", field="op")
        work = functools.partial(operation, Arguments(message["args"]))
        try:
            answer = await in_thread(perform, self.user, uuid.UUID(message["id"]), message["op"], work)
        except (DatabaseError, InterfaceError) as error:
            log.warning("intent %s not carried out (%s)", message["op"], type(error).__name__)
            answer = {"ok": False, "error": {"code": "try_again", "message": "The system is busy. Try again.", "detail": ""}}
        # The picture follows its answer at once, relay or no relay.
        self._heard.set()
        return {"id": message["id"], **answer}

    async def _tell(self, **message: Any) -> None:
        await self.send(text_data=json.dumps(message, cls=DjangoJSONEncoder))


def parse(text: str) -> dict[str, Any]:
    """A message of the browser.

    :raises BadRequest: if it is neither a ping nor a well-formed intent.
    """
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("not JSON") from None
    if isinstance(message, dict) and message.get("type") == "ping":
        return message
    if not isinstance(message, dict) or message.get("type") != "intent":
        raise BadRequest("neither a ping nor an intent", field="type")
    if not isinstance(message.get("op"), str) or not isinstance(message.get("args", {}), dict):
        raise BadRequest("an intent has an op and args", field="op")
    try:
        message["id"] = str(uuid.UUID(message.get("id")))
    except (ValueError, TypeError, AttributeError):
        raise BadRequest("the id of an intent is a UUID", field="id") from None
    return {"args": {}, **message}


def wanted_id(text: str) -> str | None:
    """The id of a message that was refused, if it has one, so that the browser can tell which."""
    with contextlib.suppress(ValueError, RecursionError):
        message = json.loads(text)
        if isinstance(message, dict) and isinstance(message.get("id"), str):
            return str(message["id"])[:64]
    return None


def session_user(session_key: str | None) -> User | None:
    """Who is logged in under this session now: read anew, password change and deactivation included."""
    session = SessionStore(session_key)
    user = get_user_model().objects.filter(pk=session.get(SESSION_KEY, 0), is_active=True).first()
    if user is None:
        return None
    known = session.get(HASH_SESSION_KEY, "")
    # With an older SECRET_KEY a session stays good until its next page signs it anew.
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return user if any(constant_time_compare(known, good) for good in hashes) else None


class NoSuchSocket(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Answers for addresses where no socket is: refused, without a stack trace in the log."""

    channel_layer_alias = "none"

    async def connect(self) -> None:
        await self.close()
