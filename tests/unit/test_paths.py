"""Sockets stay where the kernel can bind them."""

from __future__ import annotations

from pathlib import Path

from callcenter.paths import LONGEST_NAME, SOCKET_PATH_LIMIT, socket_folder


def test_a_short_data_folder_holds_its_own_sockets() -> None:
    assert socket_folder(Path("/srv/callcenter/var"), "postgres") == Path("/srv/callcenter/var/postgres")


def test_the_longest_path_that_fits_is_still_used() -> None:
    room = SOCKET_PATH_LIMIT - LONGEST_NAME - len("/postgres")
    fits, over = Path("/" + "x" * (room - 1)), Path("/" + "x" * room)
    assert socket_folder(fits, "postgres") == fits / "postgres"
    assert socket_folder(over, "postgres").parent == Path("/tmp")


def test_two_long_data_folders_never_share_a_socket() -> None:
    long = Path("/" + "x" * 200)
    assert socket_folder(long / "a", "redis") != socket_folder(long / "b", "redis")
    assert socket_folder(long / "a", "redis") == socket_folder(long / "a", "redis")


def test_bytes_count_and_not_letters() -> None:
    assert socket_folder(Path("/" + "ü" * 60), "postgres").parent == Path("/tmp")
