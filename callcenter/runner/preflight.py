"""What would make a start fail later and less clearly, looked at first."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from .errors import CannotRun

FREE_BYTES_NEEDED = 500 * 2**20
"""A fresh database with demo data takes 60 MB; the rest is write-ahead log (1 GB at most, rarely above 200 MB) and logs."""


@contextlib.contextmanager
def alone(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock; the kernel drops it with the process, however that ends.

    :raises CannotRun: if the folder cannot be written, or another runner holds it.
    """
    path = data_dir / "run.lock"
    with _sentence_for_folder(data_dir):
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = path.open("a+")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise CannotRun(
                f"The contact center already runs on {data_dir} (process {lock.read().strip() or 'unknown'}); "
                "stop it first, or give this one a folder of its own with CALLCENTER_DATA and other ports."
            ) from None
        with _sentence_for_folder(data_dir):
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
        yield


@contextlib.contextmanager
def _sentence_for_folder(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotRun(folder_sentence(data_dir, error)) from None


def folder_sentence(data_dir: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of {data_dir} is full; free at least 500 MB, or put the data elsewhere with CALLCENTER_DATA."
    reason = (error.strerror or str(error)).lower()
    return (
        f"The data folder {data_dir} cannot be written ({reason}); give this user write permission, or choose another with CALLCENTER_DATA."
    )


def enough_disk(data_dir: Path) -> None:
    free = shutil.disk_usage(data_dir).free
    if free < FREE_BYTES_NEEDED:
        raise CannotRun(
            f"The disk of {data_dir} has {free // 2**20} MB left and the contact center needs 500 MB to start; "
            "free some, or put the data elsewhere with CALLCENTER_DATA."
        )


def free_port(address: str, port: int, *, kind: socket.SocketKind, variable: str) -> None:
    """Bind and let go again; the few milliseconds until the real bind are a risk we take.

    :param variable: the setting that moves this port, for the sentence.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    name = "tcp" if kind == socket.SOCK_STREAM else "udp"
    with socket.socket(family, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As the web server does: a port that only waits out old connections is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            raise CannotRun(_port_sentence(address, port, name, variable, error)) from None


def _port_sentence(address: str, port: int, name: str, variable: str, error: OSError) -> str:
    what = f"Port {port}/{name} on {address}"
    if error.errno == errno.EADDRINUSE:
        return f"{what} is in use by another program; stop that one, or choose another port: {variable}={port + 1} ./script/run"
    if error.errno == errno.EACCES:
        return f"{what} may be opened by root only; choose one above 1023: {variable}={port + 8000} ./script/run"
    if error.errno in (errno.EADDRNOTAVAIL, socket.EAI_NONAME):
        return f"BIND_ADDRESS {address} is no address of this machine; set one of its own, or 0.0.0.0 for all."
    return f"{what} cannot be opened ({error.strerror or error}); check BIND_ADDRESS and {variable}."
