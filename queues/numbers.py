"""Callers' numbers: how they are compared, and which of them name nobody. No Django."""

from __future__ import annotations

import re

ANONYMOUS = frozenset(("", "anonymous", "private", "restricted", "unavailable", "unknown", "withheld"))
"""What networks send in the place of a number that they keep to themselves (RFC 3323 4.1.1.3 and habit)."""

SEPARATED = re.compile(r"\+?[0-9][0-9\s()./-]*")
SEPARATORS = re.compile(r"[\s()./-]")


def anonymous(number: str) -> bool:
    return number.strip().lower() in ANONYMOUS


def plain_number(number: str) -> str:
    """A telephone number without the spaces and signs that people write into it; a user name as it is."""
    number = number.strip()
    begins = number.lstrip("(")
    return SEPARATORS.sub("", number) if SEPARATED.fullmatch(begins) else number
