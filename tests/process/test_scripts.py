"""The scripts on machines that lack something: one sentence, no trace."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.stack import ROOT

TOOLS = ("bash", "cat", "cut", "dirname", "env", "rm", "sha256sum", "tail", "tr", "grep", "mkdir", "ls")


@pytest.fixture
def clone() -> Iterator[Path]:
    """The scripts in a folder of their own, open to all users, and a `bin` that has nothing but what they call."""
    with tempfile.TemporaryDirectory(prefix="cc-clone-") as folder:
        made = Path(folder)
        made.chmod(0o755)
        shutil.copytree(ROOT / "script", made / "script")
        for name in ("requirements.txt", "requirements-dev.txt"):
            shutil.copy(ROOT / name, made / name)
        (made / "bin").mkdir()
        for tool in TOOLS:
            (made / "bin" / tool).symlink_to(str(shutil.which(tool)))
        yield made


def program(clone: Path, name: str, text: str) -> None:
    path = clone / "bin" / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def run(clone: Path, *command: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(clone / "bin"), "HOME": str(clone)}
    return subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, timeout=60, user=user)


def test_another_python_gets_one_sentence(clone: Path) -> None:
    program(clone, "python3", 'case "$2" in *platform*) echo 3.13.0 ;; *) exit 1 ;; esac')
    ended = run(clone, "script/run")
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "needs Python 3.11 or 3.12 (found: 3.13.0)" in ended.stderr


def test_no_python_at_all_gets_the_same_sentence(clone: Path) -> None:
    ended = run(clone, "script/run")
    assert ended.returncode == 1
    assert "needs Python 3.11 or 3.12 (found: none)" in ended.stderr


def test_manage_says_the_version_too(tmp_path: Path) -> None:
    pretend = "import sys, runpy; sys.version_info = (3, 13, 0, 'final', 0); runpy.run_path('manage.py', run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", pretend], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "needs Python 3.11 or 3.12" in ended.stderr


def test_what_is_installed_is_not_installed_again(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    program(clone, "../.venv/bin/python", 'case "$1" in -c) exit 0 ;; *) echo pip was called; exit 1 ;; esac')
    digest = hashlib.sha256((clone / "requirements.txt").read_bytes()).hexdigest()
    (clone / ".venv/installed").write_text(f"{digest} ")
    ended = run(clone, "bash", "-c", "set -eu; . script/python.sh; make_venv requirements.txt")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_failed_installation_is_told_and_not_taken_for_done(clone: Path) -> None:
    (clone / ".venv/bin").mkdir(parents=True)
    program(clone, "../.venv/bin/python", 'case "$*" in *install*) echo "ERROR: no such package"; exit 1 ;; esac')
    ended = run(clone, "bash", "-c", "set -eu; . script/python.sh; make_venv requirements.txt")
    assert ended.returncode == 1
    assert "ERROR: no such package" in ended.stderr
    assert "could not be installed" in ended.stderr
    assert not (clone / ".venv/installed").exists()


def test_missing_programs_are_named_to_who_may_not_install_them(clone: Path) -> None:
    program(clone, "id", "echo 1000")
    ended = run(clone, "bash", "-c", "set -eu; . script/python.sh; . script/packages.sh; need_packages")
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "sudo apt-get install sip-tester chromium" in ended.stderr


def test_a_clone_that_cannot_be_written_is_one_sentence(clone: Path) -> None:
    program(clone, "id", "echo nobody")
    clone.chmod(0o555)
    ended = run(clone, "script/run", user="nobody" if os.geteuid() == 0 else None)
    clone.chmod(0o755)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "cannot be written by nobody" in ended.stderr
