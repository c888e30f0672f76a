"""What stands in the way of a start is said in one sentence that says what to do."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from callcenter.runner.errors import CannotRun
from callcenter.runner.preflight import alone, enough_disk, folder_sentence, free_port


@pytest.mark.parametrize(("kind", "variable"), [(socket.SOCK_STREAM, "HTTP_PORT"), (socket.SOCK_DGRAM, "SIP_PORT")], ids=["web", "sip"])
def test_a_busy_port_names_itself_and_the_setting_that_moves_it(kind: socket.SocketKind, variable: str) -> None:
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotRun, match=rf"Port {port}/\w+ on 127.0.0.1 is in use .*{variable}={port + 1}"):
            free_port("127.0.0.1", port, kind=kind, variable=variable)
    free_port("127.0.0.1", port, kind=kind, variable=variable)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(CannotRun, match=r"BIND_ADDRESS 192\.0\.2\.1 is no address of this machine"):
        free_port("192.0.2.1", 5060, kind=socket.SOCK_DGRAM, variable="SIP_PORT")


def test_a_second_runner_on_the_same_data_is_refused_with_the_first_ones_process_id(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(CannotRun, match=rf"already runs on {tmp_path} \(process {os.getpid()}\)"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass  # free again after the first has ended


def test_a_data_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRun, match=r"cannot be written .* CALLCENTER_DATA"), alone(tmp_path / "file" / "var"):
        pass


def test_a_full_disk_is_told_with_what_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=499 * 2**20))
    with pytest.raises(CannotRun, match="has 499 MB left"):
        enough_disk(tmp_path)


def test_a_disk_with_room_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=500 * 2**20))
    enough_disk(tmp_path)


def test_no_space_while_writing_is_a_full_disk_and_no_missing_permission() -> None:
    assert "is full" in folder_sentence(Path("/x"), OSError(errno.ENOSPC, "No space left on device"))
    assert "permission" in folder_sentence(Path("/x"), OSError(errno.EACCES, "Permission denied"))
