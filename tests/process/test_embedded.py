"""The embedded servers: where their sockets are, what an interrupted start leaves, whom they refuse."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from callcenter.embedded import EmbeddedError, Postgres, Redis, Server, running
from callcenter.paths import socket_folder
from tests.kill import kill_outright


@pytest.fixture
def data(tmp_path: Path) -> Path:
    # pytest closes its folders; as root the servers are somebody else and must get through to theirs.
    return tmp_path / "var"


def test_postgres_keeps_what_it_was_given_when_killed_and_started_again(data: Path, tmp_path: Path) -> None:
    server = Postgres(data)
    with running(server, tmp_path / "log") as child:
        with server.connection("callcenter") as wire:
            wire.execute("CREATE TABLE kept AS SELECT 17 AS n")
        child.kill()
        child.wait()
    with running(server, tmp_path / "log"), server.connection("callcenter") as wire:
        assert wire.execute("SELECT n FROM kept").fetchall() == [(17,)]


def test_postgres_loses_nothing_committed_when_all_of_it_is_killed_at_once(data: Path, tmp_path: Path) -> None:
    """Also without syncing to disk, as in tests: only the machine may not fail."""
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log") as child, server.connection("callcenter") as wire:
        wire.execute("CREATE TABLE kept (n int)")
        for number in range(50):
            wire.execute(f"INSERT INTO kept VALUES ({number})")
        kill_outright(child.pid)
    with running(server, tmp_path / "log"), server.connection("callcenter") as wire:
        assert wire.execute("SELECT count(*) FROM kept").fetchone() == (50,)


def test_a_process_that_outlived_its_postgres_does_not_stop_the_next_start(data: Path, tmp_path: Path) -> None:
    """It holds the shared memory: PostgreSQL refuses to start beside it, and rightly so."""
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log") as child, server.connection("callcenter") as wire:
        stuck = psutil.Process(wire.info.backend_pid)
        stuck.suspend()
        child.kill()
        child.wait()
    with running(server, tmp_path / "log"):
        assert server.answers()
    assert not stuck.is_running()


def test_postgres_of_another_folder_is_left_alone(tmp_path: Path) -> None:
    other = Postgres(tmp_path / "other", durable=False)
    with running(other, tmp_path / "other.log"), running(Postgres(tmp_path / "var", durable=False), tmp_path / "log"):
        assert other.answers()


def test_redis_starts_again_when_killed(data: Path, tmp_path: Path) -> None:
    server = Redis(data)
    with running(server, tmp_path / "log") as child, redis.Redis(unix_socket_path=str(server.socket_path)) as client:
        client.set("kept", "17")
        kill_outright(child.pid)
        assert server.socket_path.exists(), "the socket is left behind"
    with running(server, tmp_path / "log"), redis.Redis(unix_socket_path=str(server.socket_path)) as client:
        assert client.get("kept") == b"17"


def test_it_is_set_for_many_short_connections(data: Path, tmp_path: Path) -> None:
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log"), server.connection("callcenter") as wire:
        shown = {
            name: wire.execute(f"SHOW {name}").fetchone() for name in ("max_connections", "jit", "random_page_cost", "listen_addresses")
        }
    assert shown == {"max_connections": ("500",), "jit": ("off",), "random_page_cost": ("1.1",), "listen_addresses": ("",)}


@pytest.mark.parametrize("kind", [Postgres, Redis])
def test_a_data_path_too_long_for_a_socket_works(kind: type[Server], tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 100)
    server = kind(deep)
    with running(server, tmp_path / "log"):
        assert server.answers()
        assert server.sockets == socket_folder(deep, server.name) != deep / server.name


def test_redis_keeps_what_it_was_given(data: Path, tmp_path: Path) -> None:
    server = Redis(data)
    for step in ("write", "read"):
        with running(server, tmp_path / "log"), redis.Redis(unix_socket_path=str(server.socket_path)) as client:
            if step == "write":
                client.set("kept", "17")
            else:
                assert client.get("kept") == b"17"


def test_an_interrupted_first_start_is_made_anew(data: Path, tmp_path: Path) -> None:
    half = data / "postgres.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log"):
        assert server.answers()


def test_a_server_whose_supervisor_died_is_stopped_before_the_next_start(data: Path, tmp_path: Path) -> None:
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log") as orphan:
        server.prepare()
        assert orphan.wait(timeout=20) == 0
    with running(server, tmp_path / "log"):
        assert server.answers()


def test_a_note_of_a_process_that_is_another_one_now_does_not_stop_the_start(data: Path, tmp_path: Path) -> None:
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log"):
        pass
    (server.folder / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with running(server, tmp_path / "log"):
        assert server.answers()


def test_data_of_another_major_version_is_told_and_not_touched(data: Path, tmp_path: Path) -> None:
    server = Postgres(data)
    server.folder.mkdir(parents=True)
    (server.folder / "PG_VERSION").write_text("16\n")
    with pytest.raises(EmbeddedError, match=r"was written by PostgreSQL 16.*Upgrade"):
        server.prepare()


def test_a_server_that_does_not_come_up_names_its_log(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Redis, "command", ["/bin/false"])
    with pytest.raises(EmbeddedError, match=str(tmp_path / "log")), running(Redis(data), tmp_path / "log"):
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user the servers are that user")
def test_as_root_the_servers_are_somebody_without_rights(data: Path, tmp_path: Path) -> None:
    with running(Redis(data), tmp_path / "log") as child:
        status = Path(f"/proc/{child.pid}/status").read_text()
    assert "Uid:\t0" not in status
    # The one capability that walks through closed folders, at most: bit 1 or bit 2.
    effective = int(next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff")), 16)
    assert effective in (0, 1 << 1, 1 << 2)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second user")
def test_a_socket_folder_that_somebody_else_put_there_is_refused(tmp_path: Path) -> None:
    server = Redis(tmp_path / ("x" * 100))
    server.sockets.mkdir()
    try:
        os.chown(server.sockets, 12345, 12345)
        with pytest.raises(EmbeddedError, match="belongs to another user"):
            server.prepare()
    finally:
        server.sockets.rmdir()


def test_no_tcp_port_is_open(data: Path, tmp_path: Path) -> None:
    server = Postgres(data, durable=False)
    with running(server, tmp_path / "log") as child:
        listing = subprocess.run(["cat", f"/proc/{child.pid}/net/tcp"], capture_output=True, text=True).stdout
        assert listing  # the table could be read
        inodes = {link.readlink().name for link in Path(f"/proc/{child.pid}/fd").iterdir() if "socket:" in str(link.readlink())}
        assert not [line for line in listing.splitlines()[1:] if f"socket:[{line.split()[9]}]" in inodes]
    with pytest.raises(psycopg.OperationalError):
        server.connection("callcenter")
    assert child.returncode in (0, -signal.SIGINT)
