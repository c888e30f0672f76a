"""The runner with real parts: it starts, mends, stops without a trace, and comes back with the data."""

from __future__ import annotations

import os
import re
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.conf import settings

from callcenter.child import CAP_DAC_OVERRIDE, preparation, unprivileged
from callcenter.runner.house import PARTS_STOP_SECONDS
from tests.kill import kill_outright
from tests.process.stack import START_SECONDS, Stack, busy, stack
from tests.until import PATIENCE, until

QUICK_SECONDS = 15.0
"""A second start takes 6 s on two idle cores."""


@pytest.fixture(scope="module")
def running() -> Iterator[Stack]:
    with tempfile.TemporaryDirectory(prefix="cc-runner-") as folder, stack(Path(folder) / "var", by_script=True) as made:
        Path(folder).chmod(0o755)  # as root, the embedded servers are somebody else
        made.start()
        yield made


def test_the_welcome_says_where_to_go_and_how_to_log_in(running: Stack) -> None:
    assert f"http://127.0.0.1:{running.web_port}/" in running.output
    assert f"127.0.0.1:{running.sip_port}/udp" in running.output
    assert "user alice, password demo" in running.output
    assert "Traceback" not in running.output


def test_all_parts_are_up_and_the_demo_is_loaded(running: Stack) -> None:
    assert running.health().startswith(b"HTTP/1.0 200") or running.health().startswith(b"HTTP/1.1 200")
    names = {row[0] for row in running.sql("SELECT username FROM auth_user")}
    assert {"admin", "manager", "supervisor", "alice", "bob", "carol", "dave"} <= names


def test_a_second_runner_on_the_same_data_says_one_sentence(running: Stack) -> None:
    second = Stack(running.data)
    assert second.launch().wait(timeout=60) == 1
    assert second.output.count("\n") == 1
    assert "already runs on" in second.output


@pytest.mark.parametrize("word", ["daphne", "relay", "telephony", "redis-server", "postgres", "worker", "beat"])
def test_a_part_killed_outright_is_started_again(running: Stack, word: str) -> None:
    before = until(lambda: running.part(word), within=30)
    before.kill()

    def renewed() -> bool:
        now = running.part(word)
        return now is not None and now.pid != before.pid

    until(renewed, within=30, what=f"{word} to be started again")
    until(lambda: b" 200 OK" in running.health(), within=60, what="all parts to be up again")


@pytest.mark.parametrize("word", ["redis-server", "postgres"])
def test_a_server_killed_with_everything_it_had_is_started_again_and_keeps_the_data(running: Stack, word: str) -> None:
    running.sql(f"UPDATE auth_user SET last_name = 'before {word}' WHERE username = 'alice'")
    before = until(lambda: running.part(word), within=30)
    kill_outright(before.pid)
    until(lambda: (now := running.part(word)) is not None and now.pid != before.pid, within=30, what=f"{word} to be started again")
    until(lambda: b" 200 OK" in running.health(), within=60, what="all parts to be up again")
    assert running.sql("SELECT last_name FROM auth_user WHERE username = 'alice'") == [(f"before {word}",)]
    until(lambda: not running.zombies(), within=15, what="the dead to be buried")


def test_ctrl_c_stops_everything_in_ten_seconds_and_leaves_no_process(running: Stack) -> None:
    running.sql("UPDATE auth_user SET email = 'kept@example.org' WHERE username = 'alice'")
    began = time.monotonic()
    assert running.stop() == 0
    assert time.monotonic() - began < 10
    assert running.leftovers() == []


def test_a_second_start_is_quick_and_keeps_the_data(running: Stack) -> None:
    running.start()
    assert running.sql("SELECT email FROM auth_user WHERE username = 'alice'") == [("kept@example.org",)]
    ready = re.search(r"Ready in ([\d.]+) s", running.output)
    assert ready
    assert float(ready[1]) < QUICK_SECONDS * PATIENCE


def test_a_killed_runner_takes_its_parts_along_and_the_next_start_works(running: Stack) -> None:
    assert running.process
    running.process.kill()
    running.process.wait()
    running.until_nothing_is_left()
    running.start()
    assert running.sql("SELECT email FROM auth_user WHERE username = 'alice'") == [("kept@example.org",)]


def test_sigterm_stops_it_as_ctrl_c_does(running: Stack) -> None:
    assert running.stop(signal.SIGTERM) == 0
    assert running.leftovers() == []


