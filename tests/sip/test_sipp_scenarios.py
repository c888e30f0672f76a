"""The SIPp scenarios for people work as documented."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.sip.sipp import BUILT_IN, CASES, SCENARIOS

ROOT = Path(__file__).resolve().parents[2]


def test_every_scenario_of_a_case_exists_and_every_file_is_used() -> None:
    used = {"register"} | {name for case in CASES for name in (case.agent, case.caller) if name}
    assert used - BUILT_IN.keys() == {path.stem for path in SCENARIOS.glob("*.xml")}


def test_all_scenarios_go_as_told_and_leave_captures(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "CALLCENTER_DATA")}
    played = subprocess.run(
        [ROOT / "script/sip-scenarios", "--out", tmp_path], env=environment, capture_output=True, text=True, timeout=400
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert [line.split()[0] for line in played.stdout.splitlines()[: len(CASES)]] == ["ok"] * len(CASES)
    if os.geteuid() == 0:  # nobody else may capture packets
        assert all((tmp_path / f"{case.name}.pcap").stat().st_size > 500 for case in CASES)
