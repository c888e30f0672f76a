"""Where call processes write recordings, until a clerk or the node takes them over.

A call process may run as nobody, beside others that do. So each node has a folder that this account owns and nobody else
enters; what is taken from it is renamed into one that the product's own user alone can read. A file's name tells whose
recording it is, so that it says enough when nobody is left to ask.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from callcenter.child import Account
from queues.voicemail import files

NAME = re.compile(r"(?P<process>[A-Za-z0-9_-]{1,60})-b(?P<box>[0-9]{1,18})-(?P<visit>[0-9]{1,4})\.wav")


@dataclass(frozen=True, slots=True)
class Found:
    """A recording in the folder of a node."""

    path: Path
    process: str
    box: int

    @property
    def age(self) -> float:
        """Seconds since something was written into it."""
        return time.time() - self.path.lstat().st_mtime


def incoming() -> Path:
    return files.folder() / "incoming"


def folder(node: str) -> Path:
    return incoming() / quote(node, safe="")


def prepare(node: str, account: Account | None) -> None:
    """Make the node's folder, and give it to whom call processes run as.

    :raises OSError: it cannot be made.
    """
    for passage in (files.folder(), incoming()):  # to be walked through, not to be looked into
        passage.mkdir(mode=0o711, parents=True, exist_ok=True)
        passage.chmod(0o711)
    own = folder(node)
    own.mkdir(mode=0o700, exist_ok=True)
    if account:
        os.chown(own, account.uid, account.gid)


def recordings(node: str, process: str, box: int) -> str:
    """What the paths of this process's recordings for this box begin with; the number of the visit follows."""
    return str(folder(node) / f"{process}-b{box}")


def path_of(node: str, process: str, name: str) -> Path:
    """The file that a process named as its recording.

    :raises ValueError: a process has no recordings but its own.
    """
    parts = NAME.fullmatch(name)
    if parts is None or parts["process"] != process:
        raise ValueError("That is no recording of this process.")
    return folder(node) / name


def found(node: str) -> Iterator[Found]:
    """Every recording in the node's folder, oldest name first."""
    try:
        names = sorted(os.listdir(folder(node)))
    except FileNotFoundError:
        return
    for name in names:
        if parts := NAME.fullmatch(name):
            yield Found(folder(node) / name, parts["process"], int(parts["box"]))


def put_aside(path: Path) -> None:
    """Keep it for somebody to look at, under a name that nobody takes up again."""
    with contextlib.suppress(OSError):
        path.rename(path.with_suffix(".broken"))