@pytest.mark.parametrize(("kind", "variable"), [(socket.SOCK_STREAM, "HTTP_PORT"), (socket.SOCK_DGRAM, "SIP_PORT")], ids=["web", "sip"])
def test_a_busy_port_is_one_sentence_that_names_the_setting(tmp_path: Path, kind: socket.SocketKind, variable: str) -> None:
    refused = Stack(tmp_path / "var")
    port = refused.web_port if kind == socket.SOCK_STREAM else refused.sip_port
    with busy(port, kind):
        assert refused.launch().wait(timeout=60) == 1
    assert refused.output.count("\n") == 1
    assert f"Port {port}/" in refused.output
    assert f"{variable}=" in refused.output


def test_a_setting_that_cannot_be_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Stack(tmp_path / "var")
    monkeypatch.setenv("LOG_LEVEL", "INFO")
    monkeypatch.setattr(Stack, "environment", {**refused.environment, "HTTP_PORT": "eighty"})
    assert refused.launch().wait(timeout=60) == 1
    assert refused.output.count("\n") == 1
    assert "A setting cannot be read" in refused.output


def test_a_misconfiguration_stops_the_start_with_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tmp_path.chmod(0o755)
    with stack(tmp_path / "var") as refused:
        monkeypatch.setattr(Stack, "environment", {**refused.environment, "SESSION_EXPIRES_SECONDS": "10"})
        assert refused.launch().wait(timeout=START_SECONDS) == 1
        assert "callcenter.E007" in refused.output.splitlines()[-1]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_runs_it_too() -> None:
    account = unprivileged([Path("/root/x")])
    assert account
    with tempfile.TemporaryDirectory(prefix="cc-user-") as folder:
        os.chown(folder, account.uid, account.gid)
        # The closed home of root may hold this machine's Python; the capability is for that alone.
        with stack(Path(folder) / "var", before=preparation(account)) as made:
            made.start()
            assert_sip_is_answered(made)
            owners = {path.stat().st_uid for path in made.data.iterdir()}
            assert owners == {account.uid}
            assert_a_second_ctrl_c_kills(made)


def assert_sip_is_answered(made: Stack) -> None:
    """At once, and without a second try: who reads "Ready" calls."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
        phone.settimeout(2)
        phone.connect(("127.0.0.1", made.sip_port))
        host, port = phone.getsockname()
        lines = [
            f"OPTIONS sip:127.0.0.1:{made.sip_port} SIP/2.0", f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKready", "Max-Forwards: 70",
            "From: <sip:somebody@callcenter>;tag=1", "To: <sip:callcenter>", "Call-ID: ready", "CSeq: 1 OPTIONS",
            "Content-Length: 0", "", "",
        ]  # fmt: skip
        phone.send("\r\n".join(lines).encode())
        assert phone.recv(4000).startswith(b"SIP/2.0 200")


def assert_a_second_ctrl_c_kills(made: Stack) -> None:
    stuck = until(lambda: made.part("worker"), within=30)
    assert made.process
    stuck.suspend()
    made.process.send_signal(signal.SIGINT)
    until(lambda: "Stopping" in made.output)
    began = time.monotonic()
    assert made.stop() == 0
    assert time.monotonic() - began < PARTS_STOP_SECONDS
    assert made.leftovers() == []


@pytest.mark.skipif(not settings.EMBEDDED_REDIS or bool(settings.DATABASE_URL), reason="uses the run's own servers as the real ones")
def test_real_servers_are_used_when_named_and_none_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = settings.DATABASES["default"]["HOST"]
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as wire:
        wire.execute("DROP DATABASE IF EXISTS real")
        wire.execute("CREATE DATABASE real")
    with stack(tmp_path / "var") as made:
        named = {"DATABASE_URL": f"postgres://postgres@/real?host={host}", "REDIS_URL": settings.REDIS_URL}
        monkeypatch.setattr(Stack, "environment", {**made.environment, **named})
        made.start()
        assert made.part("redis-server") is None
        assert made.part("postgres") is None
        assert {path.name for path in made.data.iterdir()} - {"prompts", "voicemail"} == {"log", "run.lock", "secret_key"}
        assert made.stop() == 0


def test_a_folder_without_permission_is_one_sentence() -> None:
    # To root nothing is closed, so there somebody else tries; the capability is to read this machine's Python.
    account = unprivileged([Path("/root/x")])
    if account and account.capability == CAP_DAC_OVERRIDE:
        pytest.skip("nobody can be had here who may read our Python but not write everywhere")
    with tempfile.TemporaryDirectory(prefix="cc-closed-") as folder, tempfile.NamedTemporaryFile() as output:
        Path(folder).chmod(0o555)
        refused = Stack(Path(folder) / "sub" / "var", before=preparation(account))
        refused.output_path = Path(output.name)
        assert refused.launch().wait(timeout=60) == 1
        assert "cannot be written" in refused.output
        assert "Traceback" not in refused.output
