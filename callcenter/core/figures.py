"""Parts that pages of figures share: bars of a chart, columns by day, and the filter that shows the rows behind a count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest


@dataclass(frozen=True, slots=True)
class Bar:
    """:ivar share: of the longest bar, in per cent."""

    label: str
    value: int
    share: float
    link: str = ""
    done: float = 0
    """Per cent of the value that the dark part stands for."""


def bars(values: Iterable[tuple[str, int, str]]) -> list[Bar]:
    """:param values: label, value and address of the rows of each."""
    return columns((label, value, link, 0) for label, value, link in values)


def columns(values: Iterable[tuple[str, int, str, float]]) -> list[Bar]:
    """Bars with a dark part: label, value, address of the rows, and per cent of the value that is dark."""
    given = list(values)
    most = max((value for _, value, _, _ in given), default=0) or 1
    return [Bar(label, value, 100 * value / most, link, done) for label, value, link, done in given]


class CountFilter(admin.SimpleListFilter):
    """The rows behind a count, by the very condition that counts them."""

    title = "figure"
    parameter_name = "figure"
    counts: ClassVar[Mapping[str, Q]]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(name, name.replace("_", " ").capitalize()) for name in self.counts]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        condition = self.counts.get(self.value() or "")
        return queryset if condition is None else queryset.filter(condition)
