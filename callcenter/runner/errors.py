"""What stops a start: always one sentence that says what to do."""

from __future__ import annotations


class CannotRun(Exception):
    """Its message goes to the person as it is; the exit code is 1."""
