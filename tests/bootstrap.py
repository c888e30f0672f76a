"""Starts the servers a test run needs before Django reads its settings; loaded by `-p tests.bootstrap`.

Of several pytest processes that work side by side (pytest-xdist) each has servers of its own: a note rung in one is not heard in another.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from callcenter.embedded import Postgres, Redis, running
from tests import mould


def start() -> None:
    data = Path(tempfile.mkdtemp(prefix="callcenter-test-"))
    # As root the servers run as another user, who must get through.
    data.chmod(0o755)
    os.environ["CALLCENTER_DATA"] = str(data)
    ends = contextlib.ExitStack()
    ends.callback(shutil.rmtree, data, ignore_errors=True)
    atexit.register(ends.close)
    if not os.environ.get("DATABASE_URL"):
        mould.pour(data)
        ends.enter_context(running(Postgres(data, durable=False), data / "postgres.log"))
    if not os.environ.get("REDIS_URL"):
        ends.enter_context(running(Redis(data), data / "redis.log"))


start()
