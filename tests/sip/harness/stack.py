"""The product as real processes on free ports: PostgreSQL, schema, telephony node with its edge.

    with Stack(folder) as stack, stack.rows():
        team = stack.team(agents=2)
        ...                       # phones call team.number at stack.edge, tests read rows by the ORM
    assert not stack.complaints()

Web, relay, Redis and Celery are not needed for calls; tests that kill those start them through the runner.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from callcenter.embedded import Postgres, running
from callcenter.paths import socket_folder
from tests import mould
from tests.kill import kill_outright
from tests.until import until

from . import message

if TYPE_CHECKING:
    from agents.models import Agent
    from queues.models import Queue

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "demo"
HOST = "127.0.0.1"
HOSTS = (f"127.0.{net}.{host}" for net in itertools.count(100) for host in range(1, 255))
QUICK = {
    "ring_seconds": 5, "wrap_up_seconds": 0, "retry_delay": 0, "cooldown_reject": 1, "cooldown_busy": 1,
    "cooldown_no_answer": 1, "cooldown_unreachable": 1,
}  # fmt: skip
"""What a queue of tests has unless a test says otherwise: nobody waits for paperwork or penalties."""
FOREIGN = ("DATABASE_URL", "DATABASE_POOL", "PYTEST_CURRENT_TEST")
"""What the processes of a stack must not inherit of the test run: its own database, and how it connects."""
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Team:
    """A queue of one test, its public number and its agents; nobody else serves it."""

    queue: Queue
    number: str
    agents: list[Agent]


class Stack:
    """Start and stop it, look into it, kill parts of it."""

    def __init__(self, folder: Path, *, durable: bool = False, **settings: str) -> None:
        """:param durable: the database syncs to disk as in production; for benchmarks."""
        self.folder, self.durable = folder, durable
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # as root the database runs as another user
        self.log = folder / "node.log"
        self.port = free_port()
        self.edge = (settings.get("SIP_PUBLIC_ADDRESS") or settings.get("BIND_ADDRESS", HOST), self.port)
        media = random.randrange(12000, 30000, 2000)
        self.environment = {
            **{name: value for name, value in os.environ.items() if name not in FOREIGN},
            "CALLCENTER_DATA": str(folder), "SIP_PORT": str(self.port), "NODE_NAME": f"test{self.port}", "BIND_ADDRESS": HOST,
            "RTP_PORT_MIN": str(media), "RTP_PORT_MAX": str(media + 1999), "DJANGO_SETTINGS_MODULE": "callcenter.settings",
            "PYTHONUNBUFFERED": "1", **settings,
        }  # fmt: skip
        self.node: subprocess.Popen[bytes] | None = None
        self.database_ends = contextlib.ExitStack()
        self.read = 0

    @contextlib.contextmanager
    def settings_as_there(self) -> Iterator[None]:
        """The data folder and keys of the stack's own processes."""
        from django.test import override_settings

        from callcenter.secrets import secret_key

        with override_settings(DATA_DIR=self.folder, SECRET_KEY=self.environment.get("SECRET_KEY") or secret_key(self.folder)):
            yield

    def spoken_file(self, text: str, language: str = "en") -> Path:
        """Where this text is kept once it was spoken."""
        from telephony import prompts

        with self.settings_as_there():
            path = prompts.spoken_file(text, language)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    # -- life --------------------------------------------------------------------------------------------------
    def start(self) -> Self:
        self.make_database()
        self.start_node()
        return self

    def make_database(self) -> None:
        mould.pour(self.folder)
        self.start_database()

    def start_database(self) -> None:
        server = running(Postgres(self.folder, durable=self.durable), self.folder / "postgres.log")
        self.database_process = self.database_ends.enter_context(server)

    @contextlib.contextmanager
    def without_database(self, *, killed: bool = False) -> Iterator[None]:
        """PostgreSQL is stopped while the block lasts, and started again after it. :param killed: not asked: all of it at once."""
        from django.db import connection

        if killed:
            kill_outright(self.database_process.pid)
        self.database_ends.close()
        try:
            yield
        finally:
            self.start_database()
            connection.close()  # ours went with the server

    def start_node(self) -> None:
        with self.log.open("ab") as output:
            command = [sys.executable, "manage.py", "telephony"]
            self.node = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        until(self.answers, within=90, every=0.1, what=f"the edge to answer (log: {self.log})")

    def stop_node(self) -> list[psutil.Process]:
        """SIGTERM; returns processes that it left behind, which are then killed."""
        assert self.node
        children = self.processes()
        if self.node.poll() is None:
            self.node.send_signal(signal.SIGTERM)
        try:
            self.node.wait(40)
        except subprocess.TimeoutExpired:
            self.node.kill()
            self.node.wait()
        _, left = psutil.wait_procs(children, timeout=10)
        for process in left:
            process.kill()
        return left

    def stop(self) -> None:
        with contextlib.ExitStack() as ends:
            ends.push(self.database_ends.pop_all())
            if self.node:
                left = self.stop_node()
                assert not left, f"the node left processes behind: {left}"

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()

    def manage(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"manage.py {arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    # -- looking into it -----------------------------------------------------------------------------------------
    def answers(self) -> bool:
        """The edge challenges a stranger."""
        assert self.node
        if self.node.poll() is not None:
            raise RuntimeError(f"the node ended with {self.node.returncode}: {self.log.read_text()[-3000:]}")
        found = self._look_up("probe")
        return found is not None and found.status == 401

    def knows(self, user: str) -> bool:
        """The edge has read this agent's row, and so all that was committed before it.

        Asked from an address of its own each time: until then the password is a wrong one, and those add up to a lock-out.
        """
        host = next(HOSTS)
        asked = self._look_up(user, host=host)
        if asked is None or asked.status != 401:
            return False
        answer = message.challenge(asked, "MD5")
        credentials = message.credentials(answer, user=user, password=PASSWORD, method="REGISTER", uri=f"sip:{HOST}:{self.port}")
        found = self._look_up(user, ("authorization", credentials), host=host)
        return found is not None and found.status == 200

    def _look_up(self, user: str, *headers: tuple[str, str], host: str = "127.0.0.9") -> message.Message | None:
        """REGISTER without a Contact asks for the bindings and changes none (RFC 3261 10.2.3)."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.settimeout(0.3)
            probe.bind((host, 0))
            via = f"SIP/2.0/UDP {host}:{probe.getsockname()[1]};rport;branch=z9hG4bK{random.getrandbits(48):x}"
            who, call_id = f"<sip:{user}@callcenter>", f"{random.getrandbits(48):x}"
            fixed = [("via", via), ("max-forwards", "70"), ("from", f"{who};tag=p"), ("to", who), ("call-id", call_id)]
            request = message.Message(f"REGISTER sip:{HOST}:{self.port} SIP/2.0", [*fixed, ("cseq", "1 REGISTER"), *headers])
            probe.sendto(request.encode(), self.edge)
            return message.Message.parse(probe.recv(4096))
        return None

    def processes(self) -> list[psutil.Process]:
        """Everything the node started, not itself."""
        assert self.node
        try:
            return psutil.Process(self.node.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def edge_process(self) -> psutil.Process:
        """The one that owns the SIP port; a spare waits beside it."""
        edges = [process for process in self.processes() if "telephony.edge" in process.cmdline()]
        return next(one for one in edges if any(bound.laddr[1:] == (self.port,) for bound in one.net_connections("udp4")))

    def complaints(self) -> list[str]:
        """Tracebacks and aborts written to the log since the last question."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        fresh, self.read = text[self.read :], len(text)
        marks = ("Traceback (most recent call last)", "Assertion", "CRITICAL", "Fatal Python error", "ERROR")
        lines = fresh.splitlines()
        return ["\n".join(lines[at : at + 40]) for at, line in enumerate(lines) if any(mark in line for mark in marks)]

    @contextlib.contextmanager
    def rows(self) -> Iterator[None]:
        """Django's default connection, in this process, looks at the stack's database."""
        from django.db import connections

        connection = connections["default"]
        before = dict(connection.settings_dict)
        connection.close()
        connection.settings_dict.update(self.database())
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict.update(before)

    def database(self) -> dict[str, Any]:
        return {"NAME": "callcenter", "USER": "postgres", "HOST": str(socket_folder(self.folder, "postgres")), "PORT": "", "PASSWORD": ""}

    # -- who works there -------------------------------------------------------------------------------------------
    def team(
        self, agents: int = 2, *, public: bool = True, public_extensions: bool = False, agent: dict[str, Any] | None = None, **queue: Any
    ) -> Team:
        """A queue with a number and agents of its own, who become available when their phones register.

        :param public_extensions: anybody may call the agents themselves.
        """
        from django.db import transaction

        from callcenter.core import bell
        from ivr.models import Number
        from queues.models import Membership, Queue

        name = f"team{next(_numbers)}"
        with transaction.atomic():  # the edge reads all of it or nothing
            made = Queue.objects.create(name=name, slug=name, **{**QUICK, **queue})
            people = [self._agent(f"{name}a{index}", made, index, agent or {}) for index in range(agents)]
            Membership.objects.bulk_create([Membership(queue=made, agent=one, position=index) for index, one in enumerate(people)])
            Number.objects.create(number=name, public=public, queue=made)
            Number.objects.filter(agent__in=people).update(public=public_extensions)
            bell.ring(bell.EDGE)
        if people:
            until(lambda: self.knows(people[0].sip_username), within=8, every=0.05, what="the edge to know the new team")
        return Team(made, name, people)

    def _agent(self, name: str, queue: Queue, index: int, fields: dict[str, Any]) -> Agent:
        from django.contrib.auth import get_user_model

        from agents.models import Agent
        from agents.services import set_sip_password
        from ivr.models import Number

        extension = str(100_000 + queue.pk * 100 + index)
        user = get_user_model().objects.create(username=name)
        made = Agent.objects.create(
            user=user, name=name, sip_username=name, extension=extension, ready_when_registered=True, max_misses=0, **fields
        )
        set_sip_password(made, PASSWORD)
        Number.objects.create(number=extension, target=Number.Target.AGENT, agent=made, queue=queue)
        return made


def free_port() -> int:
    """Below the range that the kernel hands out by itself, so that a restarted edge finds it free again."""
    while True:
        port = random.randrange(10_000, 12_000)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port
