from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.db import connection

pytestmark = pytest.mark.django_db


def test_the_admin_works_without_unfold() -> None:
    environment = {**os.environ, "PLAIN_DATABASE": str(connection.settings_dict["NAME"]), "PYTHONPATH": str(settings.BASE_DIR)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.plain_admin"], env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout.strip().endswith("fine"), done.stderr[-3000:]
