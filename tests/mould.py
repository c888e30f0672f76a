"""The files of a PostgreSQL with the present schema, made once for the tree as it is: each server of the tests starts from a copy.

Making the schema takes as long as a dozen calls, and a run needs a dozen servers.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from callcenter.embedded import POSTGRES_MAJOR, Postgres, running

ROOT = Path(__file__).resolve().parents[1]
MOULDS = ROOT / ".pytest_cache" / "d" / "moulds"
APPS = ("agents", "callcenter", "ivr", "queues", "telephony")
KEPT = 3


def pour(data: Path) -> None:
    """A database `callcenter` with all its tables, and no rows but those of the migrations, under this data folder."""
    subprocess.run(["cp", "-a", mould(), data / Postgres.name], check=True)


def mould() -> Path:
    """The files, made now unless somebody made them for this very tree. Of several processes one makes them."""
    MOULDS.mkdir(parents=True, exist_ok=True)
    made = MOULDS / key()
    with (MOULDS / f"lock-{os.geteuid()}").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            cast(made)
            forget_old()
    return made


def key() -> str:
    """Migrations import from all over the apps, so that any of their files may change what comes out."""
    files = sorted(path for app in APPS for path in (ROOT / app).rglob("*.py"))
    digest = hashlib.sha256(POSTGRES_MAJOR.encode())
    for path in (ROOT / "requirements.txt", *files):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    # As root the server is somebody else, whose files an ordinary user cannot read.
    return f"{digest.hexdigest()[:24]}-{os.geteuid()}"


def cast(made: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="callcenter-mould-") as name:
        data = Path(name)
        data.chmod(0o755)  # as root the server runs as another user
        foreign = ("DATABASE_URL", "DATABASE_POOL")
        environment = {key: value for key, value in os.environ.items() if key not in foreign} | {"CALLCENTER_DATA": name}
        with running(Postgres(data, durable=False), data / "postgres.log"):
            subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True)
        half = made.with_suffix(".new")
        shutil.rmtree(half, ignore_errors=True)
        subprocess.run(["cp", "-a", data / Postgres.name, half], check=True)
        half.rename(made)


def forget_old() -> None:
    mine = sorted(MOULDS.glob(f"*-{os.geteuid()}/"), key=lambda path: path.stat().st_ctime)
    for path in mine[:-KEPT]:
        shutil.rmtree(path, ignore_errors=True)
