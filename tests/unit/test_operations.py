"""docs/operations.md has every setting."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
MANUAL = (ROOT / "docs/operations.md").read_text()


def test_every_setting_is_in_the_manual() -> None:
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "callcenter/settings.py").read_text()))
    assert len(names) > 30
    # SIP_EXPIRES_MIN, _DEFAULT and _MAX share a line.
    missing = {name for name in names if f"`{name}`" not in MANUAL and f"`_{name.rsplit('_', 1)[-1]}`" not in MANUAL}
    assert missing == set()


def test_the_example_file_names_only_settings_that_exist() -> None:
    example = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert example
    assert {name for name in example if f"`{name}`" not in MANUAL} == set()
