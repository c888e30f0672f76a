"""The folder of sounds ready to be played: made from rows and texts, and made again wherever one is missing."""

from __future__ import annotations

import contextlib
import os
import time
from datetime import timedelta
from pathlib import Path

from django.conf import settings

TELEPHONE_RATE = 8_000
"""What the bridge between legs works at: files of this rate cost it no resampling."""
WIDEBAND_RATE = 16_000

USED_EVERY = timedelta(days=1).total_seconds()
"""A file in use gets a new date so often; what has an old one may be cleared away."""


def folder() -> Path:
    found = Path(settings.DATA_DIR) / "prompts"
    found.mkdir(parents=True, exist_ok=True)
    return found


def there(path: Path) -> bool:
    """Whether the file is there; if so it counts as used today."""
    try:
        if time.time() - path.stat().st_mtime > USED_EVERY:
            with contextlib.suppress(PermissionError):  # another user made it, and is the one to clear it away
                os.utime(path)
    except FileNotFoundError:
        return False
    return True


def clear(prefix: str, older_than: timedelta) -> int:
    """Delete sounds that nobody used for so long; returns how many. Who plays one keeps it to its end, for the file is open."""
    deleted = 0
    for path in folder().glob(f"{prefix}*"):
        if time.time() - path.stat().st_mtime > older_than.total_seconds():
            path.unlink(missing_ok=True)
            deleted += 1
    return deleted
