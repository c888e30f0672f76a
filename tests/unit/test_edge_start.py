"""The edge starts with fewer apps than the rest: whoever makes a model module import another app hears of it here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import telephony.edge.__main__ as edge
edge.prepare()
import sys, telephony.edge.server
heavy = {"celery", "rest_framework", "channels", "unfold", "pjsua2", "aiortc"} & set(sys.modules)
assert not heavy, heavy
"""


def test_the_edge_starts_with_its_few_apps_and_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=Path(__file__).resolve().parents[2], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
