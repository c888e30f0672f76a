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

OURS = "CALLCENTER_TEST_SERVERS"
"""Names, for processes we start, the settings that are ours and were not given to us."""


def start() -> None:
    data = Path(tempfile.mkdtemp(prefix="callcenter-test-"))
    # As root the servers run as another user, who must get through.
    data.chmod(0o755)
    os.environ["CALLCENTER_DATA"] = str(data)
    ends = contextlib.ExitStack()
    ends.callback(shutil.rmtree, data, ignore_errors=True)
    atexit.register(ends.close)
    for name in os.environ.pop(OURS, "").split():
        del os.environ[name]
    missing = [name for name in ("DATABASE_URL", "REDIS_URL") if not os.environ.get(name)]
    if "DATABASE_URL" in missing:
        mould.pour(data)
        ends.enter_context(running(Postgres(data, durable=False), data / "postgres.log"))
    if "REDIS_URL" in missing:
        ends.enter_context(running(Redis(data), data / "redis.log"))
    os.environ[OURS] = " ".join(missing)


start()
