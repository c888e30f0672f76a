from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command


def test_the_charts_in_the_documentation_are_up_to_date() -> None:
    call_command("state_charts", check=True)


def test_a_stale_chart_is_found_and_mended(tmp_path: Path) -> None:
    call_command("state_charts", folder=tmp_path)
    (tmp_path / "call.md").write_text("old")
    with pytest.raises(CommandError, match=r"call\.md"):
        call_command("state_charts", folder=tmp_path, check=True)
    call_command("state_charts", folder=tmp_path)
    call_command("state_charts", folder=tmp_path, check=True)
    assert "`queue_call`" in (tmp_path / "call.md").read_text()
