"""Where the embedded servers keep their sockets; settings and runner must agree on it without talking."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

SOCKET_PATH_LIMIT = 107
"""Bytes of `sun_path` without its closing zero (unix(7)); longer paths cannot be bound or connected to."""

LONGEST_NAME = len("/.s.PGSQL.5432")


def socket_folder(data_dir: Path, part: str) -> Path:
    """The folder of `part`'s socket: in the data folder, or a short one in /tmp when that path would be too long."""
    own = data_dir / part
    if len(str(own).encode()) + LONGEST_NAME <= SOCKET_PATH_LIMIT:
        return own
    # The name depends on the data folder alone, so that every process finds the same one.
    digest = hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"callcenter-{digest}-{part}"
