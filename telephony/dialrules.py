"""Which trunk a number goes to, and whether it may be called at all. Decides; neither Django nor SIP."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Rule:
    """`prefix` of the number in E.164; what is sent is the number without its first `strip` characters, behind `prepend`."""

    trunk: int
    prefix: str
    strip: int = 0
    prepend: str = ""

    def fits(self, number: str) -> bool:
        return number.startswith(self.prefix)

    def sent(self, number: str) -> str:
        return (self.prepend + number[self.strip :])[:MOST_DIGITS]


def fitting(number: str, rules: Iterable[Rule]) -> list[Rule]:
    """In their order; of several for one trunk the first counts."""
    found: dict[int, Rule] = {}
    for rule in rules:
        if rule.fits(number) and rule.sent(number):
            found.setdefault(rule.trunk, rule)
    return list(found.values())


def allowed(number: str, prefixes: Iterable[str]) -> bool:
    return any(number.startswith(prefix) for prefix in prefixes)
